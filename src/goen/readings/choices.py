"""What may be chosen in a form of the office: what products, members and coupons are called that there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from goen.database.pool import Reading
from goen.database.queries import load

_queries = load(__package__, "choices.sql")
#: A list to choose from is no longer than this; what is not in it can be typed.
MOST = 500


class Choices(NamedTuple):
    """Each by code, with its name where it has one."""

    skus: Mapping[str, str]
    categories: Mapping[str, str]
    brands: Mapping[str, str]
    makers: Mapping[str, str]
    tags: Mapping[str, str]
    segments: Mapping[str, str]
    coupons: Mapping[str, str]


async def choices(connection: Reading) -> Choices:
    """The first :data:`MOST` of each in their order."""
    found: dict[str, dict[str, str]] = {name: {} for name in Choices._fields}
    async for row in _queries.choices(connection, most=MOST):
        found[row["what"]][row["code"]] = row["name"]
    return Choices(**found)
