"""What every act on points knows besides its own request: shops, programme versions, the calendar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from goen.actions.till.act import KEY_DAYS, Key, key_of
from goen.earning.campaigns.catalogue import Campaigns
from goen.earning.campaigns.model import Campaign
from goen.earning.campaigns.signals import Signals
from goen.earning.catalogue import Programmes
from goen.earning.evaluate import Engine
from goen.earning.expiry import expires_on, grace_until, grant_year, limited_expires_on
from goen.earning.programme import Programme
from goen.ledger.journal import Journal
from goen.ledger.model import Terms
from goen.ledger.steps import Active
from goen.purchases.model import Line
from goen.shops.directory import ShopDirectory
from goen.shops.exclusions import Exclusions
from goen.vocabulary.clock import business_day
from goen.vocabulary.refusal import InvalidRequest

#: A till's clock may run ahead a little; a sale from next week is a mistake.
AHEAD = timedelta(days=1)
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST_YEAR = 9000
_TERMS_KEPT = 1000
_terms: dict[tuple[int, date, str | None], tuple[Programme, Terms]] = {}


@dataclass
class Context:
    """Reference data of one process. ``closed_through`` is the last day of the last closed period."""

    shops: ShopDirectory
    programmes: Programmes
    zone: ZoneInfo
    currency: str = "JPY"
    closed_through: date | None = None
    campaigns: Campaigns = field(default_factory=Campaigns)
    signals: Signals = field(default_factory=Signals)
    #: The version since which the programme has tiers, once all sales from before it are counted; 0: none.
    tiers_counted: int = 0
    exclusions: Exclusions = field(default_factory=Exclusions)

    def with_draft(self, campaign: Campaign) -> Context:
        """The same, as if this campaign were live; for dry runs."""
        return replace(self, campaigns=self.campaigns.with_draft(campaign))

    def day_of(self, instant: datetime) -> date:
        """The programme's calendar day of an instant."""
        return business_day(instant, self.zone)

    def excluded(self, lines: Iterable[Line]) -> tuple[str, ...]:
        """The products among these lines that earn nothing by now (rule 3), by sku."""
        skus = self.exclusions.skus
        return tuple(sorted({line.sku for line in lines if line.sku in skus and line.sku})) if skus else ()

    def engine_at(self, instant: datetime) -> Engine:
        """The programme version that counted then: late sales earn by the rules of their own time."""
        return self.programmes.at(instant)

    def sliding_since(self, programme: Programme) -> int:
        """The version from which on, without a break, the programme has slid until this one (rule 16)."""
        since = programme.version
        for version in self.programmes.all():
            if programme.starts_at is not None and version.starts_at > programme.starts_at:
                continue
            if version.engine.programme.expiry.mode != "sliding":
                break
            since = min(since, version.number)
        return since

    def tiers_since(self, programme: Programme) -> int:
        """The version from which on, without a break, the programme has had programmes of tiers until this one."""
        since = programme.version
        for version in self.programmes.all():
            if programme.starts_at is not None and version.starts_at > programme.starts_at:
                continue
            if not version.engine.programme.tier_programmes:
                break
            since = min(since, version.number)
        return since

    def booked_on(self, day: date, today: date) -> date:
        """The day an entry books on: its own business date while that is open, else the first open day."""
        day = min(day, today)
        if self.closed_through is not None and day <= self.closed_through:
            return self.closed_through + timedelta(days=1)
        return day

    def moment(self, occurred_at: datetime, now: datetime, skew: timedelta = timedelta(0)) -> datetime:
        """``occurred_at`` in UTC, as sent. ``skew`` is how far the sender's clock is behind ours.

        :raises InvalidRequest: no offset, more than a day ahead of our clock, or before 1970.
        """
        if occurred_at.tzinfo is None:
            raise InvalidRequest("occurred_at", "needs an offset, such as +09:00")
        # Compared before the conversion: the ends of the calendar cannot be converted.
        if not EARLIEST.year <= occurred_at.year <= LATEST_YEAR:
            raise InvalidRequest("occurred_at", "is out of range")
        moment = occurred_at.astimezone(UTC)
        if moment + skew > now + AHEAD:
            raise InvalidRequest("occurred_at", "is more than a day ahead of the server's clock")
        if moment + skew < EARLIEST:
            raise InvalidRequest("occurred_at", "is out of range")
        return moment

    def trading_day(self, given: date | None, moment: datetime) -> date:
        """The POS's business date, or the calendar day of the sale (rules.md, preface).

        :raises InvalidRequest: more than a week away from the sale itself.
        """
        day = self.day_of(moment)
        if given is None:
            return day
        if abs((given - day).days) > 7:
            raise InvalidRequest("business_date", "is more than a week away from occurred_at")
        return given


def regular_terms(programme: Programme, granted_on: date, rule: str | None = None) -> Terms:
    """A regular lot granted that day (rules 12, 50). Kept: most sales are of few days."""
    key = id(programme), granted_on, rule
    kept = _terms.get(key)
    if kept is not None and kept[0] is programme:
        return kept[1]
    year, until = grant_year(programme, granted_on), expires_on(programme, granted_on)
    terms = Terms(granted_on, year, until, programme.version, rule=rule)
    if len(_terms) >= _TERMS_KEPT:
        _terms.clear()
    _terms[key] = programme, terms
    return terms


def campaign_terms(programme: Programme, campaign: Campaign, granted_on: date) -> Terms:
    """A lot of a campaign's own: limited-time points, or those that somebody else pays for (rule 13)."""
    grant = campaign.grant
    year = grant_year(programme, granted_on)
    if grant.kind == "regular":
        until = expires_on(programme, granted_on)
        return Terms(granted_on, year, until, programme.version, rule=campaign.rule, funder=campaign.funder)
    until = limited_expires_on(programme, granted_on)
    if grant.expires_on is not None:
        until = grant.expires_on
    elif grant.days is not None:
        until = granted_on + timedelta(days=grant.days)
    return Terms(granted_on, year, until, programme.version, "limited", campaign.rule, campaign.funder)


def grace_terms(programme: Programme, today: date) -> Terms | None:
    """What used points come back under when their lot has expired meanwhile; None: they are lost (rule 26)."""
    until = grace_until(programme, today)
    if until is None:
        return None
    return Terms(today, grant_year(programme, today), until, programme.version, kind="limited", rule="grace")


def slide(context: Context, programme: Programme, journal: Journal, activity: str, day: date) -> None:
    """Under sliding expiry an activity moves the one date of all regular points (rule 12 d); those granted before
    the programme slid keep theirs (rule 16)."""
    expiry = programme.expiry
    if expiry.mode != "sliding" or activity not in expiry.activity:
        return
    journal.record(Active(programme.version, activity, day))
    journal.active_on = max(day, journal.active_on or day)
    if (common := expires_on(programme, journal.active_on)) is not None:
        journal.slide(common, context.sliding_since(programme))


def keep_up(context: Context, journal: Journal, now: datetime, lot_ids: Iterable[int]) -> None:
    """Lots that were spent up while the others slid have the others' date again when points go back to them."""
    programme = context.engine_at(now).programme
    if programme.expiry.mode != "sliding" or journal.active_on is None:
        return
    if (common := expires_on(programme, journal.active_on)) is not None:
        journal.keep_up(common, context.sliding_since(programme), tuple(lot_ids))


def idempotent(integration: str, key: str, context: Context, now: datetime) -> Key:
    """The registry key of an ``Idempotency-Key``: the integration's own, kept 400 days."""
    return key_of(f"integration:{integration}", "key", key, context.day_of(now) + timedelta(days=KEY_DAYS))
