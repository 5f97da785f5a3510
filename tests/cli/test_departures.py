"""Who has left stays away: a restored copy lets them go again, and copies age out."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cli.test_backup import goen
from goen.actions.members.departures import LIST, carry, note_copy, read_list, replay
from goen.cli.backup import age_out, take
from goen.cli.restore import checked
from goen.database.embedded import embedded
from goen.database.pool import Database
from goen.members.number import number_of
from goen.members.retention import Retention


async def _ask(dsn: str, sql: str, *arguments: Any) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(sql, *arguments)
    finally:
        await connection.close()


async def _filled(dsn: str) -> None:
    await _ask(
        dsn,
        "insert into member (member_id, number, name, searchable, joined_at, changed_at)"
        " select n, ($1::text[])[n], 'なまえ' || n, 'なまえ' || n, now(), now() from generate_series(1, 4) n",
        [number_of(n) for n in range(1, 5)],
    )
    await _ask(dsn, "insert into member_account (member_id) select generate_series(1, 4)")
    await _ask(dsn, "select setval('member_id_seq', 4)")


async def _names(dsn: str) -> list[tuple[Any, ...]]:
    rows = await _ask(dsn, "select member_id, status, name, searchable, erased_at is not null from member order by 1")
    return [tuple(row) for row in rows]


def _done(result: Any) -> str:
    assert result.returncode == 0, result.stderr
    return str(result.stdout)


@pytest.mark.slow
async def test_a_restored_copy_erases_again_who_was_erased_since(tmp_path: Path) -> None:
    old, new = tmp_path / "data", tmp_path / "elsewhere"
    async with embedded(old, "test") as server:
        _done(await asyncio.to_thread(goen, old, "migrate"))
        await _filled(server.dsn)
        _done(await asyncio.to_thread(goen, old, "members", "erase", number_of(1), "--reason", "letter", "--yes"))
        _done(await asyncio.to_thread(goen, old, "backup", str(tmp_path / "copy")))
        _done(await asyncio.to_thread(goen, old, "members", "erase", number_of(2), "--reason", "letter", "--yes"))
        # Withdrawn only: that is carried, too, and the day of erasure with it.
        connection = await asyncpg.connect(server.dsn)
        await connection.execute(
            "update member set status = 'withdrawn', withdrawn_at = now(), erase_on = current_date + 9"
            " where member_id = 3"
        )
        await connection.close()
        told = await asyncio.to_thread(goen, old, "members", "erase", "m_zzzzzz", "--reason", "letter", "--yes")
        assert told.returncode == 1
        assert "No member is known by this" in told.stderr
        assert read_list(tmp_path / "copy" / LIST)[0].member_id == 2
        assert (tmp_path / "copy" / LIST).stat().st_mode & 0o077 == 0
        assert "なまえ" not in (tmp_path / "copy" / LIST).read_text()
        _done(await asyncio.to_thread(goen, old, "members", "erase", number_of(2), "--reason", "again", "--yes"))
    assert checked(tmp_path / "copy").keep_until is not None  # The list does not break the copy's digests.

    back = _done(await asyncio.to_thread(goen, new, "restore", str(tmp_path / "copy")))
    assert "2 members who have left since have left again, 1 of them are erased" in back
    async with embedded(new, "test") as server:
        assert await _names(server.dsn) == [
            (1, "withdrawn", None, "", True),
            (2, "withdrawn", None, "", True),
            (3, "withdrawn", "なまえ3", "なまえ3", False),
            (4, "active", "なまえ4", "なまえ4", False),
        ]
        due = await _ask(server.dsn, "select erase_on - withdrawn_at::date from member where member_id = 3")
        assert due[0][0] == 9
        # The restored books know the copy they came from, and go on telling it.
        _done(await asyncio.to_thread(goen, new, "members", "erase", number_of(4), "--reason", "letter", "--yes"))
        assert {line.member_id for line in read_list(tmp_path / "copy" / LIST)} >= {2, 4}
        _done(await asyncio.to_thread(goen, new, "verify"))


@pytest.mark.slow
async def test_a_copy_that_was_moved_away_is_told_by_the_list_of_the_data_folder(tmp_path: Path) -> None:
    old = tmp_path / "data"
    async with embedded(old, "test") as server:
        _done(await asyncio.to_thread(goen, old, "migrate"))
        await _filled(server.dsn)
        _done(await asyncio.to_thread(goen, old, "backup", str(tmp_path / "copy")))
        (tmp_path / "copy").rename(tmp_path / "offsite")
        erased = await asyncio.to_thread(goen, old, "members", "erase", number_of(2), "--reason", "letter", "--yes")
        _done(erased)
        assert "Not reached" in erased.stderr
    plain = _done(await asyncio.to_thread(goen, tmp_path / "one", "restore", str(tmp_path / "offsite")))
    assert "left again" not in plain
    told = ("restore", str(tmp_path / "offsite"), "--departures", str(old / LIST))
    assert "1 members who have left" in _done(await asyncio.to_thread(goen, tmp_path / "two", *told))
    (tmp_path / "wrong").write_text("no list")
    refused = await asyncio.to_thread(
        goen, tmp_path / "three", "restore", str(tmp_path / "offsite"), "--departures", str(tmp_path / "wrong")
    )
    assert refused.returncode == 1
    assert "is no list of departures" in refused.stderr


async def test_lines_of_other_books_and_of_before_the_copy_are_passed_by(
    pool: Database, database: Any, clock: Any, tmp_path: Path
) -> None:
    await _filled(database.dsn)
    now = clock.now()
    (mark,) = (await _ask(database.dsn, "select mark from installation"))[0]

    def line(member_id: int, books: str, at: Any) -> dict[str, Any]:
        return {"books": books, "member_id": member_id, "withdrawn_at": at.isoformat(), "erased_at": at.isoformat()}

    later, before = now + timedelta(hours=1), now - timedelta(hours=1)
    lines = [line(1, mark, later), line(2, "other", later), line(3, mark, before), line(99, mark, later)]
    (tmp_path / LIST).write_text("".join(json.dumps(each) + "\n" for each in lines))
    assert await replay(pool, read_list(tmp_path / LIST), now, later) == (1, 1)
    assert [row[4] for row in await _names(database.dsn)] == [True, False, False, False]
    assert await replay(pool, read_list(tmp_path / LIST), now, later) == (1, 0)


async def test_copies_age_out_and_nobody_elses_folder_is_touched(
    pool: Database, database: Any, clock: Any, tmp_path: Path
) -> None:
    for name, days in (("old", 7), ("kept", None), ("young", 60)):
        manifest = await take(database.dsn, tmp_path / name, clock.now(), days)
        await note_copy(pool, tmp_path / name, manifest.taken_at, manifest.keep_until)
    manifest = await take(database.dsn, tmp_path / "replaced", clock.now(), 7)
    await note_copy(pool, tmp_path / "replaced", manifest.taken_at, manifest.keep_until)
    (tmp_path / "replaced" / "manifest.json").write_text("{}")
    clock.advance(days=8)
    assert await age_out(pool, clock.now()) == [tmp_path / "old"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept", "replaced", "young"]
    assert await age_out(pool, clock.now()) == []
    missed = await carry(pool, Retention(list_file=tmp_path / "nowhere" / LIST), clock.now())
    assert missed == [tmp_path / "nowhere"]
