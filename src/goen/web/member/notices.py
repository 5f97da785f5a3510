"""Notifications in this browser: asked for, chosen and ended by the member. The browser asks for permission by itself,
and only when the member has pressed the button."""

from __future__ import annotations

from typing import Any, NamedTuple

from litestar import Response

from goen.actions.notices.browsers import CONSENT, choose, subscribe, unsubscribe
from goen.channels.push.encrypt import AUTH_BYTES, public_key
from goen.channels.push.vapid import read
from goen.database.pool import Reading
from goen.delivery.webhooks.target import url_trouble
from goen.messaging import store
from goen.messaging.model import KINDS, Kind, Subscription
from goen.readings.member_consents import consents_of_family, wordings
from goen.vocabulary.refusal import InvalidRequest, NotFound
from goen.web.common.visits import moved
from goen.web.member.visit import SELF, MemberVisit

SOURCE = "members page"
#: Our own text, where the retailer has registered none.
STANDARD_VERSION = "goen-1"
_DONE = "/me/profile?done=notices#notices"


class Standing(NamedTuple):
    """How this browser stands. ``key``: what it subscribes with; ``words`` None: our own text, which templates have."""

    key: str
    version: str
    words: str | None
    kinds: tuple[Kind, ...] | None
    all_kinds: tuple[Kind, ...] = KINDS


async def standing(visit: MemberVisit, connection: Reading, members: list[int]) -> Standing | None:
    """What the page offers; None where no notifications are sent here."""
    if visit.known.push_key is None:
        return None
    texts = [each for each in await wordings(connection) if each.kind == CONSENT]  # Newest first.
    version = texts[0].version if texts else STANDARD_VERSION
    ours = [each for each in texts if each.version == version]
    words = next((each.words for each in ours if each.language == visit.language), ours[0].words if ours else None)
    mine = await _mine(visit, connection)
    said = (await consents_of_family(connection, members)).get(CONSENT)
    agreed = said is not None and said.given
    return Standing(visit.known.push_key, version, words, mine.kinds if mine is not None and agreed else None)


async def start(visit: MemberVisit) -> Response[Any]:
    """The browser has been given leave, and says where it takes notifications. For the page's own script."""
    form, known = visit.form, visit.known
    if known.push_key is None:
        raise NotFound("No notifications are sent here.")
    try:
        p256dh, auth = read(form.get("p256dh", "")), read(form.get("auth", ""))
        public_key(p256dh)
    except ValueError:
        raise InvalidRequest("p256dh", "is no key of a browser") from None
    if len(auth) != AUTH_BYTES:
        raise InvalidRequest("auth", "is no secret of a browser")
    if trouble := url_trouble(form.get("endpoint", ""), known.reach):
        raise InvalidRequest("endpoint", trouble)
    members = await visit.everybody()
    async with known.database.reading() as connection:
        now = await standing(visit, connection, members)
    if now is None or now.version != form.get("version"):
        raise InvalidRequest("version", "has another text by now; load the page again")
    one = Subscription(
        visit.device.member_id, visit.device.handle, form["endpoint"], p256dh, auth, visit.language, KINDS
    )  # fmt: skip
    await subscribe(known.database, SELF, visit.member_id, one, now.version, SOURCE, visit.now)
    return moved(_DONE)


async def pick(visit: MemberVisit) -> Response[Any]:
    """Which kinds this browser is told of."""
    async with visit.known.database.reading() as connection:
        mine = await _mine(visit, connection)
    if mine is None:
        raise NotFound("This browser takes no notifications.")
    kinds = tuple(each for each in KINDS if visit.form.get(each) == "1")
    await choose(visit.known.database, mine, kinds, visit.now)
    return moved(_DONE)


async def end(visit: MemberVisit) -> Response[Any]:
    """This browser takes none any more."""
    everybody = await visit.everybody()
    await unsubscribe(
        visit.known.database, SELF, visit.member_id, everybody, visit.device.handle, SOURCE, visit.now
    )  # fmt: skip
    return moved(_DONE)


async def _mine(visit: MemberVisit, connection: Reading) -> Subscription | None:
    found = await store.subscriptions_of(connection, visit.member_id, visit.now)
    return next((each for each in found if each.handle == visit.device.handle), None)
