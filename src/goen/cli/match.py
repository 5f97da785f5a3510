"""``goen match``: which members, or which records of a file, are one person."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goen.settings import Settings

if TYPE_CHECKING:
    from goen.channels.files.readers import Table
    from goen.identity.matching.batch import Matched
    from goen.identity.matching.prepare import Raw

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--file", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A list (CSV, Excel) to match by itself; nothing is stored. Without it: the members.")  # fmt: skip
@click.option("--out", type=_FILE, help="Where record_id, cluster_id go: who is one person for certain.")
@click.option("--pairs", type=_FILE, help="Where the pairs go, with probability and decision (auto, review).")
@click.option("--column", "columns", multiple=True, metavar="FIELD=COLUMN",
              help="What a column means, where its name does not say: phone=携帯2.")  # fmt: skip
@click.option("--encoding", help="utf-8, cp932 … (found out where not said).")
@click.option("--once", multiple=True, metavar="SOURCE", help="A source that holds each person once.")
@click.option("--truth", metavar="COLUMN", help="A column that says who is who: print how right the result is.")
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Weights saved before, instead of learning them from the list.")  # fmt: skip
@click.option("--save-model", type=_FILE, help="Where the weights go, as JSON.")
def match(
    source: Path | None,
    out: Path | None,
    pairs: Path | None,
    columns: tuple[str, ...],
    encoding: str | None,
    once: tuple[str, ...],
    truth: str | None,
    model: Path | None,
    save_model: Path | None,
) -> None:
    """Find the members, or the records of a list, that are one person.

    Over the members: the certain ones are merged, the likely ones wait for a person to decide
    (GET /v1/match_reviews). With --file: record_id, source, name, kana, sex, birthday, phone, email, postcode,
    postal_address are read, by these or other usual names; more columns are ignored, fewer allowed.
    """
    if source is None:
        if out or pairs or columns or encoding or once or truth or model or save_model:
            raise click.UsageError("these options go with --file")
        _match_members()
        return
    if out is None:
        raise click.UsageError("--file needs --out")
    _match_file(source, out, pairs, dict(_mapped(columns)), encoding, frozenset(once), truth, model, save_model)


def _mapped(columns: Iterable[str]) -> Iterator[tuple[str, str]]:
    for each in columns:
        field, equals, column = each.partition("=")
        if not equals:
            raise click.BadParameter(f"{each}: write FIELD=COLUMN", param_hint="--column")
        yield field, column


def _match_file(
    source: Path,
    out: Path,
    pairs: Path | None,
    mapping: dict[str, str],
    encoding: str | None,
    once: frozenset[str],
    truth: str | None,
    saved: Path | None,
    save: Path | None,
) -> None:
    import msgspec

    from goen.channels.files.errors import BadFile
    from goen.channels.files.readers import Shape, open_table
    from goen.identity.matching.batch import Options
    from goen.identity.matching.batch import match as find
    from goen.identity.matching.columns import FIELDS, NoRecordId, recognise
    from goen.identity.matching.model import MODEL_VERSION, Model

    try:
        table = open_table(source, Shape(encoding=encoding))
        found = recognise(table.header, mapping)
    except (BadFile, NoRecordId) as problem:
        raise click.ClickException(str(problem)) from None
    except KeyError as unknown:
        raise click.ClickException(
            f"{unknown.args[0]}: neither a column of {source.name} nor one of {', '.join(FIELDS)}"
        ) from None
    if truth is not None and truth not in table.header:
        raise click.ClickException(f"{source.name} has no column {truth}")
    model = None
    if saved is not None:
        try:
            model = msgspec.json.decode(saved.read_bytes(), type=Model)
        except msgspec.MsgspecError as problem:
            raise click.ClickException(f"{saved.name} is no model: {problem}") from None
        if model.version != MODEL_VERSION:
            raise click.ClickException(f"{saved.name} is of version {model.version}; this Goen takes {MODEL_VERSION}")
    click.echo(f"Columns: {', '.join(f'{field} = {table.header[at]}' for field, at in found.items())}", err=True)
    rows = _Rows(table, found)
    result = find(rows.read, Options(model=model, once=once))
    _write(out, ("record_id", "cluster_id"), result.cluster_of.items())
    if pairs is not None:
        _write(
            pairs,
            ("record_id_l", "record_id_r", "probability", "decision"),
            ((each.left, each.right, f"{each.probability:.6f}", each.decision) for each in result.pairs),
        )
    if save is not None:
        save.write_bytes(msgspec.json.format(msgspec.json.encode(result.model)))
    _tell(result, rows.refused)
    if truth is not None:
        _tell_truth(source.name, rows, table.header.index(truth), result)


class _Rows:
    """The records of a table, to be read as often as one likes."""

    def __init__(self, table: Table, columns: dict[str, int]) -> None:
        self._table = table
        self._columns = columns
        self.refused = 0

    def cells(self) -> Iterator[list[str]]:
        """Rows that can be read and name their record."""
        self.refused = 0

        def refuse(_: object) -> None:
            self.refused += 1

        for _, cells in self._table.rows(refuse):
            if cells[self._columns["record_id"]].strip():
                yield cells
            else:
                self.refused += 1

    def read(self) -> Iterator[Raw]:
        """The records."""
        from goen.identity.matching.prepare import raw_of

        for cells in self.cells():
            yield raw_of(cells, self._columns)

    def named(self, position: int) -> dict[str, str]:
        """What the column at ``position`` says of each record."""
        return {cells[self._columns["record_id"]].strip(): cells[position] for cells in self.cells()}


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _tell(result: Matched, refused: int) -> None:
    records, persons = len(result.cluster_of), len(set(result.cluster_of.values()))
    asked = sum(pair.decision == "review" for pair in result.pairs)
    click.echo(f"{records:,} records, {persons:,} persons, {asked:,} pairs to review.")
    if refused:
        click.echo(f"{refused:,} rows could not be read or do not name their record.", err=True)


def _tell_truth(name: str, rows: _Rows, position: int, result: Matched) -> None:
    from goen.identity.matching.evaluation import figures, table

    click.echo(table([(name, figures(result.cluster_of, result.pairs, rows.named(position)))]))


def _match_members() -> None:
    import asyncio

    from goen.cli.matching import match_members

    told = asyncio.run(match_members(Settings.from_environment()))
    click.echo(told)
