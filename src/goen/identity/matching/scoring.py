"""Training and scoring with Splink on DuckDB: records in, scored pairs out. The one module that imports them."""

from __future__ import annotations

import logging
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from goen.identity.matching.blocking import add_blocks
from goen.identity.matching.model import COMPARISONS, DEFAULTS, LEVEL_MIN, Comparison, Model, Script, usable
from goen.identity.matching.prepare import Prepared, arrow_table

if TYPE_CHECKING:
    import pyarrow as pa

SEED = 20_240_401
#: Random pairs for u: common levels need few; what is rare in a long list needs more.
U_PAIRS, U_PAIRS_LONG = 1e6, 5e6
LONG = 100_000
#: Pairs of one blocking used for EM; more teach nothing new.
EM_PAIRS = 2e6
EM_PAIRS_MIN = 60
#: Below so many records there is nothing to learn from.
TRAINABLE_MIN = 500
#: A phone or mail address that so many differently named records share names nobody: a shop's own, or a filler.
HOLDERS_MAX = 8
#: The prior may rise by so many bits over what the rules found.
SETTLING_BITS_MAX = 2.0
SETTLING_STEPS = 10
#: Of the true pairs the rules for the prior are taken to find this part.
RULES_RECALL = 0.7

#: Blockings for EM: each leaves out what it blocks on and teaches the rest.
EM_BLOCKS = {
    "japanese": (
        "l.phone = r.phone",
        "l.email = r.email",
        "l.birth = r.birth and l.given_reading = r.given_reading",
        "l.given = r.given and l.family = r.family",
        "l.town = r.town and l.number = r.number and l.given_folded = r.given_folded",
    ),
    "latin": (
        "l.birth = r.birth",
        "l.given_reading = r.given_reading and l.family_reading = r.family_reading",
        "l.phone = r.phone",
        "l.email = r.email",
        "l.birth = r.birth and l.family_reading = r.family_reading",
    ),
}
#: Pairs that are the same person nearly always; their number gives the prior.
RULES = {
    "japanese": (
        "l.phone = r.phone and l.given_reading = r.given_reading",
        "l.email = r.email and l.given_reading = r.given_reading",
        "l.phone = r.phone and l.given = r.given",
        "l.email = r.email and l.given = r.given",
        "l.whole_reading = r.whole_reading and l.birth = r.birth",
        "l.whole = r.whole and l.birth = r.birth",
    ),
    "latin": (
        "l.whole_reading = r.whole_reading and l.birth = r.birth",
        "l.email = r.email and l.birth = r.birth",
        "l.email = r.email and l.given_reading = r.given_reading",
        "l.phone = r.phone and l.given_reading = r.given_reading",
        "l.whole_reading = r.whole_reading and l.town = r.town",
    ),
}


class Store:
    """A DuckDB of its own, in memory with room on disk, gone when it is closed."""

    def __init__(self, *, threads: int | None = None, memory: str = "4GB") -> None:
        import duckdb

        self._folder = tempfile.TemporaryDirectory(prefix="goen-match-")
        self.connection = duckdb.connect()
        self.run(f"set memory_limit = '{memory}'")
        self.run(f"set temp_directory = '{self._folder.name}'")
        self.run(f"set threads = {threads or os.cpu_count() or 1}")
        self.run("set preserve_insertion_order = false")

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Execute; gives all rows."""
        found = self.connection.execute(sql)
        return found.fetchall() if found.description else []

    def number(self, sql: str) -> int:
        """The one number that ``sql`` gives."""
        return int(self.run(sql)[0][0])

    def arrow(self, sql: str) -> pa.Table:
        """The rows as an Arrow table."""
        return self.connection.sql(sql).to_arrow_table()

    def close(self) -> None:
        """Forget everything."""
        self.connection.close()
        self._folder.cleanup()


@contextmanager
def scratch(**options: Any) -> Iterator[Store]:
    """A store for the length of a block."""
    store = Store(**options)
    try:
        yield store
    finally:
        store.close()


def load(store: Store, pieces: Iterable[Sequence[Prepared]]) -> int:
    """Make the table ``records`` of these records; gives how many. Contacts that name nobody are left out."""
    count = 0
    for piece in pieces:
        table = arrow_table(piece)
        store.connection.register("piece", table)
        store.run("insert into records select * from piece" if count else "create table records as select * from piece")
        store.connection.unregister("piece")
        count += len(piece)
    if not count:
        store.connection.register("piece", arrow_table([]))
        store.run("create table records as select * from piece")
    for contact in ("phone", "email"):
        store.run(
            f"update records set {contact} = null where {contact} in (select {contact} from records"
            f" where {contact} is not null group by {contact}"
            f" having count(distinct coalesce(whole_reading, whole, given_reading, unique_id::text)) > {HOLDERS_MAX})"
        )
    return count


def script_of(store: Store) -> Script:
    """Which letters the names of ``records`` are written in, mostly."""
    japanese = store.number("select count(*) from records where japanese")
    named = store.number("select count(*) from records where coalesce(whole, whole_reading, given_reading) is not null")
    return "japanese" if japanese * 10 >= named else "latin"


def train(store: Store, script: Script) -> Model:
    """Weights for ``records``, found without labels; those the records cannot teach are the shipped ones."""
    # A record's further rows would teach that one person's records are always alike.
    several = store.number("select count(*) - count(distinct record) from records")
    first = " qualify row_number() over (partition by record order by unique_id) = 1" if several else ""
    store.run(f"create {'table' if several else 'view'} lessons as select * from records{first}")
    count = store.number("select count(*) from lessons")
    comparisons = _comparisons(store, script)
    prior = _prior(store, script, count)
    if count < TRAINABLE_MIN or not comparisons:
        return DEFAULTS[script].over(prior, count)
    linker = _linker(store, "lessons", DEFAULTS[script].settings(comparisons, [], trained=False))
    linker.training.estimate_u_using_random_sampling(max_pairs=U_PAIRS_LONG if count > LONG else U_PAIRS, seed=SEED)
    for rule in EM_BLOCKS[script]:
        if _pairs_by(store, rule) >= EM_PAIRS_MIN:
            linker.training.estimate_parameters_using_expectation_maximisation(
                rule,
                max_pairs=EM_PAIRS if count > LONG else None,
                record_sample_proportion=0.05,
                estimate_without_term_frequencies=count > LONG,
            )
    return Model.learned(script, prior, count, linker.misc.save_model_to_json(), comparisons)


def score(store: Store, model: Model, weight_min: float) -> list[Comparison]:
    """Make the table ``pairs``: records, probability, weight, and level and weight of each comparison.

    Gives what was compared. Pairs below ``weight_min`` (log2 odds) are left out.
    """
    comparisons = _comparisons(store, model.script)
    blocks = add_blocks(store) if comparisons else []
    if not blocks:
        names = "".join(f", 0 as gamma_{each.name}, 0.0 as mw_{each.name}" for each in comparisons)
        store.run(
            "create table pairs as select record as record_l, record as record_r,"
            f" 0.0 as match_probability, 0.0 as match_weight{names} from records where false"
        )
        return comparisons
    linker = _linker(store, "records", model.settings(comparisons, blocks, trained=True))
    found = linker.inference.predict(threshold_match_weight=weight_min, warning_mode="never")
    have = {row[0] for row in store.run(f"describe {found.physical_name}")}
    weights = "".join(
        f", gamma_{each.name}, mw_{each.name}"
        + (f" + mw_tf_adj_{each.name}" if f"mw_tf_adj_{each.name}" in have else "")
        + f" as mw_{each.name}"
        for each in comparisons
    )
    store.run(
        "create table pairs as select record_l, record_r, match_probability, match_weight"
        f"{weights} from {found.physical_name} where record_l <> record_r"
    )
    store.run(f"drop table {found.physical_name}")
    return comparisons


def settle_prior(store: Store, model: Model) -> Model:
    """The prior under which ``possible`` holds as many matches as it says; adjusts its weights and probabilities.

    The rules that gave the first prior know only the plainest repeats. Relatives, whom the guards have left out,
    must not count, so this comes after them.
    """
    count = store.number("select count(*) from records")
    if count < TRAINABLE_MIN:
        return model
    prior, everything = model.prior, count * (count - 1) / 2
    for _ in range(SETTLING_STEPS):
        shift = _logit(prior) - _logit(model.prior)
        expected = store.run(f"select coalesce(sum(1 / (1 + pow(2.0, -(match_weight + {shift})))), 0) from possible")[
            0
        ][0]
        prior = min(max(expected / everything, model.prior), model.prior * 2**SETTLING_BITS_MAX)
    shift = _logit(prior) - _logit(model.prior)
    store.run(
        f"update possible set match_weight = match_weight + {shift},"
        f" match_probability = 1 / (1 + pow(2.0, -(match_weight + {shift})))"
    )
    return msgspec.structs.replace(model, prior=prior)


def _logit(probability: float) -> float:
    """Log2 odds."""
    return math.log2(probability / (1 - probability))


def _comparisons(store: Store, script: Script) -> list[Comparison]:
    """What these records can be compared in: a column that is all but empty tells nothing."""
    count = max(store.number("select count(*) from records"), 1)
    columns = dict.fromkeys(column for each in COMPARISONS[script] for column in each.columns)
    filled = store.run(f"select {', '.join(f'count({column})' for column in columns)} from records")[0]
    have = {column: number / count for column, number in zip(columns, filled, strict=True)}
    return [each for each in COMPARISONS[script] if usable(each, have)]


def _linker(store: Store, table: str, settings: dict[str, Any]) -> Any:
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(store.connection)
    return Linker(api.register(table), settings, log_level=None, validate_settings=False)


def _pairs_by(store: Store, rule: str) -> int:
    keys = [part.strip().split(" = ")[0].removeprefix("l.") for part in rule.split(" and ")]
    known = " and ".join(f"{key} is not null" for key in keys)
    return store.number(
        "select coalesce(sum(n * (n - 1) / 2), 0) from"
        f" (select count(*) as n from lessons where {known} group by {', '.join(keys)})"
    )


def _prior(store: Store, script: Script, count: int) -> float:
    """The chance that two records at random are one person: pairs by the rules over all pairs."""
    if count < 2:
        return LEVEL_MIN
    union = " union ".join(
        f"select l.unique_id, r.unique_id from lessons l join lessons r on {rule} and l.unique_id < r.unique_id"
        for rule in RULES[script]
    )
    matches = store.number(f"select count(*) from ({union})") / RULES_RECALL
    if count < TRAINABLE_MIN:
        # A list too short to tell is taken to hold a repeat for every fifth record.
        matches = max(matches, 0.2 * count)
    return min(max(matches, 1) / (count * (count - 1) / 2), 0.5)
