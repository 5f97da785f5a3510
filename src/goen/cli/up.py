"""``goen up``: everything in one process tree."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

import click

from goen.cli.session import located, migrated, refuse_taken_port
from goen.cli.tree import Tree, growing, until
from goen.database.embedded import PROFILES, Server, embedded
from goen.database.pool import check_server
from goen.settings import Settings

PARTS = ("serve", "worker")
START_SECONDS = 60


@click.command()
@click.option("--demo", "with_demo", is_flag=True, help="Load the demo retailer, once.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (GOEN_PORT; 8000).")
def up(with_demo: bool, port: int | None) -> None:
    """Start the database, the server and the workers; Ctrl-C stops them all."""
    settings = Settings.from_environment()
    chosen = replace(settings, port=port or settings.port, demo=with_demo or settings.demo)
    asyncio.run(_up(chosen, with_demo=with_demo))


@click.command(hidden=True)
def demo() -> None:
    """Load the demo retailer, once."""
    asyncio.run(_demo(Settings.from_environment()))


async def _demo(settings: Settings) -> None:
    from goen.cli.demo import load
    from goen.cli.importing import settle_process

    settle_process(niceness=10)  # The server that answers already goes first.
    async with located(settings) as found:
        await load(found)


async def _up(settings: Settings, *, with_demo: bool) -> None:
    refuse_taken_port(settings)
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with AsyncExitStack() as stack:
        server = None
        if settings.database_url is None:
            server = await stack.enter_async_context(embedded(settings.data_dir, settings.profile))
        else:
            await check_server(settings.database_url)
        found = replace(settings, database_url=settings.database_url or (server.dsn if server else None))
        for name in await migrated(found):
            click.echo(f"applied {name}")
        if found.demo and not await _demo_here(found):
            click.echo("There is data of your own in this database: the demo retailer and its sign-in stay away.")
            found, with_demo = replace(found, demo=False), False
        tree = await stack.enter_async_context(growing(found))
        tasks = [asyncio.create_task(tree.keep(part)) for part in PARTS]
        if server is not None:
            tasks.append(asyncio.create_task(_guard(server, tree, stack)))
        announcing = asyncio.create_task(_announce(found, server, tree, with_demo=with_demo))
        tasks.append(asyncio.create_task(until(stop)))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        tree.stopping.set()
        for task in (announcing, *(each for each in tasks if each not in done)):
            task.cancel()
        for task in done:
            task.result()  # Those that keep something running end by an error alone: this raises it.
        click.echo("Stopping …")


async def _demo_here(settings: Settings) -> bool:
    from goen.actions.demo import is_demo
    from goen.database.pool import open_database

    assert settings.database_url is not None
    async with open_database(settings.database_url, readers_max=1, writers_max=1) as database:
        return await is_demo(database)


async def _guard(server: Server, tree: Tree, stack: AsyncExitStack) -> None:
    """If the database's keeper itself is killed, enter again, and send the children to the new server."""
    while True:
        await asyncio.sleep(0.5)
        if server.alive:
            continue
        click.echo("the embedded database was lost; starting it again", err=True)
        server = await stack.enter_async_context(embedded(server.data_dir, server.profile))
        if server.dsn != tree.settings.database_url:
            tree.settings = replace(tree.settings, database_url=server.dsn)
            for child in tree.children.values():
                with suppress(ProcessLookupError):
                    child.terminate()


async def _announce(settings: Settings, server: Server | None, tree: Tree, *, with_demo: bool) -> None:
    """Say where everything is once it answers; then load the demo retailer if asked."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(settings.host, settings.port)
            writer.close()
            break
        await asyncio.sleep(0.05)
    else:
        click.echo(f"The server does not answer on port {settings.port} yet; see the messages above.", err=True)
    shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - only told apart.
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{settings.port}"
    click.echo(f"Goen        {address}/")
    click.echo(f"Office      {address}/office   (sign-ins: `goen staff add`)")
    click.echo(f"Terminal    {address}/terminal")
    if settings.demo:
        click.echo(f"Demo        {address}/ signs you in with one click: owner, marketing, manager, till (PIN 2468)")
    click.echo(f"API         {address}/docs   (OpenAPI: {address}/openapi.json)")
    if server is not None:
        words = ", ".join(f"{name} {value}" for name, value in PROFILES[server.profile].items())
        click.echo(f"Database    PostgreSQL in {server.data_dir}, port {server.port}")
        click.echo(f"Profile     {server.profile}: {words}")
    click.echo("Ctrl-C stops everything.")
    if with_demo:
        child = await tree.start("demo")
        if await child.wait() and not tree.stopping.is_set():
            click.echo("The demo retailer could not be loaded; see the messages above.", err=True)
