"""Named SQL: a room's ``queries.sql`` becomes an object with one method per query."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import aiosql


def load(package: str, name: str = "queries.sql") -> Any:
    """The queries of ``name`` beside this package's code, for asyncpg connections.

    ``load(__package__)`` gives an object; ``await queries.coupons_usable_now(connection, member_id=7)``
    runs the query of that name. A query marked with ``^`` gives one row or None, ``$`` one value, ``!``
    is a write, and one without a mark is iterated: ``async for row in queries.lots(connection, ...)``.
    """
    return aiosql.from_path(Path(str(files(package) / name)), "asyncpg", mandatory_parameters=False)


def text(package: str, name: str) -> str:
    """The plain text of one SQL file beside this package's code, for statements run as they stand."""
    return (files(package) / name).read_text(encoding="utf-8")
