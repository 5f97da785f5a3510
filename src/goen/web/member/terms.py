"""Rules and terms of membership, to be read by everybody, and a member's answer to new terms (rule 55)."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException

from goen.actions.members.asks import TermsAsked
from goen.actions.members.terms import accept
from goen.earning.rules_text import offers, sections
from goen.members import terms as store
from goen.readings import terms as readings
from goen.readings.family import family
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.pages import SURFACE, language_of, page
from goen.web.common.surroundings import Surroundings
from goen.web.common.terms import words_of
from goen.web.common.visits import cookie, moved
from goen.web.member.visit import SELF, MemberVisit, around

#: Which terms this phone has put off; it is not asked about them again.
LATER = "goen_terms_later"
_YEAR = 400 * 86_400


def _shown(request: Request[Any, Any, State], known: Surroundings, template: str, **values: Any) -> Response[Any]:
    return page(request, f"me/{template}", headers=SURFACE, here="", **around(known), **values)


@get("/rules", include_in_schema=False)
async def _rules(request: Request[Any, Any, State], state: State) -> Response[Any]:
    """The rules of the points, with the campaigns of today."""
    known: Surroundings = state.surroundings
    now, language = known.clock.now(), language_of(request)
    version, context = known.programmes.version_at(now), known.context
    running = context.campaigns.running(version.engine, now)
    async with known.database.reading() as connection:
        shown = await readings.shown(connection, context.day_of(now))
    live = [each.campaign for each in running.compiled] if running else []
    return _shown(
        request, known, "rules.html", sections=sections(version.engine.programme, language), since=version.starts_at,
        offers=offers(live, language, context.zone), terms=shown.holds,
    )  # fmt: skip


@get(["/terms", "/terms/{version:str}"], include_in_schema=False)
async def _terms(request: Request[Any, Any, State], state: State) -> Response[Any]:
    """The terms that hold, or one version, and the others that there are."""
    known: Surroundings = state.surroundings
    version = request.path_params.get("version")
    today, language = known.context.day_of(known.clock.now()), language_of(request)
    async with known.database.reading() as connection:
        every = await store.versions(connection)
    public = [each for each in every if each.public(today)]
    chosen = store.held(every, today) if version is None else next((e for e in public if e.version == version), None)
    if chosen is None and version is not None:
        raise NotFoundException
    if chosen is None and public:
        chosen = public[-1]  # Nothing holds yet: what holds first.
    others = [(each, store.state_of(each, every, today)) for each in public if each != chosen]
    return _shown(
        request, known, "terms.html", others=others,
        chosen=None if chosen is None else words_of(chosen, language),
        told=None if chosen is None else store.state_of(chosen, every, today),
    )  # fmt: skip


async def standing(visit: MemberVisit) -> readings.Standing:
    """What the member can read and has accepted."""
    known = visit.known
    async with known.database.reading() as connection:
        members = (await family(connection, visit.member_id)).members
        return await readings.standing(connection, members, known.context.day_of(visit.now))


async def asked(visit: MemberVisit) -> dict[str, Any]:
    """What the card asks about terms: those that hold and are not answered here yet, and those that hold next."""
    found = await standing(visit)
    terms = found.asked
    if terms is not None and visit.request.cookies.get(LATER) == terms.version:
        terms = None
    return {
        "terms": None if terms is None else words_of(terms, visit.language),
        "terms_before": bool(found.accepted),
        "terms_next": next(iter(found.shown.to_come), None),
    }


async def answer(visit: MemberVisit) -> Response[Any]:
    """The member accepts the terms, or puts them off; nothing depends on it."""
    version, said = visit.form.get("version", ""), visit.form.get("said", "")
    if said not in ("yes", "later"):
        raise InvalidRequest("said", "is yes or later")
    if said == "later":
        wanted = (await standing(visit)).asked
        known = wanted is not None and wanted.version == version
        return moved("/me", [cookie(visit.request, LATER, version, seconds=_YEAR, path="/me")] if known else [])
    ask = TermsAsked(version)
    await accept(visit.known.database, SELF, visit.member_id, ask, visit.now, visit.known.context.day_of)
    return moved("/me/profile?done=terms#terms" if visit.form.get("from") == "profile" else "/me")


HANDLERS = (_rules, _terms)
