"""The file of refused rows: the source's columns in the source's encoding, then row, reason and words."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from types import TracebackType
from typing import IO

from goen.channels.files.readers import Table
from goen.purchases.brought import Refused

COLUMNS = ("row", "reason", "words")


def is_of_refused(path: Path) -> bool:
    """Whether a file of refused rows stands there, by its header; whatever else has come to stand there is none."""
    try:
        with path.open("rb") as file:
            header = file.readline(100_000).replace(b"\0", b"").strip()
    except OSError:
        return False
    return bool(re.search(rb"row\W+reason\W+words\W*$", header))


class RefusedRows:
    """Takes refused rows as they come; the file appears with the first one.

    A person mends it and imports it again: mappings go by column names, so the three columns at the end
    do no harm. A source without a header row is written with one. ``keep`` adds to an earlier file (a
    restart); rows that it has already are not written twice.
    """

    def __init__(self, path: Path, table: Table, *, keep: bool = False) -> None:
        self.path = path
        self.count = 0
        self.reasons: dict[str, int] = {}
        self._header = table.header
        self._encoding = table.encoding
        self._delimiter = "," if table.delimiter == "whitespace" else table.delimiter
        self._known = self._rows_before() if keep else frozenset[str]()
        self._keep = bool(self._known)
        self._file: IO[str] | None = None

    def __call__(self, refused: Refused) -> None:
        self.count += 1
        self.reasons[refused.code] = self.reasons.get(refused.code, 0) + 1
        if str(refused.row) in self._known:
            return
        if self._file is None:
            self._file = self._open()
            self._writer = csv.writer(self._file, delimiter=self._delimiter)
            if not self._keep:
                self._writer.writerow((*self._header, *COLUMNS))
        # The cells came from this encoding and go back byte for byte; our words may know more characters.
        words = refused.words.encode(self._encoding, "replace").decode(self._encoding)
        padding = [""] * (len(self._header) - len(refused.cells))
        self._writer.writerow((*refused.cells, *padding, refused.row, refused.code, words))

    def __enter__(self) -> RefusedRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def flush(self) -> None:
        """What was refused so far is on the disk after this: before a checkpoint, so that none is lost."""
        if self._file is not None:
            self._file.flush()

    def _open(self) -> IO[str]:
        # A byte order mark belongs at the beginning of a file only.
        encoding = self._encoding.removesuffix("-sig") if self._keep else self._encoding
        mode = "a" if self._keep else "w"
        return self.path.open(mode, encoding=encoding, errors="surrogateescape", newline="")

    def _rows_before(self) -> frozenset[str]:
        try:
            with self.path.open(encoding=self._encoding, errors="surrogateescape", newline="") as lines:
                return frozenset(cells[-3] for cells in csv.reader(lines, delimiter=self._delimiter) if len(cells) > 2)
        except FileNotFoundError:
            return frozenset()
