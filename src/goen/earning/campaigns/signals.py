"""External signals in memory: what was said by name, place and time (weather, stock, others)."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from goen.earning.campaigns.model import SignalValue
from goen.earning.campaigns.scene import Scene
from goen.earning.decision import Seen
from goen.vocabulary.clock import Instant

EVERYWHERE = ""
_MINUTE = timedelta(minutes=1)


class Signal(NamedTuple):
    """What was so at a place from ``at`` on. ``place``: a shop's code, a region, or EVERYWHERE."""

    change: int
    name: str
    place: str
    at: Instant
    value: SignalValue


class Signals:
    """What each process knows. Only ever added to; a correction has the same place and time."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, str], list[Instant]] = {}
        self._values: dict[tuple[str, str, Instant], SignalValue] = {}
        self.last_change = 0

    def add(self, signals: Iterable[Signal]) -> None:
        """Know these as well."""
        for signal in signals:
            key = (signal.name, signal.place)
            if (*key, signal.at) not in self._values:
                insort(self._times.setdefault(key, []), signal.at)
            self._values[*key, signal.at] = signal.value
            self.last_change = max(self.last_change, signal.change)

    def seen(self, names: Iterable[str], scene: Scene) -> dict[str, Seen]:
        """What was so at the sale's shop, else in its region, else everywhere, at its moment."""
        found = {}
        for name in sorted(names):
            for place in (scene.place.shop, scene.place.region, EVERYWHERE):
                times = self._times.get((name, place or EVERYWHERE), ())
                if position := bisect_right(times, scene.moment):
                    at = times[position - 1]
                    age = (scene.moment - at) // _MINUTE
                    found[name] = Seen(self._values[name, place or EVERYWHERE, at], age)
                    break
        return found
