"""How many points does a member have, now or at a past instant?

The commonest question of all: a till asks it before each sale. Questions that arrive together become one
query, and a question is always answered from what is committed after it arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from goen.database.coalescer import Coalescer
from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.earning.catalogue import Programmes
from goen.earning.tiers.progress import NextTier, TierProgress
from goen.members.errors import UnknownMember
from goen.readings.family import survivor_then
from goen.readings.tiers import climbing
from goen.vocabulary.clock import Clock, Instant, business_day
from goen.vocabulary.refusal import InvalidRequest

_queries = load(__package__, "balance.sql")
#: How far ahead a balance tells what expires.
SOON = timedelta(days=90)


class Expiring(msgspec.Struct, frozen=True):
    """Points usable through the end of ``on`` and no longer (rule 14)."""

    points: int
    on: date


class TierView(msgspec.Struct, frozen=True):
    """The member's tier; ``code`` is null where the programme has none for them. ``next`` is what is missing to the
    next one; ``programmes``: the same in each programme of tiers, absent where there is none."""

    code: str | None
    name: str | None
    next: NextTier | None = None
    programmes: Sequence[TierProgress] | UnsetType = UNSET


class BalanceView(msgspec.Struct, frozen=True):
    """Points. ``available`` may be spent now (below zero: owed, rule 28); ``limited`` of it is limited-time.

    ``pending`` are not confirmed yet, ``held`` set aside; neither is part of ``available``. ``expiring`` are
    the next 90 days, soonest first; ``currency_value`` is what ``available`` is worth, in minor units.
    """

    currency: str
    available: int
    pending: int
    held: int
    limited: int
    expiring: Sequence[Expiring]
    currency_value: int
    tier: TierView


class Standing(NamedTuple):
    """A member's balance as read. ``days`` and ``points`` are what expires soon, lot by lot."""

    member_id: int
    tier: str | None
    booked: int
    pending: int
    held: int
    dead: int
    limited: int
    days: list[date] | None
    points: list[int] | None

    @property
    def available(self) -> int:
        """Booked, less what is set aside and what is past its day."""
        return self.booked - self.held - self.dead

    def ending(self, last: date) -> tuple[date, int] | None:
        """The first day on which points end, through a last one, and how many; None where none do."""
        if not self.days or self.points is None or (first := self.days[0]) > last:
            return None
        return first, sum(n for day, n in zip(self.days, self.points, strict=True) if day == first)


class Balances:
    """Balances of one process. ``currency`` and ``zone`` are those of the books."""

    def __init__(self, database: Database, clock: Clock, programmes: Programmes, currency: str, zone: ZoneInfo) -> None:
        self._database = database
        self._clock = clock
        self._programmes = programmes
        self._currency = currency
        self._zone = zone
        self._now: Coalescer[int, Standing] = Coalescer(self._load)
        self._climbs: Coalescer[int, list[TierProgress]] = Coalescer(self._climbing)

    async def of(self, member_id: int | None) -> BalanceView:
        """The balance at this moment.

        Raises:
            UnknownMember: there is nobody of this number.
        """
        standing, now = await self.standing(member_id), self._clock.now()
        view = self._view(standing, now)
        if member_id is None or not self._programmes.at(now).programme.tier_programmes:
            return view
        climbing = await self._climbs.ask(member_id)
        if not climbing:
            return view
        first = climbing[0]
        return msgspec.structs.replace(view, tier=TierView(first.code, first.name, first.next, climbing))

    async def standing(self, member_id: int | None) -> Standing:
        """The same, as read; raises as :meth:`of`."""
        if member_id is None:
            raise UnknownMember
        return await self._now.ask(member_id)

    async def then(self, member_id: int | None, at: Instant) -> BalanceView:
        """The balance as it was recorded at a past instant.

        A hold that was changed before it ended counts as it was last; the tier is today's. Before a merge each id had
        its own balance, while it lasts both read the survivor's.

        Raises:
            UnknownMember: there is nobody of this number.
            InvalidRequest: the instant lies ahead.
        """
        if at > self._clock.now():
            raise InvalidRequest("at", "lies in the future")
        today = business_day(at, self._zone)
        async with self._database.reading() as connection:
            row = await _queries.balance_then(
                connection,
                member_id=await survivor_then(connection, member_id, at),
                at=at,
                today=today,
                soon=today + SOON,
            )
        return self._view(Standing(*row.values()), at)

    async def _load(self, members: Sequence[int]) -> list[Standing | Exception]:
        now = self._clock.now()
        today = business_day(now, self._zone)
        async with self._database.reading() as connection:
            rows = await connection.fetch(_queries.balances.sql, members, now, today, today + SOON)
        return [UnknownMember() if row[0] is None else Standing(*row) for row in rows]

    async def _climbing(self, members: Sequence[int]) -> list[list[TierProgress] | Exception]:
        now = self._clock.now()
        async with self._database.reading() as connection:
            found = await climbing(
                connection, self._programmes.at(now).programme, members, business_day(now, self._zone)
            )
        return [found.get(member_id, []) for member_id in members]

    def _view(self, standing: Standing, now: Instant) -> BalanceView:
        programme = self._programmes.at(now)
        available = standing.available
        tier = standing.tier
        settings = None if tier is None else programme.programme.tiers.get(tier)
        expiring: dict[date, int] = {}
        for day, points in zip(standing.days or (), standing.points or (), strict=True):
            expiring[day] = expiring.get(day, 0) + points
        return BalanceView(
            self._currency,
            available,
            standing.pending,
            standing.held,
            min(standing.limited, max(available, 0)),
            [Expiring(points, day) for day, points in expiring.items()],
            programme.value.worth(max(available, 0)),
            TierView(tier, settings.name if settings else tier),
        )


async def standing_of(connection: Reading, member_id: int, now: Instant, today: date) -> Standing:
    """One member's balance on a connection of the caller's, as part of a larger reading of one moment."""
    rows = await connection.fetch(_queries.balances.sql, [member_id], now, today, today + SOON)
    return Standing(*rows[0])
