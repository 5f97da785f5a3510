"""Programme holidays: lots whose last day lies in a range live on, as one operation that can be undone (rule 17).

An order is kept first; then every member concerned gets an act, in pieces; last comes the outcome, which is
the answer. Each of the three has a key made of the order, so asking again after a crash goes on where it
stopped, and asking again after the end gives the first answer. Points spent in the meantime stay spent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from goen.actions.points.context import Context, idempotent
from goen.actions.points.record_purchase import tell_points
from goen.actions.till.act import KEY_DAYS, Act, Answer, Decided, Key, Wants, key_of
from goen.actions.till.books import by_number
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Stamp
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.database.queries import load
from goen.ledger.journal import Journal
from goen.purchases.ids import home_of, made
from goen.shops.model import Principal
from goen.vocabulary import ids
from goen.vocabulary.fields import Text
from goen.vocabulary.refusal import InvalidRequest, NotFound

_SQL = load(__package__, "holiday.sql")
PIECE = 200


class ExtensionAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Lots whose last day lies from ``from`` through ``to`` are valid through ``expires_on``. With ``expired``
    those among them that have expired already are granted again."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    expires_on: date
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    expired: bool = False
    note: Text | None = None


class ExtensionAnswer(msgspec.Struct, frozen=True):
    """An extension, or its undoing, once it is done: how many members and lots it reached, and by how many points
    balances rose (or fell, below zero)."""

    id: str
    members: int
    lots: int
    points: int
    recorded_at: datetime


class _Moved(msgspec.Struct, frozen=True):
    """Outcome for one member."""

    lots: int
    points: int


class _Order(Act):
    """The order itself: kept once under the caller's key, before any member is touched."""

    kind = "lot_extension_order"

    def __init__(self, ask: ExtensionAsk, key: Key, principal: Principal, now: datetime) -> None:
        if ask.last < ask.first:
            raise InvalidRequest("to", "lies before from")
        if ask.expires_on <= ask.last:
            raise InvalidRequest("expires_on", "must lie after to")
        self.ask = ask
        self.key = key
        self.integration = principal.integration
        self.wants = Wants()

    def asked(self, desk: Desk) -> ExtensionAsk:
        return self.ask

    def decide(self, desk: Desk) -> Decided:
        if self.ask.expires_on < desk.today:
            raise InvalidRequest("expires_on", "lies in the past")
        extension = made("x", 0, desk.act_id)
        details = {"extension_id": extension, "request": self.ask}
        desk.note(0, self.integration, "lots.extended", self.ask.reason, self.ask.note, details)
        return Decided(200, msgspec.json.encode(extension), extension)


class _MemberAsked(msgspec.Struct, frozen=True):
    """Canonical request of one member's part."""

    extension: str


class _MemberPart(Act):
    """Base: one member's lots get other dates."""

    integration = "job"

    def __init__(self, context: Context, extension: str, member_id: int, lots: Sequence[int], now: datetime) -> None:
        self.context = context
        self.extension = extension
        self.member_id = member_id
        self.lots = lots
        self.key = key_of(self.kind, extension, str(member_id), context.day_of(now) + timedelta(days=KEY_DAYS))
        self.wants = Wants(members=(by_number(member_id),), all_lots=True)
        self.token = member_id

    def asked(self, desk: Desk) -> _MemberAsked:
        return _MemberAsked(self.extension)

    def decide(self, desk: Desk) -> Decided:
        holder, shift = desk.place(self.member_id)  # Lots of a merged member are the survivor's.
        journal = desk.journal(holder)
        journal.need(lot_id + shift for lot_id in self.lots)
        before = journal.booked
        lots = self.change(journal, shift)
        points = journal.booked - before
        booked = self.context.booked_on(desk.today, desk.today)
        desk.stamp(holder, Stamp(desk.now, desk.today, booked, None, None, self.member_id, reason=self.extension))
        if points:
            tell_points(desk, holder, None, None, None, points)
        return Decided(200, msgspec.json.encode(_Moved(lots, points)), member_id=holder)

    def change(self, journal: Journal, shift: int) -> int:
        """Do it; gives the number of lots that changed."""
        raise NotImplementedError  # pragma: no cover - abstract


class ExtendLots(_MemberPart):
    """A member's lots in the range live on."""

    kind = "lot_extension"

    def __init__(
        self, context: Context, extension: str, ask: ExtensionAsk, member_id: int, lots: Sequence[int], now: datetime
    ) -> None:
        super().__init__(context, extension, member_id, lots, now)
        self.ask = ask

    def change(self, journal: Journal, shift: int) -> int:
        changed = 0
        for lot_id in (each + shift for each in self.lots):
            lot = journal.lots[lot_id]
            if lot.expires_on is None or not self.ask.first <= lot.expires_on <= self.ask.last:
                continue
            if lot.alive(journal.today) or self.ask.expired:
                journal.redate(lot_id, self.ask.expires_on, again=lot.expired)
                changed += 1
        return changed


class ShortenLots(_MemberPart):
    """A member's lots have their former dates again, unless those moved on since; what that kills expires."""

    kind = "lot_extension_undo"

    def __init__(
        self,
        context: Context,
        extension: str,
        ask: ExtensionAsk,
        member_id: int,
        lots: Sequence[tuple[int, date | None]],
        now: datetime,
    ) -> None:
        super().__init__(context, extension, member_id, [lot_id for lot_id, _ in lots], now)
        self.until = ask.expires_on
        self.days = dict(lots)

    def change(self, journal: Journal, shift: int) -> int:
        lots = (each + shift for each in self.lots)
        back = [lot_id for lot_id in lots if journal.lots[lot_id].expires_on == self.until]
        for lot_id in back:
            journal.redate(lot_id, self.days[lot_id - shift])
        journal.expire(back)
        return len(back)


class _Outcome(Act):
    """What an order came to: its answer. Only the first one counts."""

    integration = "job"
    status: ClassVar[int]

    def __init__(self, extension: str, members: int = 0, moved: _Moved | None = None) -> None:
        """Without ``moved`` it only asks for the outcome that is there."""
        self.extension = extension
        self.members = members
        self.moved = moved
        self.only_repeats = None if moved else _NotYet("The extension is not carried out yet.")
        self.key = key_of("lot_extension", self.kind, extension)
        self.wants = Wants()

    def asked(self, desk: Desk) -> _MemberAsked:
        return _MemberAsked(self.extension)

    def decide(self, desk: Desk) -> Decided:
        assert self.moved is not None
        answer = ExtensionAnswer(self.extension, self.members, self.moved.lots, self.moved.points, desk.now)
        return Decided(self.status, msgspec.json.encode(answer), self.extension)


class _Extended(_Outcome):
    kind = "lot_extension_outcome"
    status = 201


class _Undone(_Outcome):
    kind = "lot_extension_undo_outcome"
    status = 200


class _NotYet(NotFound):
    """The outcome is not there yet: to be carried out, or carried on after a crash."""


async def extend_lots(
    database: Database, till: Till, context: Context, ask: ExtensionAsk, idempotency_key: str, principal: Principal,
    now: datetime,
) -> Answer:  # fmt: skip
    """Extend lots whose last day lies in a range, or grant expired ones again.

    :raises InvalidRequest: the dates contradict one another, or lie in the past.
    :raises Conflict: the key was used for another order.
    """
    order = _Order(ask, idempotent(principal.integration, idempotency_key, context, now), principal, now)
    extension: str = msgspec.json.decode((await till.post(order)).body)

    async def pieces() -> AsyncIterator[list[_MemberPart]]:
        after = 0
        while True:
            async with database.reading() as connection:
                rows = [
                    row
                    async for row in _SQL.lots_in_range(
                        connection, first=ask.first, last=ask.last, after=after, today=context.day_of(now),
                        expired=ask.expired, piece=PIECE,
                    )
                ]  # fmt: skip
            if not rows:
                return
            yield [ExtendLots(context, extension, ask, row["member_id"], row["lots"], now) for row in rows]
            after = rows[-1]["member_id"]

    return await _carried_out(till, _Extended, extension, pieces)


async def undo_extension(database: Database, till: Till, context: Context, extension: str, now: datetime) -> Answer:
    """Give the lots of an extension their former dates again; asked again, the first answer.

    :raises NotFound: there is no such extension.
    """
    ask = await _asked(database, extension)

    async def pieces() -> AsyncIterator[list[_MemberPart]]:
        after = 0
        while True:
            async with database.reading() as connection:
                rows = [
                    row async for row in _SQL.lots_extended(connection, extension=extension, after=after, piece=PIECE)
                ]
            if not rows:
                return
            yield [
                ShortenLots(
                    context, extension, ask, row["member_id"], list(zip(row["lots"], row["days"], strict=True)), now
                )
                for row in rows
            ]
            after = rows[-1]["member_id"]

    return await _carried_out(till, _Undone, extension, pieces)


async def _asked(database: Database, extension: str) -> ExtensionAsk:
    act_id = ids.decode(extension.rpartition("_")[2]) if home_of("x", extension) == 0 else None
    async with database.reading() as connection:
        request: Any = None if act_id is None else await _SQL.extension_asked(connection, act_id=act_id)
    if request is None:
        raise NotFound("There is no such extension.")
    return msgspec.json.decode(request, type=ExtensionAsk)


async def _carried_out(
    till: Till, outcome: type[_Outcome], extension: str, pieces: Callable[[], AsyncIterator[list[_MemberPart]]]
) -> Answer:
    try:
        return await till.post(outcome(extension))
    except _NotYet:
        pass
    members, lots, points = 0, 0, 0
    async for piece in pieces():
        posts: list[Awaitable[Answer]] = [till.post(act) for act in piece]
        for answer in await asyncio.gather(*posts):
            moved = msgspec.json.decode(answer.body, type=_Moved)
            members, lots, points = members + (moved.lots > 0), lots + moved.lots, points + moved.points
    return await till.post(outcome(extension, members, _Moved(lots, points)))
