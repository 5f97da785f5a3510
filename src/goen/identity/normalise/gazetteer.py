"""Every municipality of Japan and its towns, from Japan Post's postal codes (``tools/gazetteer`` renews the file)."""

from __future__ import annotations

import gzip
from collections import defaultdict
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from goen.identity.normalise.folding import folded

PREFECTURES = tuple(
    """北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都 神奈川県 新潟県 富山県 石川県 福井県
    山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 山口県 徳島県
    香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県""".split()
)


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
def _places() -> tuple[dict[str, tuple[Municipality, ...]], int]:
    """Municipalities by every way of beginning an address with them, folded; and the length of the longest."""
    packed = files(__package__).joinpath("gazetteer.tsv.gz").read_bytes()
    found: defaultdict[str, list[Municipality]] = defaultdict(list)
    for line in gzip.decompress(packed).decode().splitlines():
        place = Municipality(*line.split("\t"))
        county, _, rest = place.city.partition("郡")
        cities = {place.city} | ({rest} if rest and len(county) > 1 and rest[-1] in "町村" else set())
        for city in cities:
            for prefecture in {place.prefecture, place.prefecture[:-1], ""}:
                found[folded(prefecture + city).letters].append(place)
    return {name: tuple(places) for name, places in found.items()}, max(map(len, found))


def places(letters: str) -> tuple[tuple[Municipality, ...], int]:
    """The municipalities that a folded address may begin with, and the length of that beginning; none and 0."""
    known, longest = _places()
    for length in range(min(longest, len(letters)), 1, -1):
        if found := known.get(letters[:length]):
            return found, length
    return (), 0


@lru_cache(maxsize=256)
def towns(place: Municipality) -> dict[str, Town]:
    """The towns of a municipality by folded name, also without a 町 inside it (木之本町西山, 木之本西山)."""
    named = [Town(name.removesuffix("#"), name.endswith("#")) for name in place.towns.split(" ") if name]
    shortened = {f"{head}{tail}": town for town in named for head, _, tail in [town.name.rpartition("町")] if head and tail}
    return {folded(name).letters: town for name, town in (*shortened.items(), *((town.name, town) for town in named))}
