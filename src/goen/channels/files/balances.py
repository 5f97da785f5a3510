"""Rows of a balances file → points that members bring from another system."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import cast

from goen.channels.files.cells import Memo, day_reader, flag, points
from goen.channels.files.errors import BadCell, BadFile
from goen.channels.files.mapping import Columns, Mapping
from goen.channels.files.members import member_reader
from goen.channels.files.readers import Table
from goen.purchases.brought import OpeningBalance, Refuse, Refused


def read_balances(
    table: Table, mapping: Mapping, refuse: Refuse, *, shop: str | None = None, after_row: int = 0
) -> Iterator[OpeningBalance]:
    """The opening balances of a file, one per row. A date is the last day of use or the day before whose
    first instant the points end, as the mapping says (rule 14). Raises :class:`BadFile` where the mapping
    does not fit the file."""
    section = mapping.balance
    if section is None:
        raise BadFile("the mapping has no [balance]")
    columns = Columns(table, absent_columns=mapping.file.absent_columns)
    member_of = member_reader(columns, mapping.member)
    points_of = columns.field(section.points, Memo("points", points, BadCell))
    expires_on = columns.field(
        section.expires_on,
        Memo("expires_on", day_reader(mapping.file.date_format), cast("date | None", None)),
    )
    granted_on = columns.field(
        section.granted_on,
        Memo("granted_on", day_reader(mapping.file.date_format), cast("date | None", None)),
    )
    limited = columns.field(section.limited, Memo("limited", flag, False))
    early = timedelta(days=1 if section.expiry_means == "expires_at_start_of" else 0)

    def balance(number: int, cells: list[str]) -> OpeningBalance | Refused:
        row = tuple(cells)
        cells.append("")
        try:
            member = member_of(number, cells, shop)
            if member is None:
                return Refused(number, row, "no_identifier", "none of the identifiers is filled")
            brought = points_of(number, cells)
            if brought == 0:
                return Refused(number, row, "no_points", "there are no points to bring")
            last_day = expires_on(number, cells)
            until = last_day and last_day - early
            return OpeningBalance(
                number, row, member, brought, until, limited(number, cells), granted_on(number, cells)
            )
        except BadCell as bad:
            return Refused(number, row, "bad_cell", str(bad))

    def balances() -> Iterator[OpeningBalance]:
        for number, cells in table.rows(refuse):
            if number <= after_row:
                continue
            found = balance(number, cells)
            if isinstance(found, Refused):
                refuse(found)
            else:
                yield found

    return balances()
