"""The household: made, joined by invitation, left; its points are everybody's (rule 40)."""

from __future__ import annotations

from typing import Any, NamedTuple

from litestar import Response

from goen.actions.members import households
from goen.actions.members.codes import count_guess
from goen.actions.points.pools import dissolve, leave, pool_own
from goen.identity.presented import presented
from goen.members.errors import HouseholdState, UnknownHousehold, UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.members.masks import name_masked
from goen.members.model import Given, MemberView
from goen.readings.household import household, places_of
from goen.readings.member_lookup import member_by
from goen.readings.member_profile import member_profiles
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.visits import moved
from goen.web.member.visit import SELF, MemberVisit

_SHOWN = Given(True, "goen-1", "members page")
_BACK = "/me/profile?done=household#household"


class AtHome(NamedTuple):
    """Somebody of the same household; others' names are masked."""

    id: str
    name: str
    me: bool
    head: bool
    may_spend: bool
    state: str


class Home(NamedTuple):
    """The member's household, None without one, and those that have asked the member in."""

    id: str | None
    head: bool
    people: list[AtHome]
    invited: list[tuple[str, str]]


async def at_home(visit: MemberVisit, member: MemberView) -> Home:
    """What the profile shows of it."""
    invited = [each for each, state, _ in await _places(visit) if state == "invited"]
    people = await _people(visit, member_id_of(member.household)) if member.household else []
    asking = [(public_id(each), await _head_of(visit, each)) for each in invited]
    return Home(member.household, any(each.me and each.head for each in people), people, asking)


async def _places(visit: MemberVisit) -> list[tuple[int, str, bool]]:
    async with visit.known.database.reading() as connection:
        return [each for one in await _mine(visit) for each in await places_of(connection, one)]


async def _mine(visit: MemberVisit) -> list[int]:
    return await visit.everybody()


async def _people(visit: MemberVisit, household_id: int | None) -> list[AtHome]:
    mine = {public_id(each) for each in await _mine(visit)}
    async with visit.known.database.reading() as connection:
        found = (await household(connection, household_id)).people
        profiles = await member_profiles(connection, [member_id_of(each.member_id) or 0 for each in found])
    names = {each.id: each.name for each in profiles}
    return [
        AtHome(
            each.member_id,
            (names.get(each.member_id) or "") if each.member_id in mine else name_masked(names.get(each.member_id)),
            each.member_id in mine, each.head, each.may_spend, each.state,
        )
        for each in found
    ]  # fmt: skip


async def _head_of(visit: MemberVisit, household_id: int) -> str:
    return next((each.name for each in await _people(visit, household_id) if each.head), "")


async def _own(visit: MemberVisit, *, head: bool = False) -> tuple[int, list[AtHome]]:
    """The household that the member is of.

    Raises:
        UnknownHousehold: of none; or, where only its head may, the member is not.
    """
    for household_id, state, is_head in await _places(visit):
        if state in ("joined", "leaving") and (is_head or not head):
            return household_id, await _people(visit, household_id)
    raise UnknownHousehold


def _agreed(visit: MemberVisit) -> None:
    if visit.form.get("agreed") != "1":
        raise InvalidRequest("agreed", "the sharing of points has to be agreed to")


async def make(visit: MemberVisit) -> Response[Any]:
    """Begin a household, as its head."""
    _agreed(visit)
    known = visit.known
    await households.make(known.database, SELF, visit.member_id, _SHOWN, visit.now)
    await pool_own(known.database, known.till, known.context, visit.member_id)
    return moved(_BACK)


async def invite(visit: MemberVisit) -> Response[Any]:
    """Ask somebody in by their member number; they join from their own pages."""
    _agreed(visit)
    known = visit.known
    household_id, _ = await _own(visit, head=True)
    await count_guess(known.database, visit.member_id, visit.now)
    who = presented("card", visit.form.get("number", "")[:100], member_id_of=member_id_of, field="")
    async with known.database.reading() as connection:
        member_id = await member_by(connection, who)
        profiles = await member_profiles(connection, [] if member_id is None else [member_id])
    if not profiles:
        raise UnknownMember
    await households.invite(
        known.database, SELF, household_id, member_id_of(profiles[0].id),
        may_spend=visit.form.get("may_spend") == "1", head_consent=_SHOWN, member_consent=None, now=visit.now,
    )  # fmt: skip
    return moved(_BACK)


async def accept(visit: MemberVisit) -> Response[Any]:
    """Join a household that has asked the member in; the points of before go into it."""
    known, household_id = visit.known, await _invited(visit)
    _agreed(visit)
    await households.accept(known.database, SELF, household_id, visit.member_id, _SHOWN, visit.now)
    await pool_own(known.database, known.till, known.context, visit.member_id)
    return moved(_BACK)


async def decline(visit: MemberVisit) -> Response[Any]:
    """Say no to an invitation."""
    household_id = await _invited(visit)
    await _leave(visit, household_id, visit.member_id)
    return moved(_BACK)


async def _invited(visit: MemberVisit) -> int:
    wanted = member_id_of(visit.path["household_id"])
    for household_id, state, _ in await _places(visit):
        if household_id == wanted and state == "invited":
            return household_id
    raise UnknownHousehold


async def _leave(visit: MemberVisit, household_id: int, member_id: int) -> None:
    known = visit.known
    await leave(known.database, known.till, known.context, SELF, household_id, member_id, 0, visit.now)


async def leave_it(visit: MemberVisit) -> Response[Any]:
    """Leave; the points stay with the household. Its head, alone in it, ends it and takes them along."""
    known = visit.known
    household_id, people = await _own(visit)
    if visit.form.get("sure") != "1":
        raise InvalidRequest("sure", "leaving has to be confirmed")
    if any(each.me and each.head for each in people):
        if any(not each.me and each.state != "invited" for each in people):
            raise HouseholdState("head_stays")
        await dissolve(known.database, known.till, known.context, SELF, household_id, visit.member_id, visit.now)
    else:
        await _leave(visit, household_id, visit.member_id)
    return moved(_BACK)


async def permit(visit: MemberVisit) -> Response[Any]:
    """The head lets somebody spend the household's points, or no more."""
    household_id, people = await _own(visit, head=True)
    wanted = visit.path["member_id"]
    if not any(each.id == wanted and not each.me for each in people):
        raise UnknownMember
    await households.change(
        visit.known.database, SELF, household_id, member_id_of(wanted), may_spend=visit.form.get("may_spend") == "1",
        head=False, now=visit.now,
    )  # fmt: skip
    return moved(_BACK)
