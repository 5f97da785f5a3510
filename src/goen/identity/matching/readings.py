"""How a name sounds, so that わかこ, ワカコ and Wakako compare as one.

A *reading* is small Latin letters: kana go by Hepburn with long vowels kept (ユウキ is ``yuuki``, ユキ ``yuki``),
Latin letters stay as typed, without accents. A *folded* reading is what is left of it when spelling habits are
put aside: Kunrei or Hepburn, long vowels written or not, m or n before b and p. Kanji have no reading of their own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import combining, normalize

from goen.identity.normalise import kana

_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ", "h": "ハヒフヘホ",
    "m": "マミムメモ", "r": "ラリルレロ", "g": "ガギグゲゴ", "z": "ザジズゼゾ", "d": "ダヂヅデド", "b": "バビブベボ",
    "p": "パピプペポ",
}  # fmt: skip
_SOUNDS = {
    letter: row + vowel for row, letters in _ROWS.items() for letter, vowel in zip(letters, "aiueo", strict=True)
}
_SOUNDS |= {
    "シ": "shi", "チ": "chi", "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji", "ヅ": "zu", "ヤ": "ya", "ユ": "yu",
    "ヨ": "yo", "ワ": "wa", "ヲ": "o", "ン": "n", "ヴ": "vu", "ヰ": "i", "ヱ": "e", "ヵ": "ka", "ヶ": "ke",
    "ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ャ": "ya", "ュ": "yu", "ョ": "yo", "ヮ": "wa",
}  # fmt: skip
_SMALL = {"ャ": "a", "ュ": "u", "ョ": "o", "ェ": "e", "ァ": "a", "ィ": "i", "ォ": "o"}
_VOICED = {"k": "g", "s": "z", "t": "d", "h": "b", "f": "b"}
#: Consonants that swallow the y of a small kana: シャ is sha, キャ kya.
_PALATAL = {"shi": "sh", "chi": "ch", "ji": "j"}
_OPEN = {"fu": "f", "vu": "v", "u": "w"}

LARGE_KANA = (("shiy", "sh"), ("chiy", "ch"), ("jiy", "j"), ("iy", "y"))
"""What large kana sound like where small ones were meant, and what those sound like."""

_KANA = re.compile(r"[ァ-ヺーヽヾ]+")
_LATIN = re.compile(r"[a-z]+")
_KUNREI = [
    (re.compile(pattern), letters)
    for pattern, letters in (
        (r"sy", "sh"), (r"(?:ty|cy|cch|tch)", "ch"), (r"(?:zy|jy|dy)", "j"), (r"si", "shi"), (r"ti", "chi"),
        (r"tu", "tsu"), (r"(?<![sc])hu", "fu"), (r"(?:zi|di)", "ji"), (r"du", "zu"), (r"m(?=[bp])", "n"), (r"l", "r"),
    )
]  # fmt: skip
_REPEATED = re.compile(r"(.)\1+")
_LONG = [(re.compile(r"o[uh](?![aeiou])"), "o"), (re.compile(r"ou"), "o"), (re.compile(r"uh(?![aeiou])"), "u")]


@lru_cache(maxsize=65_536)
def reading(text: str) -> str | None:
    """The reading of a name written in kana or Latin letters; None for kanji, emoji or nothing.

    Blanks, hyphens and apostrophes are left out, so a whole name gives one word.
    """
    plain = kana(text)
    letters = "".join(plain.split())
    if _KANA.fullmatch(letters):
        return _hepburn(letters) or None
    word = "".join(letter for letter in normalize("NFKD", letters).lower() if not combining(letter))
    word = re.sub(r"[-'’.・]", "", word)
    return word if _LATIN.fullmatch(word) else None


def collapsed(word: str) -> str:
    """A folded reading without small kana, as old tills write: シユンタ and シュンタ both give ``shunta``."""
    for large, small in LARGE_KANA:
        word = word.replace(large, small)
    return word


def _hepburn(letters: str) -> str:
    sounds: list[str] = []
    doubled = False
    for letter in letters:
        if letter == "ッ":
            doubled = True
            continue
        if letter in "ーヽヾ":
            # A long mark lengthens what was heard last; an iteration mark repeats it, a voiced one voices it.
            if sounds:
                last = sounds[-1]
                sounds.append(last[-1] if letter == "ー" else last if letter == "ヽ" else _voiced(last))
            continue
        before = sounds[-1] if sounds else ""
        if letter in _SMALL and before in _PALATAL:
            sounds[-1] = _PALATAL[before] + _SMALL[letter]
        elif letter in "ャュョ" and len(before) > 1 and before.endswith("i"):
            sounds[-1] = f"{before[:-1]}y{_SMALL[letter]}"
        elif letter in "ァィェォ" and before in _OPEN:
            sounds[-1] = _OPEN[before] + _SMALL[letter]
        else:
            sound = _SOUNDS.get(letter, "")
            if doubled and sound and sound[0] not in "aiueon":
                sound = ("t" if sound.startswith("ch") else sound[0]) + sound
            sounds.append(sound)
        doubled = False
    return "".join(sounds)


def _voiced(sound: str) -> str:
    if sound in ("shi", "chi", "tsu"):
        return "zu" if sound == "tsu" else "ji"
    return _VOICED.get(sound[0], sound[0]) + sound[1:]


@lru_cache(maxsize=65_536)
def folded(word: str) -> str:
    """A reading without spelling habits: Syougo, Shohgo and ショウゴ (``shougo``) all give ``shogo``."""
    for pattern, letters in _KUNREI:
        word = pattern.sub(letters, word)
    for pattern, letters in _LONG:
        word = pattern.sub(letters, word)
    return _REPEATED.sub(r"\1", word)
