"""What every normal form begins with: one width, no invisible letters, and the letters people use as hyphens."""

from __future__ import annotations

from unicodedata import category, normalize

#: Everything that people and programs put where a hyphen belongs, after NFKC.
DASHES = "-\u30fc\uff70\u2212\u2010\u2011\u2012\u2013\u2014\u2015\u2500\u2501\u301c~\uff5e\uff0d\ufe63\u00ad\u2043"

#: The same without the long-vowel mark, which is a letter of a name.
HYPHENS = DASHES.replace("\u30fc", "").replace("\uff70", "")


def plain(value: str) -> str:
    """NFKC, trimmed, without control and invisible formatting characters (copied from address books)."""
    text = normalize("NFKC", value)
    if not text.isprintable():
        kept = "".join(letter for letter in text if letter.isspace() or category(letter)[0] != "C")
        # Letters that an invisible one held apart may compose now.
        text = normalize("NFKC", kept)
    return text.strip()
