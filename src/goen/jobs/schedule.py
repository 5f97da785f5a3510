"""The periodic jobs: what runs, and how often.

None of them decides anything: balances and holds know by themselves what is dead, due or free at their own
instant. Jobs book what has become true, dated the day it did, and clear away what is old.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from goen.actions.members import accesses, departures
from goen.actions.members.erase import erase_due, forget_old_contacts, forget_refused_files
from goen.actions.points.drawing import draw_due
from goen.actions.points.lapses import lapse_due
from goen.actions.points.occasions import referrals_due, sweep_due, welcome_due
from goen.actions.points.pools import give_back_due, pool_due
from goen.actions.points.sweeps import confirm_due, expire_due, release_due_holds
from goen.channels.files.forget import forget
from goen.database.migrate import MONTHS_AHEAD
from goen.database.partitions import cover_months
from goen.delivery import feed
from goen.delivery.webhooks import store as webhooks
from goen.jobs import runs
from goen.jobs.invariants import check_books
from goen.jobs.matching import match_members
from goen.jobs.model import Job, Means
from goen.jobs.notices import notice_expiring, notice_news, purge_notices, send_notices
from goen.jobs.pieces import in_pieces, until_none
from goen.jobs.tiers import keep_tiers
from goen.shops import standing

_log = structlog.get_logger(__name__)

_FIRST: tuple[int, str] | None = (0, "")
DELIVERED_KEPT = timedelta(days=3)
"""Of webhooks that arrived nobody asks after days; what failed stays as long as the feed could replay it."""


async def release_holds(means: Means) -> int:
    """Book the release of holds that have run out (rule 21)."""
    ground = (means.database, means.till, means.context)
    return await until_none(lambda: release_due_holds(*ground, means.clock.now()), means.stopping)


async def confirm_points(means: Means) -> int:
    """Confirm provisional points whose day has come (rule 9)."""
    ground = (means.database, means.till, means.context)
    return await until_none(lambda: confirm_due(*ground, means.clock.now()), means.stopping)


async def expire_points(means: Means) -> int:
    """Book out lots past their last day (rules 14, 15)."""
    ground = (means.database, means.till, means.context)
    return await until_none(lambda: expire_due(*ground, means.clock.now()), means.stopping)


async def lapse_members(means: Means) -> int:
    """Lapse the points of provisional members who did not register in time (rule 46)."""
    ground = (means.database, means.till, means.context)
    return await until_none(lambda: lapse_due(*ground, means.clock.now()), means.stopping)


async def pool_points(means: Means) -> int:
    """Move into households what earlier orders and returns still brought to their people, and to the heads of dissolved
    ones what later returns brought there (rule 40)."""
    done = 0
    for piece in (pool_due, give_back_due):
        after = 0
        while not means.stopping.is_set():
            after, moved = await piece(means.database, means.till, means.context, after)
            done += moved
            if not after:
                break
    return done


async def greet_members(means: Means) -> int:
    """Give who has just registered what standing rules give for it."""
    done = after = 0
    while not means.stopping.is_set():
        given, after = await welcome_due(means.database, means.till, means.context, means.clock.now(), after)
        done += given
        if not after:
            break
    return done


async def give_occasions(means: Means) -> int:
    """Look at all members once a day, for birthdays (rule 36) and lapses."""
    done, more = 0, True
    while more and not means.stopping.is_set():
        given, more = await sweep_due(means.database, means.till, means.context, means.clock.now())
        done += given
    return done


async def end_referrals(means: Means) -> int:
    """Pay for friends who have bought, and end what nobody bought for in time (rule 38)."""
    done, after = 0, _FIRST
    while after is not None and not means.stopping.is_set():
        ended, after = await referrals_due(means.database, means.till, means.context, means.clock.now(), after)
        done += ended
    return done


async def decide_draws(means: Means) -> int:
    """Draw the winners of draws that are over, and publish their seeds."""
    return await draw_due(means.database, means.till, means.context, means.clock.now())


async def purge_visit_codes(means: Means) -> int:
    """Forget codes for check-ins that expired a day ago."""
    before = means.clock.now() - timedelta(days=1)

    async def piece(rows_max: int) -> int:
        async with means.database.writing() as connection:
            return await standing.purge_visit_codes(connection, before, rows_max)

    return await in_pieces(piece, means.stopping)


async def purge_feed(means: Means) -> int:
    """Forget events that nobody may resume from any more."""
    before = means.clock.now() - feed.KEPT

    async def piece(rows_max: int) -> int:
        async with means.database.writing() as connection:
            return await feed.purge_piece(connection, before, rows_max)

    return await in_pieces(piece, means.stopping)


async def purge_deliveries(means: Means) -> int:
    """Forget how webhooks of long ago arrived."""
    now = means.clock.now()

    async def piece(rows_max: int) -> int:
        async with means.database.writing() as connection:
            return await webhooks.purge_piece(
                connection, delivered_before=now - DELIVERED_KEPT, all_before=now - feed.KEPT, rows_max=rows_max
            )

    return await in_pieces(piece, means.stopping)


async def purge_keys(means: Means) -> int:
    """Forget idempotency keys whose 400 days are over; documents keep theirs for ever."""
    today = means.context.day_of(means.clock.now())

    async def piece(rows_max: int) -> int:
        async with means.database.writing() as connection:
            return await runs.purge_keys_piece(connection, today, rows_max)

    return await in_pieces(piece, means.stopping)


async def erase_members(means: Means) -> int:
    """Drop the personal data of members who left, when their day has come (rule 56)."""
    now = means.clock.now()
    return await erase_due(means.database, now, means.context.day_of(now), forget)


async def carry_departures(means: Means) -> int:
    """Write beside every backup who has left since, so that a restore lets them go again."""
    missed = await departures.carry(means.database, means.retention, means.clock.now())
    for folder in missed:
        _log.warning("departures_not_carried", folder=str(folder))
    return len(missed)


async def forget_contacts(means: Means) -> int:
    """Forget phone numbers and mail addresses that members have taken away."""
    before = means.clock.now() - timedelta(days=means.retention.erase_after_days)

    async def piece(rows_max: int) -> int:
        async with means.database.writing() as connection:
            return await forget_old_contacts(connection, before, rows_max)

    return await in_pieces(piece, means.stopping)


async def purge_accesses(means: Means) -> int:
    """Forget who read whose personal data long ago."""
    before = means.clock.now() - timedelta(days=means.retention.access_log_days)

    async def piece(rows_max: int) -> int:
        async with means.database.writing() as connection:
            return await accesses.forget_old(connection, before, rows_max)

    return await in_pieces(piece, means.stopping)


async def purge_refused_rows(means: Means) -> int:
    """Delete files of refused rows that imports of long ago have left on this machine."""
    before = means.clock.now() - timedelta(days=means.retention.refused_rows_days)
    return await forget_refused_files(means.database, before)


async def make_months(means: Means) -> int:
    """Make the coming months' partitions of the journal, long before they are needed."""
    today = means.context.day_of(means.clock.now())
    async with means.database.writing() as connection:
        return len(await cover_months(connection, today, months=MONTHS_AHEAD))


SCHEDULE: tuple[Job, ...] = (
    Job("release_holds", timedelta(seconds=1), release_holds),
    Job("confirm_points", timedelta(seconds=10), confirm_points),
    Job("expire_points", timedelta(minutes=1), expire_points),
    Job("lapse_members", timedelta(minutes=10), lapse_members),
    Job("pool_points", timedelta(minutes=1), pool_points),
    Job("greet_members", timedelta(seconds=5), greet_members),
    Job("give_occasions", timedelta(minutes=1), give_occasions),
    Job("end_referrals", timedelta(minutes=1), end_referrals),
    Job("decide_draws", timedelta(minutes=1), decide_draws),
    Job("keep_tiers", timedelta(seconds=5), keep_tiers),
    Job("notice_expiring", timedelta(minutes=1), notice_expiring),
    Job("notice_news", timedelta(seconds=2), notice_news),
    Job("send_notices", timedelta(seconds=2), send_notices),
    Job("purge_notices", timedelta(hours=6), purge_notices),
    Job("purge_feed", timedelta(hours=1), purge_feed),
    Job("purge_visit_codes", timedelta(hours=1), purge_visit_codes),
    Job("purge_deliveries", timedelta(hours=1), purge_deliveries),
    Job("purge_keys", timedelta(hours=1), purge_keys),
    Job("erase_members", timedelta(hours=1), erase_members),
    Job("carry_departures", timedelta(hours=1), carry_departures),
    Job("forget_contacts", timedelta(hours=6), forget_contacts),
    Job("purge_accesses", timedelta(hours=6), purge_accesses),
    Job("purge_refused_rows", timedelta(hours=6), purge_refused_rows),
    Job("make_months", timedelta(days=1), make_months),
    Job("match_members", timedelta(minutes=10), match_members),
    Job("check_books", timedelta(hours=1), check_books),
)
