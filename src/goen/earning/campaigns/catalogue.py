"""All campaigns that ever went live, in memory: which were live at an instant, and each version for ever.

What happened to a campaign is a numbered line of changes: a version went live from an instant, or the
campaign stopped at one. Of the changes known by number *n*, the last that has come into effect counts; so
a decision that pins *n* is decided again on the very same campaigns, whatever was changed since.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from goen.earning.campaigns.compiled import Compiled
from goen.earning.campaigns.model import Campaign
from goen.earning.campaigns.remainder import Pinned
from goen.earning.campaigns.running import Running
from goen.earning.decision import Decision
from goen.earning.evaluate import Engine
from goen.vocabulary.clock import Instant

_KEPT = 64
#: Before every sale there is.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Change(NamedTuple):
    """From ``at`` on, ``version`` of the campaign is live, or none is (``stop``)."""

    number: int
    code: str
    version: int
    at: Instant
    what: Literal["live", "stop"]


class Campaigns:
    """Every version that went live and every change. Only ever added to."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, int], Campaign] = {}
        self._changes: list[Change] = []
        self._segments: dict[int, tuple[list[Instant], list[tuple[Campaign, ...]]]] = {}
        self._running: dict[tuple[int, int, int], Running | None] = {}
        self._compiled: dict[tuple[int, str, int], Compiled] = {}
        self._names: dict[str, tuple[int, dict[str, str]]] = {}

    @property
    def last_change(self) -> int:
        """The number of the last change known; 0 where there is none."""
        return self._changes[-1].number if self._changes else 0

    def add(self, versions: Iterable[Campaign], changes: Iterable[Change]) -> None:
        """Know these as well. Changes come in order of their numbers."""
        for campaign in versions:
            self._versions.setdefault((campaign.code, campaign.version), campaign)
        last = self.last_change
        self._changes += [change for change in changes if change.number > last]

    def with_draft(self, campaign: Campaign) -> Campaigns:
        """These, and ``campaign`` live at all times besides; for dry runs."""
        draft = Campaigns()
        draft.add(self._versions.values(), self._changes)
        draft._versions[campaign.code, campaign.version] = campaign
        draft._changes.append(Change(self.last_change + 1, campaign.code, campaign.version, BEGINNING, "live"))
        return draft

    def version(self, code: str, version: int) -> Campaign:
        """A version that a decision has pinned; KeyError is our own mistake."""
        return self._versions[code, version]

    @property
    def versions(self) -> tuple[Campaign, ...]:
        """Every version that went live."""
        return tuple(self._versions.values())

    def last_of(self, code: str) -> Change | None:
        """The last thing that happened to a campaign."""
        return next((change for change in reversed(self._changes) if change.code == code), None)

    def running(self, engine: Engine, instant: Instant, as_of: int | None = None) -> Running | None:
        """The campaigns live at an instant, compiled for this programme; None where there are none.

        ``as_of``: by what was known by that change.
        """
        if not self._changes or as_of == 0:
            return None
        known = self.last_change if as_of is None else as_of
        starts, sets = self._segments.get(known) or self._cut(known)
        position = bisect_right(starts, instant) - 1
        if position < 0 or not sets[position]:
            return None
        key = (known, position, engine.version)
        running = self._running.get(key)
        if running is None or running.engine is not engine:
            if len(self._running) >= _KEPT:
                self._running.clear()
            running = self._running[key] = Running(engine, sets[position], known)
        return running

    def live(self, instant: Instant) -> tuple[Campaign, ...]:
        """The campaigns live at an instant, whatever their dates and conditions say."""
        latest: dict[str, Change] = {}
        for change in self._changes:
            if change.at <= instant:
                latest[change.code] = change
        return tuple(self._versions[c.code, c.version] for c in latest.values() if c.what == "live")

    def pinned(self, engine: Engine, decision: Decision) -> Pinned | None:
        """The campaigns of a decision, to be computed again; None where it names none."""
        if not decision.campaigns:
            return None
        return Pinned(engine, decision, [self.compiled(engine, a.code, a.version) for a in decision.campaigns])

    def names(self, language: Literal["ja", "en"]) -> dict[str, str]:
        """The newest name of each campaign by rule."""
        known = self._names.get(language)
        if known is None or known[0] != len(self._versions):
            names = {
                campaign.rule: (campaign.name_en or campaign.name) if language == "en" else campaign.name
                for _, campaign in sorted(self._versions.items())
            }
            known = self._names[language] = len(self._versions), names
        return known[1]

    def compiled(self, engine: Engine, code: str, version: int) -> Compiled:
        """A version compiled for this programme; KeyError is our own mistake."""
        key = (engine.version, code, version)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = Compiled(self._versions[code, version], engine)
        return compiled

    def _cut(self, known: int) -> tuple[list[Instant], list[tuple[Campaign, ...]]]:
        """Time cut where the live campaigns change, and those of each piece."""
        changes = [change for change in self._changes if change.number <= known]
        starts = {change.at for change in changes}
        for change in changes:
            campaign = self._versions[change.code, change.version]
            starts |= {at for at in (campaign.starts_at, campaign.ends_at) if at is not None}
        cuts = sorted(starts)
        sets = [self._at(changes, instant) for instant in cuts]
        if len(self._segments) >= _KEPT:
            self._segments.clear()
        self._segments[known] = cuts, sets
        return cuts, sets

    def _at(self, changes: list[Change], instant: Instant) -> tuple[Campaign, ...]:
        latest: dict[str, Change] = {}
        for change in changes:
            if change.at <= instant:
                latest[change.code] = change  # The later decision counts, and changes come in its order.
        live = [self._versions[c.code, c.version] for c in latest.values() if c.what == "live"]
        return tuple(
            c
            for c in live
            if (c.starts_at is None or c.starts_at <= instant) and (c.ends_at is None or instant < c.ends_at)
        )
