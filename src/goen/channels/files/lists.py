"""A list written for other programs: CSV in CP932 or UTF-8, or Excel.

CP932 is what Japanese Excel and most tills open without a question, and it lacks characters that names have (𠮷, 瀨
in some forms, letters of other languages). Nothing is replaced and nothing left out: a row that CP932 cannot hold
goes, whole, to a second file in UTF-8, and the characters are told.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

#: What is one character in Japan's code tables and two in Unicode: those of JIS and those that Windows writes.
SAME = str.maketrans("〜−‖—¢£¬", "～－∥―￠￡￢")


class ListFile:
    """Takes rows as they come. A whole file appears at its place at the end, or none."""

    def __init__(self, path: Path, columns: Sequence[str], *, encoding: str = "cp932", armour: bool = False) -> None:
        """``armour`` writes numbers with a leading zero as ``="090…"``, so that Excel leaves them alone."""
        self.path = path
        self.beside = path.with_name(f"{path.stem}.utf8{path.suffix}")
        self.count = 0
        self.apart: list[tuple[str, str]] = []
        """Rows that the encoding cannot hold: the first cell, and the characters."""
        self._columns = columns
        self._encoding = encoding
        self._armour = armour
        self._book: Any = None
        self._files: list[tuple[Path, Path, IO[str]]] = []
        self._second: Any = None

    def __enter__(self) -> ListFile:
        if self.path.suffix.lower() == ".xlsx":
            import xlsxwriter

            plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
            self._book = xlsxwriter.Workbook(str(self.path), {"constant_memory": True, **plain})
            self._sheet = self._book.add_worksheet()
            self._sheet.write_row(0, 0, self._columns)
        else:
            self._writer = self._opened(self.path, self._encoding)
        return self

    def _opened(self, path: Path, encoding: str) -> Any:
        part = path.with_name(f".{path.name}.part")
        part.touch(mode=0o600)  # It holds people's data.
        file = part.open("w", encoding=encoding, newline="")
        self._files.append((part, path, file))
        writer = csv.writer(file)
        writer.writerow(self._columns)
        return writer

    def write(self, cells: Sequence[str]) -> None:
        """One row."""
        self.count += 1
        if self._book is not None:
            for column, cell in enumerate(cells):
                self._sheet.write_string(self.count, column, cell)
            return
        row = [_armoured(cell) for cell in cells] if self._armour else list(cells)
        if self._encoding == "cp932":
            row = [cell.translate(SAME) for cell in row]
            missing = sorted({letter for cell in row for letter in cell if not _in_cp932(letter)})
            if missing:
                self.apart.append((cells[0], "".join(missing)))
                self._second = self._second or self._opened(self.beside, "utf-8-sig")
                self._second.writerow(cells)
                return
        self._writer.writerow(row)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._book is not None:
            self._book.close()
        for part, path, file in self._files:
            file.close()
            if kind is None:
                part.replace(path)
            else:
                part.unlink()


def _armoured(cell: str) -> str:
    return f'="{cell}"' if cell.startswith("0") and cell.isascii() and cell.isdigit() else cell


def _in_cp932(letter: str) -> bool:
    if letter.isascii():
        return True
    try:
        letter.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True
