"""Japanese addresses: their parts, and one spelling of the many they are written in.

東京都港区芝公園四丁目２番８号, 港区芝公園4丁目2-8 and 芝公園４−２−８ (with its city) are one place. What is
known of places is the gazetteer's; an address outside it is taken apart by the shape of its words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from goen.identity.normalise import gazetteer
from goen.identity.normalise.folding import Folded, folded
from goen.identity.normalise.gazetteer import Municipality, Town
from goen.identity.normalise.numerals import RUN, kanji_of, number_of
from goen.identity.normalise.plain import HYPHENS, plain

LENGTH_MAX = 500
#: The most 丁目 that a town has, with room; above it a first number is that of a block.
CHOME_MAX = 50
_LONE_CHOME_MAX = 9


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address; empty where it does not name them.

    ``town`` is without its 丁目, which is ``chome``; ``block`` are the numbers behind it (番, 号, room), in order;
    ``building`` is everything else, in one width.
    """

    prefecture: str = ""
    city: str = ""
    town: str = ""
    chome: int | None = None
    block: tuple[int, ...] = ()
    building: str = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """丁目 and block together, as people write them with hyphens."""
        return self.block if self.chome is None else (self.chome, *self.block)

    @property
    def text(self) -> str:
        """The address in its normal form: ``東京都港区芝公園4-2-8 タワー5F``."""
        place = f"{self.prefecture}{self.city}{self.town}{'-'.join(map(str, self.numbers))}"
        return f"{place} {self.building}".strip()

    @property
    def key(self) -> str:
        """What two writings of one place share, whatever they say about the building; for comparing only."""
        return f"{folded(self.prefecture + self.city + self.town).letters} {'-'.join(map(str, self.numbers))}".rstrip()

    @property
    def full_town(self) -> str:
        """The town as registers have it: 芝公園四丁目."""
        if not self.chome or self.chome > CHOME_MAX:
            return self.town
        # The city of Sakai says 丁 where the rest of the country says 丁目.
        return self.town + kanji_of(self.chome) + ("丁" if self.city.startswith("堺市") else "丁目")


_NUMBER = rf"(?:\d{{1,9}}(?!\d)|{RUN.pattern}+(?!\d))"
_LONG_AS_HYPHEN = re.compile(r"(?<=[\d〇一二三四五六七八九十目番地号])ー")
_HYPHEN = re.compile(rf"[{re.escape(HYPHENS)}]")
_HYPHEN_AS_LONG = re.compile(r"(?<=[ァ-ヴ])-(?![\d-])")
_POSTAL_CODE = re.compile(r"(?:〒\s*\d{3}\s*-?\s*\d{4}|\d{3}-\d{4}(?![\d-]))\s*")
_BLANKS = re.compile(r"\s+")
_LABEL = re.compile(r"(?:住所|所在地)\s*[::]\s*")

# A street of Kyoto before the name of the town: 河原町通二条下ル.
_STREETS = re.compile(r"(?:上|下)ル|(?:東|西|南|北)入ル?")
_DISTRICT = re.compile(r"大?字")
_CHOME = re.compile(rf"({_NUMBER})\s*丁目?")
_LINK = re.compile(
    r"\s*(?:番地の?|番地?|番|の|ノ|-+)\s*(?=[\d〇一二三四五六七八九十百千])|\s*(?:番地|番|号室|号)(?!線)\s*"
)
_UNIT = r"(?:丁目?|番地?(?![町丁])|号|[-のノ]\s*[\d〇一二三四五六七八九十百千]|$|\s)"
# Numbers of a block: digits, or kanji numerals that a unit makes a number (三番, but 三栄町).
_BEGIN = re.compile(rf"(\d{{1,9}})(?![\dA-Za-z階]|番[町丁])|({RUN.pattern}+)(?=\s*{_UNIT})")
_FIRST = re.compile(rf"(?:{_NUMBER})(?=\s*{_UNIT})")

# Places that the gazetteer does not know: merged since, or not yet there.
_CITY = re.compile(r"[^\d\s-]{1,6}?郡[^\d\s-]{1,6}?[町村]|[^\d\s-]{1,6}?市[^\d\s-]{1,4}?区|[^\d\s-]{1,6}?[市区町村]")


class _Place(NamedTuple):
    prefecture: str
    city: str
    town: Town | None
    rest: str


def address(value: str) -> Address | None:
    """The parts of an address; None for a text without letters."""
    text = _plain(value)
    if not text:
        return None
    place = _placed(text)
    town, chome_known, rest = "", False, place.rest
    if place.town is not None:
        town, chome_known = place.town
    if not _BEGIN.match(rest):
        more, rest = _unlisted(rest, bool(town))
        if more:
            town, chome_known = town + more, False
    chome, block, building = _numbers(rest, chome_known)
    found = Address(place.prefecture, place.city, town, chome, block, building)
    return found if found.text else None


def _plain(value: str) -> str:
    """One width, one hyphen, one blank; without labels and postal code."""
    text = _HYPHEN.sub("-", plain(value[:LENGTH_MAX]))
    text = _LONG_AS_HYPHEN.sub("-", _HYPHEN_AS_LONG.sub("ー", text))
    text = _LABEL.sub("", text, count=1) if _LABEL.match(text) else text
    return _BLANKS.sub(" ", _POSTAL_CODE.sub("", text, count=1) if _POSTAL_CODE.match(text) else text).strip()


def _placed(text: str) -> _Place:
    """Municipality and town from the gazetteer, and what stands behind them."""
    whole = folded(text)
    candidates, length = gazetteer.places(whole.letters)
    while length and length not in whole.ends:
        candidates, length = gazetteer.places(whole.letters[: length - 1])
    if not candidates:
        return _shaped(text)
    towns = {place: _town(whole, length, place) for place in candidates}
    named = {place: found for place, found in towns.items() if found is not None}
    if len(named or candidates) > 1:
        # 府中市 is in Tokyo and in Hiroshima, and nothing behind it tells which.
        cities = {place.city for place in named or candidates}
        return _Place(
            "", cities.pop() if len(cities) == 1 else text[: whole.ends[length]], None, _rest(text, whole, length)
        )
    place = next(iter(named or candidates))
    town, end = named.get(place, (None, length))
    return _Place(place.prefecture, place.city, town, _rest(text, whole, end))


def _rest(text: str, whole: Folded, end: int) -> str:
    return text[whole.ends[end] :].lstrip(" ,、")


def _town(whole: Folded, start: int, place: Municipality) -> tuple[Town, int] | None:
    """The longest town that the address goes on with, behind 大字 or 字 and a street of Kyoto, and where it ends."""
    known = gazetteer.towns(place)
    starts = [start]
    if place.city.startswith("京都市"):
        starts += [street.end() for street in _STREETS.finditer(whole.letters, start)][-1:]
    for begin in starts:
        district = _DISTRICT.match(whole.letters, begin)
        for at in (begin, district.end()) if district else (begin,):
            for end in range(min(len(whole.letters), at + 24), at, -1):
                found = known.get(whole.letters[at:end])
                if found is not None and end in whole.ends:
                    return found, end
    return None


def _shaped(text: str) -> _Place:
    """Prefecture and city by the endings of their names."""
    prefecture = next((each for each in gazetteer.prefectures() if text.startswith(each)), "")
    rest = text[len(prefecture) :].lstrip()
    city = _CITY.match(rest) if prefecture else None
    name = city[0] if city else ""
    return _Place(prefecture, name, None, rest[len(name) :].lstrip(" ,、"))


def _unlisted(rest: str, town_known: bool) -> tuple[str, str]:
    """The name before the numbers, where the gazetteer has none or only its beginning (小字); and what is left."""
    first = _FIRST.search(rest)
    name, left = (rest[: first.start()].strip(), rest[first.start() :]) if first else (rest, "")
    if town_known and (" " in name or not first):
        return "", rest
    if not first and " " in name:
        name, _, left = name.partition(" ")
    return _DISTRICT.sub("", name, count=1).strip(), left


def _numbers(rest: str, chome_known: bool) -> tuple[int | None, tuple[int, ...], str]:
    """丁目, block numbers, and the words behind them."""
    chome: int | None = None
    if (found := _CHOME.match(rest)) and (number := _value(found[1])) is not None:
        chome, rest = number, rest[found.end() :].lstrip(" -")
    block: list[int] = []
    links: list[str] = []
    while (found := _BEGIN.match(rest)) and (number := _value(found[0])) is not None:
        link = _LINK.match(rest, found.end())
        block.append(number)
        links.append(link[0].strip() if link else "")
        rest = rest[link.end() if link else found.end() :]
        if not link or links[-1] in ("号", "号室"):
            break
    # 千代田2-6-2 is 二丁目 where the town has 丁目; 柏551-59 is a block in the part of a town that has none.
    most = CHOME_MAX if len(block) > 1 else _LONE_CHOME_MAX
    if chome is None and chome_known and block and links[0] in ("-", "") and 0 < block[0] <= most:
        chome, *block = block
    return chome, tuple(block), rest.strip(" -,、")


def _value(number: str) -> int | None:
    return int(number) if number.isdigit() else number_of(number)
