"""What commands share: the database of these settings, and a life bound to the parent's."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import click

from goen.database.embedded import embedded
from goen.database.migrate import migrate, serviceable
from goen.database.pool import Database, check_server, connect, open_database
from goen.settings import Settings
from goen.vocabulary.clock import SystemClock

LIFELINE = "GOEN_LIFELINE_FD"
PATIENCE_SECONDS = 15


@asynccontextmanager
async def located(settings: Settings) -> AsyncIterator[Settings]:
    """The same settings with ``database_url`` filled in; the embedded server is joined or started."""
    if settings.database_url is not None:
        await check_server(settings.database_url)
        yield settings
        return
    async with embedded(settings.data_dir, settings.profile) as server:
        yield replace(settings, database_url=server.dsn)


@asynccontextmanager
async def prepared(settings: Settings) -> AsyncIterator[Settings]:
    """The located settings of a database that has the schema this Goen expects.

    The embedded database is migrated when needed. A server of one's own is migrated by ``goen migrate``
    only, when its owner decides.

    Raises:
        SchemaRefused: such a server has not been migrated yet.
    """
    async with located(settings) as found:
        assert found.database_url is not None
        if settings.database_url is None:
            await migrated(found)
        else:
            connection = await connect(found.database_url)
            try:
                await serviceable(connection)
            finally:
                await connection.close()
        yield found


@asynccontextmanager
async def opened(settings: Settings, name: str = "goen") -> AsyncIterator[Database]:
    """The database of these settings, prepared. The server knows us by ``name``.

    Raises:
        SchemaRefused: see :func:`prepared`.
    """
    async with prepared(settings) as found:
        assert found.database_url is not None
        async with open_database(found.database_url, name=name) as database:
            yield database


async def migrated(settings: Settings) -> list[str]:
    """Migrate the database of these located settings; gives the names of the applied files."""
    assert settings.database_url is not None
    applied = await migrate(
        settings.database_url,
        today=SystemClock().now().date(),
        currency=settings.currency,
        timezone=settings.timezone,
    )
    return [f"{each.number:04}_{each.name}" for each in applied]


def refuse_taken_port(settings: Settings) -> None:
    """Say so before anything is started for a port that somebody has."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(
                f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); choose another "
                f"port with --port or GOEN_PORT"
            ) from None


def follow_parent() -> None:
    """End when the process that started us does, even by SIGKILL.

    ``goen up`` hands its children the reading end of a pipe on which it never writes; the end of the
    file is the parent's end. We then ask ourselves to stop, and insist after a while.
    """
    if (line := os.environ.pop(LIFELINE, None)) is None:
        return

    def wait() -> None:
        os.read(int(line), 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE_SECONDS)
        os._exit(1)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
