"""Campaigns made, changed, activated, approved and stopped; signals told. No version is ever edited."""

from __future__ import annotations

from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from goen.actions.points.context import Context
from goen.actions.points.drawn import anchor_of
from goen.database.pool import Database, Reading, Writing
from goen.earning.campaigns.catalogue import Change
from goen.earning.campaigns.checks import Issued, Kinds, Overlap, of_places, overlaps, unissuable, validate
from goen.earning.campaigns.cost import WorstCase, needs_approval, worst_case
from goen.earning.campaigns.errors import CampaignExists, CampaignState, SecondPersonNeeded, UnknownCampaign
from goen.earning.campaigns.law import Law, law
from goen.earning.campaigns.model import Campaign, SignalValue, from_json, to_json
from goen.earning.campaigns.scene import LimitKey, Place
from goen.earning.checks import Problem
from goen.earning.coupons.model import from_json as coupon_kind
from goen.earning.words import problem_text
from goen.shops import campaigns as store
from goen.shops import coupons
from goen.shops.store import audit
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

#: So that every process has read a change before it counts (each reads twice a second).
AHEAD = timedelta(seconds=2)
FARTHEST = timedelta(days=3650)
#: A connector's clock may be ahead of ours by so much.
CLOCK_SKEW = timedelta(minutes=5)

replace = msgspec.structs.replace
#: Decimals go through as they were written.
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Examined(NamedTuple):
    """What is said before a campaign goes live."""

    problems: list[Problem]
    overlaps: list[Overlap]
    worst: WorstCase
    law: Law
    needs_approval: bool


async def create(database: Database, context: Context, campaign: Campaign, by: str, now: Instant) -> Campaign:
    """Keep a new campaign as a draft.

    Raises:
        InvalidRequest: it contradicts itself. CampaignExists: the code is taken.
    """
    campaign = _checked(context, replace(campaign, version=1), now)
    async with database.transaction() as connection:
        if not await store.add_campaign(connection, campaign.code, to_json(campaign).decode(), by, now):
            raise CampaignExists(campaign.code)
        await _audit(connection, "campaign.created", campaign, by, now)
    return campaign


async def change(
    database: Database,
    context: Context,
    code: str,
    changes: dict[str, Any],
    by: str,
    now: Instant,
    *,
    newest: int | None = None,
) -> Campaign:
    """Keep the next version: the newest with ``changes`` merged in (null takes a field back to its default).

    What is live stays live until the new version is activated. ``newest``: the version that the changes were made
    for; None: whichever is the newest by now.

    Raises:
        UnknownCampaign; InvalidRequest; CampaignState: there is a newer version than ``newest``;
        msgspec.ValidationError where the changes do not fit.
    """
    async with database.transaction() as connection:
        await store.lock(connection)
        row = await _row(connection, code)
        if newest not in (None, row.newest):
            raise CampaignState("Somebody else has made a version meanwhile; change that one.", "changed")
        merged = _merged(_decode(row.document), {**changes, "code": code, "version": row.newest + 1})
        campaign = _checked(context, from_json(_encode(merged)), now)
        await store.add_version(connection, code, campaign.version, to_json(campaign).decode(), by, now)
        await _audit(connection, "campaign.changed", campaign, by, now)
    return campaign


async def examine(database: Database, context: Context, campaign: Campaign, now: Instant) -> Examined:
    """Checks of a version as the programme, shops, members and other campaigns are now."""
    programme = context.engine_at(now).programme
    places = places_of(context)
    async with database.reading() as connection:
        members = await store.members_earning(connection)
        kinds = await _kinds(connection, campaign)
    worst = worst_case(campaign, programme, members=members, places=places, zone=context.zone, kinds=kinds)
    others = context.campaigns.live(max(now, campaign.starts_at or now) + AHEAD)
    return Examined(
        [*unissuable(campaign, kinds, now), *validate(campaign, programme), *of_places(campaign, places)],
        overlaps(campaign, others, places),
        worst,
        law(campaign, programme, kinds),
        needs_approval(programme, worst),
    )


def places_of(context: Context) -> list[Place]:
    """Every shop that is open, as campaigns see it."""
    return [Place(s.code, s.kind, s.region) for s in context.shops.all() if s.closed_at is None]


async def activate(
    database: Database, context: Context, code: str, version: int | None, start: Instant | None, by: str, now: Instant
) -> Campaign:
    """A version goes live from ``start`` (at least 2 seconds ahead), or waits for a second person's approval.

    Asked again for a version that is live already, nothing changes.

    Raises:
        UnknownCampaign; InvalidRequest: ``start`` is in the past, or there is no such kind of coupon as it gives, or
            not any more; CampaignState: it has ended.
    """
    start = start or now + AHEAD
    if not now + AHEAD <= start <= now + FARTHEST:
        raise InvalidRequest("starts_at", f"is at least {AHEAD.seconds} seconds ahead of {now.isoformat()}")
    async with database.reading() as reading:
        campaign = await _version(reading, code, version)
    if campaign.ends_at is not None and campaign.ends_at <= start:
        raise CampaignState("The campaign's time is over; give it another ends_at first.", "ended")
    _checked(context, campaign, now)
    examined = await examine(database, context, campaign, now)
    added: Change | None = None
    async with database.transaction() as connection:
        await store.lock(connection)
        row = await _row(connection, code, campaign.version)
        last = await _last(connection, code)
        if last is not None and (last.version, last.what) == (campaign.version, "live") and last.at <= start:
            return campaign
        await _can_issue(connection, context, campaign, now)
        # The one who activates may approve what somebody else has made: two people have seen it then.
        approved = set(await store.approvals(connection, code, campaign.version)) | {by}
        if examined.needs_approval and not approved - {row.made_by}:
            await store.set_waiting(connection, code, campaign.version, by, start, now)
            await _audit(connection, "campaign.waits_for_approval", campaign, by, now)
            return campaign
        added = await _go(connection, campaign, start, by, now)
    _know(context, campaign, added)
    return campaign


async def approve(
    database: Database, context: Context, code: str, version: int | None, by: str, now: Instant
) -> Campaign:
    """A second person approves a version; where it was waiting for that, it goes live.

    Raises:
        UnknownCampaign; SecondPersonNeeded: ``by`` has made or activated it; InvalidRequest: what it gives is a coupon
            of a kind that has been stopped meanwhile.
    """
    added: Change | None = None
    async with database.transaction() as connection:
        await store.lock(connection)
        row = await _row(connection, code, version)
        campaign = from_json(row.document.encode())
        waiting = row.waiting == row.version
        if by == row.made_by or (waiting and by == row.waiting_by):
            raise SecondPersonNeeded(code)
        await store.approve(connection, code, row.version, by, now)
        await _audit(connection, "campaign.approved", campaign, by, now)
        if waiting and row.waiting_from is not None:
            await _can_issue(connection, context, campaign, now)
            added = await _go(connection, campaign, max(row.waiting_from, now + AHEAD), by, now)
    _know(context, campaign, added)
    return campaign


async def stop(database: Database, context: Context, code: str, by: str, now: Instant) -> Campaign:
    """The campaign ends in 2 seconds; sales that happened before still earn by it, whenever they come.

    Raises:
        UnknownCampaign; CampaignState: it was never activated.
    """
    async with database.transaction() as connection:
        await store.lock(connection)
        row = await _row(connection, code)
        last = await _last(connection, code)
        campaign = from_json(row.document.encode())
        if row.waiting is not None:
            await store.set_waiting(connection, code, None, None, None, now)
        elif last is None:
            raise CampaignState("The campaign is a draft; there is nothing to stop.", "draft")
        added = None
        if last is not None and last.what == "live":
            campaign = await _version(connection, code, last.version)
            number = await store.add_change(connection, code, last.version, now + AHEAD, "stop", by, now)
            added = Change(number, code, last.version, now + AHEAD, "stop")
        await _audit(connection, "campaign.stopped", campaign, by, now)
    _know(context, campaign, added)
    return campaign


async def put_signal(
    database: Database,
    *,
    name: str,
    place: str,
    at: Instant | None,
    value: SignalValue,
    source: str | None,
    now: Instant,
) -> None:
    """Keep what is so at a place from ``at`` on.

    Raises:
        InvalidRequest: of the future.
    """
    at = (at or now).astimezone(UTC)
    if at > now + CLOCK_SKEW:
        raise InvalidRequest("time", "is in the future")
    async with database.transaction() as connection:
        await store.put_signal(connection, name=name, place=place, at=at, value=value, source=source, now=now)


def shared_accounts(campaign: Campaign) -> list[tuple[int, str]]:
    """Anchor and code of the accounts that all members share."""
    found = []
    for limit in campaign.limits:
        if "member" not in limit.per:
            code = f"{campaign.rule}/{limit.measure}/{'+'.join(sorted(limit.per)) or 'all'}"
            found.append((anchor_of(LimitKey(True, code, ""), 0), code))
    return found


async def _go(connection: Writing, campaign: Campaign, start: Instant, by: str, now: Instant) -> Change:
    await store.set_waiting(connection, campaign.code, None, None, None, now)
    number = await store.add_change(connection, campaign.code, campaign.version, start, "live", by, now)
    await _audit(connection, "campaign.activated", campaign, by, now)
    return Change(number, campaign.code, campaign.version, start, "live")


def _know(context: Context, campaign: Campaign, added: Change | None) -> None:
    """This process knows its own change at once, unless it has not read the one before it yet."""
    if added is not None and added.number == context.campaigns.last_change + 1:
        context.campaigns.add([campaign], [added])


def _checked(context: Context, campaign: Campaign, now: Instant) -> Campaign:
    programme = context.engine_at(now).programme
    for problem in validate(campaign, programme):
        if problem.level == "error":
            raise InvalidRequest(problem.field, problem_text(problem, programme.language))
    return campaign


async def _kinds(connection: Reading, campaign: Campaign) -> Kinds:
    rows = [await coupons.kind(connection, code) for code in campaign.kinds]
    return {
        row.code: Issued(coupon_kind(row.document.encode()), row.stopped_at is not None)
        for row in rows
        if row is not None
    }


async def _can_issue(connection: Reading, context: Context, campaign: Campaign, now: Instant) -> None:
    language = context.engine_at(now).programme.language
    for problem in unissuable(campaign, await _kinds(connection, campaign), now):
        if problem.level == "error":
            raise InvalidRequest(problem.field, problem_text(problem, language))


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A JSON merge patch (RFC 7396): objects are merged, null removes, all else replaces."""
    merged = dict(old)
    for key, value in new.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged


async def _row(connection: Writing, code: str, version: int | None = None) -> store.CampaignRow:
    row = await store.campaign(connection, code, version)
    if row is None:
        raise UnknownCampaign(code)
    return row


async def _version(connection: Any, code: str, version: int | None) -> Campaign:
    row = await store.campaign(connection, code, version)
    if row is None:
        raise UnknownCampaign(code)
    return from_json(row.document.encode())


async def _last(connection: Writing, code: str) -> Change | None:
    changes = [Change(*each) for each in await store.changes_after(connection, 0) if each[1] == code]  # type: ignore[arg-type]
    return changes[-1] if changes else None


async def _audit(connection: Writing, action: str, campaign: Campaign, by: str, now: Instant) -> None:
    details = {"campaign": campaign.code, "version": campaign.version}
    await audit(connection, at=now, author=by, action=action, details=details)
