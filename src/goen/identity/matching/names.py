"""Splitting names into family and given name, with what the lists themselves teach.

Lists write 山田花子, 山田 花子 and ヤマダハナコ. Where a list has both parts apart, its names and their readings
are learned (:class:`NameBook`) and used to split those that are written together, and to know that 花子 may be
read はなこ. A nickname stays whole, as a given name.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from goen.identity.matching.readings import reading
from goen.identity.normalise import name as plain_name

_BRACKETS = re.compile(r"[(\[【〔<][^)\]】〕>]*[)\]】〕>]?")
_NOT_LETTERS = re.compile(r"[^\w々〆ー'’.\-]+|[_\d]+")
_LATIN = re.compile(r"[a-z'’.\-]+")
_KANJI = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff々〆]")
_HONORIFIC = re.compile(r"(?<=\w\w)(?:ちゃん|くん|さん|さま|様|殿|チャン|クン|サン)$")

#: A written name is learned once it has been seen so often as a part of its own.
SEEN_MIN = 2


class Split(NamedTuple):
    """A name in parts. Written forms hold kanji; kana and Latin letters stand as readings alone.

    ``whole`` and ``whole_reading`` are the whole name without blanks; ``maybe`` how the given name may be read
    where nobody said, from what other records of the lists say.
    """

    family: str | None = None
    given: str | None = None
    family_reading: str | None = None
    given_reading: str | None = None
    whole: str | None = None
    whole_reading: str | None = None
    maybe: tuple[str, ...] = ()


class NameBook:
    """What lists teach of names: which are family names, which given names, and how they are read."""

    def __init__(self) -> None:
        self.families: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.givens: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.family_seen: Counter[str] = Counter()
        self.given_seen: Counter[str] = Counter()
        self.family_readings: Counter[str] = Counter()
        self.given_readings: Counter[str] = Counter()

    def learn(self, rows: Iterable[tuple[str | None, str | None]]) -> None:
        """Learn from (name, kana) as given, those whose parts stand apart. May be called again and again."""
        for written, sounds in rows:
            parts = _parts(written)
            heard = [reading(part) for part in _parts(sounds)]
            if len(heard) == 2 and heard[0] and heard[1]:
                self.family_readings[heard[0]] += 1
                self.given_readings[heard[1]] += 1
            if len(parts) != 2 or _LATIN.fullmatch(parts[0]):
                continue
            family, given = parts
            if _KANJI.search(family):
                self.family_seen[family] += 1
            if _KANJI.search(given):
                self.given_seen[given] += 1
            if len(heard) == 2 and heard[0] and heard[1]:
                self.families[family][heard[0]] += 1
                self.givens[given][heard[1]] += 1

    def merge(self, other: NameBook) -> None:
        """Learn what another book knows."""
        for mine, theirs in ((self.families, other.families), (self.givens, other.givens)):
            for written, counts in theirs.items():
                mine[written].update(counts)
        self.family_seen.update(other.family_seen)
        self.given_seen.update(other.given_seen)
        self.family_readings.update(other.family_readings)
        self.given_readings.update(other.given_readings)

    def split(self, written: str | None, sounds: str | None) -> Split:
        """The parts of a name written as ``written`` and read as ``sounds``; either may be missing."""
        parts, heard = _parts(written), _parts(sounds)
        if parts and all(_LATIN.fullmatch(part) for part in parts) and len(parts) > 1 and not heard:
            return self._western(parts)
        if len(parts) > 2:
            parts = [parts[0], "".join(parts[1:])]
        if len(heard) > 2:
            heard = [heard[0], "".join(heard[1:])]
        whole, whole_heard = "".join(parts), reading("".join(heard)) if heard else None
        if not heard and whole and not _KANJI.search(whole):
            # Written in kana (or one Latin word) and nothing else: the writing is the reading.
            heard, whole_heard = parts, reading(whole)
        sounds_apart = [reading(part) for part in heard] if len(heard) == 2 else None
        if len(parts) == 1 and _KANJI.search(whole):
            parts = self._apart(whole, sounds_apart, whole_heard)
        if sounds_apart is None and whole_heard and len(parts) == 2:
            sounds_apart = self._heard_apart(parts, whole_heard)
        if sounds_apart is None and whole_heard and len(parts) < 2 and len(heard) == 1:
            sounds_apart = [None, whole_heard] if parts else self._heard_apart(["", ""], whole_heard)
        family, given = (None, parts[0]) if len(parts) == 1 else (parts[0], parts[1]) if parts else (None, None)
        family_reading, given_reading = sounds_apart or (None, None)
        if given_reading is None and family is None:
            given_reading = whole_heard
        known = self.givens.get(given or "")
        maybe = tuple(known) if known and given_reading is None else ()
        return Split(
            family if family and _written(family) else None,
            given if given and _written(given) else None,
            family_reading,
            given_reading,
            whole if whole and _written(whole) else None,
            whole_heard,
            maybe,
        )

    def _western(self, parts: list[str]) -> Split:
        """Latin letters: given name first, unless the first part is known here as a Japanese family name."""
        words = [re.sub(r"[-'’.]", "", part) for part in parts]
        if self.family_readings[words[0]] > self.given_readings[words[0]]:
            family, given = words[0], "".join(words[1:])
        else:
            family, given = words[-1], "".join(words[:-1])
        return Split(family_reading=family, given_reading=given, whole_reading=family + given)

    def _apart(self, whole: str, sounds: list[str | None] | None, whole_heard: str | None) -> list[str]:
        """Where 山田花子 splits; one part where it is more likely a given name by itself."""
        best, best_score = [whole], 0.0
        alone = self.given_seen[whole]
        for at in range(1, len(whole)):
            family, given = whole[:at], whole[at:]
            score = 0.0
            known = self.families.get(family)
            if self.family_seen[family] >= SEEN_MIN:
                score += 1 + min(self.family_seen[family], 50) / 50
            if self.given_seen[given] >= SEEN_MIN:
                score += 1
            if sounds and known and sounds[0] in known:
                score += 3
            if sounds and sounds[1] in self.givens.get(given, ()):
                score += 3
            if not sounds and whole_heard:
                if known and any(whole_heard.startswith(each) for each in known):
                    score += 3
                if any(whole_heard.endswith(each) for each in self.givens.get(given, ())):
                    score += 2
            if score > best_score:
                best, best_score = [family, given], score
        if sounds or whole_heard:
            # Read as a whole name it is one: where nothing is known, most family names have two kanji.
            if best_score == 0 and len(whole) > 1:
                at = 1 if len(whole) == 2 else 2
                return [whole[:at], whole[at:]]
            return best
        return [whole] if best_score < 1 or (alone and alone >= best_score) or len(whole) == 2 else best

    def _heard_apart(self, parts: list[str], heard: str) -> list[str | None] | None:
        """Where ヤマダハナコ splits, by what is known of either part."""
        family, given = parts
        known = self.families.get(family)
        if known:
            for each in sorted(known, key=len, reverse=True):
                if heard.startswith(each) and len(heard) > len(each):
                    return [each, heard[len(each) :]]
        for each in sorted(self.givens.get(given, ()), key=len, reverse=True):
            if heard.endswith(each) and len(heard) > len(each):
                return [heard[: -len(each)], each]
        best, best_score = None, 0
        for at in range(2, len(heard) - 1):
            score = min(self.family_readings[heard[:at]], 20) + min(self.given_readings[heard[at:]], 20)
            both = self.family_readings[heard[:at]] and self.given_readings[heard[at:]]
            if both and score > best_score:
                best, best_score = at, score
        return [heard[:best], heard[best:]] if best else None


def _parts(text: str | None) -> list[str]:
    """The parts of a name: variant kanji folded, small letters, brackets, signs and honorifics gone."""
    if not text:
        return []
    plain = _BRACKETS.sub(" ", plain_name(text).lower())
    words = _NOT_LETTERS.sub(" ", plain).split()
    if words:
        words[-1] = _HONORIFIC.sub("", words[-1])
    return words


def _written(text: str) -> bool:
    return _KANJI.search(text) is not None
