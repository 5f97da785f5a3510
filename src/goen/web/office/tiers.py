"""Tiers: the ladders in words, how many stand where, the runs, and what the next evaluation would change."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from litestar import Response

from goen.actions.tiers.errors import UnknownTierProgramme
from goen.actions.tiers.preview import PreviewAsk, preview
from goen.earning.programme import Programme
from goen.earning.tiers.calendar import evaluation_days
from goen.earning.tiers.model import Ladder
from goen.members.ids import member_id_of
from goen.readings import recent
from goen.readings.tiers import Stands, stands, tier_runs
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.visits import Visit
from goen.web.office.frame import shown

RUNS = 10
SHOWN = 20


class Standing(NamedTuple):
    """One ladder: its rules, who stands where, and the next day on which anybody may fall (None: nobody ever does)."""

    code: str
    ladder: Ladder
    stands: Stands
    next_day: date | None


async def tiers(visit: Visit) -> Response[Any]:
    """All ladders of the programme that counts now."""
    context = visit.known.context
    programme, today = context.engine_at(visit.now).programme, context.day_of(visit.now)
    found = []
    async with visit.known.database.reading() as connection:
        for place, (code, ladder) in enumerate(programme.tier_programmes.items()):
            who = await stands(connection, code, place == 0, today)
            found.append(Standing(code, ladder, who, next(evaluation_days(ladder, today), None)))
        runs = await tier_runs(connection, RUNS)
    counted = context.tiers_counted == context.tiers_since(programme)
    return shown(
        visit, "tiers.html", "tiers", ladders=found, runs=runs.items, names=_names(visit), counted=counted, today=today,
        rates={code: tier for code, tier in programme.tiers.items() if tier.multiplier is not None},
    )  # fmt: skip


async def look_ahead(visit: Visit) -> Response[Any]:
    """Whom an evaluation on a day would move, by the sales known now. Nothing is written."""
    day = day_of(visit.query.get("on", ""))
    programme = visit.known.context.engine_at(visit.now).programme
    ask = PreviewAsk(visit.query.get("programme", "")[:100], on=day, limit=SHOWN)
    ladder = programme.tier_programmes.get(ask.programme)
    if ladder is None:
        raise UnknownTierProgramme
    return visit.page("office/tiers_ahead.html", **await ahead(visit, ask, ladder, programme))


def day_of(asked: str) -> date | None:
    """A day that was asked for; None where none was.

    Raises:
        InvalidRequest: it is none.
    """
    try:
        return date.fromisoformat(asked) if asked else None
    except ValueError:
        raise InvalidRequest("on", "is a day") from None


async def ahead(visit: Visit, ask: PreviewAsk, ladder: Ladder, programme: Programme) -> dict[str, Any]:
    """What a preview tells, and the people in it for whoever may see them."""
    told = await preview(visit.known.database, visit.known.context, ask, visit.now)
    people: dict[str, recent.Who] = {}
    if visit.staff.may("members") and told.items:
        numbers = {each.member: member_id_of(each.member) or 0 for each in told.items}
        async with visit.known.database.reading() as connection:
            found = await recent.who(connection, list(numbers.values()))
        people = {member: found[number] for member, number in numbers.items() if number in found}
        visit.saw([each.id for each in people.values()])
    names = _names(visit) | {code: tier.name or code for code, tier in programme.tiers.items()}
    return {"told": told, "people": people, "names": names, "measure": ladder.measure}


def _names(visit: Visit) -> dict[str, str]:
    """What members call each tier."""
    programme = visit.known.context.engine_at(visit.now).programme
    levels = [level.tier for ladder in programme.tier_programmes.values() for level in ladder.levels]
    named = {code: tier.name for code, tier in programme.tiers.items() if tier.name}
    return {code: named.get(code, code) for code in [*levels, *programme.tiers]}
