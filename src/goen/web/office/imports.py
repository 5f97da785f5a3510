"""Files that were brought in, and the rows that were refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from litestar import Response
from litestar.response import Stream

from goen.actions.exports import note_export
from goen.actions.imports.job import UnknownImport, all_jobs, find_job, refused_files
from goen.channels.files.refused import is_of_refused
from goen.web.common.pages import SURFACE
from goen.web.common.visits import Visit
from goen.web.office.frame import shown

_PIECE = 1 << 16


async def imports(visit: Visit) -> Response[Any]:
    """Files that were brought in, newest first."""
    jobs = await all_jobs(visit.known.database)
    files = await refused_files(visit.known.database, jobs)
    here = await asyncio.to_thread(lambda: {job for job, path in files.items() if is_of_refused(Path(path))})
    return shown(visit, "imports.html", "imports", jobs=jobs, files_here=here)


async def refused(visit: Visit) -> Response[Any]:
    """The refused rows of an import, byte for byte, where their file is on this machine. The path is the one that the
    import has written down; the address names a number alone. It is written down who took them."""
    asked = visit.path["import_id"]
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 18 else 0
    job = await find_job(visit.known.database, number)
    found = (await refused_files(visit.known.database, [job])).get(number)
    if found is None or not await asyncio.to_thread(is_of_refused, Path(found)):
        raise UnknownImport(number)
    await note_export(visit.known.database, "refused_rows", "csv", f"import_id={number}", visit.staff.author, visit.now)
    headers = {
        **SURFACE, "content-type": "text/csv",
        "content-disposition": f'attachment; filename="goen-refused-{number}.csv"',
    }  # fmt: skip
    return Stream(_pieces(Path(found)), headers=headers, media_type="text/csv")


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
