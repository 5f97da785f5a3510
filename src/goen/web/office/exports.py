"""Every list of the office can be taken away, as the page shows it: same rows, same rights, same language."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from litestar import Response
from litestar.response import Stream

from goen.actions.exports import note_export
from goen.channels.files.exports import FORMATS, TYPES, Cell, Format, Rows, exported
from goen.members.ids import member_id_of
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.pages import SURFACE, words_of
from goen.web.common.visits import Visit

__all__ = ["PIECE", "Cell", "Page", "streamed", "taken"]

T = TypeVar("T")
#: So many rows are read at a time.
PIECE = 500
Page = Callable[[str | None], Awaitable[tuple[Sequence[T], str | None]]]


async def taken(
    visit: Visit,
    name: str,
    page: Page[T],
    cells: Callable[[T], Sequence[Cell]],
    *,
    whose: Callable[[T], str | None] | None = None,
) -> Response[Any] | None:
    """The list as a file where ``?export=`` asks for one, else None. ``page`` reads a piece of it, ``cells`` makes a
    row under the titles that ``export_words.html`` has for ``name``; ``whose``: of whom it tells, to be noted.

    Raises:
        InvalidRequest: a kind of file that there is none of.
    """
    asked = visit.query.get("export")
    if asked is None:
        return None
    form = next((each for each in FORMATS if each == asked), None)
    if form is None:
        raise InvalidRequest("export", f"is one of {', '.join(FORMATS)}")

    async def rows() -> AsyncIterator[Sequence[Cell]]:
        cursor: str | None = None
        while True:
            found, cursor = await page(cursor)
            if whose is not None:
                _note(visit, filter(None, map(whose, found)))
            for each in found:
                yield cells(each)
            if cursor is None:
                return

    return await streamed(visit, name, rows(), form)


async def streamed(visit: Visit, name: str, rows: Rows, form: Format) -> Response[Any]:
    """These rows as a file; written down before the first one goes."""
    titles: Sequence[str] = words_of(visit.language, "office/export_words.html").titles[name]
    kept = {key: value for key, value in visit.query.items() if key not in ("export", "cursor", "lang") and value}
    asked = urlencode({**visit.path, **kept})[:500]
    await note_export(visit.known.database, name, form, asked, visit.staff.author, visit.now)
    kind, suffix = TYPES[form]
    day = visit.known.context.day_of(visit.now)
    headers = {
        **SURFACE, "content-disposition": f'attachment; filename="goen-{name}-{day}.{suffix}"', "content-type": kind,
    }  # fmt: skip
    return Stream(exported(form, titles, rows), headers=headers, media_type=kind)


def _note(visit: Visit, members: Iterable[str]) -> None:
    ids = [each for each in map(member_id_of, members) if each is not None]
    visit.known.accesses.note(ids, visit.staff.author, "exported", visit.known.clock.now(), None)
