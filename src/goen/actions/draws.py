"""Draws kept, made live under a sealed seed, and closed."""

from __future__ import annotations

import secrets

from goen.actions.points.context import Context
from goen.database.pool import Database, Writing
from goen.earning.campaigns.errors import SecondPersonNeeded
from goen.earning.coupons.errors import UnknownCouponKind
from goen.earning.draws.errors import DrawState, UnknownDraw
from goen.earning.draws.model import CouponPrize, PrizeDraw, from_json, to_json
from goen.earning.draws.rules import are_odds, needs_second, problems, seed_hash
from goen.earning.words import problem_text
from goen.shops import coupons, store
from goen.shops import draws as rows
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

#: Bytes of a seed: nobody guesses it.
SEED_BYTES = 32


async def put(database: Database, code: str, draw: PrizeDraw, by: str, now: Instant) -> None:
    """Keep a draw as a draft. What is wrong with it is told, and refused when it shall go live.

    Raises:
        DrawState: it is live, and its terms are published; UnknownCouponKind; InvalidRequest: odds that are none.
    """
    for i, prize in enumerate(draw.prizes):
        if prize.odds is not None and not are_odds(prize.odds):
            raise InvalidRequest(f"prizes.{i}.odds", "above 0, at most 100, at most 6 decimal places")
    async with database.transaction() as connection:
        for prize in draw.prizes:
            if isinstance(prize.gives, CouponPrize) and await coupons.kind(connection, prize.gives.coupon) is None:
                raise UnknownCouponKind(prize.gives.coupon)
        if not await rows.put(connection, code, to_json(draw).decode(), by, now):
            raise DrawState("The draw's terms are published; take another code.", "live")
        await _audit(connection, "draw.put", code, by, now)


async def activate(database: Database, context: Context, code: str, by: str, now: Instant) -> None:
    """The draw is open from its start on: the seed is made and its digest published. Asked again nothing changes.

    Raises:
        UnknownDraw; DrawState: its time is over, or it was stopped; InvalidRequest: it contradicts itself, or is above
        the law's caps (rule 53); SecondPersonNeeded: its prizes are worth more than the programme lets one person do.
    """
    programme = context.engine_at(now).programme
    async with database.transaction() as connection:
        row = await _locked(connection, code)
        if row.stopped_at is not None:
            raise DrawState("The draw was stopped.", "stopped")
        if row.live_from is not None:
            return
        draw = from_json(row.document)
        for problem in problems(draw, programme):
            if problem.level == "error":
                raise InvalidRequest(problem.field, problem_text(problem, programme.language))
        if draw.ends_at <= now:
            raise DrawState("The draw's time is over; give it another ends_at first.", "over")
        if needs_second(draw, programme) and by == row.put_by:
            raise SecondPersonNeeded(code)
        seed = secrets.token_bytes(SEED_BYTES)
        await rows.set_live(connection, code, seed, seed_hash(seed), now)
        await _audit(connection, "draw.activated", code, by, now)


async def stop(database: Database, code: str, by: str, now: Instant) -> None:
    """The draw takes no more entries; of those there are it is decided at once. Asked again nothing changes.

    Raises:
        UnknownDraw; DrawState: it was never live.
    """
    async with database.transaction() as connection:
        row = await _locked(connection, code)
        if row.live_from is None:
            raise DrawState("The draw is a draft; there is nothing to stop.", "draft")
        if row.stopped_at is None and row.drawn_at is None:
            await rows.set_stopped(connection, code, now)
            await _audit(connection, "draw.stopped", code, by, now)


async def _locked(connection: Writing, code: str) -> rows.DrawRow:
    row = await rows.lock(connection, code)
    if row is None:
        raise UnknownDraw(code)
    return row


async def _audit(connection: Writing, action: str, code: str, by: str, now: Instant) -> None:
    await store.audit(connection, at=now, author=by, action=action, details={"draw": code})
