"""Taking an import back, act by act, newest first, by further entries; nothing is erased.

A sale is cancelled: used points return to their lots, earned ones are taken back, and where they were spent
meanwhile the member owes them. A return of goods from a sale outside the import gives its points back by an
adjustment; that sale keeps saying that the goods came back. An opening balance is taken out by an adjustment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from goen.actions.imports.job import SQL, Job, note_job
from goen.actions.points.by_hand import Adjust, AdjustmentAsk
from goen.actions.points.cancel import CancelPurchase
from goen.actions.points.context import Context
from goen.actions.points.errors import PurchaseStatus
from goen.actions.points.orders import CancelAsk
from goen.actions.till.act import Act, key_of
from goen.actions.till.books import by_number
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.members.ids import public_id
from goen.purchases.ids import home_of
from goen.purchases.model import MemberRef
from goen.shops.model import Principal
from goen.vocabulary.clock import Clock

#: Acts read and reversed together.
PAGE = 256
_LAST = 2**63 - 1


class Owing(NamedTuple):
    """A member who owes points after an undo."""

    member_id: int
    number: str
    points: int


class Undone(NamedTuple):
    """What an undo did: acts reversed, and who owes points now."""

    acts: int
    owing: Sequence[Owing]


class _Points(msgspec.Struct):
    earned_reversed: int = 0
    used_restored: int = 0


class _Answer(msgspec.Struct):
    """What is needed of any act's answer."""

    id: str
    purchase_id: str | None = None
    points: _Points | int = 0


_answer = msgspec.json.Decoder(_Answer).decode


class _Done(NamedTuple):
    act_id: int
    member_id: int
    kind: str
    answer: _Answer


async def undo(
    database: Database, till: Till, context: Context, clock: Clock, job: Job, report: Callable[[int], None]
) -> Undone:
    """Reverse everything that an import of purchases or balances did. Asked again after an interruption, it goes on."""
    assert job.kind != "members", "undo_members takes people back"
    await note_job(database, job, clock, checkpoint=job.checkpoint, counts=job.counts, state="undoing")
    principal = Principal(0, f"{job.principal.integration}:undo", "server")
    before, reversed_ = _LAST, 0
    while page := await _page(database, job, before):
        acts = await _reversals(database, context, clock, job, principal, page)
        # One member's acts share a token: the till takes them in this order, newest first.
        outcomes = await asyncio.gather(*[till.post(act) for act in acts], return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, PurchaseStatus):
                raise outcome
            reversed_ += not isinstance(outcome, BaseException)
        before = page[-1].act_id
        report(reversed_)
    await note_job(database, job, clock, checkpoint=job.checkpoint, counts=job.counts, state="undone")
    async with database.reading() as connection:
        rows = SQL.owing_after(connection, integration=job.principal.integration)
        owing = [Owing(row["member_id"], row["number"], row["debt"]) async for row in rows]
    return Undone(reversed_, owing)


async def _page(database: Database, job: Job, before: int) -> list[_Done]:
    async with database.reading() as connection:
        rows = SQL.acts_of(connection, integration=job.principal.integration, before=before, count=PAGE)
        return [_Done(row["act_id"], row["member_id"], row["kind"], _answer(row["answer"])) async for row in rows]


async def _reversals(
    database: Database, context: Context, clock: Clock, job: Job, principal: Principal, page: Sequence[_Done]
) -> list[Act]:
    own = await _own_sales(database, job, page)
    now = clock.now()
    acts: list[Act] = []
    for done in page:
        act: Act | None = None
        if done.kind == "purchase":
            ask = CancelAsk(now, f"import {job.import_id} undone")
            act = CancelPurchase(done.answer.id, ask, f"undo {done.act_id}", principal, context, now)
        elif done.kind in ("return", "opening_balance") and done.answer.purchase_id not in own:
            act = _adjustment(done, job, principal, context, clock)
        if act is not None:
            act.token = done.member_id
            acts.append(act)
    return acts


async def _own_sales(database: Database, job: Job, page: Sequence[_Done]) -> frozenset[str | None]:
    """Of the sales that the page's returns belong to, those of this import: cancelling them is enough."""
    ids = [done.answer.purchase_id for done in page if done.kind == "return" and done.answer.purchase_id]
    async with database.reading() as connection:
        rows = SQL.recorded_by_import(
            connection,
            members=[home_of("p", purchase_id) for purchase_id in ids],
            ids=ids,
            integration=job.principal.integration,
        )
        return frozenset([row["purchase_id"] async for row in rows])


def _adjustment(done: _Done, job: Job, principal: Principal, context: Context, clock: Clock) -> Adjust | None:
    """The points of a return or an opening balance the other way round; None where none moved."""
    points = done.answer.points
    moved = points if isinstance(points, int) else points.used_restored - points.earned_reversed
    if moved == 0 or done.member_id <= 0:
        return None
    member = MemberRef("member_id", public_id(done.member_id))
    ask = AdjustmentAsk(member, -moved, "correction", note=f"import {job.import_id} undone")
    key = key_of(principal.integration, "undo", str(done.act_id))
    return Adjust(ask, by_number(done.member_id), key, principal, context, clock.now(), owing=True)
