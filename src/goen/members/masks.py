"""Names shown to someone who has not yet shown who they are."""

from __future__ import annotations

_STAR = "＊"


def name_masked(name: str | None) -> str:
    """The surname's first letter and the given name's last: 山田 花子 -> ``山＊ ＊子``.

    A name in one word keeps both ends (山田花子 -> ``山＊＊子``); a given name of one letter is hidden whole.
    """
    words = (name or "").split()
    if not words:
        return _STAR
    if len(words) == 1:
        word = words[0]
        if len(word) <= 2:
            return word[0] + _STAR
        return word[0] + _STAR * (len(word) - 2) + word[-1]
    first = words[0][0] + _STAR * (len(words[0]) - 1)
    last = words[-1]
    return f"{first} {_STAR * (len(last) - 1) + last[-1] if len(last) > 1 else _STAR}"


def contact_masked(kind: str, normal: str) -> str:
    """Enough for its owner to know an address by: the last four digits, or a letter and the domain.

    ``＊＊＊5678``, ``m＊＊＊@example.jp``.
    """
    if kind == "phone":
        return _STAR * 3 + normal[-4:]
    local, _, domain = normal.rpartition("@")
    return f"{local[:1]}{_STAR * 3}@{domain}"
