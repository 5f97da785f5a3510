"""A document that is being edited: a row more or less, and what of it has changed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

Json = Any
#: A list takes no more rows than this; what comes after is not read.
ROWS_MAX = 1000


def change(document: Json, asked: str, *, sample: Json = None) -> Json:
    """The document with a row more or less: ``add:limits``, ``add:effects:points``, ``drop:effects:1``, and
    ``up:effects:1`` for a row before the one above. ``sample`` is what a new row begins with."""
    what, _, rest = asked.partition(":")
    path, _, which = rest.partition(":")
    holder, last = document, path.split(".")
    for step in last[:-1]:
        holder = _step(holder, step)
    name = last[-1]
    rows = holder.get(name) if isinstance(holder, dict) else None
    if what == "add" and isinstance(holder, dict):
        if isinstance(rows, dict):
            rows = {**rows, _unused(rows): sample}
        else:
            rows = [*(rows or []), {"kind": which, **(sample or {})} if which else sample or {}]
        holder[name] = rows
    elif what == "kind" and isinstance(holder, dict):
        holder[name] = {"kind": which}
    elif isinstance(rows, dict) and what == "drop":
        holder[name] = {key: value for place, (key, value) in enumerate(rows.items()) if str(place) != which}
    elif isinstance(rows, list) and which.isascii() and which.isdigit() and int(which) < len(rows):
        place = int(which)
        if what == "drop":
            del rows[place]
        elif what == "up" and place:
            rows[place - 1], rows[place] = rows[place], rows[place - 1]
    return document


def patch(old: Json, new: Json, *, whole: Collection[str] = ()) -> Json:
    """What of ``new`` differs from ``old``, as a JSON merge patch (RFC 7396). An object says its ``kind`` again; of
    another kind, what is named in ``whole`` is there as a whole."""
    found: dict[str, Json] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            other = value.get("kind") != before.get("kind")
            if key in whole and other:
                found[key] = value
            elif inner := patch(before, value):
                found[key] = {"kind": value["kind"], **inner} if "kind" in value else inner
        elif value != before:
            found[key] = value
    return found


def _step(holder: Any, step: str) -> Any:
    if isinstance(holder, list):
        return holder[int(step)] if step.isdigit() and int(step) < len(holder) else {}
    if step == "value" and isinstance(holder, dict) and step not in holder:
        return holder  # What a mapping has under a name is the step before.
    if isinstance(holder, dict) and step.isdigit() and step not in holder:
        return next((value for place, value in enumerate(holder.values()) if str(place) == step), {})
    return holder.setdefault(step, {}) if isinstance(holder, dict) else {}


def _unused(rows: dict[str, Json]) -> str:
    return next(each for each in ("", *(f"new{n}" for n in range(2, ROWS_MAX + 2))) if each not in rows)
