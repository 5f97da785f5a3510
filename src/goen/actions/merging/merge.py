"""Merge one member into another: one act, everything or nothing.

Points go as entries, lots with kind, dates, year, funder, rule and origin; holds follow under their ids; sales stay
where they are and resolve. From then on both numbers are one member's. The books of both are guarded as for a transfer.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from goen.actions.merging.answers import (
    Clash,
    HoldMoving,
    LotMoving,
    MergeAnswer,
    MergePreview,
    Moved,
    OrderMoving,
    TierInput,
    TierInputs,
)
from goen.actions.merging.errors import MemberFrozen, SurvivorProvisional, UnknownSurvivor
from goen.actions.points.answers import balance, brief, encoded
from goen.actions.points.context import Context, idempotent
from goen.actions.points.record_purchase import tell_points
from goen.actions.till.act import Act, Decided, Key, Wants
from goen.actions.till.books import Books, Found, MemberFacts
from goen.actions.till.desk import Desk
from goen.actions.till.posting import HoldState, Stamp, stored_draws
from goen.database.pool import Reading
from goen.database.queries import load
from goen.identity.presented import Presented
from goen.ledger.journal import Journal
from goen.ledger.merging import join, state_of
from goen.ledger.model import Draws
from goen.ledger.steps import State, moved_draws, written
from goen.members.errors import HouseholdState, UnknownMember
from goen.members.ids import public_id
from goen.members.model import IDENTIFYING
from goen.purchases.ids import made
from goen.purchases.model import MemberRef
from goen.shops.model import Principal
from goen.vocabulary import ids
from goen.vocabulary.fields import Text
from goen.vocabulary.refusal import InvalidRequest

SQL = load(__package__)
TIERS = load("goen.actions.tiers")
replace = msgspec.structs.replace
_TIER_DAYS = timedelta(days=365)


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why two are thought to be one: a field, what comparing it said, and its weight. Never the values themselves."""

    field: Text
    verdict: Text
    weight: float | None = None


class MergeAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is merged into the member of the path, and why. ``preview``: tell what would change, and change nothing."""

    source: MemberRef
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    preview: bool = False
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=50)] = ()
    author: Text | None = None


class MergeAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of a merge."""

    survivor: MemberRef
    body: MergeAsk


class Extra(NamedTuple):
    """What a preview shows beside the books."""

    orders: list[OrderMoving]
    identifiers: int
    clashes: list[Clash]
    tier: TierInputs


class Looked(NamedTuple):
    """Open holds of both, by member; and for a preview the rest."""

    holds: dict[int, list[HoldState]]
    extra: Extra | None


class MergeMembers(Act):
    """``POST /v1/members/{id}/merges``."""

    kind = "merge"
    looks = True

    def __init__(
        self,
        ask: MergeAsk,
        survivor: Presented,
        source: Presented,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
        *,
        key: Key | None = None,
    ) -> None:
        """``key``: a key of the caller's own in place of one made of ``idempotency_key``."""
        self.context = context
        self.ask = ask
        self.survivor, self.source = survivor, source
        self.integration = principal.integration
        self.author = ask.author
        self.key = key or idempotent(principal.integration, idempotency_key, context, now)
        self.wants = Wants(members=(survivor, source), all_lots=True)

    def asked(self, desk: Desk) -> MergeAsked:
        return MergeAsked(desk.named(self.survivor), replace(self.ask, source=desk.named(self.source)))

    async def look(self, connection: Reading, books: Books) -> Looked:
        members = {f.member_id for p in (self.survivor, self.source) for f in books.found.get(p, ())}
        holds: dict[int, list[HoldState]] = {m: [] for m in members}
        for row in await connection.fetch(SQL.open_holds.sql, list(members)):
            holds[row["member_id"]].append(HoldState(*row))
        both = [books.found.get(p, []) for p in (self.survivor, self.source)]
        if not self.ask.preview or not all(len({f.member_id for f in found}) == 1 for found in both):
            return Looked(holds, None)
        into, gone = (found[0].member_id for found in both)
        return Looked(holds, await extra(connection, into, gone, books.today))

    def decide(self, desk: Desk) -> Decided:
        try:
            into, member = desk.find(self.survivor)
        except UnknownMember:
            raise UnknownSurvivor from None
        gone, leaving = desk.find(self.source)
        if into.member_id == gone.member_id:
            raise InvalidRequest("source", "is the same member")
        if into.person is not None or gone.person is not None:
            raise HouseholdState("in_household")
        for one in (member, leaving):
            if one.status == "frozen":
                raise MemberFrozen(public_id(one.member_id))
        if member.status == "provisional" and leaving.status != "provisional":
            raise SurvivorProvisional(survivor=public_id(leaving.member_id), source=public_id(member.member_id))
        desk.alone(into.member_id, gone.member_id)
        looked: Looked = desk.seen(self.key)
        survivor, source = desk.journal(into.member_id), desk.journal(gone.member_id)
        survivor.need_all()
        source.need_all()
        holds = [h for h in looked.holds[gone.member_id] if h.expires_at is None or h.expires_at > desk.now]
        own = [h for h in looked.holds[into.member_id] if h.expires_at is None or h.expires_at > desk.now]
        merge_id = made("g", gone.member_id, source.number())
        before, leaves = state_of(survivor, drawn(own)), state_of(source, drawn(holds))
        shift = join(source, survivor, leaves.holds)
        moved = moved_of(leaves)
        if self.ask.preview:
            return Decided(200, encoded(self._preview(desk, looked, member, leaving, leaves, survivor, holds)))
        booked = self.context.booked_on(desk.today, desk.today)
        for found in (into, gone):
            # By no name but its own: a merge is nobody's event, whichever alias was named.
            who, reason = found.member_id, f"merge:{merge_id}"
            desk.stamp(who, Stamp(desk.now, desk.today, booked, None, None, who, None, reason))
        self._write(desk, merge_id, into, gone, shift, leaves, before, member, holds)
        self._tell(desk, merge_id, survivor, source, leaves)
        details = {
            "merge_id": merge_id, "survivor": public_id(into.member_id), "source": public_id(gone.member_id),
            "moved": moved, "evidence": self.ask.evidence, "integration": self.integration,
        }  # fmt: skip
        for anchor in (into.member_id, gone.member_id):
            desk.note(anchor, self.author or self.integration, "member.merged", self.ask.reason, None, details)
        answer = MergeAnswer(merge_id, brief(member), brief(leaving), desk.now, moved, balance(survivor))
        return Decided(201, encoded(answer), merge_id, member_id=into.member_id)

    def _write(
        self, desk: Desk, merge_id: str, into: Found, gone: Found, shift: int, leaves: State, before: State,
        member: MemberFacts, holds: list[HoldState],
    ) -> None:  # fmt: skip
        survivor_id, source_id = into.member_id, gone.member_id
        expired = [(lot.lot_id + shift, lot.expired) for lot in leaves.lots if lot.expired]
        if not member.merged_in:
            desk.write_more(SQL.forget_steps.sql, survivor_id)
        if expired:
            lots, points = map(list, zip(*expired, strict=True))
            desk.borrowed(survivor_id, lots, points)
        if holds:
            draws = [stored_draws(moved_draws(h.drawn, shift)) for h in holds]
            desk.write_more(SQL.move_holds.sql, desk.now, [h.hold_id for h in holds], draws, source_id, survivor_id)
        desk.write_more(SQL.join_members.sql, survivor_id, shift, source_id, desk.now)
        desk.write_more(SQL.move_invitations.sql, desk.now, source_id, survivor_id)
        desk.write_more(SQL.count_merge.sql, 1, survivor_id)
        if self.context.engine_at(desk.now).programme.tier_programmes:
            desk.write_more(TIERS.note_due.sql, "merged", desk.now, source_id, merge_id, [survivor_id])
        desk.write_more(
            SQL.add_merge.sql, source_id, merge_id, survivor_id, desk.act_id, desk.now, self.ask.reason, shift,
            written(leaves), written(before),
        )  # fmt: skip

    def _tell(self, desk: Desk, merge_id: str, survivor: Journal, source: Journal, leaves: State) -> None:
        body = {"merge_id": merge_id, "member_id": public_id(survivor.member_id), "source": public_id(source.member_id)}
        points = sum(lot.remaining for lot in leaves.lots)
        for journal, sign in ((source, -1), (survivor, 1)):
            if points or leaves.pending:
                tell_points(desk, journal.member_id, None, None, None, sign * points, sign * leaves.pending)
            mine = {**body, "twin": True} if journal is source else body  # See Event.twin.
            desk.tell("member.merged", journal.member_id, None, mine)

    def _preview(
        self, desk: Desk, looked: Looked, member: MemberFacts, leaving: MemberFacts, leaves: State, survivor: Journal,
        holds: list[HoldState],
    ) -> MergePreview:  # fmt: skip
        assert looked.extra is not None, "a preview has looked"
        more = looked.extra
        return MergePreview(
            brief(member),
            brief(leaving),
            moved_of(leaves),
            balance(survivor),
            [LotMoving(x.remaining, x.held, x.kind, x.granted_on, x.expires_on, x.grant_year) for x in leaves.lots],
            [HoldMoving(h.hold_id, h.points, h.purchase_id, h.reference, h.expires_at) for h in holds],
            more.orders,
            more.identifiers,
            more.clashes,
            more.tier,
        )


def drawn(holds: list[HoldState]) -> tuple[tuple[str, Draws], ...]:
    """What each of these holds drew."""
    return tuple((h.hold_id, h.drawn) for h in holds)


def moved_of(state: State) -> Moved:
    """What a member's books would move."""
    return Moved(
        sum(lot.remaining for lot in state.lots if lot.kind != "debt"),
        -sum(lot.remaining for lot in state.lots if lot.kind == "debt"),
        state.pending,
        sum(lot.held for lot in state.lots),
        len(state.lots),
        len(state.holds),
    )


async def extra(connection: Reading, into: int, gone: int, today: date) -> Extra:
    """What a preview shows beside the books: open orders, names, and what tiers are measured by."""
    orders = [OrderMoving(*row) for row in await connection.fetch(SQL.open_orders.sql, gone)]
    names = [await connection.fetch(SQL.names_of.sql, member_id) for member_id in (into, gone)]
    carried: dict[tuple[Any, ...], int] = {
        (n["kind"], n["shop_id"], n["normal"]): n["identifier_id"] for n in names[0] if n["kind"] not in IDENTIFYING
    }
    clashes = [
        Clash(n["kind"], ids.encode(ours), ids.encode(n["identifier_id"]))
        for n in names[1]
        if (ours := carried.get((n["kind"], n["shop_id"], n["normal"]))) is not None
    ]
    since = today - _TIER_DAYS
    one, other = [TierInput(*await connection.fetchrow(SQL.tier_input.sql, m, since)) for m in (into, gone)]
    both = TierInput(one.purchases + other.purchases, one.amount + other.amount, one.earned + other.earned)
    return Extra(orders, len(names[1]), clashes, TierInputs(one, other, both))
