"""Taking an import of people back. Whoever nobody has heard of since goes altogether; history does not.

Three cases, decided for each member: one as it was brought, with nothing on its books, is removed as if it had never
been enrolled. One whose books hold only what imports brought, and come to nothing (its opening balance was taken back
before), is withdrawn and erased: its entries need the number. One who has bought, changed something or joined since
is a member of its own by now: it stays, and is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from goen.actions.imports.job import SQL, Job, note_job
from goen.actions.members import record
from goen.actions.members.erase import erase_all
from goen.actions.members.leave import depart
from goen.database.pool import Database, Writing
from goen.database.transaction import again_on_conflict
from goen.identity.keys import identifier_hash
from goen.members import intake
from goen.members.intake import Standing
from goen.vocabulary.clock import Clock, Instant

#: Members taken back in one transaction: some tenths of a second.
PIECE = 1_000


class Kept(NamedTuple):
    """A member who stays, and why: ``traded`` or ``changed``."""

    member_id: int
    number: str
    why: str


class MembersUndone(NamedTuple):
    """How many were removed altogether and how many erased under their number, and who stays."""

    removed: int
    erased: int
    kept: Sequence[Kept]


async def undo_members(database: Database, clock: Clock, job: Job, report: Callable[[int], None]) -> MembersUndone:
    """Take every member of the import back that can be. Asked again after an interruption, it goes on."""
    await note_job(database, job, clock, checkpoint=job.checkpoint, counts=job.counts, state="undoing")
    removed = erased = after = 0
    kept: list[Kept] = []
    author = f"{job.principal.integration}:undo"
    while True:

        async def work(connection: Writing, after: int = after) -> tuple[list[Standing], list[int], list[int]]:
            page = await intake.of_import(connection, job.import_id, after, PIECE)
            # Whoever buys at this moment has the account, or waits for it and finds nobody.
            _ = [row async for row in SQL.lock_accounts(connection, member_ids=[each.member_id for each in page])]
            page = await intake.of_import(connection, job.import_id, after, PIECE)
            fresh = [each.member_id for each in page if each.untouched and not each.traded]
            spent = [each.member_id for each in page if each.untouched and each.traded and each.by_imports]
            await _remove(connection, fresh, author, job, clock.now())
            for member_id in spent:
                await depart(connection, member_id, author, clock.now(), None)
            await erase_all(connection, spent, author, f"import {job.import_id} undone", clock.now())
            return page, fresh, spent

        page, fresh, spent = await again_on_conflict(database, work)
        removed, erased = removed + len(fresh), erased + len(spent)
        gone = {*fresh, *spent}
        kept += [
            Kept(each.member_id, each.number, "traded" if each.traded else "changed")
            for each in page
            if each.member_id not in gone and each.status != "withdrawn"
        ]
        report(removed + erased)
        if len(page) < PIECE:
            break
        after = page[-1].member_id
    await note_job(database, job, clock, checkpoint=job.checkpoint, counts=job.counts, state="undone")
    return MembersUndone(removed, erased, kept)


async def _remove(connection: Writing, member_ids: Sequence[int], author: str, job: Job, now: Instant) -> None:
    if not member_ids:
        return
    names = await intake.names_of(connection, member_ids)
    hashes = [identifier_hash(kind, shop_id, normal) for _, kind, shop_id, normal in names]
    await SQL.let_tiers_go(connection, member_ids=list(member_ids))
    await intake.forget(connection, member_ids, hashes)
    await record.removed(connection, member_ids, author, now, job.import_id)
