"""``/`` shows what runs; ``/live`` is the ledger as it moves, without a word about any person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import ClientException, PermissionDeniedException
from litestar.response import Stream

from goen.earning.words import money_text
from goen.readings.live import movements
from goen.readings.overview import Totals
from goen.web.common.pages import STRICT, language_of, page
from goen.web.common.surroundings import Surroundings

VIEWERS_MAX = 100
_viewers: set[object] = set()


@get("/", include_in_schema=False)
async def _home(request: Request[Any, Any, State], state: State) -> Response[str]:
    known: Surroundings = state.surroundings
    overview = await known.overview()
    seen = known.may_see(request)
    programme = known.programmes.at(known.clock.now()).programme
    unit_amount = money_text(programme.earning.unit_amount, programme.currency, language_of(request))
    return page(
        request,
        "home.html",
        overview=overview,
        demo=known.demo,
        totals=overview.totals if seen else None,
        seen=seen,
        shops=known.shops.all() if seen else (),
        version=known.version,
        programme=programme,
        unit_amount=unit_amount,
        host=request.headers.get("host", ""),
    )


@get("/live", include_in_schema=False)
async def _live(request: Request[Any, Any, State], state: State) -> Stream:
    known: Surroundings = state.surroundings
    if not known.may_see(request):
        raise PermissionDeniedException
    if len(_viewers) >= VIEWERS_MAX:
        raise ClientException(status_code=503)
    return Stream(_events(known), media_type="text/event-stream", headers={**STRICT, "x-accel-buffering": "no"})


async def _events(known: Surroundings) -> AsyncIterator[bytes]:
    """Movements as they are committed, and the totals whenever they have changed."""
    viewer = object()
    _viewers.add(viewer)
    try:
        position: int | None = None
        shown: Totals | None = None
        while not known.closing.is_set():
            position, news = await movements(known.database, known.shops, position)
            for movement in news:
                yield b"event: movement\ndata: " + msgspec.json.encode(movement) + b"\n\n"
            totals = (await known.overview()).totals
            if totals is not None and totals != shown:
                shown = totals
                yield b"event: totals\ndata: " + msgspec.json.encode(totals) + b"\n\n"
            else:
                yield b": alive\n\n"  # So that a viewer who has left is noticed.
            await known.moved(position)
    finally:
        _viewers.discard(viewer)


HANDLERS = (_home, _live)
