"""Readings across scripts: わかこ, Wakako, ワカコ and ﾜｶｺ under one key.

The key is a strict roman spelling (Kunrei, one for each sound) in which what the scripts and the systems of
romanisation disagree about is folded: long vowels (Ōno, Ohno, Oono, オオノ), ん before m, b, p and its apostrophe
(Shin'ichi), the doubled consonant (Hotchi), ぢ and づ. A key is for comparing: several names may share one (Ono, Ōno).
"""

from __future__ import annotations

import re
from unicodedata import category, normalize

from goen.identity.normalise.katakana import kana

_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ", "h": "ハヒフヘホ",
    "m": "マミムメモ", "r": "ラリルレロ", "g": "ガギグゲゴ", "z": "ザジズゼゾ", "d": "ダヂヅデド", "b": "バビブベボ",
    "p": "パピプペポ",
}  # fmt: skip
_SOUNDS = {
    letter: row + vowel for row, letters in _ROWS.items() for letter, vowel in zip(letters, "aiueo", strict=True)
}
_SOUNDS |= {"ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヰ": "i", "ヱ": "e", "ヲ": "o", "ン": "n'", "ヴ": "bu"}
_SOUNDS |= {"ヂ": "zi", "ヅ": "zu", "ヵ": "ka", "ヶ": "ga", "ヮ": "wa", "ー": "-"}
_SMALL_Y = {"ャ": "ya", "ュ": "yu", "ョ": "yo"}
_SMALL_VOWELS = dict(zip("ァィゥェォ", "aiueo", strict=True))

# From the spellings of Hepburn and of keyboards to Kunrei. Longer ones first.
_SPELLINGS = {
    "tch": "tty", "cch": "tty", "ssh": "ssy", "shi": "si", "chi": "ti", "tsu": "tu", "dzu": "zu", "sh": "sy",
    "ji": "zi", "jy": "zy", "j": "zy", "dj": "zy", "fu": "hu", "di": "zi", "du": "zu", "dy": "zy", "wo": "o", "l": "r",
    "v": "b", "ph": "h", "ch": "ty",
}  # fmt: skip
_SPELLING = re.compile("|".join(sorted(_SPELLINGS, key=len, reverse=True)))
_MACRONS = re.compile("[\u0304\u0302]")
_FOLDS = (
    (re.compile(r"yi"), "i"),
    (re.compile(r"c(?=[eiy])"), "s"),
    (re.compile(r"c"), "k"),
    (re.compile(r"m(?=[bpm])"), "n"),
    (re.compile(r"([aou])h(?![aiueo])"), r"\1-"),  # Satoh, Ohno, Ohyama: an h that only lengthens
    (re.compile(r"e[-e]+"), "ei"),  # ケーコ is Keiko.
    (re.compile(r"o[-ou]+"), "o"),
    (re.compile(r"([aiu])(?:\1|-)+"), r"\1"),
    (re.compile(r"[-']"), ""),
)
_READABLE = re.compile(r"[a-z'-]+")
_APOSTROPHES = "'’‘′"


def readings(value: str) -> str | None:
    """The key of a reading in kana or roman letters, words kept apart by a blank; None where there are other letters.

    Emoji and signs around a nickname (☆わかこ♪) are passed by.
    """
    text = "".join(letter for letter in kana(value) if category(letter)[0] != "S" and letter not in _APOSTROPHES)
    keys = [_key(word) for word in re.split(r"[\s・.,!?_]+", text) if word]
    if None in keys:
        return None
    return " ".join(key for key in keys if key) or None


def _key(word: str) -> str | None:
    roman = _MACRONS.sub("-", normalize("NFKD", _romanised(word)).lower())
    if not _READABLE.fullmatch(roman):
        return None
    roman = _SPELLING.sub(lambda found: _SPELLINGS[found[0]], roman)
    for pattern, folded in _FOLDS:
        roman = pattern.sub(folded, roman)
    return roman


def _romanised(text: str) -> str:
    """The kana of a text in Kunrei, its other letters as they are."""
    out: list[str] = []
    doubled = False
    for letter in text:
        if letter == "ッ":
            doubled = True
            continue
        before = out[-1] if out else ""
        if letter in _SMALL_Y:
            # キョ is ki and yo in one: the i goes. A small letter behind anything else is read as a large one.
            out[-1:] = [before[:-1] if before.endswith("i") else before]
            sound = _SMALL_Y[letter]
        elif letter in _SMALL_VOWELS:
            sound = _SMALL_VOWELS[letter]
            if before in ("hu", "bu", "tu", "u"):  # ファ, ヴァ, ツァ, ウィ
                out[-1] = {"hu": "f", "bu": "b", "tu": "ts", "u": "w"}[before]
            elif before in ("si", "ti", "zi"):  # シェ, チェ, ジェ
                out[-1] = before[0] + "y"
            elif before in ("te", "de", "to", "do"):  # ティ, ディ, トゥ, ドゥ
                out[-1] = before[0]
        else:
            sound = _SOUNDS.get(letter, letter)
        if doubled and sound[:1].isalpha() and sound[0] not in "aiueo":
            out.append(sound[0])
        doubled = False
        out.append(sound)
    return "".join(out)
