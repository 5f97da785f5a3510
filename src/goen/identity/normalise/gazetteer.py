"""Every municipality of Japan and its towns, from Japan Post's postal codes (``tools/gazetteer`` renews the file)."""

from __future__ import annotations

import gzip
from collections import defaultdict
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from goen.identity.normalise.folding import folded


class Municipality(NamedTuple):
    """A city, ward, town or village with its county: ``東京都`` ``練馬区``, ``和歌山県`` ``東牟婁郡串本町``."""

    prefecture: str
    city: str
    towns: str


class Town(NamedTuple):
    """A town by its official name; ``chome`` tells that it is divided into 丁目."""

    name: str
    chome: bool


@cache
def municipalities() -> tuple[Municipality, ...]:
    """All of them, as the file has them."""
    packed = files(__package__).joinpath("gazetteer.tsv.gz").read_bytes()
    return tuple(Municipality(*line.split("\t")) for line in gzip.decompress(packed).decode().splitlines())


@cache
def prefectures() -> frozenset[str]:
    """The names of the prefectures."""
    return frozenset(place.prefecture for place in municipalities())


@cache
def _beginnings() -> tuple[dict[str, tuple[Municipality, ...]], int]:
    """Municipalities by every way of beginning an address with them, folded; and the length of the longest."""
    found: defaultdict[str, list[Municipality]] = defaultdict(list)
    for place in municipalities():
        county, _, rest = place.city.partition("郡")
        cities = {place.city} | ({rest} if len(county) > 1 and rest.endswith(("町", "村")) else set())
        for city in cities:
            for prefecture in (place.prefecture, place.prefecture[:-1], ""):
                found[folded(prefecture + city).letters].append(place)
    return {name: tuple(places) for name, places in found.items()}, max(map(len, found))


def places(letters: str) -> tuple[tuple[Municipality, ...], int]:
    """The municipalities that a folded address may begin with, and the length of that beginning; none and 0."""
    known, longest = _beginnings()
    for length in range(min(longest, len(letters)), 1, -1):
        if found := known.get(letters[:length]):
            return found, length
    return (), 0


@cache
def towns(place: Municipality) -> dict[str, Town]:
    """The towns of a municipality by folded name, also without a 町 inside it (木之本町西山, 木之本西山).

    Kept for good: a list from all over the country comes by every one, some 30 MB in all.
    """
    named = [Town(name.removesuffix("#"), name.endswith("#")) for name in place.towns.split(" ") if name]
    shortened = {
        f"{head}{tail}": town for town in named for head, _, tail in [town.name.rpartition("町")] if head and tail
    }
    return {folded(name).letters: town for name, town in (*shortened.items(), *((town.name, town) for town in named))}
