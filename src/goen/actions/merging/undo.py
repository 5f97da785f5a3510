"""Take a merge back, at any later time and once: event by event, by whose name each came (rule 45).

Two twins replay what happened since the merge: each side's own sales, orders, holds, returns and corrections, on its
own lots alone. The books then move to what the twins end with. Where a side used more than it had, it owes the
excess and the other side's lots are whole again; every such case is listed. Events by a name that both
carried, or by hand in the survivor's name, stay with the survivor and are listed. Earnings stay as decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec

from goen.actions.merging.answers import ExcessAnswer, SideAnswer, Unattributed, UndoAnswer
from goen.actions.merging.errors import MergeOrder, MergeUndone, UnknownMerge
from goen.actions.merging.merge import SQL, TIERS
from goen.actions.points import context as calendar
from goen.actions.points.answers import balance, brief, encoded
from goen.actions.points.context import Context, idempotent, regular_terms
from goen.actions.points.progress import progress_of, stored
from goen.actions.points.record_purchase import tell_points
from goen.actions.till.act import Act, Decided, Wants
from goen.actions.till.books import Books, by_number
from goen.actions.till.desk import Desk
from goen.actions.till.posting import HoldState, Stamp, stored_draws
from goen.database.pool import Reading
from goen.ledger.journal import Journal
from goen.ledger.model import Account, Lot, Terms
from goen.ledger.parting import Parted, part, renumbered
from goen.ledger.recorded import Recorded
from goen.ledger.replay import Happening, Sides
from goen.ledger.steps import (
    Active,
    Earned,
    Provisioned,
    Received,
    Redeemed,
    Reversed,
    Sold,
    State,
    read_state,
    read_steps,
    written,
)
from goen.ledger.twin import Twin
from goen.members.errors import MemberWithdrawn
from goen.members.ids import public_id
from goen.purchases.ids import home_of
from goen.shops.model import Principal
from goen.vocabulary import ids
from goen.vocabulary.fields import Text

replace = msgspec.structs.replace
_BY_HAND = ("adjust", "transfer_out")


class UndoAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why a merge is taken back, and by whom."""

    reason: Text | None = None
    author: Text | None = None


class UndoAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of an undo."""

    merge: str
    body: UndoAsk


class Looked(NamedTuple):
    """A merge as it stands, and what happened since."""

    merge_id: str
    source_id: int
    survivor_id: int
    act_id: int
    shift: int
    undone: bool
    first: str | None
    family: frozenset[int]
    source: Account
    lots: Mapping[int, Lot]
    elsewhere: Mapping[int, int]
    state: State
    survivor_state: State
    happenings: list[Happening]
    holds: list[HoldState]
    later: Mapping[int, str]
    others: int
    handed: bool
    names: list[str]


class UndoMerge(Act):
    """``POST /v1/merges/{id}/undo``."""

    kind = "merge_undo"
    looks = True

    def __init__(
        self, merge_id: str, ask: UndoAsk, idempotency_key: str, principal: Principal, context: Context, now: datetime
    ) -> None:
        self.context = context
        self.merge_id = merge_id
        self.ask = ask
        self.integration = principal.integration
        self.author = ask.author
        self.key = idempotent(principal.integration, idempotency_key, context, now)
        self.source_id = home_of("g", merge_id) or 0
        self.wants = Wants(members=(by_number(self.source_id),), all_lots=True)

    def asked(self, desk: Desk) -> UndoAsked:
        return UndoAsked(self.merge_id, self.ask)

    async def look(self, connection: Reading, books: Books) -> Looked | None:
        """None where there is no such merge."""
        merge = await connection.fetchrow(SQL.merge_of.sql, self.source_id, self.merge_id)
        if merge is None:
            return None
        survivor_id, shift, act_id = merge["survivor_id"], merge["lot_shift"], merge["act_id"]
        first = None
        if merge["survivors_survivor"] is not None:
            first = await connection.fetchval(SQL.open_merge_of.sql, survivor_id)
        row = await connection.fetchrow(SQL.account_of.sql, self.source_id)
        facts, account = books.put(row)
        lots: dict[int, dict[int, Lot]] = {self.source_id: {}, survivor_id: {}}
        elsewhere: dict[int, int] = {}
        for each in await connection.fetch(SQL.every_lot.sql, list(lots)):
            lots[each["member_id"]][each["lot_id"]] = Lot(*each[:-1])
            if each["member_id"] == survivor_id and each["expired_before"]:
                elsewhere[each["lot_id"]] = each["expired_before"]
        known = books.lots.setdefault(survivor_id, {})
        for lot_id, lot in lots[survivor_id].items():
            known.setdefault(lot_id, lot)
        happenings = [
            Happening(
                r["act_id"], r["at"], self.context.day_of(r["at"]), r["presented_id"], r["shared"],
                read_steps(r["body"], r["lot_shift"]),
            )
            for r in await connection.fetch(SQL.steps_since.sql, survivor_id, act_id)
        ]  # fmt: skip
        sales = {step.purchase for what in happenings for step in what.steps if isinstance(step, Sold)}
        await books.read_more(connection, sales)
        others = await connection.fetch(SQL.merged_into.sql, survivor_id)
        started = {r["act_id"]: r["source_id"] for r in others}
        later = [started[what.act_id] for what in happenings if what.act_id in started]
        return Looked(
            merge["merge_id"],
            self.source_id,
            survivor_id,
            act_id,
            shift,
            merge["undone_at"] is not None,
            first,
            frozenset(r["member_id"] for r in await connection.fetch(SQL.family_of.sql, self.source_id)),
            account,
            lots[self.source_id],
            elsewhere,
            read_state(merge["source_state"], shift),
            read_state(merge["survivor_state"]),
            happenings,
            [HoldState(*r) for r in await connection.fetch(SQL.open_holds.sql, [survivor_id])],
            {r["source_id"]: r["merge_id"] for r in others if r["source_id"] in later},
            len(others) - 1,
            bool(facts.merged_in),
            [
                ids.encode(r["identifier_id"])
                for r in await connection.fetch(SQL.names_since.sql, survivor_id, merge["merged_at"])
            ],
        )

    def decide(self, desk: Desk) -> Decided:
        seen: Looked | None = desk.seen(self.key)
        if seen is None:
            raise UnknownMerge
        if seen.undone:
            raise MergeUndone(seen.merge_id)
        if seen.first is not None:
            raise MergeOrder(seen.first)
        member, leaving = desk.facts(seen.survivor_id), desk.facts(seen.source_id)
        if member.status == "withdrawn":
            raise MemberWithdrawn(public_id(member.member_id))
        desk.alone(seen.survivor_id, seen.source_id)
        survivor = desk.journal(seen.survivor_id)
        survivor.need_all()
        source = desk.open_books(seen.source_id, seen.source, seen.lots)
        sides = self._replayed(desk, seen, survivor)
        parted = part(sides, survivor, source, seen.shift, sides.last + 1, seen.elsewhere)
        booked = self.context.booked_on(desk.today, desk.today)
        for journal in (survivor, source):
            stamp = Stamp(desk.now, desk.today, booked, None, None, journal.member_id, None, f"undo:{seen.merge_id}")
            desk.stamp(journal.member_id, stamp)
        holds = self._holds(desk, seen, sides, parted)
        self._sales(desk, seen, sides, parted)
        status = "frozen" if member.status == "frozen" else "active"
        self._write(desk, seen, sides, parted, status)
        self._tell(desk, seen, survivor, source, parted.moved, sides.source.pending)
        excess = [
            ExcessAnswer(public_id(twin.member_id), each.points, each.purchase, each.hold)
            for twin in (sides.source, sides.survivor)
            for each in twin.excess
        ]
        answer = UndoAnswer(
            seen.merge_id,
            SideAnswer(brief(member), balance(survivor), survivor.debt),
            SideAnswer(brief(leaving), balance(source), source.debt),
            desk.now,
            parted.moved,
            sides.source.pending,
            holds,
            parted.revived,
            excess,
            list(_unattributed(seen)),
            seen.names,
        )
        details = {"merge_id": seen.merge_id, "integration": self.integration, "outcome": answer}
        for anchor in (seen.survivor_id, seen.source_id):
            desk.note(anchor, self.author or self.integration, "member.unmerged", self.ask.reason, None, details)
        return Decided(200, encoded(answer), seen.merge_id, member_id=seen.survivor_id)

    def _replayed(self, desk: Desk, seen: Looked, survivor: Journal) -> Sides:
        day = self.context.day_of(desk.now)
        sides = Sides(
            Twin(seen.source_id, seen.state, day),
            Twin(seen.survivor_id, seen.survivor_state, day),
            seen.family,
            seen.shift + 1,
            seen.shift + seen.source.seq,
            _Rules(self.context),
            self._terms,
        )
        for what in seen.happenings:
            sides.hear(what)
        # Opening the books may have freed holds that ran out.
        if isinstance(survivor, Recorded):
            steps = tuple(survivor.steps)
            sides.hear(Happening(desk.act_id, desk.now, desk.today, seen.survivor_id, False, steps))
        ended = {hold.hold_id for hold in seen.holds if (desk.hold(hold.hold_id) or hold).status != "open"}
        sides.keep({hold.hold_id for hold in seen.holds} - ended, desk.today)
        return sides

    def _terms(self, day: date) -> Terms:
        """A debt of that day."""
        return regular_terms(self.context.programmes.all()[0].engine.programme, day, "merge")

    def _holds(self, desk: Desk, seen: Looked, sides: Sides, parted: Parted) -> int:
        """Open holds follow their points, drawn anew from each side's own lots; gives how many left."""
        gone: list[tuple[str, str]] = []
        for hold in seen.holds:
            if hold.hold_id in sides.source.holds:
                draws = renumbered(sides.source.holds[hold.hold_id], parted.source_numbers, seen.shift)
                gone.append((hold.hold_id, stored_draws(draws)))
            elif hold.hold_id in sides.survivor.holds:
                draws = renumbered(sides.survivor.holds[hold.hold_id], parted.survivor_numbers)
                if stored_draws(draws) != hold.draws:
                    desk.change_hold(hold._replace(draws=stored_draws(draws)))
        if gone:
            held, draws_of = map(list, zip(*gone, strict=True))
            desk.write_more(SQL.move_holds.sql, desk.now, held, draws_of, seen.survivor_id, seen.source_id)
        return len(gone)

    def _sales(self, desk: Desk, seen: Looked, sides: Sides, parted: Parted) -> None:
        """What each sale's used points were drawn from, as its own side has it now."""
        for twin, numbers, away in (
            (sides.source, parted.source_numbers, seen.shift),
            (sides.survivor, parted.survivor_numbers, 0),
        ):
            for purchase_id, use in twin.uses.items():
                purchase = desk.purchase(purchase_id)
                assert purchase is not None, "a sale that happened is there"
                assert purchase.owner is not None, "it had an owner"
                progress = progress_of(purchase)
                # Kept in the owner's own numbers: of the side's, or of somebody merged into that side before.
                shift = desk.place(purchase.owner)[1] - away
                draws = tuple((i - shift, n) for i, n in renumbered(use.draws, numbers, away))
                lost = sum(n for _, n in progress.draws) - sum(n for _, n in draws)
                undone = progress.undone and replace(progress.undone, used=progress.undone.used + lost)
                after = replace(progress, draws=draws, owed=use.owed, undone=undone)
                if after != progress:
                    desk.change_purchase(purchase._replace(progress=stored(after)))

    def _write(self, desk: Desk, seen: Looked, sides: Sides, parted: Parted, status: str) -> None:
        source, survivor, family = seen.source_id, seen.survivor_id, list(seen.family)
        if parted.before:
            desk.borrowed(source, list(parted.before), list(parted.before.values()))
        desk.write_more(SQL.part_members.sql, source, seen.shift, status, desk.now, family)
        desk.write_more(SQL.return_invitations.sql, desk.now, survivor, source)
        desk.write_more(SQL.count_merge.sql, -1, survivor)
        if self.context.engine_at(desk.now).programme.tier_programmes:
            desk.write_more(TIERS.note_due.sql, "parted", desk.now, source, seen.merge_id, [source, survivor])
        desk.write_more(SQL.end_merge.sql, desk.now, desk.act_id, source, seen.merge_id)
        author = self.author or self.integration
        desk.write_more(SQL.part_pair.sql, source, survivor, desk.now, author, self.ask.reason)
        for other, merge_id in seen.later.items():
            state = _numbered(sides.bases[other], parted.survivor_numbers)
            desk.write_more(SQL.rebase_merge.sql, written(state), other, merge_id)
        if seen.handed:
            desk.write_more(SQL.hand_over_steps.sql, source, seen.shift, survivor, family, seen.act_id)
        if seen.others:
            desk.write_more(SQL.drop_steps.sql, survivor, seen.act_id, family)
        else:
            desk.write_more(SQL.forget_steps.sql, survivor)

    def _tell(self, desk: Desk, seen: Looked, survivor: Journal, source: Journal, points: int, pending: int) -> None:
        who, gone = public_id(survivor.member_id), public_id(source.member_id)
        body = {"merge_id": seen.merge_id, "member_id": who, "source": gone}
        # The survivor's comes last: with it ends the stream of who was both, and goes on after it.
        for journal, sign in ((source, 1), (survivor, -1)):
            if points or pending:
                tell_points(desk, journal.member_id, None, None, None, sign * points, sign * pending)
            mine = {**body, "twin": True} if journal is source else body  # See Event.twin.
            desk.tell("member.unmerged", journal.member_id, None, mine)


class _Rules:
    """The programme as a replay asks it."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def slide(self, journal: Journal, step: Active) -> None:
        programme = self.context.programmes.version(step.version).programme
        calendar.slide(self.context, programme, journal, step.activity, step.day)

    def keep_up(self, journal: Journal, at: datetime, lot_ids: Iterable[int]) -> None:
        calendar.keep_up(self.context, journal, at, lot_ids)


def _numbered(state: State, numbers: Mapping[int, int]) -> State:
    """A twin's state in the numbers of the real books."""
    lots = tuple(replace(lot, lot_id=numbers[lot.lot_id]) for lot in state.lots)
    return replace(state, lots=lots, holds=tuple((hold, renumbered(draws, numbers)) for hold, draws in state.holds))


def _unattributed(seen: Looked) -> Iterable[Unattributed]:
    """Points that moved by a name that does not tell the sides apart."""
    for what in seen.happenings:
        sale = next((step.purchase for step in what.steps if isinstance(step, Sold)), None)
        if what.shared and (points := sum(map(_points, what.steps))):
            yield Unattributed(points, "shared_identifier", sale, what.at)
        elif what.presented_id == seen.survivor_id and sale is None:
            by_hand = sum(_points(step) for step in what.steps if _is_by_hand(step))
            if by_hand:
                yield Unattributed(by_hand, "by_hand", None, what.at)


def _is_by_hand(step: Any) -> bool:
    return isinstance(step, Received) or getattr(step, "kind", None) in _BY_HAND


def _points(step: Any) -> int:
    """What a step gave or, below zero, took."""
    match step:
        case Earned() | Provisioned():
            return step.points
        case Redeemed() | Reversed():
            return -step.points
        case Received():
            return sum(lot.points for lot in step.lots)
    return 0
