"""Invented people in three lists, with the errors lists have: for benches and tests of matching.

Names are put together from parts, so a million people have names as common and as rare as real ones. Nobody here
is real. What goes wrong, and how often, is in :class:`Noise`; it is our own and shares nothing with other files.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from goen.identity.matching.readings import reading

HEADER = (
    "record_id", "source", "name", "kana", "sex", "birthday", "phone", "email", "postcode", "postal_address", "entity",
)  # fmt: skip

_FIRST = (
    "山やま 川かわ 中なか 高たか 大おお 小こ 上うえ 下した 松まつ 竹たけ 森もり 石いし 岩いわ 青あお "
    "黒くろ 金かね 吉よし 西にし "
    "北きた 前まえ 平ひら 安やす 宮みや 長なが 福ふく 古ふる 新にい 藤ふじ 杉すぎ 島しま 横よこ 村むら "
    "田た 菊きく 荒あら 飯いい 今いま 内うち 浜はま 河かわ"
)
_SECOND = (
    "田だ 山やま 川かわ 本もと 村むら 野の 原はら 島しま 沢さわ 口ぐち 井い 木き 崎さき 谷たに 岡おか "
    "林ばやし 橋はし 内うち 浦うら 瀬せ "
    "塚つか 尾お 部べ 森もり 下した 上がみ"
)
_WOMEN = (
    "美み 由ゆ 恵え 香か 真ま 千ち 奈な 佳か 和わ 里り 理り 亜あ 彩あや 麻ま 友とも 紗さ 沙さ 優ゆう 早さ 明あき",
    "子こ 美み 香か 恵え 奈な 里り 代よ 江え 音ね 穂ほ 希き 央お 菜な 実み 加か",
)
_MEN = (
    "健けん 大だい 翔しょう 隆たか 正まさ 秀ひで 和かず 博ひろ 義よし 弘ひろ 明あき 哲てつ 英えい 康やす "
    "直なお 俊しゅん 光みつ 幸ゆき 祐ゆう 慎しん",
    "太た 一いち 郎ろう 樹き 也や 介すけ 司じ 夫お 彦ひこ 之ゆき 平へい 人と 治はる 斗と 吾ご",
)
_TOWNS = [
    "東京都練馬区南台",
    "東京都北区滝ノ上",
    "神奈川県横浜市緑区青葉台",
    "埼玉県川口市栄町",
    "千葉県船橋市本中山",
    "大阪府堺市北区新金岡",
    "愛知県豊田市若宮町",
    "兵庫県姫路市大津",
    "福岡県福岡市東区香椎",
    "北海道札幌市西区山の手",
    "宮城県仙台市太白区長町",
    "広島県呉市中通",
]
_DOMAINS = ["example.jp", "example.com", "mail.example.net", "example.ne.jp", "docomo.example", "ezweb.example"]
_OLD_KANJI = str.maketrans("高崎辺浜島沢広真恵桜竜", "髙﨑邊濵嶋澤廣眞惠櫻龍")


@dataclass(frozen=True)
class Noise:
    """How often what goes wrong, of a hundred values (``share_…``: of a hundred people)."""

    missing: int = 25
    wrong_letter: int = 3
    wrong_digit: int = 3
    old_kanji: int = 6
    other_kanji: int = 1
    latin_nickname: int = 20
    short_nickname: int = 10
    new_contact: int = 12
    new_family_name: int = 3
    share_household: int = 30
    share_phone: int = 35
    share_twin: int = 2
    share_recycled: int = 2


class _Name(NamedTuple):
    kanji: str
    kana: str


@dataclass
class Person:
    """Somebody, as they are."""

    family: _Name
    given: _Name
    sex: str
    birthday: tuple[int, int, int]
    phone: str
    email: str
    postcode: str
    town: str
    number: str


def _parts(words: str) -> list[_Name]:
    return [_Name(word[0], word[1:]) for word in words.split()]


class People:
    """People one after the other, the same ones for the same seed."""

    def __init__(self, seed: int, noise: Noise = Noise()) -> None:
        self._random = random.Random(seed)
        self.noise = noise
        self._families = self._names(_FIRST, _SECOND)
        self._given = {"F": self._names(*_WOMEN), "M": self._names(*_MEN)}
        self._lines = 0

    def _names(self, first: str, second: str) -> tuple[list[_Name], list[float]]:
        names = [
            _Name(one.kanji + other.kanji, one.kana + other.kana)
            for one in _parts(first)
            for other in _parts(second)
            if one.kanji != other.kanji
        ]
        self._random.shuffle(names)
        return names, list(accumulate(1 / (rank + 20) for rank in range(len(names))))

    def _pick(self, names: tuple[list[_Name], list[float]]) -> _Name:
        return self._random.choices(names[0], cum_weights=names[1])[0]

    def _hit(self, percent: float) -> bool:
        return self._random.random() * 100 < percent

    def rows(self, records: int) -> Iterator[tuple[str, ...]]:
        """About so many rows in the order of :data:`HEADER`; households stay together."""
        made = entity = 0
        phones: list[str] = []
        while made < records:
            for person in self._household():
                entity += 1
                if phones and self._hit(self.noise.share_recycled):
                    person.phone = self._random.choice(phones)
                if len(phones) < 5_000:
                    phones.append(person.phone)
                for row in self._records(person, entity):
                    made += 1
                    yield (f"r{made:07d}", *row, str(entity))

    def _household(self) -> list[Person]:
        first = self._person()
        home = [first]
        if self._hit(self.noise.share_household):
            for _ in range(self._random.choice((1, 1, 2, 3))):
                other = self._person()
                other.family, other.town, other.number, other.postcode = (
                    first.family,
                    first.town,
                    first.number,
                    first.postcode,
                )
                if self._hit(self.noise.share_phone):
                    other.phone = first.phone
                if self._hit(self.noise.share_phone / 3):
                    other.email = first.email
                if other.given != first.given:
                    home.append(other)
        if self._hit(self.noise.share_twin):
            twin = self._person()
            twin.family, twin.birthday, twin.phone = first.family, first.birthday, first.phone
            twin.town, twin.number, twin.postcode = first.town, first.number, first.postcode
            if twin.given != first.given:
                home.append(twin)
        return home

    def _person(self) -> Person:
        draw = self._random
        sex = draw.choice("FM")
        family, given = self._pick(self._families), self._pick(self._given[sex])
        birthday = (draw.randint(1940, 2006), draw.randint(1, 12), draw.randint(1, 28))
        word = draw.choice((f"{reading(given.kana)}.{reading(family.kana)}", reading(given.kana) or "", "mail"))
        return Person(
            family,
            given,
            sex,
            birthday,
            f"0{draw.choice('789')}0{draw.randint(10_000_000, 99_999_999)}",
            f"{word}{draw.randint(1, 99_999)}@{draw.choice(_DOMAINS)}",
            f"{draw.randint(1000000, 9999999)}",
            draw.choice(_TOWNS) + draw.choice(("", "東", "西", "南", "北", "元町", "新町", "中央")),
            f"{draw.randint(1, 6)}-{draw.randint(1, 30)}-{draw.randint(1, 40)}",
        )

    def _records(self, person: Person, entity: int) -> Iterator[tuple[str, ...]]:
        sources = [
            source for source, percent in (("store", 75), ("store", 8), ("ec", 55), ("line", 30)) if self._hit(percent)
        ]
        for source in sources or ["store"]:
            seen = self._as_of_then(person)
            yield (source, *(self._line(seen) if source == "line" else self._card(seen, source)))

    def _as_of_then(self, person: Person) -> Person:
        """The same person at another time: moved on, married."""
        other = self._person()
        seen = Person(**vars(person))
        if self._hit(self.noise.new_contact):
            seen.phone = other.phone
        if self._hit(self.noise.new_contact):
            seen.email = other.email
        if self._hit(self.noise.new_contact / 2):
            seen.town, seen.number, seen.postcode = other.town, other.number, other.postcode
        if seen.sex == "F" and self._hit(self.noise.new_family_name):
            seen.family = other.family
        return seen

    def _card(self, seen: Person, source: str) -> tuple[str, ...]:
        draw, family, given = self._random, seen.family.kanji, seen.given.kanji
        if self._hit(self.noise.old_kanji):
            family, given = family.translate(_OLD_KANJI), given.translate(_OLD_KANJI)
        if self._hit(self.noise.other_kanji):
            given = self._pick(self._given[seen.sex]).kanji
        kana = draw.choice(("", " ", "　")).join(self._mistyped(part) for part in (seen.family.kana, seen.given.kana))
        kana = kana.translate({code: code + 0x60 for code in range(0x3041, 0x3097)}) if draw.random() < 0.8 else kana
        if source == "store" and self._hit(20):
            # Old tills know no small kana.
            kana = kana.translate(str.maketrans("ァィゥェォッャュョ", "アイウエオツヤユヨ"))
        year, month, day = seen.birthday
        birthday = draw.choice(
            (
                f"{year}-{month:02}-{day:02}",
                f"{year}/{month}/{day}",
                f"{year}{month:02}{day:02}",
                f"{year}年{month}月{day}日",
            )
        )
        return (
            family + draw.choice(("", " ", "　")) + given,
            self._maybe(kana, source != "ec"),
            self._maybe(draw.choice((seen.sex, "女性" if seen.sex == "F" else "男性")), True),
            self._maybe(self._misdialled(birthday), True),
            self._maybe(self._phone(seen.phone), True),
            self._maybe(self._mistyped(seen.email), source != "ec"),
            self._maybe(seen.postcode, True),
            self._maybe(self._address(seen), True),
        )

    def _line(self, seen: Person) -> tuple[str, ...]:
        draw, kana = self._random, seen.given.kana
        name = draw.choice((seen.given.kanji, kana, seen.family.kanji + seen.given.kanji))
        if self._hit(self.noise.latin_nickname):
            name = (reading(kana) or "").title()
        elif self._hit(self.noise.short_nickname):
            name = f"{kana[:2]}{draw.choice(('', 'ちゃん', '♪', '🌸'))}"
        phone = self._maybe(self._phone(seen.phone), True) if self._hit(60) else ""
        email = self._maybe(seen.email, True) if self._hit(40) else ""
        return name, "", "", "", phone, email, "", ""

    def _maybe(self, value: str, may_miss: bool) -> str:
        return "" if may_miss and self._hit(self.noise.missing) else value

    def _mistyped(self, text: str) -> str:
        if len(text) < 3 or not self._hit(self.noise.wrong_letter):
            return text
        at = self._random.randrange(len(text) - 1)
        return self._random.choice(
            (
                text[:at] + text[at + 1 :],
                text[:at] + text[at + 1] + text[at] + text[at + 2 :],
                text[:at] + text[at] + text[at:],
            )
        )

    def _misdialled(self, digits: str) -> str:
        places = [at for at, letter in enumerate(digits) if letter.isdigit() and at > 3]
        if not self._hit(self.noise.wrong_digit):
            return digits
        at = self._random.choice(places)
        return digits[:at] + str(self._random.randrange(10)) + digits[at + 1 :]

    def _phone(self, phone: str) -> str:
        phone = self._misdialled(phone)
        shapes = (
            phone, f"{phone[:3]}-{phone[3:7]}-{phone[7:]}", f"+81{phone[1:]}", phone[1:],
            f"{phone[:3]}ー{phone[3:7]}ー{phone[7:]}", "".join(chr(ord(digit) + 0xFEE0) for digit in phone),
        )  # fmt: skip
        return self._random.choice(shapes)

    def _address(self, seen: Person) -> str:
        town = seen.town if self._hit(80) else seen.town[3:] if seen.town[2] in "都府県" else seen.town
        chome, block, house = seen.number.split("-")
        number = self._random.choice((seen.number, f"{chome}丁目{block}番{house}号", f"{chome}丁目{block}-{house}"))
        tail = self._random.choice(("", "", " 若葉ハイツ203"))
        return normalize("NFC", f"{town}{number}{tail}")


def write(path: Path, records: int, seed: int, noise: Noise = Noise()) -> int:
    """Write a list of about so many records; gives how many."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        count = 0
        for row in People(seed, noise).rows(records):
            writer.writerow(row)
            count += 1
    return count
