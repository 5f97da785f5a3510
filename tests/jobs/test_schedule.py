"""Each job does what it says, and clears away nothing that is still of use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from goen.database.pool import Writing
from goen.jobs import schedule
from goen.jobs.model import Means
from goen.jobs.schedule import SCHEDULE


def test_every_job_has_a_name_of_its_own() -> None:
    assert len({job.name for job in SCHEDULE}) == len(SCHEDULE)


async def test_every_job_runs_on_an_empty_database(means: Means) -> None:
    assert {job.name: await job.work(means) for job in SCHEDULE} == {job.name: 0 for job in SCHEDULE}


async def test_idempotency_keys_age_out_and_documents_keys_never(means: Means, connection: Writing, clock: Any) -> None:
    today = means.context.day_of(clock.now())
    await connection.execute(
        "insert into act_key (key_hash, key_check, digest, member_id, act_id, keep_until) "
        "select n, n, 0, 1, n, case when n % 2 = 0 then $1::date + (n::int / 2 - 500) end "
        "from generate_series(1, 2000) n",
        today,
    )
    assert await schedule.purge_keys(means) == 499
    assert await connection.fetchval("select min(keep_until) from act_key") == today
    assert await connection.fetchval("select count(*) from act_key where keep_until is null") == 1_000


async def test_the_feed_forgets_after_thirty_days_and_not_before(means: Means, connection: Writing, clock: Any) -> None:
    await connection.execute(
        "insert into feed (position, topic, member_id, recorded_at, body) "
        "select n, 'points.posted', 1, $1::timestamptz + n * interval '1 minute', '{}' "
        "from generate_series(1, 3000) n",
        clock.now(),
    )
    await connection.execute("update feed_head set position = 3000")
    clock.advance(days=30)
    assert await schedule.purge_feed(means) == 0
    clock.advance(minutes=1000.5)
    assert await schedule.purge_feed(means) == 1_000
    assert await connection.fetchrow("select min(position), count(*) from feed") == (1_001, 2_000)
    clock.advance(days=9)
    assert await schedule.purge_feed(means) == 2_000
    assert await connection.fetchrow("select position, purged_through from feed_head") == (3_000, 3_000)


async def test_months_are_made_ahead(means: Means, connection: Writing, clock: Any) -> None:
    clock.advance(days=70)
    assert await schedule.make_months(means) >= 2
    ahead = (clock.now() + timedelta(days=80)).strftime("entry_%Y_%m")
    assert await connection.fetchval("select to_regclass($1) is not null", ahead)
    assert await schedule.make_months(means) == 0
