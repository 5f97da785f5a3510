"""Personal fields as asked become personal fields as kept: trimmed, checked, with their search forms."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from goen.identity import normalise
from goen.members.model import Gender, Person
from goen.members.store import SearchForms
from goen.vocabulary.refusal import InvalidRequest

_YEARS_MAX = 130
_GENDERS: dict[str, Gender] = {
    **dict.fromkeys(("female", "f", "woman", "女", "女性"), "female"),
    **dict.fromkeys(("male", "m", "man", "男", "男性"), "male"),
    **dict.fromkeys(("other", "x", "その他"), "other"),
}  # fmt: skip


def person_of(asked: dict[str, Any], today: date, before: Person | None = None) -> Person:
    """Personal fields over those from before; fields that are not personal are passed by.

    Raises:
        InvalidRequest: a birth date in the future or beyond any life, or an unknown gender.
    """
    fields = {name: _tidy(value) for name, value in asked.items() if name in Person.__struct_fields__}
    if (born := fields.get("birth_date")) is not None:
        if born > today:
            raise InvalidRequest("birth_date", "lies in the future")
        if born.year < today.year - _YEARS_MAX:
            raise InvalidRequest("birth_date", f"lies more than {_YEARS_MAX} years back")
    if (gender := fields.get("gender")) is not None:
        fields["gender"] = _GENDERS.get(gender.lower())
        if fields["gender"] is None:
            raise InvalidRequest("gender", "is one of female, male, other")
    return msgspec.structs.replace(before or Person(), **fields)


def _tidy(value: Any) -> Any:
    return (value.strip() or None) if isinstance(value, str) else value


def search_forms(person: Person, number: str) -> SearchForms:
    """What search compares, and what lists are sorted by: the kana, or a name written in kana."""
    texts = tuple(normalise.searchable(text) for text in (person.name, person.kana) if text)
    order = normalise.kana(person.kana or person.name or "")
    return SearchForms((*texts, number), order)
