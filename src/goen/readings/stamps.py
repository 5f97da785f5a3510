"""Which stamp cards has a member, and how far are they? Read-only."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from goen.database.pool import Reading
from goen.database.queries import load
from goen.earning.campaigns.catalogue import Campaigns
from goen.earning.campaigns.model import Campaign
from goen.earning.campaigns.stamps import OnCard, Stamped, card
from goen.readings.family import Family
from goen.vocabulary.clock import Instant, business_day

_queries = load(__package__, "stamps.sql")


class Card(NamedTuple):
    """A member's card of a campaign. ``open``: it takes stamps today; ``ends_on``: the last day of the stamps that end
    first."""

    campaign: Campaign
    on: OnCard
    open: bool
    ends_on: date | None


class Counted(NamedTuple):
    """Of a campaign: stamps that stand, cards that are full, members who hold any; sales that took its discount or
    gift, the yen and gifts in all, and sales that took it although it was not to be had."""

    stamps: int
    cards: int
    holders: int
    uses: int
    discount: int
    gifts: int
    over: int


async def of_member(connection: Reading, one: Family, campaigns: Campaigns, zone: ZoneInfo, now: Instant) -> list[Card]:
    """A member's cards by campaign, those included of cards merged into it; of campaigns that are over those that were
    full once."""
    acts: dict[str, list[Stamped]] = {}
    for row in await connection.fetch(_queries.of_members.sql, one.members):
        campaign, purchase_id, day, stamps, size, until, filled, undone = row
        acts.setdefault(campaign, []).append(
            Stamped(campaign, purchase_id, day, stamps, size, until, tuple(filled), tuple(undone))
        )
    live = {each.code: each for each in campaigns.live(now)}
    found = []
    for code, mine in sorted(acts.items()):
        last = campaigns.last_of(code)
        if last is None:
            continue
        on, campaign = card(mine, business_day(now, zone)), live.get(code) or campaigns.version(code, last.version)
        effect, ends_at = campaign.stamps, campaign.ends_at
        running = code in live and (ends_at is None or now < ends_at)
        more = effect is not None and (effect.cards is None or on.card.filled < effect.cards)
        if running or on.card.filled:
            ends_on = on.ends_on
            if effect is not None and effect.days is None and ends_at is not None:
                ends_on = business_day(ends_at - timedelta(microseconds=1), zone)
            found.append(Card(campaign, on, running and more, ends_on))
    return found


async def counted(connection: Reading, campaign: str) -> Counted:
    """What became of a campaign's stamps, discounts and gifts."""
    (row,) = await connection.fetch(_queries.counted.sql, campaign)
    (taken,) = await connection.fetch(_queries.taken.sql, campaign)
    return Counted(*row, *taken)
