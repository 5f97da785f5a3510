"""What moves in the ledger right now, told without a word about any person."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from goen.database.pool import Database
from goen.delivery import feed
from goen.delivery.feed import Event
from goen.shops.directory import ShopDirectory
from goen.shops.model import ShopKind

#: A new viewer sees so many positions of the past; one that fell behind skips to so many before the head.
POSITIONS_BACK = 60

What = Literal["sale", "order", "points"]


class Movement(msgspec.Struct, frozen=True):
    """One sale, web order or other posting. ``points`` is signed: earned, less used; ``pending`` come later."""

    at: datetime
    what: What
    shop: str | None
    kind: ShopKind | None
    points: int
    pending: int


async def movements(database: Database, shops: ShopDirectory, after: int | None) -> tuple[int, list[Movement]]:
    """The movements after a position of the feed (None: the latest ones), and the position to go on from."""
    async with database.reading() as connection:
        head = (await feed.bounds(connection)).head
        start = max(head - POSITIONS_BACK, after or 0)
        events = await feed.page(connection, start, head)
    # Where the past was cut, the first event may be the second half of a sale.
    cut = events[:1] if start != after and events and events[0].topic == "points.posted" else []
    told: set[str] = {msgspec.json.decode(event.body)["purchase_id"] for event in cut}
    found = []
    for event in events:
        body = msgspec.json.decode(event.body)
        if event.topic == "purchase.recorded":
            told.add(body["purchase_id"])
        elif event.topic != "points.posted" or body.get("purchase_id") in told:
            continue  # A sale's own points came with the sale.
        found.append(_movement(event, body, shops))
    return head, found


def _movement(event: Event, body: dict[str, Any], shops: ShopDirectory) -> Movement:
    shop = shops.find(body["shop"]) if body.get("shop") else None
    points, pending = body["points"], body.get("pending", 0)
    what: What = "points"
    if event.topic == "purchase.recorded":
        what = "order" if body["status"] == "placed" else "sale"
        pending, points = points["pending"], points["earned"] - points["used"]
    return Movement(
        event.recorded_at,
        what,
        shop.name if shop else None,
        shop.kind if shop else None,
        points,
        pending,
    )
