"""Signing in: password, then the second factor where the role asks for it; in the demo with one click."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

import segno
from litestar import Request, Response, get, post
from litestar.datastructures import State
from markupsafe import Markup

from goen.actions import staff as actions
from goen.staff import secrets
from goen.staff.errors import SignInLocked, SignInRefused, UnknownStaff
from goen.staff.rules import HALF_LASTS, SESSION_LASTS
from goen.vocabulary.refusal import Forbidden, InvalidRequest, Refusal
from goen.web.common.pages import SURFACE, page
from goen.web.common.surroundings import Surroundings
from goen.web.common.visits import (
    COOKIE,
    SIGN_IN,
    Visit,
    address_of,
    cookie,
    form_of,
    guard_site,
    moved,
)

FRESH = "goen_second"
#: Who may be visited in the demo, and where each begins.
DEMO = {"owner": "/office", "marketing": "/office", "manager": "/office", "auditor": "/office/audit"}


def _form(request: Request[Any, Any, State], template: str, status: int = 200, **values: Any) -> Response[Any]:
    answer: Response[Any] = page(request, template, headers=SURFACE, **values)
    answer.status_code = status
    return answer


def _inside(target: str) -> str:
    """An address of the office to go on to, whatever was asked for."""
    parts = urlsplit(target)
    good = not parts.scheme and not parts.netloc and target.startswith("/office") and "\\" not in target
    return target if good else "/office"


@get(SIGN_IN, include_in_schema=False)
async def _ask(request: Request[Any, Any, State], state: State) -> Response[Any]:
    known: Surroundings = state.surroundings
    target = _inside(request.query_params.get("next", "/office"))
    return _form(request, "office/sign_in.html", error=None, target=target, login="", demo=known.demo)


@post(SIGN_IN, include_in_schema=False)
async def _sign_in(request: Request[Any, Any, State], state: State) -> Response[Any]:
    known: Surroundings = state.surroundings
    form: dict[str, str] = {}
    try:
        guard_site(request)
        form = await form_of(request)
        await actions.count_attempt(known.database, "office", address_of(request), known.clock.now())
        signed = await actions.sign_in(
            known.database, form.get("login", ""), form.get("password", ""), known.clock.now()
        )
    except Refusal as refusal:
        return _form(
            request, "office/sign_in.html", _status(refusal), error=refusal, login=form.get("login", "")[:100],
            target=_inside(form.get("next", "")), demo=known.demo,
        )  # fmt: skip
    target = _inside(form.get("next", ""))
    seconds = int((SESSION_LASTS if signed.whole else HALF_LASTS).total_seconds())
    step = target if signed.whole else f"{SIGN_IN}/second"
    return moved(step, [cookie(request, COOKIE, signed.token, seconds=seconds)])


@get(f"{SIGN_IN}/second", include_in_schema=False)
async def _ask_second(request: Request[Any, Any, State], state: State) -> Response[Any]:
    return await _second_form(request, state.surroundings, None)


@post(f"{SIGN_IN}/second", include_in_schema=False)
async def _second(request: Request[Any, Any, State], state: State) -> Response[Any]:
    known: Surroundings = state.surroundings
    token, now = request.cookies.get(COOKIE, ""), known.clock.now()
    session = await actions.whoever(known.database, token, now) if token else None
    if session is None or session.stage != "password":
        return moved(SIGN_IN)
    try:
        guard_site(request)
        await actions.count_attempt(known.database, "office", address_of(request), now)
        form = await form_of(request)
        signed = await actions.second_factor(
            known.database, token, session.staff, form.get("code", ""), now, fresh=request.cookies.get(FRESH)
        )
    except Refusal as refusal:
        return await _second_form(request, known, refusal)
    seconds = int(SESSION_LASTS.total_seconds())
    return moved(
        "/office",
        [cookie(request, COOKIE, signed.token, seconds=seconds), cookie(request, FRESH, "", seconds=0, path=SIGN_IN)],
    )


async def _second_form(request: Request[Any, Any, State], known: Surroundings, error: Refusal | None) -> Response[Any]:
    token = request.cookies.get(COOKIE, "")
    session = await actions.whoever(known.database, token, known.clock.now()) if token else None
    if session is None or session.stage != "password":
        return moved(SIGN_IN)
    fresh, picture = None, None
    if not session.staff.has_second:
        fresh = request.cookies.get(FRESH) or secrets.new_second()
        drawn = io.BytesIO()
        segno.make(secrets.second_address(fresh, session.staff.login)).save(
            drawn, kind="svg", scale=4, border=0, xmldecl=False, svgns=False, omitsize=False
        )
        picture = Markup(drawn.getvalue().decode())  # noqa: S704 - drawn by us from our own words.
    answer = _form(
        request,
        "office/second.html",
        200 if error is None else _status(error),
        error=error,
        fresh=fresh,
        picture=picture,
    )
    if fresh is not None:
        answer.cookies.append(cookie(request, FRESH, fresh, seconds=int(HALF_LASTS.total_seconds()), path=SIGN_IN))
    return answer


@post("/office/demo", include_in_schema=False)
async def _demo(request: Request[Any, Any, State], state: State) -> Response[Any]:
    """One click into the demo, as one of its staff. There is no such door elsewhere."""
    known: Surroundings = state.surroundings
    if not known.demo:
        return moved(SIGN_IN)
    try:
        guard_site(request)
        login = (await form_of(request)).get("as", "")
        if login not in DEMO:
            raise UnknownStaff(login)
        signed = await actions.sign_in_demo(known.database, login, known.clock.now())
    except (Forbidden, InvalidRequest, UnknownStaff):
        return moved(SIGN_IN)
    return moved(DEMO[login], [cookie(request, COOKIE, signed.token, seconds=int(SESSION_LASTS.total_seconds()))])


async def sign_out(visit: Visit) -> Response[Any]:
    """End the session, here and in the database."""
    await actions.sign_out(visit.known.database, visit.token)
    return moved(SIGN_IN, [cookie(visit.request, COOKIE, "", seconds=0)])


def _status(refusal: Refusal) -> int:
    if isinstance(refusal, SignInLocked):
        return 429
    return 401 if isinstance(refusal, SignInRefused) else 403


HANDLERS = (_ask, _sign_in, _ask_second, _second, _demo)
