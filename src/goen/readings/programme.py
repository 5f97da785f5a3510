"""Which versions of the programme are there? Read into memory by whoever serves or works."""

from __future__ import annotations

from goen.database.pool import Reading
from goen.earning.catalogue import Programmes, Version
from goen.earning.evaluate import compile_programme
from goen.earning.programme import from_json
from goen.shops import store


async def refresh(programmes: Programmes, connection: Reading) -> None:
    """Add to ``programmes`` the versions that it does not know yet."""
    rows = await store.programmes_after(connection, programmes.last_number)
    if rows:
        programmes.add(*map(compiled, rows))


def compiled(row: store.ProgrammeRow) -> Version:
    """A kept version, ready to decide. The number and start of the row count, whatever the document says."""
    return Version(row.version, row.starts_at, compile_programme(from_json(row.document.encode())))
