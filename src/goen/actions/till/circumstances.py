"""What rules ask of people and products: read for a whole batch, moved on by its acts.

Most batches ask for nothing. What only a decision turns out to need is asked for by :class:`FactsNotLoaded`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date

from goen.actions.till.act import Wants
from goen.actions.till.facts import Climb, CouponAsked, FactsNotLoaded, History, Span, Traits
from goen.database.pool import Reading
from goen.database.queries import load
from goen.earning.campaigns.scene import UNKNOWN, Article
from goen.earning.campaigns.stamps import Stamped
from goen.earning.coupons.codes import code_hash
from goen.earning.coupons.model import CouponKind
from goen.earning.coupons.rules import Coupon, compiled
from goen.earning.tiers.measure import Measured
from goen.earning.tiers.rules import Standing, Verdict

_SQL = load(__package__)

#: A rise or first standing: who, on which ladder, whether it is *the* tier, from where, to where, at which measure.
Risen = tuple[int, str, bool, Standing, Verdict, int]


class Circumstances:
    """Purchases, birthdays, segments and tiers of people (in a household each their own), products and coupons."""

    def __init__(self) -> None:
        self._history: dict[int, History] = {}
        self._traits: dict[int, Traits] = {}
        self._stamps: dict[int, list[Stamped]] = {}
        #: By sku; None where there is no such product.
        self._articles: dict[str, Article | None] = {}
        #: None where there is no such code.
        self._coupons: dict[CouponAsked, Coupon | None] = {}
        #: Kinds of coupons to issue; None where there is none, or it was stopped.
        self._kinds: dict[str, CouponKind | None] = {}
        #: Where people stand on ladders, and what their sales since a day count, as read.
        self._climbs: dict[Climb, tuple[Standing, Measured]] = {}
        #: What acts of this batch changed: who was given stamps, who bought, what sales count by person and day,
        #: standings by person and ladder, and by person *the* tier.
        self._stamped: list[tuple[int, Stamped]] = []
        self._bought: list[tuple[int, str, date]] = []
        self._climbed: list[tuple[int, date, Measured]] = []
        self._standings: dict[tuple[int, str], Standing] = {}
        self.risen: dict[int, str | None] = {}

    # Reading ---------------------------------------------------------------------------------

    async def read(
        self, connection: Reading, wants: Sequence[Wants], people: Callable[[Wants], Collection[int]]
    ) -> None:
        """What acts said that they want to know; ``people`` tells whom it is about."""
        for name, read in (
            ("history", self._read_histories), ("traits", self._read_traits), ("stamps", self._read_stamps),
        ):  # fmt: skip
            if asking := {person for want in wants if getattr(want, name) for person in people(want)}:
                await read(connection, list(asking))
        if climbs := {(one, *each) for want in wants if want.tiers for one in people(want) for each in want.tiers}:
            await self._read_climbs(connection, list(climbs))
        if skus := {sku for want in wants for sku in want.skus}:
            await self._read_articles(connection, list(skus))
        if coupons := {asked for want in wants for asked in want.coupons}:
            await self._read_coupons(connection, list(coupons))

    async def load(self, connection: Reading, wanted: FactsNotLoaded) -> None:
        """What an act turned out to ask for."""
        if wanted.members:
            await self._read_histories(connection, wanted.members)
            await self._read_traits(connection, wanted.members)
        if wanted.skus:
            await self._read_articles(connection, wanted.skus)
        if wanted.coupons:
            await self._read_coupons(connection, wanted.coupons)
        if wanted.kinds:
            self._kinds.update(dict.fromkeys(wanted.kinds))
            for code, document in await connection.fetch(_SQL.coupon_kinds.sql, wanted.kinds):
                self._kinds[code] = compiled(document).kind
        if wanted.stamps:
            await self._read_stamps(connection, wanted.stamps)
        if wanted.tiers:
            await self._read_climbs(connection, wanted.tiers)

    async def _read_histories(self, connection: Reading, members: list[int]) -> None:
        self._history |= {row[0]: History(*row[1:]) for row in await connection.fetch(_SQL.histories.sql, members)}
        for person, channel, day in self._bought:
            if person in members:
                self._history[person] = self._history[person].with_one(channel, day)

    async def _read_traits(self, connection: Reading, members: list[int]) -> None:
        rows = await connection.fetch(_SQL.traits.sql, members)
        self._traits |= {row[0]: Traits(row[1], tuple(row[2])) for row in rows}

    async def _read_stamps(self, connection: Reading, members: list[int]) -> None:
        self._stamps.update({person: [] for person in members})
        for row in await connection.fetch(_SQL.stamps.sql, members):
            person, campaign, purchase_id, day, stamps, size, until, filled, undone = row
            self._stamps[person].append(
                Stamped(campaign, purchase_id, day, stamps, size, until, tuple(filled), tuple(undone))
            )
        for person, stamped in self._stamped:
            if person in members:
                self._stamps[person].append(stamped)

    async def _read_climbs(self, connection: Reading, climbs: list[Climb]) -> None:
        for row in await connection.fetch(_SQL.climbs.sql, *map(list, zip(*climbs, strict=True))):
            n, gross, net, points, purchases, *standing = row
            self._climbs[climbs[n - 1]] = (Standing(*standing), Measured(gross, net, points, purchases))

    async def _read_articles(self, connection: Reading, skus: list[str]) -> None:
        self._articles.update(dict.fromkeys(skus))
        for sku, category, brand, maker, tags, clearance in await connection.fetch(_SQL.articles.sql, skus):
            self._articles[sku] = Article(category, brand, maker, frozenset(tags), clearance)

    async def _read_coupons(self, connection: Reading, asked: list[CouponAsked]) -> None:
        self._coupons.update(dict.fromkeys(asked))
        codes, moments = [code for code, _ in asked], [moment for _, moment in asked]
        for n, own, document, *rest in await connection.fetch(
            _SQL.coupons.sql, [code_hash(code) for code in codes], codes, moments
        ):
            self._coupons[asked[n - 1]] = Coupon(codes[n - 1], compiled(document), own, *rest)

    # Asking ----------------------------------------------------------------------------------
    # All of these raise FactsNotLoaded where nobody has read it yet.

    def history(self, person: int) -> History:
        """The person's purchases before this act."""
        known = self._history.get(person)
        if known is None:
            raise FactsNotLoaded(members=[person])
        return known

    def traits(self, person: int) -> Traits:
        """The person's birth month and segments."""
        known = self._traits.get(person)
        if known is None:
            raise FactsNotLoaded(members=[person])
        return known

    def climb(self, person: int, span: Span) -> tuple[Standing, Measured]:
        """Where a person stands on a ladder, and what their sales since a day count, before this act."""
        known = self._climbs.get((person, *span))
        if known is None:
            raise FactsNotLoaded(tiers=[(person, *span)])
        code, since, _ = span
        standing, measure = known
        for one, day, more in self._climbed:
            if one == person and day >= since:
                measure = measure.plus(more)
        return self._standings.get((person, code), standing), measure

    def stamps(self, person: int) -> Sequence[Stamped]:
        """What was put onto the person's stamp cards and taken off them, in the order of recording."""
        known = self._stamps.get(person)
        if known is None:
            raise FactsNotLoaded(stamps=[person])
        return known

    def articles(self, skus: Sequence[str]) -> dict[str, Article]:
        """These products, as campaigns look at them."""
        if missing := [sku for sku in skus if sku not in self._articles]:
            raise FactsNotLoaded(skus=missing)
        return {sku: self._articles[sku] or UNKNOWN for sku in skus}

    def coupons(self, asked: Sequence[CouponAsked]) -> list[Coupon | None]:
        """The coupons of these codes as of their moments; None where there is none."""
        if missing := [each for each in asked if each not in self._coupons]:
            raise FactsNotLoaded(coupons=missing)
        return [self._coupons[each] for each in asked]

    def coupon_kinds(self, codes: Sequence[str]) -> list[CouponKind | None]:
        """The kinds of coupons of these codes as they are issued now; None where there is none, or not any more."""
        if missing := [code for code in codes if code not in self._kinds]:
            raise FactsNotLoaded(kinds=missing)
        return [self._kinds[code] for code in codes]

    # Moving on -------------------------------------------------------------------------------

    def count(self, bought: Iterable[tuple[int, str, date]]) -> None:
        """These have bought once more: who, in which kind of shop, on which day."""
        for one in bought:
            self._bought.append(one)
            person, channel, day = one
            if (known := self._history.get(person)) is not None:
                self._history[person] = known.with_one(channel, day)

    def stamp(self, stamped: Iterable[tuple[int, Stamped]]) -> None:
        """These have been given stamps, or have lost some."""
        for person, one in stamped:
            self._stamped.append((person, one))
            if (known := self._stamps.get(person)) is not None:
                known.append(one)

    def climbs(self, counted: Iterable[tuple[int, date, Measured]], risen: Iterable[Risen]) -> None:
        """Sales count so much more, and these stand elsewhere."""
        self._climbed += counted
        for person, code, first, standing, to, _ in risen:
            self._standings[person, code] = standing._replace(tier=to.tier, kept_until=to.kept_until)
            if first:
                self.risen[person] = to.tier
