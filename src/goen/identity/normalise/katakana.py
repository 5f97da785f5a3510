"""Kana in one script, width and composition."""

from __future__ import annotations

import re

from goen.identity.normalise.plain import HYPHENS, plain

# Voicing marks that no letter took are dropped.
_TO_KATAKANA: dict[int, int | None] = {0x3099: None, 0x309A: None}
_TO_KATAKANA |= {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
# Marks that stand alone would be taken apart from their letter by NFKC (か゛), so they become combining ones before.
_COMBINING = str.maketrans("\u309b\u309c", "\u3099\u309a")
_LONG = re.compile(rf"(?<=[ァ-ヴー])[ー{re.escape(HYPHENS)}]+")
_AGAIN = re.compile(r"([ァ-ヴ])([ヽヾ]+)")
_VOICED = dict(zip("カキクケコサシスセソタチツテトハヒフヘホ", "ガギグゲゴザジズゼゾダヂヅデドバビブベボ", strict=True))
_PLAIN = {voiced: clear for clear, voiced in _VOICED.items()}
_SMALL = str.maketrans("ァィゥェォッャュョヮヵヶヂヅヲヰヱ", "アイウエオツヤユヨワカケジズオイエ")


def kana(value: str) -> str:
    """Katakana, full width and composed; hiragana becomes katakana, inner blanks one plain space.

    A hyphen or minus behind a kana is its long-vowel mark (ユ－コ), iteration marks are written out (いすゞ).
    """
    text = _AGAIN.sub(_repeated, plain(value.translate(_COMBINING)).translate(_TO_KATAKANA))
    return " ".join(_LONG.sub(lambda found: "ー" * len(found[0]), text).split())


def _repeated(found: re.Match[str]) -> str:
    letter, marks = found[1], found[2]
    clear = _PLAIN.get(letter, letter)
    return letter + "".join(_VOICED.get(clear, clear) if mark == "ヾ" else clear for mark in marks)


def large_kana(value: str) -> str:
    """The :func:`kana` of systems without small letters: キヨウコ for キョウコ; no blanks; for comparing only.

    ヂ ヅ ヲ ヰ ヱ become the letters that sound alike. キヨコ and キョウコ stay two names.
    """
    return kana(kana(value).replace(" ", "")).translate(_SMALL)
