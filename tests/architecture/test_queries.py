"""Named SQL: every file loads, every query has its sentence and fits today's schema."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import goen
from goen.database.queries import load

ROOT = Path(goen.__file__).parent
FILES = sorted(
    path for path in ROOT.rglob("*.sql") if path.parent.name != "migrations" and "-- name:" in path.read_text()
)


def _queries(path: Path) -> Iterator[Any]:
    package = ".".join(("goen", *path.parent.relative_to(ROOT).parts))
    loaded = load(package, path.name)
    for name in loaded.available_queries:
        query = getattr(loaded, name)
        if not name.endswith("_cursor"):  # aiosql adds a twin of each iterated query.
            yield query


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
async def test_every_named_query_has_a_sentence_and_fits_the_schema(path: Path, owner: asyncpg.Connection) -> None:
    wrong = []
    for query in _queries(path):
        if not query.__doc__:
            wrong.append(f"{query.__name__}: no sentence under its name")
        try:
            await owner.prepare(query.sql)
        except asyncpg.PostgresError as error:
            wrong.append(f"{query.__name__}: {error}")
    assert wrong == [], "\n".join(["", *wrong])


async def test_a_query_that_does_not_fit_is_found(owner: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.UndefinedColumnError):
        await owner.prepare("select no_such_column from entry where member_id = $1")
    assert len(FILES) > 3
