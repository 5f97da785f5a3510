"""Tiers by hand: given with an end and a reason, as fixed or as a floor; leaves of absence; runs asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.points.context import Context
from goen.actions.tiers.counting import SQL
from goen.actions.tiers.errors import TiersNotCounted, UnknownTierProgramme
from goen.actions.tiers.looking import Change, Look, lock, measured, past, write
from goen.database.pool import Database, Writing
from goen.earning.tiers.model import TierCode
from goen.earning.tiers.rules import Manual, Standing, Verdict, own_since, raised
from goen.members.errors import UnknownMember
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant
from goen.vocabulary.fields import Text
from goen.vocabulary.refusal import InvalidRequest

Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class GiveTier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tier by hand. ``fixed``: whatever is measured; ``floor``: never below, but higher where more is reached.

    ``until`` is its last day (null: without an end). ``tier`` null ends what was given: the measure counts again.
    """

    tier: TierCode | None
    reason: Reason
    mode: Manual = "fixed"
    until: date | None = None
    author: Text | None = None


class PauseTier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A leave of absence: through ``until`` the member's tier does not fall; null ends it."""

    until: date | None
    reason: Reason
    author: Text | None = None


class StartRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A re-tiering now, as on an evaluation day; see the preview first."""

    programme: TierCode
    reason: Reason
    author: Text | None = None


def look_at(context: Context, code: str, now: Instant) -> Look:
    """The ladder of this code as it counts today.

    Raises:
        UnknownTierProgramme: there is none.
        TiersNotCounted: the sales from before it are not counted yet.
    """
    programme, today = context.engine_at(now).programme, context.day_of(now)
    ladder = programme.tier_programmes.get(code)
    if ladder is None:
        raise UnknownTierProgramme
    if context.tiers_counted != context.tiers_since(programme):
        raise TiersNotCounted
    return Look(code, ladder, next(iter(programme.tier_programmes)) == code, today, today, raised, False)


async def give_tier(
    database: Database, context: Context, principal: Principal, member_id: int | None, code: str, ask: GiveTier,
    now: Instant,
) -> None:  # fmt: skip
    """Give a tier by hand, or end that.

    Raises:
        UnknownMember, UnknownTierProgramme, TiersNotCounted.
        InvalidRequest: the tier is not of this ladder, or its end is over.
    """
    look = look_at(context, code, now)
    if ask.tier is not None and look.ladder.rank(ask.tier) < 0:
        raise InvalidRequest("tier", f"is none of {', '.join(level.tier for level in look.ladder.levels)}")
    if ask.until is not None and ask.until < look.day:
        raise InvalidRequest("until", "lies in the past")
    async with database.transaction() as connection:
        who, standing, measure = await _standing(connection, look, member_id)
        free = own_since(look.ladder, standing, (await past(connection, look, {who: standing}))[who])
        to = _given(look, standing, free, measure, ask)
        mode, until = (ask.mode, ask.until) if ask.tier is not None else (None, None)
        if mode is None:
            await SQL.forget_by_hand(connection, at=now, members=[who], programmes=[code], kept=[to.kept_until])
        else:
            await SQL.set_by_hand(
                connection, member_id=who, programme=code, tier=standing.tier, day=look.day, kept_until=to.kept_until,
                manual=mode, manual_tier=ask.tier, manual_until=until, manual_from=None,
                before_tier=free.tier, before_kept_until=free.kept_until, at=now,
            )  # fmt: skip
        if to.tier != standing.tier:
            await write(connection, look, [Change(who, standing, to, measure)], now)
        details = {"programme": code, "from": standing.tier, "tier": ask.tier, "mode": mode, "until": until}
        await _note(connection, who, principal, ask.author, "member.tier_given", ask.reason, details, now)


async def pause_tier(
    database: Database, context: Context, principal: Principal, member_id: int | None, code: str, ask: PauseTier,
    now: Instant,
) -> None:  # fmt: skip
    """Let a member's tier not fall for a while, or again. Raises as :func:`give_tier`."""
    look = look_at(context, code, now)
    async with database.transaction() as connection:
        who, standing, _ = await _standing(connection, look, member_id)
        await SQL.set_pause(
            connection, member_id=who, programme=code, tier=standing.tier, day=look.day, until=ask.until, at=now
        )
        details = {"programme": code, "until": ask.until}
        await _note(connection, who, principal, ask.author, "member.tier_paused", ask.reason, details, now)


async def start_run(database: Database, context: Context, principal: Principal, ask: StartRun, now: Instant) -> None:
    """Ask for a run over all members; the worker carries it within seconds."""
    look = look_at(context, ask.programme, now)
    async with database.transaction() as connection:
        number = await SQL.note_asked(connection, programme=ask.programme, day=look.day, at=now)
        details = {"programme": ask.programme, "run": number}
        await _note(connection, 0, principal, ask.author, "tiers.run_asked", ask.reason, details, now)


def _given(look: Look, standing: Standing, free: Standing, measure: int, ask: GiveTier) -> Verdict:
    """``free``: the member's own standing, without what was given before."""
    if ask.tier is None:
        to = raised(look.ladder, free, measure, look.day)
        return to._replace(why="manual_ended" if standing.manual is not None else to.why)
    if ask.mode == "fixed":
        return Verdict(ask.tier, None, "manual")
    hand = free._replace(manual="floor", manual_tier=ask.tier, manual_until=ask.until)
    return raised(look.ladder, hand, measure, look.day)._replace(why="manual")


async def _standing(connection: Writing, look: Look, member_id: int | None) -> tuple[int, Standing, int]:
    """Who it is by now, and where they stand, under the lock of their books."""
    who: int | None = None if member_id is None else await SQL.person(connection, member_id=member_id)
    if who is None:
        raise UnknownMember
    await lock(connection, [who])
    found = await measured(connection, look, [who])
    if who not in found:
        raise UnknownMember
    measure, standing = found[who]
    return who, standing, measure


async def _note(
    connection: Writing, anchor: int, principal: Principal, author: str | None, action: str, reason: str,
    details: Mapping[str, object], now: Instant,
) -> None:  # fmt: skip
    await SQL.note_audit(
        connection, anchor=anchor, at=now, author=author or principal.integration, action=action, reason=reason,
        details=msgspec.json.encode(details).decode(),
    )  # fmt: skip
