"""``goen staff``: who may sign in to the office, and who serves at terminals."""

from __future__ import annotations

import asyncio
import getpass
import sys

import click
from rich.console import Console
from rich.table import Table

from goen.actions.staff import add_staff, disable_staff, reset_staff
from goen.cli.session import opened
from goen.readings.staff import everybody
from goen.settings import Settings
from goen.staff.model import ROLES, StaffRow
from goen.staff.rules import Role
from goen.vocabulary.clock import SystemClock


@click.group()
def staff() -> None:
    """People who sign in to the office or serve at terminals."""


@staff.command()
@click.argument("login")
@click.option("--name", help="Shown to colleagues; the login unless given.")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--shop", "shops", multiple=True, help="Code of a shop that is theirs; again for more. None: every shop.")
@click.option("--pin", is_flag=True, help="Ask for a PIN for terminals.")
@click.option("--no-password", is_flag=True, help="At terminals only, not in the office.")
def add(login: str, name: str | None, role: Role, shops: tuple[str, ...], pin: bool, no_password: bool) -> None:
    """Add somebody, who signs in as LOGIN. Password and PIN are asked for, or read from standard input."""
    password = None if no_password else _asked("Password")
    asyncio.run(_add(login, name or login, role, shops, password, _asked("PIN") if pin else None))
    click.echo(f"added {login} ({role})")


@staff.command("list")
def list_() -> None:
    """Everybody."""
    table = Table("login", "name", "role", "shops", "signs in with", "ended", box=None)
    for each in asyncio.run(_all()):
        means = (("password", each.has_password), ("second factor", each.has_second), ("PIN", each.has_pin))
        table.add_row(
            each.login,
            each.name,
            each.role,
            ", ".join(each.shops) or "all",
            ", ".join(name for name, has in means if has),
            f"{each.disabled_at:%Y-%m-%d}" if each.disabled_at else "",
        )
    Console().print(table)


@staff.command()
@click.argument("login")
@click.option("--pin", is_flag=True, help="A new PIN instead of a new password.")
@click.option("--second-factor", is_flag=True, help="Also let them set up the second factor anew.")
def reset(login: str, pin: bool, second_factor: bool) -> None:
    """Give LOGIN a new password, lift locks, and sign them out everywhere."""
    secret = _asked("PIN" if pin else "Password")
    asyncio.run(_reset(login, secret, pin, second_factor))
    click.echo(f"reset {login}")


@staff.command()
@click.argument("login")
def disable(login: str) -> None:
    """End the sign-in of LOGIN for good."""
    asyncio.run(_disable(login))
    click.echo(f"disabled {login}")


def _asked(what: str) -> str:
    answer: str = click.prompt(what, hide_input=True, confirmation_prompt=sys.stdin.isatty())
    return answer


def _author() -> str:
    return f"cli:{getpass.getuser()}"


async def _add(
    login: str, name: str, role: Role, shops: tuple[str, ...], password: str | None, pin: str | None
) -> None:
    async with opened(Settings.from_environment()) as database:
        await add_staff(
            database, login=login, name=name, role=role, password=password, pin=pin, shop_codes=shops,
            author=_author(), now=SystemClock().now(),
        )  # fmt: skip


async def _all() -> list[StaffRow]:
    async with opened(Settings.from_environment()) as database, database.reading() as connection:
        return await everybody(connection)


async def _reset(login: str, secret: str, pin: bool, second: bool) -> None:
    async with opened(Settings.from_environment()) as database:
        await reset_staff(
            database, login, password=None if pin else secret, pin=secret if pin else None, second=second,
            author=_author(), now=SystemClock().now(),
        )  # fmt: skip


async def _disable(login: str) -> None:
    async with opened(Settings.from_environment()) as database:
        await disable_staff(database, login, author=_author(), now=SystemClock().now())
