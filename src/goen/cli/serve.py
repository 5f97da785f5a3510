"""``goen serve``: the HTTP server."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click
import uvicorn
import uvloop

from goen.cli.logs import log_to_stderr
from goen.cli.session import follow_parent, prepared, refuse_taken_port
from goen.cli.tree import growing, until
from goen.settings import Settings


@click.command()
@click.option("--host", help="Address to listen on (GOEN_HOST).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (GOEN_PORT).")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that share the port (GOEN_WORKERS).")
@click.option("--one-of-many", is_flag=True, hidden=True, help="Share the port with other processes.")
def serve(host: str | None, port: int | None, workers: int | None, one_of_many: bool) -> None:
    """Answer tills, web shops and pages until stopped."""
    follow_parent()
    settings = Settings.from_environment()
    log_to_stderr(settings.log_level)
    chosen = replace(
        settings, host=host or settings.host, port=port or settings.port, workers=workers or settings.workers
    )
    if chosen.workers > 1 and not one_of_many:
        asyncio.run(_serve_together(chosen))
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(chosen, share=one_of_many))


async def _serve_together(settings: Settings) -> None:
    """Several processes, each with a till of its own, behind one port; the kernel deals out the connections."""
    refuse_taken_port(settings)
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with prepared(settings) as found, growing(found) as tree:
        tasks = [
            asyncio.create_task(tree.keep("serve", "--one-of-many", name=f"serve {n}"))
            for n in range(1, settings.workers + 1)
        ]
        tasks.append(asyncio.create_task(until(stop)))
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        tree.stopping.set()
        for task in waiting:
            task.cancel()
        for task in done:
            task.result()  # Those that keep something running end by an error alone: this raises it.


def _shared_port(settings: Settings) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((settings.host, settings.port))
    return listener


class _Server(uvicorn.Server):
    """A server whose signals we handle, so that what it uses is left in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(settings: Settings, *, share: bool) -> None:
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
        await server.serve([_shared_port(settings)] if share else None)
    if not server.started:
        raise click.ClickException("the server did not start")
