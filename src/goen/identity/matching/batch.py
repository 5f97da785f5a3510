"""A whole run: lists in, persons and open questions out."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from goen.identity.matching import scoring
from goen.identity.matching.clusters import Clusters, Edge, clustered
from goen.identity.matching.guards import Policy, apart, verdict
from goen.identity.matching.model import Comparison, Model, Script
from goen.identity.matching.names import NameBook
from goen.identity.matching.prepare import Prepared, Raw, prepare

if TYPE_CHECKING:
    from goen.identity.matching.scoring import Store

Decision = Literal["auto", "review"]
Read: TypeAlias = Callable[[], Iterable[Raw]]
"""Gives the records from the beginning, each time it is called: a run reads them twice."""

PIECE = 50_000
#: Pairs below these odds are neither merged nor asked about.
WEIGHT_MIN = -7.0


@dataclass(frozen=True)
class Options:
    """How a run decides. Probabilities are the model's; shares are of the number of records."""

    auto_min: float = 0.9
    review_min: float = 0.2
    review_share_max: float = 0.12
    """So many pairs a person may be asked about; the likeliest are."""
    review_count_min: int = 10
    """So many in any case, however short the list."""
    policy: Policy | None = None
    """None: ``register`` for lists in Latin letters without phones and sexes, else ``members``."""
    model: Model | None = None
    """None: learned from the records."""
    once: frozenset[str] = frozenset()
    """Sources that hold each person once: two records of such a source are never one person."""
    not_same: Collection[tuple[str, str]] = ()
    """Pairs of record ids that a person has said are not the same."""
    threads: int | None = None
    memory: str = "4GB"


class Pair(NamedTuple):
    """Two records, why, and what becomes of them. ``levels`` and ``weights`` (log2 odds) by comparison."""

    left: str
    right: str
    probability: float
    weight: float
    decision: Decision
    levels: Mapping[str, str | None]
    weights: Mapping[str, float]


class Matched(NamedTuple):
    """What a run found. ``cluster_of`` names each record's person by one of its records."""

    cluster_of: dict[str, str]
    pairs: list[Pair]
    model: Model
    policy: Policy


class _Scored(NamedTuple):
    """The best pair of rows of two records."""

    left: int
    right: int
    probability: float
    weight: float
    levels: tuple[str | None, ...]
    weights: tuple[float, ...]


def match(read: Read, options: Options = Options()) -> Matched:
    """Find the records that are one person. Rows with the same id are one record with further contacts."""
    book = NameBook()
    book.learn((raw.name, raw.kana) for raw in read())
    numbers: dict[str, int] = {}
    with scoring.scratch(threads=options.threads, memory=options.memory) as store:
        scoring.load(store, _pieces(read(), book, numbers))
        ids = list(numbers)
        script = options.model.script if options.model else scoring.script_of(store)
        policy = options.policy or _policy(store, script)
        model = options.model or scoring.train(store, script)
        comparisons = scoring.score(store, model, WEIGHT_MIN)
        _add_verdicts(store, comparisons, script, policy)
        if options.model is None:
            model = scoring.settle_prior(store, model)
        _judge(store, options)
        edges = store.run(
            "select least(record_l, record_r), greatest(record_l, record_r), max(match_weight)"
            " from judged where decision = 'auto' group by all"
        )
        found = clustered((Edge(*edge) for edge in edges), _guard(store, numbers, policy, options))
        pairs = list(_answers(store, comparisons, ids, found, options))
    of = {name: ids[found.of.get(number, number)] for name, number in numbers.items()}
    return Matched(of, pairs, model, policy)


def _pieces(raws: Iterable[Raw], book: NameBook, numbers: dict[str, int]) -> Iterator[Sequence[Prepared]]:
    """Prepared rows by the piece; gives each record its number."""
    source = enumerate(raws)
    while piece := list(islice(source, PIECE)):
        yield [prepare(raw, row, numbers.setdefault(raw.record_id, len(numbers)), book) for row, raw in piece]


def _policy(store: Store, script: Script) -> Policy:
    known = store.number("select count(coalesce(phone, sex)) from records")
    return "register" if script == "latin" and not known else "members"


def _add_verdicts(store: Store, comparisons: Sequence[Comparison], script: Script, policy: Policy) -> None:
    """Put the guards' verdict to each of ``pairs``. Each outcome of levels is judged once, however many have it."""
    # Where nothing can be compared there are no pairs; a column keeps the SQL right.
    names = [f"gamma_{each.name}" for each in comparisons] or ["record_l"]
    values = []
    for outcome in store.run(f"select distinct {', '.join(names)} from pairs"):
        levels = {each.name: _code(each, level) for each, level in zip(comparisons, outcome, strict=True)}
        values.append((*outcome, verdict(levels, script, policy)))
    columns = ", ".join(f"{name} int" for name in names)
    store.run(f"create table verdicts ({columns}, verdict text)")
    if values:
        marks = ", ".join("?" for _ in range(len(names) + 1))
        store.connection.executemany(f"insert into verdicts values ({marks})", values)
    joined = " and ".join(f"p.{name} = v.{name}" for name in names)
    store.run(
        f"create table possible as select p.*, v.verdict from pairs p join verdicts v on {joined}"
        " where v.verdict <> 'never'"
    )
    store.run("drop table pairs")


def _judge(store: Store, options: Options) -> None:
    """Make the table ``judged``: the possible pairs that are likely enough, and what may become of them."""
    store.run(
        f"""
        create table judged as
        select *, case when verdict = 'auto' and match_probability >= {options.auto_min} then 'auto'
                       else 'review' end as decision
          from possible where match_probability >= {min(options.auto_min, options.review_min)}
        """
    )


def _guard(
    store: Store,
    numbers: Mapping[str, int],
    policy: Policy,
    options: Options,
) -> Callable[[int, int], bool]:
    """Tells whether two records cannot be one person, from what is known of those that edges touch."""
    known: dict[int, Prepared] = {}
    certain = "from judged where decision = 'auto'"
    touched = f"select record_l {certain} union select record_r {certain}"
    table = store.arrow(f"select {', '.join(Prepared._fields)} from records where record in ({touched})")
    for batch in table.to_batches(PIECE):
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            record = Prepared(*values)
            known.setdefault(record.record, record)
    refused = {
        _ordered(numbers[left], numbers[right])
        for left, right in options.not_same
        if left in numbers and right in numbers
    }

    def cannot(one: int, other: int) -> bool:
        left, right = known[one], known[other]
        return (
            _ordered(one, other) in refused
            or (left.source in options.once and left.source == right.source)
            or apart(left, right, policy)
        )

    return cannot


def _answers(
    store: Store,
    comparisons: Sequence[Comparison],
    ids: Sequence[str],
    found: Clusters,
    options: Options,
) -> Iterator[Pair]:
    """Pairs inside a person, then those to ask about, likeliest first."""
    names = ", ".join(f"gamma_{each.name}, mw_{each.name}" for each in comparisons)
    best: dict[tuple[int, int], _Scored] = {}
    for row in store.run(f"select record_l, record_r, match_probability, match_weight, {names} from judged"):
        left, right = _ordered(row[0], row[1])
        known = best.get((left, right))
        if known is None or known.weight < row[3]:
            levels = tuple(_code(each, level) for each, level in zip(comparisons, row[4::2], strict=True))
            best[left, right] = _Scored(left, right, row[2], row[3], levels, tuple(map(float, row[5::2])))
    refused = {_ordered(*map(_number_of(ids), pair)) for pair in options.not_same} if options.not_same else set()
    # A few hundred outcomes serve a million pairs.
    outcomes: dict[tuple[str | None, ...], Mapping[str, str | None]] = {}
    fields = [each.name for each in comparisons]
    asked = 0
    asked_max = max(math.floor(options.review_share_max * len(ids)), options.review_count_min)
    for pair in sorted(best.values(), key=lambda each: (-each.weight, each.left, each.right)):
        together = found.of.get(pair.left, pair.left) == found.of.get(pair.right, pair.right)
        if not together:
            if pair.probability < options.review_min or (pair.left, pair.right) in refused or asked >= asked_max:
                continue
            asked += 1
        yield Pair(
            ids[pair.left],
            ids[pair.right],
            pair.probability,
            pair.weight,
            "auto" if together else "review",
            outcomes.setdefault(pair.levels, dict(zip(fields, pair.levels, strict=True))),
            dict(zip(fields, pair.weights, strict=True)),
        )


def _number_of(ids: Sequence[str]) -> Callable[[str], int]:
    numbers = {name: number for number, name in enumerate(ids)}
    return lambda name: numbers.get(name, -1)


def _ordered(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _code(comparison: Comparison, level: int) -> str | None:
    return None if level < 0 else comparison.codes[level]
