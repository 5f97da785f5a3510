"""Home: today against yesterday and the same weekday last week, by shop; live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from litestar import Response
from litestar.exceptions import ClientException
from litestar.response import Stream

from goen.actions.points import approvals
from goen.actions.staff import whoever
from goen.analytics.figures import Total, total
from goen.readings import home as readings
from goen.readings.debts import Owed, owed
from goen.readings.match_reviews import reviews_waiting
from goen.shops import campaigns as campaign_store
from goen.web.common.pages import SURFACE
from goen.web.common.visits import Visit
from goen.web.office.frame import shown

VIEWERS_MAX = 200
#: A page for people need not flicker: so long at least between two changes of it.
CALM_SECONDS = 0.4
LOOK_SECONDS = 2.0
_viewers: set[object] = set()


async def home(visit: Visit) -> Response[Any]:
    """The figures, and what waits for somebody."""
    waiting = 0
    if visit.staff.may("duplicates.decide"):
        async with visit.known.database.reading() as connection:
            waiting = await reviews_waiting(connection)
    points = campaigns = 0
    async with visit.known.database.reading() as connection:
        if visit.staff.may("approvals.decide"):
            points = await approvals.waiting(connection, visit.staff.author)
        if visit.staff.may("campaigns.decide"):
            campaigns = len(await campaign_store.waiting(connection))
        owing = await owed(connection) if visit.staff.may("members") else Owed(0, 0)
    work: dict[str, Any] = {
        "owing": owing,
        "waiting": waiting,
        "points_waiting": points,
        "campaigns_waiting": campaigns,
    }
    return shown(visit, "home.html", "home", **work, **await _figures(visit))


async def figures(visit: Visit) -> Response[Any]:
    """The part of the page that moves."""
    return visit.page("office/home_figures.html", **await _figures(visit))


async def live(visit: Visit) -> Response[Any]:
    """Says that the figures have moved; the page then asks for them. Ends with the session."""
    if len(_viewers) >= VIEWERS_MAX:
        raise ClientException(status_code=503)
    return Stream(_events(visit), media_type="text/event-stream", headers={**SURFACE, "x-accel-buffering": "no"})


async def _events(visit: Visit) -> AsyncIterator[bytes]:
    viewer = object()
    _viewers.add(viewer)
    known, last = visit.known, Total(-1, 0, 0, 0)
    try:
        while not known.closing.is_set():
            async with known.database.reading() as connection:
                now = await total(connection)
            if now.position != last.position:
                yield b"event: moved\ndata: %d\n\n" % now.position
                last = now
            else:
                yield b": alive\n\n"  # So that a viewer who has left is noticed.
                if await whoever(known.database, visit.token, visit.now) is None:
                    return
            await asyncio.sleep(CALM_SECONDS)
            if known.head.position <= last.position:
                await known.head.beyond(last.position, LOOK_SECONDS)
    finally:
        _viewers.discard(viewer)


async def _figures(visit: Visit) -> dict[str, Any]:
    context = visit.known.context
    local = visit.now.astimezone(context.zone)
    found = await readings.home(visit.known.database, local.date(), local.hour, visit.staff.shops)
    worth = visit.known.programmes.at(visit.now).value.worth(max(found.total.outstanding, 0))
    return {"figures": found, "at": local, "worth": worth}
