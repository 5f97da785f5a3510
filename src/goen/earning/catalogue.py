"""All versions of the programme in memory, compiled, by number and by the moment they count for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from goen.earning.evaluate import Engine
from goen.vocabulary.clock import Instant

#: Version 1 has always been there; so has the first one for a clock that stands before it.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Version(NamedTuple):
    """One compiled version and the moment from which sales count under it."""

    number: int
    starts_at: Instant
    engine: Engine


class Programmes:
    """Every version ever made. The one that counts at an instant is the one that started last before it.

    Versions are only ever added, so an engine that somebody holds stays right.
    """

    def __init__(self, versions: Iterable[Version] = ()) -> None:
        self._by_number: dict[int, Version] = {}
        self._latest_first: tuple[Version, ...] = ()
        self.add(*versions)

    def add(self, *versions: Version) -> None:
        """Know these as well; a number that is known already stays what it was."""
        for version in versions:
            self._by_number.setdefault(version.number, version)
        self._latest_first = tuple(
            sorted(self._by_number.values(), key=lambda v: (v.starts_at, v.number), reverse=True)
        )

    @property
    def last_number(self) -> int:
        """The highest number known; 0 where none is."""
        return max(self._by_number, default=0)

    def version_at(self, instant: Instant) -> Version:
        """The version that counts at this instant; the first one for instants before all of them."""
        for version in self._latest_first:
            if version.starts_at <= instant:
                return version
        return self._latest_first[-1]

    def at(self, instant: Instant) -> Engine:
        """The engine that counts at this instant."""
        return self.version_at(instant).engine

    def version(self, number: int) -> Engine:
        """The engine of this version, which a decision has pinned; KeyError is our own mistake."""
        return self._by_number[number].engine

    def find(self, number: int) -> Version | None:
        """This version, or None where there never was one."""
        return self._by_number.get(number)

    def all(self) -> tuple[Version, ...]:
        """Every version, the one that starts last first."""
        return self._latest_first

    def language_at(self, instant: Instant) -> Literal["ja", "en"]:
        """The language of receipts and other answers to writes at this instant."""
        return self.at(instant).programme.language
