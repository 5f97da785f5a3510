"""Rows of CSV and Excel files as lists of text, numbered as a spreadsheet numbers them.

CSV is read in constant memory, gzipped or not, in UTF-8 (with or without BOM) or CP932, which is found
out by reading the file once. An Excel sheet is held by the reader as a whole. Nothing a row can contain
stops the file: broken rows are refused one by one, a stray quotation mark costs one row.
"""

from __future__ import annotations

import csv
import gzip
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import IO

from goen.channels.files.errors import BadFile
from goen.purchases.brought import Refuse, Refused

Row = tuple[int, list[str]]

#: What a CSV may be written in, in the order of trying. CP932 takes nearly any bytes, so it comes last.
ENCODINGS = ("utf-8", "cp932")
EXCEL = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
#: A single cell beyond this is a quotation mark that was never closed.
CELL_MAX = 131_072


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is written. ``delimiter`` "whitespace" is any run of blanks; ``header`` names the
    columns of a file that has no header row; None finds out."""

    encoding: str | None = None
    delimiter: str | None = None
    header: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file looked into: column names (a repeated name gets ``#2``), how it is written, and its rows."""

    path: Path
    header: tuple[str, ...]
    encoding: str
    delimiter: str
    first_row: int

    def rows(self, refuse: Refuse) -> Iterator[Row]:
        """Rows with as many cells as the header, in file order; blank ones are left out.

        Broken rows go to ``refuse``: ``undecodable`` or ``wrong_columns``.
        """
        if self.path.suffix.lower() in EXCEL:
            records = _excel_records(self.path)
        else:
            records = _text_records(self.path, self.encoding, self.delimiter, len(self.header), refuse)
        width, first = len(self.header), self.first_row
        for number, cells in records:
            if number < first:
                continue
            if len(cells) == width and (cells[0] or any(cells)):
                yield number, cells
            elif any(cells):
                words = f"has {len(cells)} cells, the header has {width}"
                refuse(Refused(number, tuple(cells), "wrong_columns", words))

    def rows_about(self) -> int:
        """About how many rows there are, for a progress bar: the lines of a text file."""
        if self.path.suffix.lower() in EXCEL:
            return sum(1 for _ in _excel_records(self.path)) - self.first_row + 1
        with _open(self.path, "latin-1") as lines:
            count = 0
            while piece := lines.read(1 << 20):
                count += piece.count("\n")
        return count


def open_table(path: Path, shape: Shape = Shape()) -> Table:
    """Looks at the file's beginning. Raises :class:`BadFile` where it cannot be read as a table."""
    refused: list[Refused] = []
    try:
        if path.suffix.lower() in EXCEL:
            encoding, delimiter = "utf-8-sig", ","
            records = _excel_records(path)
        else:
            encoding = shape.encoding or detect_encoding(path)
            delimiter = shape.delimiter or _delimiter(path, encoding)
            records = _text_records(path, encoding, delimiter, None, refused.append)
        if shape.header:
            return Table(path, shape.header, encoding, delimiter, 1)
        for number, cells in records:
            if refused:
                break  # What was to be the header cannot be read: no row of data shall stand in for it.
            if any(cells):
                return Table(path, unique_names(cells), encoding, delimiter, number + 1)
    except (OSError, EOFError, LookupError) as problem:
        raise BadFile(f"{path.name}: {problem}") from problem
    if refused:
        raise BadFile(f"{path.name}: line {refused[0].row} is not text in {encoding}; is the encoding right?")
    raise BadFile(f"{path.name} is empty")


def unique_names(cells: list[str]) -> tuple[str, ...]:
    """Header cells as names: the second 送料 becomes ``送料#2`` (EC-CUBE has two)."""
    names: list[str] = []
    counts: dict[str, int] = {}
    for cell in cells:
        name = cell.strip()
        counts[name] = counts.get(name, 0) + 1
        names.append(name if counts[name] == 1 else f"{name}#{counts[name]}")
    return tuple(names)


def detect_encoding(path: Path) -> str:
    """The first of :data:`ENCODINGS` that reads the whole file; a file that fits none is taken for the
    one that gets furthest, and its undecodable rows are refused."""
    with _open(path, "latin-1") as lines:
        if lines.read(3) == "\xef\xbb\xbf":
            return "utf-8-sig"
    furthest, best = -1, ENCODINGS[0]
    for encoding in ENCODINGS:
        with _open(path, encoding, errors="strict") as lines:
            count = 0
            try:
                while lines.read(1 << 16):
                    count += 1
                return encoding
            except UnicodeDecodeError:
                if count > furthest:
                    furthest, best = count, encoding
    return best


@contextmanager
def _open(path: Path, encoding: str, errors: str = "surrogateescape") -> Iterator[IO[str]]:
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    if zipped:
        with gzip.open(path, "rt", encoding=encoding, errors=errors, newline="") as lines:
            yield lines
    else:
        with path.open(encoding=encoding, errors=errors, newline="") as lines:
            yield lines


def _delimiter(path: Path, encoding: str) -> str:
    """Comma unless the first line has more tabs or semicolons."""
    with _open(path, encoding) as lines:
        first = lines.readline(CELL_MAX)
    return max(",\t;", key=first.count)


def _text_records(path: Path, encoding: str, delimiter: str, width: int | None, refuse: Refuse) -> Iterator[Row]:
    with _open(path, encoding) as lines:
        if delimiter == "whitespace":
            for number, line in enumerate(lines, 1):
                yield number, line.split()
        else:
            yield from _csv_records(lines, delimiter, width, refuse)


def _csv_records(lines: IO[str], delimiter: str, width: int | None, refuse: Refuse) -> Iterator[Row]:
    again: deque[str] = deque()
    taken: list[str] = []
    torn = False

    def feed() -> Iterator[str]:
        nonlocal torn
        while True:
            line = again.popleft() if again else lines.readline(CELL_MAX)
            if not line:
                return
            taken.append(line)
            if not line.isascii():
                try:
                    line.encode()
                except UnicodeEncodeError:
                    torn = True  # Bytes of no character, kept as lone surrogates for the refused rows.
            yield line

    csv.field_size_limit(CELL_MAX)
    # Strict: text right after a closing quotation mark betrays a mark that never closed its own cell.
    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = next(csv.reader(taken, delimiter=delimiter)) if len(taken) == 1 else []
        number += 1
        if len(taken) > 1 and width is not None and len(cells) != width:
            # A quotation mark that does not close its cell has swallowed the next rows: give them back.
            again.extendleft(reversed(taken[1:]))
            reader = csv.reader(feed(), delimiter=delimiter, strict=True)
            cells = taken[0].rstrip("\r\n").split(delimiter)
            refuse(Refused(number, tuple(cells), "wrong_columns", "a quotation mark is not closed"))
        elif torn:
            refuse(Refused(number, tuple(cells), "undecodable", "contains bytes that are not text in this encoding"))
        else:
            yield number, cells
        taken.clear()
        torn = False


def _excel_records(path: Path) -> Iterator[Row]:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        sheet = book.get_sheet_by_index(0)
    except (python_calamine.CalamineError, IndexError) as problem:
        raise BadFile(f"{path.name}: {problem}") from problem
    # Empty rows above the table are counted, empty columns to its left are left out.
    for number, cells in enumerate(sheet.iter_rows(), 1):
        yield number, [_cell_text(cell) for cell in cells]


def _cell_text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        # Excel knows no integers: a card number typed as a number comes as 4.9e12.
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell)
