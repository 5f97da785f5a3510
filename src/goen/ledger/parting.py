"""The merged books become two again: each side gets the lots that its twin ends with (rule 45).

What moves is the difference, as entries: ``merge_out`` and ``merge_in`` through transit, so that both sides
together have what they had. Two things may stand beside it. An expiry goes to the side whose lot it was. And
points that the merge let die, because other lots had been drawn in their place, live again; these alone add
to the sum, and the caller tells them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from goen.ledger.journal import Journal
from goen.ledger.model import Draws, Lot, Move
from goen.ledger.replay import Sides
from goen.ledger.twin import FRESH, Twin

replace = msgspec.structs.replace


class Parted(NamedTuple):
    """What a parting did. ``moved``: points that went to the source; ``revived``: points that expired or were lost in
    the merged books and would not have been. The numbers lead from the twins' lots to those of each side's books;
    ``before``: of lots new to the source, what had expired of them elsewhere."""

    moved: int
    revived: int
    source_numbers: Mapping[int, int]
    survivor_numbers: Mapping[int, int]
    before: Mapping[int, int]


class _Change(NamedTuple):
    """A lot as it is to be, what had expired of it elsewhere, and how its points move."""

    lot: Lot
    new: bool
    expired_before: int
    moved: int
    expired: int


def part(
    sides: Sides, survivor: Journal, source: Journal, shift: int, made_since: int, elsewhere: Mapping[int, int]
) -> Parted:
    """Bring both books to their twins. ``survivor`` and ``source`` have every lot; lots of the merged books numbered
    from ``made_since`` on came into being after the merge. ``elsewhere``: what of them had expired in other books."""
    revived = _share_expiry(sides, survivor, made_since, elsewhere)
    source.seq = max(source.seq, survivor.seq - shift)
    ours = _numbers(survivor, sides.survivor, 0)
    theirs = _numbers(source, sides.source, shift)
    before: dict[int, int] = {}
    first = {**elsewhere, **sides.source.expired_at_first}
    kept = [
        _changed(survivor.lots.get(ours[i]), _as(survivor, ours[i], lot), sides.survivor.expired_at_first[i])
        for i, lot in sides.survivor.lots.items()
        if ours[i] in survivor.lots or not _untouched(sides.survivor, i)
    ]
    gone = [
        _changed(lot, replace(lot, remaining=0, held=0, expired=first.get(i, 0)), 0)
        for i, lot in survivor.lots.items()
        if i in sides.source.lots or (i >= made_since and i not in sides.survivor.lots)
    ]
    back = []
    for i, lot in sides.source.lots.items():
        row = source.lots.get(theirs[i])
        if row is None and i <= sides.last and _untouched(sides.source, i):
            continue
        if row is None and first[i]:
            before[theirs[i]] = first[i]
        back.append(_changed(row, _as(source, theirs[i], lot), first[i]))
    restored = sides.source.restored_more + sides.survivor.restored_more
    crossed = sum(change.moved for change in (*gone, *kept, *back))
    assert crossed == restored, "what leaves one side arrives on the other"
    for journal, changes, twin in ((survivor, [*gone, *kept], sides.survivor), (source, back, sides.source)):
        _write(journal, changes, twin)
    _hand_over_pending(survivor, source, sides.source.pending)
    survivor.active_on, source.active_on = sides.survivor.active_on, sides.source.active_on
    for journal in (survivor, source):
        assert journal.booked == sum(lot.remaining for lot in journal.lots.values()), "entries and lots agree"
    moved = sum(change.moved for change in back)
    return Parted(moved, revived, theirs, ours, before)


def _untouched(twin: Twin, i: int) -> bool:
    """A closed lot that stands in the books of somebody merged in before, and to which nothing came back."""
    lot = twin.lots[i]
    return i < FRESH and not lot.remaining and lot.expired == twin.expired_at_first[i]


def _share_expiry(sides: Sides, survivor: Journal, made_since: int, elsewhere: Mapping[int, int]) -> int:
    """What expired in the merged books and not in the twins is borne by lots that are past their day there. Gives
    the points that no lot bears: they live again."""
    twins = (sides.source, sides.survivor)
    first = {**elsewhere, **sides.source.expired_at_first, **sides.survivor.expired_at_first}
    known = sides.source.lots.keys() | sides.survivor.lots.keys()
    booked = sum(lot.expired - first.get(i, 0) for i, lot in survivor.lots.items() if i in known or i >= made_since)
    over = booked - sum(twin.lapsed for twin in twins) + sum(twin.restored_more for twin in twins)
    for twin in twins:
        for lot in twin.stale:
            if over > 0:
                part = min(over, lot.free)
                twin.lapse(lot.lot_id, part)
                over -= part
    for twin in twins:
        for i, before in twin.expired_at_first.items():
            if over < 0 and (back := min(-over, twin.lots[i].expired - before)) > 0:
                twin.lapse(i, -back)
                over += back
    assert over >= 0, "the twins lost no more than the merged books"
    return over


def _numbers(journal: Journal, twin: Twin, shift: int) -> dict[int, int]:
    """The number of each of the twin's lots in the real books; those the twin made get new ones."""
    return {i: journal.number() if i >= FRESH else i - shift for i in sorted(twin.lots)}


def _as(journal: Journal, number: int, lot: Lot) -> Lot:
    return replace(lot, member_id=journal.member_id, lot_id=number)


def _changed(row: Lot | None, lot: Lot, expired_before: int) -> _Change:
    if row is None:
        expired = lot.expired - expired_before
        return _Change(lot, True, expired_before, lot.remaining + expired, expired)
    expired = lot.expired - row.expired
    return _Change(lot, False, 0, lot.remaining - row.remaining + expired, expired)


def _write(journal: Journal, changes: list[_Change], twin: Twin) -> None:
    """Entries for how points moved, then the lots as they are to be, with their moves."""
    alive_again = -sum(c.expired for c in changes if c.expired < 0)
    dead = sum(c.expired for c in changes if c.expired > 0)
    came = sum(c.moved for c in changes if c.moved > 0)
    went = -sum(c.moved for c in changes if c.moved < 0)
    restored = twin.restored_more
    if restored:
        journal._enter("return_used", "redeemed", "points", restored)
        came, went = max(0, came - restored), went + max(0, restored - came)
    unexpired = journal._enter("expire", "expired", "points", alive_again) if alive_again else 0
    left = journal._enter("merge_out", "points", "transit", went) if went else 0
    arrived = journal._enter("merge_in", "transit", "points", came) if came else 0
    expired = journal._enter("expire", "points", "expired", dead) if dead else 0
    among = 0
    for change in changes:
        lot = change.lot
        row = journal.lots.get(lot.lot_id)
        if change.new:
            lot = _fresh(journal, lot)
        elif row is not None and row.expires_on != lot.expires_on:
            journal.redated.add(lot.lot_id)
        points = change.moved - (lot.points if change.new else 0)
        if points:
            seq = (arrived or left) if points > 0 else (left or arrived)
            if not seq:
                seq = among = among or journal.number()
            _note(journal, seq, lot.lot_id, points)
        if change.expired:
            _note(journal, expired if change.expired > 0 else unexpired, lot.lot_id, -change.expired)
        if change.new or lot != row:
            journal._put(lot)
    journal.held = sum(lot.held for lot in journal.lots.values())
    journal.debt = -sum(lot.remaining for lot in journal.lots.values() if lot.kind == "debt")
    journal.dead = sum(lot.free for lot in journal.lots.values() if lot.kind != "debt" and not lot.alive(journal.today))


def _fresh(journal: Journal, lot: Lot) -> Lot:
    journal.new_lots.append(lot.lot_id)
    return replace(lot, act_id=journal.act_id)


def _note(journal: Journal, seq: int, lot_id: int, points: int) -> None:
    journal.moves.append(Move(journal.member_id, seq, lot_id, points))


def _hand_over_pending(survivor: Journal, source: Journal, points: int) -> None:
    if points:
        survivor._enter("merge_out", "pending", "transit", points)
        source._enter("merge_in", "transit", "pending", points)


def renumbered(draws: Draws, numbers: Mapping[int, int], away: int = 0) -> Draws:
    """A twin's draws in the numbers of the real books; lots that nothing touched lie ``away`` from them."""
    return tuple((numbers.get(i, i - away), points) for i, points in draws)
