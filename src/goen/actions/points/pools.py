"""Points between a household's pool and its people's own books, as transfers with their dates kept (rule 40).

A sale of a household's person is booked with the pool from the start. What remains are points from before:
they go over on joining, and so does what earlier orders and returns still bring or take later. On leaving
the points stay with the pool, but for a split that was agreed; of a pool that is dissolved they go to its head,
what comes back later included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec

from goen.actions.members import households
from goen.actions.points.context import Context
from goen.actions.points.record_purchase import tell_points
from goen.actions.points.sweeps import INTEGRATION
from goen.actions.till.act import Act, Decided, Wants, key_of
from goen.actions.till.books import by_number
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Stamp
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.identity.presented import Presented
from goen.ledger.journal import Journal
from goen.members import households as places
from goen.members.errors import HouseholdState, MemberWithdrawn
from goen.members.ids import public_id
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import Refusal

PIECE = 100
_ATTEMPTS = 5
REASON = "household"


class _Moving(msgspec.Struct, frozen=True):
    """Canonical request: between whom, and which time."""

    household: str
    member: str
    time: str


class _Moved(msgspec.Struct, frozen=True):
    """Points the pool received, and how far its books counted then."""

    moved: int
    seq: int = 0


class _PoolAct(Act):
    """Base: points go between a person's own books and the household's."""

    integration = INTEGRATION

    def __init__(self, context: Context, household_id: int, member_id: int, time: str) -> None:
        self.context = context
        self.household_id = household_id
        self.member_id = member_id
        self.time = time
        self.key = key_of(REASON, self.kind, f"{household_id}:{member_id}:{time}")
        self.wants = Wants(members=(by_number(household_id), by_number(member_id)), all_lots=True)
        self.token = household_id

    def asked(self, desk: Desk) -> _Moving:
        return _Moving(public_id(self.household_id), public_id(self.member_id), self.time)

    def decide(self, desk: Desk) -> Decided:
        moved, own = 0, self.own(desk)
        if own is not None:
            moved = self.move(desk.journal(self.household_id), desk.journal(own))
        if moved and own is not None:
            booked = self.context.booked_on(desk.today, desk.today)
            for member_id, points in ((self.household_id, moved), (own, -moved)):
                stamp = Stamp(desk.now, desk.today, booked, None, None, self.member_id, None, REASON)
                desk.stamp(member_id, stamp)
                tell_points(desk, member_id, None, None, None, points)
            details = {"household_id": public_id(self.household_id), "points": moved}
            desk.note(self.member_id, self.integration, f"{REASON}.points", None, None, details)
        seq = desk.journal(self.household_id).seq
        return Decided(200, msgspec.json.encode(_Moved(moved, seq)), member_id=self.household_id)

    def own(self, desk: Desk) -> int | None:
        """The person's side; None where the person has left meanwhile."""
        return self.member_id if desk.facts(self.member_id).pool_id == self.household_id else None

    def move(self, pool: Journal, own: Journal) -> int:
        """Do it; gives the points that the pool received, below zero where it gave."""
        raise NotImplementedError  # pragma: no cover - abstract


class PoolOwnPoints(_PoolAct):
    """What a person has apart goes into the pool; what the person owes from a return of before is paid from it."""

    kind = "household_pool"

    def __init__(self, context: Context, found: places.Unpooled) -> None:
        super().__init__(context, found.pool_id, found.member_id, f"{found.seq} {found.pool_seq}")
        self.seq = found.seq

    def move(self, pool: Journal, own: Journal) -> int:
        # Books that have moved on since they were seen may have got a split, which is not to be taken back.
        return _settled(pool, own) if own.seq == self.seq else 0


class GivePoolBack(_PoolAct):
    """What returns bring to a household that was dissolved goes to its last head, as everything did then; what they
    take is paid from the head's points."""

    kind = "household_back"

    def __init__(self, context: Context, household_id: int, head_id: int, time: str) -> None:
        super().__init__(context, household_id, head_id, time)
        self.head = Presented("member_id", "", member_id=head_id)
        self.wants = Wants(members=(by_number(household_id), self.head), all_lots=True)

    def own(self, desk: Desk) -> int | None:
        """In whose books the head's points are: merged since, or of another household."""
        try:
            return desk.find(self.head)[0].member_id
        except MemberWithdrawn:
            return None

    def move(self, pool: Journal, own: Journal) -> int:
        return -_settled(own, pool)


def _settled(into: Journal, apart: Journal) -> int:
    """What is apart goes over, or what is owed there is paid; gives the points that went over, below zero if back."""
    if apart.debt:
        paid = 0 if into.debt else min(apart.debt, max(into.available, 0))
        if paid:
            apart.receive(into.send(paid))
        return -paid
    points = max(apart.available, 0)
    if points:
        into.receive(apart.send(points))
    return points


class SplitPoints(_PoolAct):
    """What was agreed goes along with a person who leaves."""

    kind = "household_split"

    def __init__(self, context: Context, household_id: int, member_id: int, time: str, points: int | None) -> None:
        """``points``: so many; None: all there are, for the head of a household that is dissolved."""
        super().__init__(context, household_id, member_id, time)
        self.points = points

    def move(self, pool: Journal, own: Journal) -> int:
        points = self.points
        if points is None:
            if pool.held or pool.pending or pool.debt:
                raise HouseholdState("open_orders")
            points = max(pool.available, 0)
        if points:
            own.receive(pool.send(points))
        return -points


async def pool_own(database: Database, till: Till, context: Context, member_id: int | None) -> int:
    """Move one person's own points into the pool now, and not when the job comes by; gives how many moved."""
    if member_id is None:
        return 0
    async with database.reading() as connection:
        found = [each for each in await places.unpooled(connection, member_id - 1, 1) if each.member_id == member_id]
    return await _pooled(till, context, found)


async def pool_due(database: Database, till: Till, context: Context, after: int) -> tuple[int, int]:
    """One piece of the sweep: the people after this number whose own books have something. Gives the last one's
    number, 0 at the end, and for how many something moved."""
    async with database.reading() as connection:
        found = await places.unpooled(connection, after, PIECE)
    moved = await _pooled(till, context, found)
    return (found[-1].member_id if len(found) == PIECE else 0), moved


async def give_back_due(database: Database, till: Till, context: Context, after: int) -> tuple[int, int]:
    """One piece of the sweep over dissolved households, as :func:`pool_due`."""
    async with database.reading() as connection:
        found = await places.unheaded(connection, after, PIECE)
    acts = [GivePoolBack(context, each.household_id, each.head_id, f"{each.seq} {each.head_seq}") for each in found]
    return (found[-1].household_id if len(found) == PIECE else 0), await _posted(till, acts)


async def _pooled(till: Till, context: Context, found: list[places.Unpooled]) -> int:
    return await _posted(till, [PoolOwnPoints(context, each) for each in found])


async def _posted(till: Till, acts: Sequence[_PoolAct]) -> int:
    answers = await asyncio.gather(*(till.post(act) for act in acts))
    return sum(not each.replayed and msgspec.json.decode(each.body, type=_Moved).moved != 0 for each in answers)


async def leave(
    database: Database,
    till: Till,
    context: Context,
    principal: Principal,
    household_id: int | None,
    member_id: int | None,
    split: int,
    now: Instant,
) -> None:
    """A person leaves, with ``split`` points or none. First the points, then the names; whatever breaks in between,
    the same asked again carries on, and the split is done once.

    :raises UnknownHousehold: and HouseholdState: the head hands over first.
    :raises NotEnoughPoints: the pool has fewer; SpendingBlocked: it owes. The person then stays.
    """
    place = await households.begin_leaving(database, household_id, member_id, split)
    assert household_id is not None
    assert member_id is not None
    member_id = member_id if place is None else place.member_id
    if place is not None and place.split:
        try:
            await till.post(SplitPoints(context, household_id, member_id, f"leave {place.joining}", place.split))
        except Refusal:
            await households.stay(database, household_id, member_id)
            raise
    await households.leave(database, principal, household_id, member_id, now)


async def dissolve(
    database: Database,
    till: Till,
    context: Context,
    principal: Principal,
    household_id: int | None,
    head_id: int,
    now: datetime,
) -> None:
    """End a household: its points go to the head, everybody is free.

    :raises UnknownHousehold: and HouseholdState: orders, holds or debts are open, or it is closed already.
    """
    await households.begin_leaving(database, household_id, head_id, 0, head_too=True)
    assert household_id is not None
    try:
        for attempt in range(_ATTEMPTS):
            split = SplitPoints(context, household_id, head_id, f"dissolve {now.isoformat()} {attempt}", None)
            seq = msgspec.json.decode((await till.post(split)).body, type=_Moved).seq
            # A sale may be booked between the two; then its points go over as well.
            if await households.dissolve(database, principal, household_id, head_id, seq, now):
                return
        raise HouseholdState("open_orders")
    except Refusal:
        await households.stay(database, household_id, head_id)
        raise
