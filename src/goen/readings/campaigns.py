"""Which campaigns and signals are there? Read into memory by whoever serves or works, and shown one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple, cast

from goen.database.pool import Reading
from goen.earning.campaigns.catalogue import Campaigns, Change
from goen.earning.campaigns.model import Campaign, from_json
from goen.earning.campaigns.signals import Signal, Signals
from goen.shops import campaigns as store
from goen.vocabulary.clock import Instant

#: A till may be offline for 30 days; what was so before then no sale asks for any more.
SIGNALS_KEPT = timedelta(days=35)

State = Literal["draft", "waiting", "scheduled", "live", "ended", "stopped"]


async def refresh(campaigns: Campaigns, signals: Signals, connection: Reading, now: Instant) -> None:
    """Add what these do not know yet."""
    changes = await store.changes_after(connection, campaigns.last_change)
    if changes:
        rows = await store.versions_changed(connection, campaigns.last_change)
        versions = [from_json(document.encode()) for _, _, document in rows]
        campaigns.add(
            versions, [Change(n, c, v, at, cast(Literal["live", "stop"], what)) for n, c, v, at, what in changes]
        )
    if fresh := await store.signals_after(connection, signals.last_change, now - SIGNALS_KEPT):
        signals.add(Signal(*row) for row in fresh)


class Kept(NamedTuple):
    """A version of a campaign as kept. ``live_version`` is the one that counts or will count; None: none does."""

    campaign: Campaign
    newest: int
    state: State
    live_version: int | None
    waiting_by: str | None
    approved_by: list[str]
    made_by: str
    made_at: Instant


async def kept(
    connection: Reading, campaigns: Campaigns, code: str, now: Instant, version: int | None = None
) -> Kept | None:
    """One campaign, or None where there is none of this code and version."""
    row = await store.campaign(connection, code, version)
    return None if row is None else await _kept(connection, campaigns, row, now)


async def listed(
    connection: Reading, campaigns: Campaigns, now: Instant, limit: int, cursor: str | None
) -> tuple[list[Kept], str | None]:
    """Campaigns by code, and the cursor after them."""
    rows = await store.campaigns(connection, cursor or "", limit + 1)
    found = [await _kept(connection, campaigns, row, now) for row in rows[:limit]]
    return found, rows[limit - 1].code if len(rows) > limit else None


async def _kept(connection: Reading, campaigns: Campaigns, row: store.CampaignRow, now: Instant) -> Kept:
    campaign = from_json(row.document.encode())
    approved_by = await store.approvals(connection, row.code, row.version)
    state, live = state_of(campaigns, campaign, row.waiting, now)
    return Kept(campaign, row.newest, state, live, row.waiting_by, approved_by, row.made_by, row.made_at)


def state_of(campaigns: Campaigns, campaign: Campaign, waiting: int | None, now: Instant) -> tuple[State, int | None]:
    """What has become of a campaign by now, and the version that counts."""
    last = campaigns.last_of(campaign.code)
    live = last.version if last is not None and last.what == "live" else None
    if waiting is not None:
        return "waiting", live
    if last is None:
        return "draft", None
    if live is None:
        return "stopped", None
    ends = campaigns.version(campaign.code, live).ends_at
    if ends is not None and ends <= now:
        return "ended", live
    starts = campaigns.version(campaign.code, live).starts_at
    return ("scheduled" if last.at > now or (starts is not None and starts > now) else "live"), live
