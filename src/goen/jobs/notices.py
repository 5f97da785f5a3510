"""Notices to members: the day's look at what ends, the feed's news for browsers, and carrying what waits.

A notice is taken before it is sent, and taken once: a worker that dies on the way leaves it unsent rather than sent
twice.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import msgspec
import structlog

from goen.actions.notices.expiring import notice_due
from goen.actions.notices.happened import PIECE, happened_since
from goen.channels.messages.contract import Message, SendFailed
from goen.channels.push.contract import Browser, Outcome
from goen.earning.programme import Notices
from goen.identity.reachable import takes_texts
from goen.jobs.model import Means
from goen.jobs.pieces import in_pieces
from goen.messaging import store
from goen.messaging.model import Language, Subscription, Waiting
from goen.messaging.words import Words, mail_text, words_of

AT_ONCE = 8
ROWS = 64
TRIES_MAX = 5
#: After this a sender that has a notice is taken for dead.
LOST_AFTER = timedelta(minutes=10)
KEPT, TOLD_KEPT = timedelta(days=30), timedelta(days=400)
_DAY_SECONDS = 86_400

_log = structlog.get_logger(__name__)


async def notice_expiring(means: Means) -> int:
    """Tell members which points of theirs end soon (rule 18)."""
    done, more = 0, True
    while more and not means.stopping.is_set():
        told, more = await notice_due(means.database, means.context, _notices(means), means.clock.now())
        done += told
        await asyncio.sleep(0)
    return done


async def notice_news(means: Means) -> int:
    """Leave messages for members' browsers about what the feed has brought."""
    done, looked = 0, PIECE
    while looked == PIECE and not means.stopping.is_set():
        looked = await happened_since(means.database, means.context, _notices(means), means.clock.now())
        done += looked
    return done


async def send_notices(means: Means) -> int:
    """Carry what waits to its people; gives how many arrived."""
    arrived, taken = 0, [None] * ROWS
    now = means.clock.now()
    async with means.database.transaction() as connection:
        if lost := await store.give_up_lost(connection, now - LOST_AFTER, now):
            _log.error("notices_lost", notices=lost)
    while len(taken) == ROWS and not means.stopping.is_set():
        now = means.clock.now()
        async with means.database.transaction() as connection:
            waiting = await store.take(connection, now, ROWS)
        taken = [None] * len(waiting)
        gate = asyncio.Semaphore(AT_ONCE)
        ended = await asyncio.gather(*(_carry(means, gate, each, now) for each in waiting))
        async with means.database.transaction() as connection:
            await store.settle(connection, ended, means.clock.now())
        arrived += sum(state == "sent" for _, state, _ in ended)
    return arrived


async def purge_notices(means: Means) -> int:
    """Forget notices of long ago, and browsers in which nobody is signed in any more."""
    now = means.clock.now()
    today = means.context.day_of(now)
    async with means.database.writing() as connection:
        done = await store.drop_ended(connection, now)

    async def piece(rows_max: int) -> int:
        async with means.database.writing() as connection:
            return await store.purge(connection, now - KEPT, today - TOLD_KEPT, rows_max)

    return done + await in_pieces(piece, means.stopping)


async def _carry(
    means: Means, gate: asyncio.Semaphore, one: Waiting, now: datetime
) -> tuple[Waiting, str, datetime | None]:
    """Send one notice: what became of it, and when to try again."""
    if one.late or one.target is None:
        return one, "dropped", None
    async with gate:
        try:
            outcome = await (_to_browsers(means, one, now) if one.channel == "push" else _to_contact(means, one))
        except Exception as error:
            # Without its words, which may quote the message.
            _log.error("notice_failed", channel=one.channel, why=type(error).__name__)
            outcome = "failed"
    if outcome == "again" and one.tries < TRIES_MAX:
        return one, "waiting", now + timedelta(minutes=4 ** (one.tries - 1))
    return one, "sent" if outcome == "sent" else "dropped" if outcome == "gone" else "failed", None


async def _to_contact(means: Means, one: Waiting) -> Outcome:
    assert one.target is not None
    programme = means.context.engine_at(means.clock.now()).programme
    language: Language = "en" if (one.language or programme.language) == "en" else "ja"
    words = words_of(one.kind, one.details, language, programme.name)
    if one.channel == "mail":
        message = Message("email", one.target, words.title, mail_text(words, language, programme.name))
    elif not takes_texts(one.target, means.postman.countries):
        return "failed"
    else:
        message = Message("phone", one.target, "", f"{words.title}\n{words.body}")
    try:
        await means.postman.send(message)
    except SendFailed as failure:
        _log.warning("notice_not_taken", channel=one.channel, why=str(failure))
        return "again" if failure.again else "failed"
    return "sent"


async def _to_browsers(means: Means, one: Waiting, now: datetime) -> Outcome:
    """To each browser of the person that takes this kind; sent where one has taken it."""
    if means.push is None:
        return "failed"
    async with means.database.reading() as connection:
        browsers = await store.subscriptions_of(connection, one.member_id, now)
    wanted = [each for each in browsers if one.kind in each.kinds]
    outcomes = [await _to_browser(means, one, each) for each in wanted]
    found: Outcome
    for found in ("sent", "again", "failed"):
        if found in outcomes:
            return found
    return "gone"


async def _to_browser(means: Means, one: Waiting, browser: Subscription) -> Outcome:
    assert means.push is not None
    name = means.context.engine_at(means.clock.now()).programme.name
    payload = msgspec.json.encode(_shown(words_of(one.kind, one.details, browser.language, name), one))
    to = Browser(browser.endpoint, browser.p256dh, browser.auth)
    outcome = await means.push.send(to, payload, _DAY_SECONDS)
    if outcome == "gone":
        async with means.database.transaction() as connection:
            await store.drop_dead(connection, browser)
    return outcome


def _shown(words: Words, one: Waiting) -> dict[str, str]:
    """What our service worker reads."""
    return {"title": words.title, "body": words.body, "url": words.link, "tag": f"{one.kind}-{one.notice_id}"}


def _notices(means: Means) -> Notices:
    return means.context.engine_at(means.clock.now()).programme.notices
