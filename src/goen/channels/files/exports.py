"""A list as a download: CSV in CP932 or UTF-8, or Excel, a piece at a time, whatever its length.

What opens a file from us is a spreadsheet: a cell that would be a formula is a text (an apostrophe stands before it).
What CP932 lacks stands as its number, ``〔U+20BB7〕``: nobody's name is changed unseen. UTF-8 and Excel have all.
"""

from __future__ import annotations

import asyncio
import codecs
import csv
import io
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from goen.channels.files.lists import SAME

Format = Literal["csv-cp932", "csv-utf8", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)
TYPES: dict[Format, tuple[str, str]] = {
    "csv-cp932": ("text/csv; charset=Shift_JIS", "csv"),
    "csv-utf8": ("text/csv; charset=utf-8", "csv"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
}
Cell: TypeAlias = str | int | Decimal | date | datetime | bool | None
Rows: TypeAlias = AsyncIterator[Sequence[Cell]]
_PIECE = 500
_BYTES = 1 << 16
#: What Excel takes on one sheet, its titles included.
SHEET_ROWS = 1_048_576
CELL_MAX = 32_767
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def _numbered(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(f"〔U+{ord(each):04X}〕" for each in error.object[error.start : error.end]), error.end


codecs.register_error("goen-numbered", _numbered)


def text(cell: Cell) -> str:
    """A cell as a CSV has it. Numbers and days are no text and are never guarded."""
    match cell:
        case None:
            return ""
        case bool():
            return "1" if cell else "0"
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}"
        case date():
            return cell.isoformat()
        case int():
            return str(cell)
        case Decimal():
            return format(cell, "f")
    return guarded(cell)


def guarded(told: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + told if told.startswith(_FORMULAS) else told


async def exported(form: Format, titles: Sequence[str], rows: Rows) -> AsyncIterator[bytes]:
    """The list as bytes."""
    if form == "xlsx":
        async for piece in _workbook(titles, rows):
            yield piece
        return
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    encoding, errors = ("cp932", "goen-numbered") if form == "csv-cp932" else ("utf-8", "replace")
    same = SAME if form == "csv-cp932" else {}

    def written(cell: Cell) -> str:
        # A minus sign becomes one that is guarded.
        return text(cell.translate(same) if isinstance(cell, str) else cell)

    def taken() -> bytes:
        told = lines.getvalue()
        lines.seek(0)
        lines.truncate()
        return told.encode(encoding, errors)

    writer.writerow([written(each) for each in titles])
    yield (b"" if form == "csv-cp932" else codecs.BOM_UTF8) + taken()
    count = 0
    async for row in rows:
        writer.writerow([written(each) for each in row])
        count += 1
        if count % _PIECE == 0:
            yield taken()
    if told := taken():
        yield told


async def _workbook(titles: Sequence[str], rows: Rows) -> AsyncIterator[bytes]:
    """Written to a file of one's own first: its table of contents comes last."""
    handle, name = tempfile.mkstemp(suffix=".xlsx")  # Nobody else can read it.
    os.close(handle)
    path = Path(name)
    try:
        await _written(path, titles, rows)
        for piece in _pieces(path):
            yield piece
    finally:
        os.unlink(name)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_BYTES):
            yield piece


async def _written(path: Path, titles: Sequence[str], rows: Rows) -> None:
    import xlsxwriter

    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "remove_timezone": True, **plain})
    days = book.add_format({"num_format": "yyyy/mm/dd"})
    moments = book.add_format({"num_format": "yyyy/mm/dd hh:mm:ss"})
    bold = book.add_format({"bold": True})
    place, sheet = 0, None
    try:
        async for row in rows:
            if sheet is None or place == SHEET_ROWS:
                place, sheet = 1, _sheet(book, titles, bold)
            for column, cell in enumerate(row):
                _put(sheet, place, column, cell, days, moments)
            place += 1
        if sheet is None:
            _sheet(book, titles, bold)
    finally:
        await asyncio.to_thread(book.close)


def _sheet(book: Any, titles: Sequence[str], bold: Any) -> Any:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, bold)
    return sheet


def _put(sheet: Any, place: int, column: int, cell: Cell, days: Any, moments: Any) -> None:
    match cell:
        case None | "":
            return
        case bool():
            sheet.write_boolean(place, column, cell)
        case datetime():
            sheet.write_datetime(place, column, cell.replace(tzinfo=None), moments)
        case date():
            sheet.write_datetime(place, column, cell, days)
        case int() | Decimal() if -(10**15) < cell < 10**15:
            sheet.write_number(place, column, cell)
        case _:
            sheet.write_string(place, column, str(cell)[:CELL_MAX])
