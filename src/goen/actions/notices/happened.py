"""Tell the browsers of members what happened while nobody looked: points earned at a till, a coupon.

The feed is followed from a place of its own. A piece of it and the new place are one commit, so that every event is
told once, whoever follows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from goen.actions.notices.expiring import hours_of
from goen.actions.points.context import Context
from goen.database.pool import Database
from goen.delivery import feed
from goen.delivery.feed import Event
from goen.earning.programme import Notices
from goen.messaging import rules, store
from goen.messaging.store import Happened, Place

WHAT = "feed"
TOPICS = ("purchase.recorded", "coupon.issued")
PIECE = 1000
#: After an outage nobody is told of sales of long ago.
NEWS_FOR = timedelta(hours=1)


async def happened_since(database: Database, context: Context, notices: Notices, now: datetime) -> int:
    """One piece of the feed: how many events were looked at; 0 where there is nothing new."""
    async with database.transaction() as connection:
        at = await store.locked_place(connection, WHAT)
        ends = await feed.bounds(connection)
        nobody = at is None or not (ends.purged_through <= at.after <= ends.head)
        if nobody or not await store.any_subscription(connection):
            if at is None or at.after != ends.head:
                await store.put_place(connection, WHAT, Place(None, None, ends.head, True))
            return 0
        assert at is not None
        events = await feed.topics_page(connection, at.after, ends.head, TOPICS, PIECE)
        through = events[-1].position if len(events) == PIECE else ends.head
        if told := [each for event in events if (each := _told(event, context, notices, now)) is not None]:
            await store.tell_push(connection, told, now)
        if through != at.after:
            await store.put_place(connection, WHAT, Place(None, None, through, True))
    return len(events)


def _told(event: Event, context: Context, notices: Notices, now: datetime) -> Happened | None:
    if event.member_id <= 0 or event.recorded_at < now - NEWS_FOR:
        return None
    body: dict[str, Any] = msgspec.json.decode(event.body)
    if event.topic == "coupon.issued":
        details = {"until": body.get("usable_until")}
        when = rules.send_from(hours_of(notices), now, context.zone)
        if body.get("purchase_id"):
            when = now  # Given with a sale: whoever was there is awake.
        return Happened(event.member_id, body.get("purchase_id"), "coupon", msgspec.json.encode(details).decode(), when)
    shop = next((each for each in context.shops.all() if each.code == body["shop"]), None)
    if not body["points"]["earned"] or shop is None or shop.kind != "store":
        return None
    details = {"points": body["points"]["earned"], "shop": shop.name}
    return Happened(event.member_id, body["purchase_id"], "earned", msgspec.json.encode(details).decode(), now)
