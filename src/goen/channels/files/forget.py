"""Takes people out of files of refused rows: their cells are personal data that an import has left behind.

A row is somebody's when one of its cells is one of their identifiers, in whatever spelling, or when it has
the name together with kana, birth date or address. It is better to lose the row of a namesake (the source
file has it still) than to keep the one of somebody who has left.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Protocol

from goen.channels.files.cells import moment, plain
from goen.channels.files.errors import BadFile
from goen.channels.files.readers import detect_encoding
from goen.identity.normalise import normalise, searchable

_KINDS = ("card", "phone", "email", "line", "ec")


class Known(Protocol):
    """What is known of a person; ``names`` are ``kind:normal``."""

    @property
    def name(self) -> str | None: ...
    @property
    def kana(self) -> str | None: ...
    @property
    def birth_date(self) -> date | None: ...
    @property
    def address(self) -> str | None: ...
    @property
    def names(self) -> Sequence[str]: ...


def forget(files: Sequence[Path], people: Sequence[Known]) -> None:
    """Rewrite each of these files without the rows of these people; files that are not here pass by.

    Raises:
        OSError: a file that is here cannot be written.
    """
    wanted = [_Wanted(person) for person in people]
    identifiers = frozenset(name for person in people for name in person.names)
    for path in files:
        if path.exists():
            _rewrite(path, wanted, identifiers)


class _Wanted:
    """One person's words as :func:`goen.identity.normalise.searchable` gives them."""

    def __init__(self, person: Known) -> None:
        self.names = tuple(searchable(text) for text in (person.name, person.kana) if text)
        self.address = searchable(person.address) if person.address else None
        self.born = person.birth_date

    def fits(self, words: str, days: frozenset[date]) -> bool:
        found = sum(name in words for name in self.names)
        if not found:
            return False
        return found > 1 or self.born in days or (self.address is not None and self.address in words)


def _rewrite(path: Path, wanted: Sequence[_Wanted], identifiers: frozenset[str]) -> None:
    try:
        encoding = detect_encoding(path)
    except (OSError, LookupError) as problem:
        raise BadFile(f"{path}: {problem}") from problem
    part = path.with_name(f".{path.name}.part")
    changed = False
    with (
        path.open(encoding=encoding, errors="surrogateescape", newline="") as source,
        part.open("w", encoding=encoding, errors="surrogateescape", newline="") as target,
    ):
        # Written by us (refused.py): its delimiter is the one between our three last columns.
        delimiter = max(",\t;", key=source.readline().count)
        source.seek(0)
        writer = csv.writer(target, delimiter=delimiter)
        for number, cells in enumerate(csv.reader(source, delimiter=delimiter)):
            if number and _is_of(cells, wanted, identifiers):
                changed = True
            else:
                writer.writerow(cells)
        target.flush()
        os.fsync(target.fileno())
    if changed:
        os.chmod(part, path.stat().st_mode)
        part.replace(path)
    else:
        part.unlink()


def _is_of(cells: Sequence[str], wanted: Sequence[_Wanted], identifiers: frozenset[str]) -> bool:
    texts = [plain(cell) for cell in cells]
    if identifiers and any(
        f"{kind}:{normal}" in identifiers for text in texts if text for kind, normal in _readings(text)
    ):
        return True
    words = "".join(searchable(text) for text in texts)
    days = frozenset(_days(texts))
    return any(person.fits(words, days) for person in wanted)


def _readings(text: str) -> Iterable[tuple[str, str]]:
    for kind in _KINDS:
        if normal := normalise(kind, text):
            yield kind, normal


def _days(texts: Iterable[str]) -> Iterable[date]:
    for text in texts:
        try:
            yield moment(text).date()
        except ValueError:
            continue
