"""Monthly partitions of ``entry``: made ahead, by the owner's right, and never in the way."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest

from goen.database.partitions import cover_months, month_after

ENTRY = """
insert into entry (member_id, booked_on, seq, act_id, kind, source, target, points, balance_after,
                   occurred_at, recorded_at, business_date, member_as_presented)
values (1, $1, $2, 1, 'earn', 'issued', 'points', 1, 1, now(), now(), $1, 1)
returning tableoid::regclass::text
"""


def test_the_month_after_december_is_january() -> None:
    assert month_after(date(2026, 12, 31)) == date(2027, 1, 1)
    assert month_after(date(2027, 1, 31)) == date(2027, 2, 1)


async def test_the_application_makes_the_coming_months_with_the_owners_right(
    connection: asyncpg.Connection,
) -> None:
    assert await connection.fetchval("select current_user") == "goen_app"
    made = await cover_months(connection, date(2028, 11, 30), months=3)
    assert made == ["entry_2028_11", "entry_2028_12", "entry_2029_01", "entry_2029_02"]
    assert await cover_months(connection, date(2028, 12, 1), months=3) == ["entry_2029_03"]
    assert await connection.fetchval("select current_user") == "goen_app"


async def test_rows_go_to_their_month_and_others_to_the_default(connection: asyncpg.Connection) -> None:
    await cover_months(connection, date(2028, 2, 1), months=0)
    assert await connection.fetchval(ENTRY, date(2028, 2, 29), 1) == "entry_2028_02"
    assert await connection.fetchval(ENTRY, date(2019, 1, 1), 2) == "entry_default"


async def test_a_month_with_rows_in_the_default_partition_stays_there(connection: asyncpg.Connection) -> None:
    await connection.fetchval(ENTRY, date(2031, 5, 5), 1)
    assert await cover_months(connection, date(2031, 5, 1), months=1) == ["entry_2031_06"]
    assert await connection.fetchval("select count(*) from entry where booked_on = '2031-05-05'") == 1


async def test_a_locked_table_is_left_for_the_next_day(
    connection: asyncpg.Connection, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goen.database.partitions.LOCK_SECONDS", 1)
    async with owner.transaction():
        await owner.execute("lock table entry_default in share mode")
        assert await cover_months(connection, date(2032, 1, 1), months=0) == []
    assert await cover_months(connection, date(2032, 1, 1), months=0) == ["entry_2032_01"]
