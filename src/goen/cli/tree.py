"""Children of one command: started with our Python and our settings, kept running, stopped in order."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import click

from goen.cli.session import LIFELINE
from goen.settings import Settings

BACK_OFF_SECONDS = (0.2, 0.5, 1, 2, 5, 10, 30)
HEALTHY_SECONDS = 60
STOP_SECONDS = 20


@dataclass
class Tree:
    """The children. They hold the reading end of a pipe and end when we do. Made by :func:`growing`."""

    settings: Settings
    lifeline: int
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    children: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, part: str, *options: str, name: str = "") -> asyncio.subprocess.Process:
        """Start ``goen PART``. ``name`` tells several of one part apart."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "goen.cli",
            part,
            *options,
            env={**os.environ, **_environment(self.settings), LIFELINE: str(self.lifeline)},
            pass_fds=(self.lifeline,),
            # Ctrl-C reaches the whole terminal group; the children stop when we tell them, in order.
            process_group=0,
        )
        self.children[name or part] = child
        return child

    async def keep(self, part: str, *options: str, name: str = "") -> None:
        """Keep one part running: when it ends on its own it is started again, ever more patiently."""
        failures = 0
        while not self.stopping.is_set():
            began = time.monotonic()
            status = await (await self.start(part, *options, name=name)).wait()
            if self.stopping.is_set():
                return
            failures = 0 if time.monotonic() - began > HEALTHY_SECONDS else failures + 1
            pause = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)]
            click.echo(f"goen {name or part} ended with status {status}; starting it again in {pause} s", err=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)

    async def stop(self) -> None:
        """Ask all children to stop, and insist after a while."""
        self.stopping.set()
        running = [child for child in self.children.values() if child.returncode is None]
        for child in running:
            with suppress(ProcessLookupError):
                child.terminate()
        if running:
            _, late = await asyncio.wait([asyncio.ensure_future(c.wait()) for c in running], timeout=STOP_SECONDS)
            for child in running if late else ():
                with suppress(ProcessLookupError):
                    child.kill()


@asynccontextmanager
async def growing(settings: Settings) -> AsyncIterator[Tree]:
    """A tree whose children are stopped when the block ends, and end by themselves if we are killed."""
    async with AsyncExitStack() as stack:
        reading, writing = os.pipe()
        stack.callback(os.close, writing)
        stack.callback(os.close, reading)
        tree = Tree(settings, reading)
        stack.push_async_callback(tree.stop)
        yield tree


async def until(event: asyncio.Event) -> None:
    """A wait for an event as a task among others."""
    await event.wait()


def _environment(settings: Settings) -> Mapping[str, str]:
    return {
        "GOEN_DATABASE_URL": settings.database_url or "",
        "GOEN_DATA_DIR": str(settings.data_dir),
        "GOEN_HOST": settings.host,
        "GOEN_PORT": str(settings.port),
        "GOEN_DEMO": "1" if settings.demo else "0",
    }
