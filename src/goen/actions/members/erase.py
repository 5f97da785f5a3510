"""Erase people: everything personal goes, the books stay under the member's number (rule 56).

The database first says what is known of a person, files of ours lose the rows that carry it, and then the
transaction drops it: if the process dies between the two, the next run does both again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeAlias

from goen.actions.members import record
from goen.actions.members.leave import depart
from goen.database.pool import Database, Reading, Writing
from goen.database.queries import load
from goen.identity.keys import identifier_hash
from goen.members import codes, devices, leaving, store
from goen.members.errors import UnknownMember
from goen.members.leaving import Trace
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant

_queries = load(__package__, "erase.sql")

#: Members erased in one transaction.
PIECE = 200

Scrub: TypeAlias = Callable[[Sequence[Path], Sequence[Trace]], None]
"""Takes the rows of these people out of files of refused rows. Blocking; runs in a thread."""


async def erase_now(
    database: Database, principal: Principal, member_id: int | None, reason: str, now: Instant, scrub: Scrub
) -> int:
    """Erase one member at once, withdrawing first where that has not happened; gives the number erased.

    A member merged into another is erased with the whole of that person. Erasing twice changes nothing.

    Raises:
        UnknownMember.
    """
    async with database.reading() as reading:
        found = None if member_id is None else await store.survivor_of(reading, member_id)
        if found is None:
            raise UnknownMember
        await _scrub(reading, [found], scrub)
    async with database.transaction() as connection:
        await depart(connection, found, principal.integration, now, None)
        await erase_all(connection, await leaving.still_here(connection, [found]), principal.integration, reason, now)
    return found


async def erase_due(database: Database, now: Instant, today: date, scrub: Scrub) -> int:
    """Erase withdrawn members whose day has come; gives how many. For the jobs.

    Runs in pieces, so that no transaction is long; safe to run at any time, by several at once.
    """
    erased = 0
    while True:
        async with database.reading() as reading:
            member_ids = await leaving.due(reading, today, PIECE)
            await _scrub(reading, member_ids, scrub)
        if not member_ids:
            break
        async with database.transaction() as connection:
            ours = await leaving.still_here(connection, member_ids)
            await erase_all(connection, ours, "job:erase", None, now)
        erased += len(ours)
    async with database.transaction() as connection:
        await store.drop_old_tokens(connection, now)
        await codes.drop_old(connection, now)
        await devices.drop_old(connection, now)
        await store.drop_answers(connection, today=today)
    return erased


async def _scrub(connection: Reading, member_ids: Sequence[int], scrub: Scrub) -> None:
    files = [Path(row["path"]) async for row in _queries.refused_files(connection)]
    if files and member_ids:
        everybody = await leaving.with_merged(connection, member_ids)
        await asyncio.to_thread(scrub, files, await leaving.traces(connection, everybody))


async def erase_all(
    connection: Writing, member_ids: Sequence[int], author: str, reason: str | None, now: Instant
) -> None:
    """Erase these withdrawn members, and all merged into them, in the caller's transaction."""
    everybody = await leaving.with_merged(connection, member_ids)
    names = await leaving.names_ever(connection, everybody)
    hashes = [identifier_hash(each.kind, each.shop_id, each.normal) for each in names]
    await leaving.erase(connection, everybody, hashes, now)
    for member_id in everybody:
        await record.audit(connection, member_id, author, "member.erased", now, reason=reason)
        await record.announce(connection, member_id, "erased", now)


async def forget_old_contacts(connection: Writing, before: Instant, rows_max: int) -> int:
    """Blank phones and mail addresses that were taken away before this moment; how many."""
    return await leaving.forget_old_names(connection, before, rows_max)


async def forget_refused_files(database: Database, before: Instant) -> int:
    """Delete files of refused rows written before this moment; how many there were here."""
    async with database.writing() as connection:
        gone = 0
        for path in [row["path"] async for row in _queries.old_refused_files(connection, before=before)]:
            gone += await asyncio.to_thread(_deleted, Path(path))
            await _queries.forget_refused_file(connection, path=path)
    return gone


def _deleted(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
