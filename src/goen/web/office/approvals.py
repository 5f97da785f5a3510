"""What waits for a second person: points by hand above the programme's limit; campaigns, standing rules and draws that
cost much."""

from __future__ import annotations

from typing import Any

from litestar import Response

from goen.actions.points import approvals as actions
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.readings import campaigns as campaign_readings
from goen.readings import recent
from goen.readings.seconds import Second, waiting_draws, waiting_rules
from goen.shops import campaigns as campaign_store
from goen.vocabulary.refusal import Forbidden
from goen.web.common.visits import Visit, moved
from goen.web.office.frame import shown

SHOWN = 100


async def approvals(visit: Visit) -> Response[Any]:
    """Who waits for whom. Somebody of one shop sees what they have asked for themselves."""
    author, campaigns = visit.staff.author, []
    rules: list[Second] = []
    draws: list[Second] = []
    async with visit.known.database.reading() as connection:
        waiting, decided = await actions.requests(connection, SHOWN)
        if visit.staff.shops:
            waiting, decided = ([each for each in some if each.asked_by == author] for some in (waiting, decided))
        people = await recent.who(connection, [each.member_id for each in (*waiting, *decided)])
        if visit.staff.may("campaigns"):
            codes = await campaign_store.waiting(connection)
            found = [
                await campaign_readings.kept(connection, visit.known.context.campaigns, code, visit.now)
                for code in codes
            ]
            campaigns = [each for each in found if each is not None]
        if visit.staff.may("standing"):
            rules = await waiting_rules(connection)
            draws = await waiting_draws(connection, visit.known.programmes.at(visit.now).programme, visit.now)
    visit.saw({each.id for each in people.values()})
    return shown(
        visit, "approvals.html", "approvals", waiting=waiting, decided=decided, people=people, campaigns=campaigns,
        rules=rules, draws=draws, author=author, may_decide=visit.staff.may("approvals.decide"), public_id=public_id,
    )  # fmt: skip


async def approve(visit: Visit) -> Response[Any]:
    """The points move now."""
    known, (member_id, request_id) = visit.known, _of(visit)
    await actions.approve(
        known.database, known.till, known.context, member_id, request_id, visit.staff.author, visit.now
    )
    return moved("/office/approvals")


async def decline(visit: Visit) -> Response[Any]:
    """They do not."""
    await actions.decline(visit.known.database, *_of(visit), visit.staff.author, visit.now)
    return moved("/office/approvals")


async def take_back(visit: Visit) -> Response[Any]:
    """Nor does what one has asked for oneself and takes back."""
    place = _of(visit)
    async with visit.known.database.reading() as connection:
        waiting, _ = await actions.requests(connection, SHOWN)
    if place not in [(each.member_id, each.request_id) for each in waiting if each.asked_by == visit.staff.author]:
        raise Forbidden("Somebody else has asked for this, or it is decided.")
    await actions.decline(visit.known.database, *place, visit.staff.author, visit.now)
    return moved("/office/approvals")


def _of(visit: Visit) -> tuple[int, int]:
    member_id, number = member_id_of(visit.path["member_id"]), visit.path["request_id"]
    if member_id is None or not (number.isascii() and number.isdigit() and len(number) < 18):
        raise UnknownMember
    return member_id, int(number)
