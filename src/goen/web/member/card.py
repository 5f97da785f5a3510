"""The card: number, points, the code that turns; and the page that hears of a sale while it is open."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import ClientException
from litestar.response import Stream
from markupsafe import Markup

from goen.delivery.errors import CursorExpired
from goen.identity.codes import svg, symbol
from goen.readings import entries as readings
from goen.readings.balance import BalanceView, Expiring
from goen.readings.family import family, holders, survivor
from goen.readings.lots import open_lots
from goen.readings.member_profile import member_profile
from goen.readings.why import arithmetic
from goen.vocabulary.jan import is_valid
from goen.vocabulary.refusal import Forbidden
from goen.web.common.pages import SURFACE, language_of
from goen.web.common.surroundings import Surroundings
from goen.web.common.visits import service_worker
from goen.web.member.terms import asked
from goen.web.member.visit import MemberVisit, around

LATEST = 5
PAGE = 20
VIEWERS_MAX = 5_000
#: Tabs of one phone; more are left over ones.
VIEWERS_EACH = 6
_viewers: dict[int, int] = {}
_ID = re.compile(rb"^id: (\d+)$", re.MULTILINE)


async def card(visit: MemberVisit) -> Response[Any]:
    """The whole page: the card first."""
    async with visit.known.database.reading() as connection:
        member = await member_profile(connection, visit.member_id)
    return visit.page(
        "card.html", here="card", member=member, bars=_bars(member.number), still=_still(member.number),
        **await _now(visit), **await asked(visit),
    )  # fmt: skip


async def now(visit: MemberVisit) -> Response[Any]:
    """The part of the page that moves."""
    answer = visit.page("now.html", **await _now(visit))
    answer.headers["x-goen-mark"] = visit.known.devices.mark_of(visit.device)
    answer.headers["x-goen-now"] = str(int(visit.now.timestamp() * 1000))
    return answer


async def _now(visit: MemberVisit) -> dict[str, Any]:
    balance = await visit.known.balances.of(visit.member_id)
    told = await history(visit, LATEST, None)
    ladders = visit.known.programmes.at(visit.now).programme.tier_programmes
    names = {code: ladder.name for code, ladder in ladders.items()}
    return {"balance": balance, "soon": await _soon(visit, balance), "at": visit.now, "ladders": names, **told}


async def _soon(visit: MemberVisit, balance: BalanceView) -> Expiring | None:
    """What expires next, however far ahead."""
    if balance.expiring:
        return balance.expiring[0]
    async with visit.known.database.reading() as connection:
        opened, _ = await open_lots(connection, await survivor(connection, visit.member_id))
    ends = [(each.expires_on, each.remaining) for each in opened if each.expires_on is not None and each.remaining > 0]
    if not ends:
        return None
    first = min(day for day, _ in ends)
    return Expiring(sum(points for day, points in ends if day == first), first)


async def history(visit: MemberVisit, limit: int, cursor: str | None) -> dict[str, Any]:
    """Some movements in words, each sale's with the arithmetic that gave its points."""
    known = visit.known
    async with known.database.reading() as connection:
        one = await holders(connection, visit.member_id)
        page = await readings.entries_of(connection, one, limit, cursor, known.shops, visit.language)
        earned = [each.purchase_id for each in page.items if each.purchase_id is not None and each.kind == "earn"]
        told = await arithmetic(connection, earned, visit.language, known.context.currency)
    return {"entries": page.items, "next_cursor": page.next_cursor, "told": told}


def _bars(number: str) -> Markup:
    """The number as every till's scanner reads it: JAN where it is one."""
    drawn = symbol("jan" if is_valid(number) else "code128", number)
    return Markup(svg(drawn, height_mm=14, text=False))  # noqa: S704 - drawn by us from a number of ours.


def _still(number: str) -> Markup:
    return Markup(svg(symbol("qr", number)))  # noqa: S704 - drawn by us from a number of ours.


async def key(visit: MemberVisit) -> Response[bytes]:
    """Give this device another secret for its codes, told this once. For the page's own script."""
    if "x-goen-part" not in visit.request.headers:
        raise Forbidden("This is for the page's own script.")
    made = await visit.known.devices.new_key(visit.device, visit.now)
    body = {
        "handle": f"{made.handle:010}",
        "secret": base64.b64encode(made.secret).decode(),
        "mark": made.mark,
        "now": int(visit.now.timestamp() * 1000),
    }
    return Response(msgspec.json.encode(body), headers={**SURFACE, "content-type": "application/json"})


async def live(visit: MemberVisit) -> Response[Any]:
    """Says that something of the member's has moved; the page then asks what. Ends with the session."""
    mine = _viewers.get(visit.device.handle, 0)
    if mine >= VIEWERS_EACH or sum(_viewers.values()) >= VIEWERS_MAX:
        raise ClientException(status_code=503)
    known = visit.known
    async with known.database.reading() as connection:
        whole = await family(connection, visit.member_id)
        members = {visit.member_id, *whole.members, *(await holders(connection, visit.member_id)).members}
    last = visit.request.headers.get("last-event-id", "")
    after = int(last) if last.isascii() and last.isdigit() and len(last) < 19 else None
    try:
        chunks = await known.streams.open(after, members)
    except CursorExpired:
        chunks = await known.streams.open(None, members)
    return Stream(
        _events(visit, chunks), media_type="text/event-stream", headers={**SURFACE, "x-accel-buffering": "no"}
    )


async def _events(visit: MemberVisit, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """That something moved and where in the feed, nothing of what: the page asks for it with its session."""
    handle = visit.device.handle
    _viewers[handle] = _viewers.get(handle, 0) + 1
    try:
        yield b"retry: 500\n\n"
        async with aclosing(cast("AsyncGenerator[bytes]", chunks)) as told:
            async for chunk in told:
                if await visit.known.devices.whoever(visit.token, visit.now) is None:
                    yield b"event: over\ndata: \n\n"
                    return
                position = _ID.findall(chunk)[-1]
                if b"\ndata:" not in chunk:
                    yield b"id: %b\n: alive\n\n" % position
                    continue
                yield b"id: %b\nevent: moved\ndata: %b\n\n" % (position, position)
                if b"event: member." in chunk or b"event: household." in chunk:
                    return  # Whose events these are may have changed: the page comes back at once.
    finally:
        _viewers[handle] -= 1
        if not _viewers[handle]:
            del _viewers[handle]


@get("/me/manifest.webmanifest", include_in_schema=False)
async def _manifest(request: Request[Any, Any, State], state: State) -> Response[bytes]:
    """What the installed card is called and looks like."""
    known: Surroundings = state.surroundings
    japanese = language_of(request) == "ja"
    name = around(known)["programme_name"]
    about = {
        "id": "/me",
        "name": f"{name} 会員証" if japanese else f"{name} card" if name else "Goen card",
        "short_name": (name or "Goen")[:12],
        "lang": "ja" if japanese else "en",
        "start_url": "/me",
        "scope": "/me",
        "display": "standalone",
        "background_color": "#faf6ef",
        "theme_color": "#faf6ef",
        "icons": [{"src": "/static/goen.svg", "sizes": "any", "type": "image/svg+xml"}],
    }
    headers = {**SURFACE, "content-type": "application/manifest+json", "cache-control": "no-cache"}
    return Response(msgspec.json.encode(about), headers=headers)


HANDLERS = (service_worker("me"), _manifest)
