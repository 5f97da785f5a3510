"""Work that takes a processor for minutes runs as a command in a process of its own, beside the one that serves."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

_ERROR_BYTES = 2_000


class CommandFailed(Exception):  # noqa: N818
    """The process ended with an error; its last words say which."""


async def run_command(dsn: str, *words: str, heard: Callable[[str], None] | None = None) -> bytes:
    """``goen`` with these words on this database; gives what it printed. It ends with whoever waits for it. ``heard``
    takes each line that it says beside that.

    :raises CommandFailed: it could not do it.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "goen.cli", *words,
        env={**os.environ, "GOEN_DATABASE_URL": dsn},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    talking = asyncio.ensure_future(_talk(child, heard))
    try:
        printed, said = await asyncio.shield(talking)
    except asyncio.CancelledError:
        child.terminate()
        await talking
        raise
    if child.returncode:
        raise CommandFailed(said[-_ERROR_BYTES:].decode(errors="replace"))
    return printed


async def _talk(child: asyncio.subprocess.Process, heard: Callable[[str], None] | None) -> tuple[bytes, bytes]:
    """What it prints, and the last of what it says."""
    assert child.stdout is not None
    assert child.stderr is not None
    printing = asyncio.ensure_future(child.stdout.read())
    said = b""
    async for line in child.stderr:
        said = (said + line)[-_ERROR_BYTES:]
        if heard is not None:
            heard(line.decode(errors="replace").strip())
    printed = await printing
    await child.wait()
    return printed, said
