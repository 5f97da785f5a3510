"""A device becomes a terminal by a code from the office; then a clerk's PIN, and everything else is the API's.

The device's key is a ``pos`` key of its own, kept in a cookie that no script can read. Calls of the terminal carry a
header that pages of other sites cannot send (see :func:`goen.api.frame.secret_of`).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State

from goen.actions.points.standing import live_of_kind
from goen.actions.staff import clerk_by_pin, count_attempt
from goen.actions.terminals import enrol_terminal, make_terminal_code
from goen.earning.standing.rules import open_at
from goen.readings import terms as readings
from goen.readings.staff import clerks
from goen.shops.model import Principal
from goen.staff.errors import SignInLocked, SignInRefused, TerminalCodeRefused
from goen.vocabulary.refusal import Forbidden, Refusal
from goen.web.common.pages import SURFACE, language_of, page
from goen.web.common.surroundings import Surroundings
from goen.web.common.visits import address_of, cookie, form_of, guard_site, moved, service_worker

COOKIE = "goen_terminal"
_YEAR = 400 * 86_400


class Pin(msgspec.Struct, forbid_unknown_fields=True):
    """A clerk at the keys."""

    staff_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    pin: str


async def _device(request: Request[Any, Any, State], known: Surroundings) -> Principal | None:
    secret = request.cookies.get(COOKIE, "")
    principal = await known.keyring.find(secret.encode()) if secret else None
    return principal if principal is not None and principal.role == "pos" else None


@get("/terminal", include_in_schema=False)
async def _terminal(request: Request[Any, Any, State], state: State) -> Response[Any]:
    known: Surroundings = state.surroundings
    device = await _device(request, known)
    if device is None or device.shop_id is None:
        return page(request, "terminal/enrol.html", headers=SURFACE, error=None, demo=known.demo)
    async with known.database.reading() as connection:
        people = await clerks(connection, device.shop_id)
        visits = await live_of_kind(connection, "visit")
        terms = (await readings.shown(connection, known.context.day_of(known.clock.now()))).holds
    shop, now = known.shops.by_id(device.shop_id), known.clock.now()
    here = [each.rule for each in visits if not each.rule.who.shops or shop.code in each.rule.who.shops]
    return page(
        request, "terminal/till.html", headers=SURFACE, shop=shop, device=device.device or "", key_id=device.key_id,
        clerks=people, currency=known.context.currency, demo=known.demo, terms=terms,
        visits=any(open_at(rule, now) for rule in here),
    )  # fmt: skip


@post("/terminal/enrol", include_in_schema=False)
async def _enrol(request: Request[Any, Any, State], state: State) -> Response[Any]:
    known: Surroundings = state.surroundings
    try:
        guard_site(request)
        await count_attempt(known.database, "terminal", address_of(request), known.clock.now())
        form = await form_of(request)
        enrolled = await enrol_terminal(known.database, form.get("code", "")[:40], known.clock.now())
    except Refusal as refusal:
        answer: Response[Any] = page(request, "terminal/enrol.html", headers=SURFACE, error=refusal, demo=known.demo)
        answer.status_code = 429 if isinstance(refusal, SignInLocked) else 422
        if not isinstance(refusal, SignInLocked | TerminalCodeRefused):
            answer.status_code = 403
        return answer
    return moved("/terminal", [cookie(request, COOKIE, enrolled.secret, seconds=_YEAR)])


@post("/terminal/demo", include_in_schema=False)
async def _demo(request: Request[Any, Any, State], state: State) -> Response[Any]:
    """One click to a terminal of the demo's first shop. There is no such door elsewhere."""
    known: Surroundings = state.surroundings
    stores = [each for each in known.shops.all() if each.kind == "store"]
    if not known.demo or not stores:
        return moved("/terminal")
    if await _device(request, known) is not None:
        return moved("/terminal")
    staffed = {"shibuya"} & {each.code for each in stores} or {stores[0].code}
    try:
        guard_site(request)
        now = known.clock.now()
        await count_attempt(known.database, "terminal", address_of(request), now)
        code = await make_terminal_code(known.database, staffed.pop(), "demo", author="demo", now=now)
        enrolled = await enrol_terminal(known.database, code, now)
    except Refusal:
        return moved("/terminal")
    return moved("/terminal", [cookie(request, COOKIE, enrolled.secret, seconds=_YEAR)])


@post("/terminal/clerk", include_in_schema=False)
async def _clerk(request: Request[Any, Any, State], state: State) -> Response[Any]:
    """Whether this PIN is this clerk's: 200 with the name, 401, 422 or 429."""
    known: Surroundings = state.surroundings
    device = await _device(request, known)
    try:
        guard_site(request)
        if device is None or device.shop_id is None or "x-goen-terminal" not in request.headers:
            raise Forbidden("This is no terminal.")
        asked = msgspec.json.decode(await request.body(), type=Pin)
        staff = await clerk_by_pin(known.database, asked.staff_id, device.shop_id, asked.pin, known.clock.now())
    except msgspec.MsgspecError:
        return _answer(422, {"code": "invalid_request"})
    except Refusal as refusal:
        status = 401 if isinstance(refusal, SignInRefused) else 429 if isinstance(refusal, SignInLocked) else 403
        return _answer(status, {"code": refusal.code})
    return _answer(200, {"login": staff.login, "name": staff.name})


def _answer(status: int, body: Any) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body), status_code=status, headers={**SURFACE, "content-type": "application/json"}
    )


@get("/terminal/manifest.webmanifest", include_in_schema=False)
async def _manifest(request: Request[Any, Any, State]) -> Response[bytes]:
    """What an installed terminal is called and looks like."""
    japanese = language_of(request) == "ja"
    about = {
        "name": "Goen レジ端末" if japanese else "Goen terminal",
        "short_name": "Goen",
        "lang": "ja" if japanese else "en",
        "start_url": "/terminal",
        "scope": "/terminal",
        "display": "standalone",
        "background_color": "#faf6ef",
        "theme_color": "#faf6ef",
        "icons": [{"src": "/static/goen.svg", "sizes": "any", "type": "image/svg+xml"}],
    }
    headers = {**SURFACE, "content-type": "application/manifest+json", "cache-control": "no-cache"}
    return Response(msgspec.json.encode(about), headers=headers)


HANDLERS = (_terminal, _enrol, _demo, _clerk, service_worker("terminal"), _manifest)
