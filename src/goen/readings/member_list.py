"""Every active member as a row of a list: the way out, and the same columns that an import takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.members.model import purpose_and_channel

_queries = load(__package__, "member_list.sql")

PIECE = 2_000
_KINDS = ("card", "ec", "line", "phone", "email")
_FIELDS = ("name", "kana", "gender", "birth_date", "postal_code", "address", "shop", "joined_at", "language", "tier")


class Layout(msgspec.Struct, frozen=True):
    """The columns: identifiers as many as the member with most of them has, then fields and consents."""

    columns: tuple[str, ...]
    most: dict[str, int]
    consents: dict[str, str]
    """Column by kind of consent: ``consent_mail`` for ``advertising.mail`` and ``mail``."""


async def layout(connection: Reading) -> Layout:
    """The columns that today's members need."""
    most = {row["kind"]: row["most"] async for row in _queries.most_names(connection)}
    kinds = [row["kind"] async for row in _queries.consent_kinds(connection)]
    consents = {kind: _column(kind) for kind in kinds}
    names: list[str] = []
    for kind in _KINDS:
        for n in range(max(most.get(kind, 0), 1)):
            suffix = "" if n == 0 else f"_{n + 1}"
            names += [f"{kind}{suffix}", f"ec_shop{suffix}"] if kind == "ec" else [f"{kind}{suffix}"]
    columns = ("number", *names, *_FIELDS, *dict.fromkeys(consents.values()), "points")
    return Layout(columns, most, consents)


def _column(kind: str) -> str:
    purpose, channel = purpose_and_channel(kind)
    return f"consent_{channel}" if purpose == "advertising" and channel else f"consent_{kind.replace('.', '_')}"


async def member_list(connection: Reading, form: Layout, zone: ZoneInfo) -> AsyncIterator[tuple[int, Sequence[str]]]:
    """Members by number: the number, and the cells in the order of the layout."""
    after = 0
    while True:
        page = [row async for row in _queries.member_list(connection, after=after, count=PIECE)]
        for row in page:
            yield row["member_id"], _cells(row, form, zone)
        if len(page) < PIECE:
            return
        after = page[-1]["member_id"]


def _cells(row: Any, form: Layout, zone: ZoneInfo) -> list[str]:
    values: dict[str, str] = {"number": str(row["number"]), "points": str(row["booked"])}
    counts: dict[str, int] = {}
    for kind, value, shop in msgspec.json.decode(row["names"], type=list[tuple[str, str, str | None]]):
        counts[kind] = counts.get(kind, 0) + 1
        suffix = "" if counts[kind] == 1 else f"_{counts[kind]}"
        values[f"{kind}{suffix}"] = value
        if kind == "ec":
            values[f"ec_shop{suffix}"] = shop or ""
    if not counts:
        values["card"] = values["number"]  # The only name there is, so that nobody is lost on the way in.
    for field in _FIELDS:
        value = row[field]
        if field == "joined_at":
            value = value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        values[field] = "" if value is None else str(value)
    for kind, given in msgspec.json.decode(row["consents"], type=dict[str, bool]).items():
        values[form.consents[kind]] = "yes" if given else "no"
    return [values.get(column, "") for column in form.columns]
