"""Who belongs to a household: made, invited, joined, permitted, left, dissolved (rule 40).

The names side alone; points move at the till (``actions/points/pools``). Both head and member consent, and
each consent is kept with its proof under the purpose ``household``. Every change makes sales that are being
decided for the person or the pool look again.
"""

from __future__ import annotations

from goen.actions.members import record
from goen.database.pool import Database, Writing
from goen.members import households, store
from goen.members.errors import HouseholdState, UnknownHousehold
from goen.members.households import Place
from goen.members.ids import public_id
from goen.members.model import Given, Row
from goen.members.number import number_of
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

CONSENT = "household"
PEOPLE_MAX = 20


async def make(database: Database, principal: Principal, head_id: int | None, consent: Given, now: Instant) -> int:
    """Make a household with its head in it; gives its number, which is that of its points' account.

    Raises:
        UnknownMember, MemberWithdrawn; HouseholdState: not registered, or of a household already;
        InvalidRequest: without consent.
    """
    _agreed(consent, "consent")
    async with database.transaction() as connection:
        await record.bump_account(connection, head_id or 0)
        head = await _free(connection, head_id)
        household_id = await store.next_member_id(connection)
        await households.add_pool(connection, household_id, number_of(household_id), now)
        await record.open_account(connection, household_id)
        await households.invite(
            connection, head.member_id, household_id, joining=1, head=True, may_spend=True, now=now
        )  # fmt: skip
        await households.join(connection, head.member_id, household_id, now)
        await store.add_consents(connection, head.member_id, {CONSENT: consent}, principal.integration, now)
        await _written(connection, principal, household_id, head.member_id, "household.made", now)
        return household_id


async def invite(
    database: Database,
    principal: Principal,
    household_id: int | None,
    member_id: int | None,
    *,
    may_spend: bool,
    head_consent: Given,
    member_consent: Given | None,
    now: Instant,
) -> None:
    """The head asks somebody in; with the member's own consent at hand the member joins at once.

    Raises:
        UnknownHousehold, UnknownMember, MemberWithdrawn; HouseholdState: not registered, of a household already;
        InvalidRequest: without consent, or the household is full.
    """
    _agreed(head_consent, "head_consent")
    if member_consent is not None:
        _agreed(member_consent, "member_consent")
    async with database.transaction() as connection:
        people, member_id = await _opened(connection, household_id, member_id)
        assert household_id is not None
        row = await _free(connection, member_id)
        known = {each.member_id: each for each in people}.get(row.member_id)
        if known is None:
            if len(people) >= PEOPLE_MAX:
                raise InvalidRequest("member", f"a household has {PEOPLE_MAX} people at most")
            before = await households.latest(connection, row.member_id, household_id)
            await households.invite(
                connection, row.member_id, household_id, joining=before.joining + 1 if before else 1, head=False,
                may_spend=may_spend, now=now,
            )  # fmt: skip
            head = next(each for each in people if each.head)
            await store.add_consents(connection, head.member_id, {CONSENT: head_consent}, principal.integration, now)
            await _written(connection, principal, household_id, row.member_id, "household.invited", now)
        if member_consent is not None:
            await _join(connection, principal, household_id, row, member_consent, now)


async def accept(
    database: Database,
    principal: Principal,
    household_id: int | None,
    member_id: int | None,
    consent: Given,
    now: Instant,
) -> None:
    """Who was invited joins.

    Raises:
        UnknownHousehold, UnknownMember, MemberWithdrawn; HouseholdState: not invited, not registered, of a
        household already; InvalidRequest: without consent.
    """
    _agreed(consent, "consent")
    async with database.transaction() as connection:
        people, member_id = await _opened(connection, household_id, member_id)
        assert household_id is not None
        row = await _free(connection, member_id)
        if not any(each.member_id == row.member_id and each.state == "invited" for each in people):
            raise HouseholdState("not_invited")
        await _join(connection, principal, household_id, row, consent, now)


async def change(
    database: Database,
    principal: Principal,
    household_id: int | None,
    member_id: int | None,
    *,
    may_spend: bool | None,
    head: bool,
    now: Instant,
) -> None:
    """Permit or forbid a person to spend, or hand the household over; who was head goes on spending.

    Raises:
        UnknownHousehold; HouseholdState: not joined; the head always spends.
    """
    async with database.transaction() as connection:
        people, member_id = await _opened(connection, household_id, member_id)
        assert household_id is not None
        found = _joined(people, member_id)
        if (found.head or head) and may_spend is False:
            raise HouseholdState("head_stays")
        if head and not found.head:
            before = next(each for each in people if each.head)
            await households.set_place(connection, before.member_id, household_id, head=False, may_spend=True)
            await households.set_place(connection, found.member_id, household_id, head=True, may_spend=True)
            await _written(connection, principal, household_id, found.member_id, "household.handed_over", now)
        elif may_spend is not None and may_spend != found.may_spend:
            await households.set_place(
                connection, found.member_id, household_id, head=found.head, may_spend=may_spend
            )  # fmt: skip
            what = "household.spending_allowed" if may_spend else "household.spending_ended"
            await _written(connection, principal, household_id, found.member_id, what, now)


async def begin_leaving(
    database: Database, household_id: int | None, member_id: int | None, split: int, *, head_too: bool = False
) -> Place | None:
    """Mark a person as leaving with ``split`` points, which keeps the sweep of own points away; gives the place, which
    is the survivor's for one who was merged.
    None where the person was invited only, or has left: there is nothing to move.

    Raises:
        UnknownHousehold; HouseholdState: the head does not leave.
    """
    async with database.transaction() as connection:
        people, member_id = await _opened(connection, household_id, member_id)
        assert household_id is not None
        found = {each.member_id: each for each in people}.get(member_id or 0)
        if found is None:
            if member_id is None or await households.latest(connection, member_id, household_id) is None:
                raise UnknownHousehold
            return None
        if found.head and not head_too:
            raise HouseholdState("head_stays")
        if found.state == "invited":
            return None
        if found.state == "leaving":  # A former asking did not come to its end: what it took along stays so.
            return found
        await households.set_leaving(connection, found.member_id, household_id, split)
        return found._replace(split=split, state="leaving")


async def stay(database: Database, household_id: int, member_id: int) -> None:
    """The points could not be moved: the person stays."""
    async with database.transaction() as connection:
        await households.set_leaving(connection, member_id, household_id, None)


async def leave(database: Database, principal: Principal, household_id: int, member_id: int, now: Instant) -> None:
    """A person is of the household no more, or not invited any more; one who has left already has left."""
    async with database.transaction() as connection:
        member_id = await _person(connection, household_id, member_id)
        if not any(each.member_id == member_id for each in await households.people(connection, household_id)):
            return
        await households.leave(connection, member_id, household_id, now)
        await _written(connection, principal, household_id, member_id, "household.left", now)


async def dissolve(
    database: Database, principal: Principal, household_id: int, head_id: int, seq: int, now: Instant
) -> bool:
    """Everybody is free and the household is closed; False where its books have moved on from ``seq``."""
    async with database.transaction() as connection:
        around = [each.member_id for each in await households.people(connection, household_id)]
        await _bump(connection, household_id, *around)
        people, _ = await _opened(connection, household_id, head_id)
        if await record.counted(connection, household_id) != seq:
            return False
        for each in people:
            await households.leave(connection, each.member_id, household_id, now)
            await _written(connection, principal, household_id, each.member_id, "household.dissolved", now)
        await households.close_pool(connection, household_id, now)
        return True


async def bump(connection: Writing, member_id: int) -> int | None:
    """:func:`record.bump_account` of a member and, in the order of their numbers, of its households."""
    around = {household_id for household_id, _, _ in await households.places(connection, member_id)}
    booked = {each: await record.bump_account(connection, each) for each in sorted({member_id, *around})}
    return booked[member_id]


async def forget(connection: Writing, member_id: int, author: str, now: Instant) -> None:
    """A member withdraws, and leaves the household without taking points along; :func:`bump` has locked the books.

    A head is followed by whoever has been in it longest, those who may spend first; behind the last one the
    household is closed.
    """
    for household_id, state, head in await households.places(connection, member_id):
        await households.leave(connection, member_id, household_id, now)
        left = [each for each in await households.people(connection, household_id) if each.state == "joined"]
        if not left and state != "invited":
            for each in await households.people(connection, household_id):
                await households.leave(connection, each.member_id, household_id, now)
            await households.close_pool(connection, household_id, now)
        elif head:
            heir = min(left, key=lambda each: not each.may_spend)
            await households.set_place(connection, heir.member_id, household_id, head=True, may_spend=True)
            details = {"household_id": public_id(household_id)}
            await record.audit(connection, heir.member_id, author, "household.handed_over", now, **details)


async def _join(
    connection: Writing, principal: Principal, household_id: int, row: Row, consent: Given, now: Instant
) -> None:
    await households.join(connection, row.member_id, household_id, now)
    await store.add_consents(connection, row.member_id, {CONSENT: consent}, principal.integration, now)
    await _written(connection, principal, household_id, row.member_id, "household.joined", now)


async def _free(connection: Writing, member_id: int | None) -> Row:
    """A registered member who is of no household.

    Raises:
        UnknownMember, MemberWithdrawn, HouseholdState.
    """
    row = await record.opened(connection, member_id)
    if row.pool_id is not None:
        raise HouseholdState("in_household")
    if row.status != "active":
        raise HouseholdState("not_active")
    if await record.owes(connection, row.member_id):
        raise HouseholdState("in_debt")
    return row


async def _opened(
    connection: Writing, household_id: int | None, member_id: int | None
) -> tuple[list[Place], int | None]:
    """The people of a household that is not dissolved, its books and those of the person made to look again; and who
    the person is by now, after a merge the survivor."""
    if household_id is None:
        raise UnknownHousehold
    member_id = None if member_id is None else await _person(connection, household_id, member_id)
    if member_id is None:
        await _bump(connection, household_id)
    pool = await store.locked(connection, household_id)
    if pool is None or not pool.household:
        raise UnknownHousehold
    if pool.status == "withdrawn":
        raise HouseholdState("closed")
    return await households.people(connection, household_id), member_id


async def _person(connection: Writing, household_id: int, member_id: int) -> int:
    """Who a person is by now, that account and the household's made to look again, so that no merge comes between."""
    while True:
        survivor_id = await store.survivor_of(connection, member_id) or member_id
        await _bump(connection, household_id, survivor_id)
        if survivor_id == (await store.survivor_of(connection, member_id) or member_id):
            return survivor_id


async def _bump(connection: Writing, *member_ids: int) -> None:
    for each in sorted(set(member_ids)):
        await record.bump_account(connection, each)


def _joined(people: list[Place], member_id: int | None) -> Place:
    found = {each.member_id: each for each in people}.get(member_id or 0)
    if found is None:
        raise UnknownHousehold
    if found.state != "joined":
        raise HouseholdState("not_joined")
    return found


def _agreed(consent: Given, field: str) -> None:
    if not consent.given:
        raise InvalidRequest(field, "both the head and the member agree to a household")


async def _written(
    connection: Writing, principal: Principal, household_id: int, member_id: int, what: str, now: Instant
) -> None:
    household = public_id(household_id)
    await record.audit(connection, member_id, principal.integration, what, now, household_id=household)
    await record.announce(connection, member_id, what, now)
