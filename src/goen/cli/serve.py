"""``goen serve``: the HTTP server."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click
import uvicorn
import uvloop

from goen.cli.logs import log_to_stderr
from goen.cli.session import follow_parent, prepared
from goen.settings import Settings


@click.command()
@click.option("--host", help="Address to listen on (GOEN_HOST).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (GOEN_PORT).")
def serve(host: str | None, port: int | None) -> None:
    """Answer tills, web shops and pages until stopped."""
    follow_parent()
    settings = Settings.from_environment()
    log_to_stderr(settings.log_level)
    chosen = replace(settings, host=host or settings.host, port=port or settings.port)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(chosen))


class _Server(uvicorn.Server):
    """A server whose signals we handle, so that what it uses is left in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(settings: Settings) -> None:
    from goen.api.protocol import Protocol
    from goen.main import Served

    async with prepared(settings) as found:
        served = Served(found)
        server = _Server(
            uvicorn.Config(
                served,
                host=settings.host,
                port=settings.port,
                http=Protocol,
                lifespan="on",
                access_log=False,
                log_level=settings.log_level,
                # Nobody's forwarded address is read; the layer would cost every sale.
                proxy_headers=False,
                timeout_graceful_shutdown=5,
                server_header=False,
            )
        )

        def stop() -> None:
            server.should_exit = True
            served.stop()

        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, stop)
        # What was loaded stays; a sale's own objects die by reference count, so the collector may look rarely.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        await server.serve()
    if not server.started:
        raise click.ClickException("the server did not start")
