"""The public id of a member: ``m_`` and the number in base 32. Opaque to callers."""

from __future__ import annotations

from goen.vocabulary import ids

_PREFIX = "m_"


def public_id(member_id: int) -> str:
    """The id that the API shows for a member: 1234 -> ``m_16j``."""
    return _PREFIX + ids.encode(member_id)


def member_id_of(text: str) -> int | None:
    """The member's number behind a public id; None where the text is not the id of any member."""
    number = ids.decode(text[len(_PREFIX) :]) if text.startswith(_PREFIX) else None
    return number if number is not None and number > 0 else None
