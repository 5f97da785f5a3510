"""What a sale does for tiers, in its own commit: what it counts, whom it raises (rules 32, 33), what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from goen.actions.points.context import Context
from goen.actions.till.desk import Desk
from goen.actions.till.facts import Span
from goen.actions.till.posting import PurchaseState
from goen.database.queries import load
from goen.earning.programme import Programme
from goen.earning.tiers.calendar import DAY, last_evaluation_day, window_start
from goen.earning.tiers.measure import Measured
from goen.earning.tiers.model import Ladder
from goen.earning.tiers.progress import TierProgress, progress
from goen.earning.tiers.rules import Standing, Verdict, holds_beyond, no_longer_won, raised
from goen.members.ids import public_id
from goen.vocabulary.clock import Instant

_SQL = load(__package__, "tiers.sql")
TOPIC = "tier.changed"


class Climbing(NamedTuple):
    """The ladders that count on a day, and the day's windows. ``ready``: all earlier sales are counted."""

    programme: Programme
    spans: tuple[Span, ...]
    ready: bool

    @staticmethod
    def at(context: Context, now: Instant) -> Climbing | None:
        """None where the programme has no ladders."""
        programme = context.engine_at(now).programme
        if not programme.tier_programmes:
            return None
        today = context.day_of(now)
        ladders = enumerate(programme.tier_programmes.items())
        spans = tuple([(code, window_start(x.window, today), place == 0) for place, (code, x) in ladders])
        return Climbing(programme, spans, context.tiers_counted == context.tiers_since(programme))

    @property
    def ladders(self) -> Mapping[str, Ladder]:
        return self.programme.tier_programmes

    @property
    def wants(self) -> tuple[Span, ...]:
        """What has to be read before a sale can raise anybody."""
        return self.spans if self.ready else ()

    def others(self, desk: Desk, person: int) -> tuple[str, ...]:
        """The person's tiers on other ladders than the first, as conditions of campaigns look at them."""
        if not self.ready or len(self.spans) < 2:
            return ()
        held = (desk.circumstances.climb(person, span)[0].tier for span in self.spans[1:])
        return tuple(tier for tier in held if tier is not None)

    def take_in(
        self, desk: Desk, person: int, purchase: PurchaseState, now: Measured, before: Measured
    ) -> Sequence[TierProgress]:
        """The sale counts ``now`` what it did not ``before``; who reaches a level by it rises with it."""
        assert purchase.owner is not None
        desk.count_for_tiers(purchase.owner, person, purchase, now, before)
        if not self.ready:
            return ()
        self._note_late(desk, person, purchase, now, before)
        told = []
        for span in self.spans:
            code, since, first = span
            ladder = self.ladders[code]
            standing, measured = desk.circumstances.climb(person, span)
            if purchase.business_date >= since:
                measured = measured.plus(now.minus(before))
            to = Verdict(standing.tier, standing.kept_until)
            if ladder.up == "at_once":
                to = raised(ladder, standing, measured.of(ladder), desk.today)
            if now.of(ladder) < before.of(ladder) and holds_beyond(ladder, standing, desk.today):
                self._let_go(desk, person, purchase, span, standing, now.minus(before))
            if to.why is not None:
                desk.raise_tier(person, code, first, standing, to, measured.of(ladder))
                desk.tell(TOPIC, person, None, changed(person, code, standing, to))
            told.append(progress(self.programme, code, to.tier, measured.of(ladder), changed=to.why is not None))
        return told

    def _note_late(self, desk: Desk, person: int, purchase: PurchaseState, now: Measured, before: Measured) -> None:
        """A sale that came after the evaluation day which should have counted it: the worker repeats that for the
        person (a till may have been off line)."""
        if purchase.business_date >= desk.today:
            return
        for ladder in self.ladders.values():
            day = last_evaluation_day(ladder, desk.today)
            if day is None or not now.of(ladder) > before.of(ladder):
                continue
            if window_start(ladder.window, day - DAY) <= purchase.business_date < day:
                desk.came_late(person)
                return

    def _let_go(
        self, desk: Desk, person: int, purchase: PurchaseState, span: Span, standing: Standing, change: Measured
    ) -> None:
        """What came back may have won the tier: then it holds to the next evaluation day alone (rule 31)."""
        code, _, first = span
        ladder = self.ladders[code]
        assert standing.since is not None, "a tier that is held was reached one day"
        opened = window_start(ladder.window, standing.since)
        if purchase.business_date >= opened:
            _, measured = desk.circumstances.climb(person, (code, opened, first))
            if no_longer_won(ladder, standing, measured.plus(change).of(ladder), measured.of(ladder)):
                desk.write_more(_SQL.let_go.sql, person, code, standing.tier, standing.kept_until)


def changed(person: int, code: str, standing: Standing, to: Verdict) -> dict[str, Any]:
    """The event that a tier is another one."""
    return {
        "member_id": public_id(person),
        "programme": code,
        "from": standing.tier,
        "tier": to.tier,
        "why": to.why,
        "kept_until": to.kept_until,
    }
