"""What comes due by itself: holds that ran out, points that confirm, lots that expire.

What is dead or freed waits for no sweep: reads and spends know it at their own instant. Provisional points
become spendable when the sweep of their day has confirmed them. Sweeps book what happened, dated the day it
did, in pieces of a batch each (rule 15). Each function does one piece and returns how many acts moved
something; call it until it returns 0.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec

from goen.actions.points.context import Context
from goen.actions.points.orders import confirm
from goen.actions.points.record_purchase import tell_points
from goen.actions.points.sale import Sale
from goen.actions.till.act import KEY_DAYS, Act, Decided, Wants, key_of
from goen.actions.till.books import by_number
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Stamp
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.database.queries import load
from goen.earning.expiry import dead_from, starts_at

_SQL = load(__package__, "sweeps.sql")
PIECE = 100
INTEGRATION = "job"


class _Swept(msgspec.Struct, frozen=True):
    """Canonical request of a sweep's act: its own name for what came due."""

    due: str


class _Sweep(Act):
    """Base: an act of the machine itself, keyed by what came due."""

    integration = INTEGRATION

    def __init__(self, context: Context, due: str, now: datetime) -> None:
        self.context = context
        self.due = due
        self.key = key_of(INTEGRATION, self.kind, due, context.day_of(now) + timedelta(days=KEY_DAYS))

    def asked(self, desk: Desk) -> _Swept:
        return _Swept(self.due)

    def done(self, member_id: int, moved: int) -> Decided:
        return Decided(200, msgspec.json.encode({"moved": moved}), member_id=member_id)


class ReleaseDue(_Sweep):
    """A hold that has run out is released; opening the books does it (rule 21)."""

    kind = "hold_expiry"

    def __init__(self, context: Context, member_id: int, hold_id: str, now: datetime) -> None:
        super().__init__(context, hold_id, now)
        self.member_id = member_id
        self.hold_id = hold_id
        self.wants = Wants(members=(by_number(member_id),), holds=(hold_id,), all_lots=True)
        self.token = member_id

    def decide(self, desk: Desk) -> Decided:
        holder, _ = desk.place(self.member_id)  # Another one where a merge has moved it since it was seen.
        desk.journal(holder)
        hold = desk.hold(self.hold_id)
        if hold is not None and hold.status == "expired":
            return self.done(holder, hold.points)
        return self.done(holder, 0)


class ConfirmDue(_Sweep):
    """Provisional points become spendable at 00:00 of their day (rule 9)."""

    kind = "confirmation"

    def __init__(self, context: Context, purchase_id: str, on: date, version: int, now: datetime) -> None:
        # The purchase's version is part of the name: what a cancel kept from confirming comes due again on revival.
        super().__init__(context, f"{purchase_id}:{on}:{version}", now)
        self.purchase_id = purchase_id
        self.wants = Wants(purchases=(purchase_id,), all_lots=True)

    def decide(self, desk: Desk) -> Decided:
        sale = Sale.of(self.context, desk, self.purchase_id)
        due = [w for w in sale.progress.waiting if w.on <= desk.today]
        if sale.holder is None or not due or sale.purchase.status == "cancelled":
            return self.done(sale.holder or sale.purchase.member_id, 0)
        points, day = sum(w.points for w in due), max(w.on for w in due)
        left = tuple(w for w in sale.progress.waiting if w.on > desk.today)
        for rule in dict.fromkeys(w.rule for w in due):
            confirm(sale, sum(w.points for w in due if w.rule == rule), day, rule)
        sale.progress = msgspec.structs.replace(sale.progress, waiting=left)
        sale.stamp(starts_at(day, self.context.zone), day, sale.purchase.shop_id)
        sale.save()
        sale.tell("purchase.confirmed", points, -points)
        return self.done(sale.holder, points)


class ExpireLots(_Sweep):
    """Lots past their last day are booked out, dated the day they died (rules 14, 15)."""

    kind = "expiry"

    def __init__(
        self, context: Context, member_id: int, last_day: date, lots: Sequence[tuple[int, int]], now: datetime
    ) -> None:
        """``lots``: ids, and what each still has. That is part of the name: what a hold kept alive comes due again."""
        state = ",".join(f"{lot_id}.{remaining}" for lot_id, remaining in lots)
        super().__init__(context, f"{member_id}:{last_day}:{context.day_of(now)}:{state}", now)
        self.member_id = member_id
        self.last_day = last_day
        self.lot_ids = [lot_id for lot_id, _ in lots]
        self.wants = Wants(members=(by_number(member_id),), all_lots=True)
        self.token = member_id

    def decide(self, desk: Desk) -> Decided:
        holder, _ = desk.place(self.member_id)
        if holder != self.member_id:
            return self.done(holder, 0)  # Merged since they were seen: the survivor's lots come due by themselves.
        journal = desk.journal(self.member_id)
        points = journal.expire([i for i in self.lot_ids if i in journal.lots])
        if points:
            day = min(self.last_day + timedelta(days=1), desk.today)
            booked = self.context.booked_on(day, desk.today)
            at = dead_from(self.last_day, self.context.zone)
            desk.stamp(self.member_id, Stamp(at, day, booked, None, None, self.member_id))
            tell_points(desk, self.member_id, None, None, None, -points)
        return self.done(self.member_id, points)


async def release_due_holds(database: Database, till: Till, context: Context, now: datetime) -> int:
    """Release holds that have run out."""
    due = await _due(database, "due_holds", now=now, piece=PIECE)
    return await _all(till, [ReleaseDue(context, row["member_id"], row["hold_id"], now) for row in due])


async def confirm_due(database: Database, till: Till, context: Context, now: datetime) -> int:
    """Confirm provisional points whose day has come."""
    due = await _due(database, "due_confirmations", today=context.day_of(now), piece=PIECE)
    return await _all(
        till, [ConfirmDue(context, row["purchase_id"], row["confirms_on"], row["version"], now) for row in due]
    )


async def expire_due(database: Database, till: Till, context: Context, now: datetime) -> int:
    """Book out lots past their last day."""
    due = await _due(database, "due_lots", today=context.day_of(now), piece=PIECE * 4)
    acts = [
        ExpireLots(context, member_id, last_day, [(row["lot_id"], row["remaining"]) for row in rows], now)
        for (member_id, last_day), rows in groupby(due, key=lambda r: (r["member_id"], r["expires_on"]))
    ]
    return await _all(till, acts)


async def _due(database: Database, query: str, **arguments: Any) -> list[Any]:
    async with database.reading() as connection:
        return [row async for row in getattr(_SQL, query)(connection, **arguments)]


async def _all(till: Till, acts: Sequence[Act]) -> int:
    """Post a piece; counts what was new and moved something, so that a caller knows when nothing is left."""
    answers = await asyncio.gather(*(till.post(act) for act in acts))
    return sum(not a.replayed and a.body != b'{"moved":0}' for a in answers)
