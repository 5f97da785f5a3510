"""Points that end soon, told exactly although few lots were read (rule 18).

An account is read with the sums of what ends within 30 days, by the same walk down its lots that tells what is dead.
What the act does to lots it did read is added; a plain earning therefore reads no lot for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from goen.ledger.model import ENDING_DAYS, LIMITED, Ending, Lot, Slide

_Sums = dict[tuple[date, int], int]


def not_read(read: Iterable[Ending], lots: Iterable[Lot], slid: Slide | None) -> tuple[Ending, ...]:
    """Of an account's sums the part of lots that were not read; ``lots`` as they were read. Moved, where all slide."""
    sums: _Sums = {(each.on, each.since): each.points for each in read}
    for lot in lots:
        if (key := _key(lot)) in sums:
            sums[key] -= lot.free
    if slid is None:
        return tuple(Ending(*key, points) for key, points in sums.items())
    return tuple(
        Ending(slid.to_date if since != LIMITED and since >= slid.since else day, since, points)
        if day < slid.to_date
        else Ending(day, since, points)
        for (day, since), points in sums.items()
    )


def ending_of(others: Iterable[Ending], lots: Iterable[Lot], today: date) -> tuple[Ending, ...]:
    """What ends from today on within ``ENDING_DAYS``, soonest first: of these lots, and of others as told."""
    sums: _Sums = {}
    for day, since, points in others:
        sums[day, since] = sums.get((day, since), 0) + points
    for lot in lots:
        if lot.free > 0 and (key := _key(lot)) is not None:
            sums[key] = sums.get(key, 0) + lot.free
    last = today + timedelta(days=ENDING_DAYS)
    return tuple(Ending(*key, points) for key, points in sorted(sums.items()) if points > 0 and today <= key[0] <= last)


def first_of(ending: tuple[Ending, ...]) -> tuple[date, int] | None:
    """The first day, and all that ends on it."""
    if not ending:
        return None
    first = ending[0].on
    return first, sum(each.points for each in ending if each.on == first)


def _key(lot: Lot) -> tuple[date, int] | None:
    if lot.expires_on is None:
        return None
    return lot.expires_on, lot.programme_version if lot.kind == "regular" else LIMITED
