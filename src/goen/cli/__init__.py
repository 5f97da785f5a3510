"""The command line: ``goen COMMAND``. One file per command, imported only when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import click

from goen.vocabulary.refusal import Refusal


class Entry(NamedTuple):
    """Where a command lives (``module:attribute``) and its line in ``goen --help``."""

    place: str
    words: str
    hidden: bool = False


COMMANDS: dict[str, Entry] = {
    "up": Entry("goen.cli.up:up", "Everything in one process tree: database, server, workers."),
    "serve": Entry("goen.cli.serve:serve", "The HTTP server alone."),
    "worker": Entry("goen.cli.worker:worker", "The background jobs alone."),
    "migrate": Entry("goen.cli.migrate:migrate", "Bring the database to this version's schema."),
    "shops": Entry("goen.cli.shops:shops", "Add and list shops."),
    "keys": Entry("goen.cli.keys:keys", "Create and revoke API keys."),
    "members": Entry("goen.cli.members:members", "Disclose and erase one member's data."),
    "staff": Entry("goen.cli.staff:staff", "People who sign in to the office or serve at terminals."),
    "programme": Entry("goen.cli.programme:programme", "The points programme as a file."),
    "terms": Entry("goen.cli.terms:terms", "Terms of membership, as files."),
    "backtest": Entry("goen.cli.backtest:backtest_", "What a campaign would have given over past sales."),
    "coupons": Entry("goen.cli.coupons:coupons", "Codes of coupons, in bulk."),
    "cards": Entry("goen.cli.cards:cards", "Member cards to print, with bar code and QR."),
    "import": Entry("goen.cli.import_:import_", "Members, purchases and balances from CSV or Excel."),
    "normalise": Entry(
        "goen.cli.normalise:normalise", "Phones, mails, kana, names and addresses in their normal form."
    ),
    "match": Entry("goen.cli.match:match", "Which members, or records of a list, are one person."),
    "export": Entry("goen.cli.export:export", "Members as CSV or Excel, in the form that import takes."),
    "verify": Entry("goen.cli.verify:verify", "Prove every invariant of the books."),
    "backup": Entry("goen.cli.backup:backup", "A consistent copy into a folder."),
    "restore": Entry("goen.cli.restore:restore", "Bring such a copy back, into an empty database."),
    "demo": Entry("goen.cli.up:demo", "Load the demo retailer, once.", hidden=True),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for name, entry in COMMANDS.items() if not entry.hidden]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].place.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].words) for name in self.list_commands(context)])

    def invoke(self, context: click.Context) -> Any:
        """Run the command; a refusal becomes one sentence on stderr and exit status 1."""
        try:
            return super().invoke(context)
        except Refusal as refusal:
            raise click.ClickException(refusal.detail) from None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="goen", prog_name="goen")
def main() -> None:
    """Goen: one member and one points balance for all stores and web shops of a retailer.

    Settings come from the environment (GOEN_DATABASE_URL, GOEN_DATA_DIR, GOEN_PORT …).
    """
