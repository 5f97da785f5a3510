"""The tables of the review queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.identity.matching.model import MODEL_VERSION, Model
from goen.identity.reviews.model import Counts, Found, Review, ReviewState
from goen.vocabulary.clock import Instant

_queries = load(__package__)


class KeptModel(NamedTuple):
    """Weights learned before, and when."""

    model_id: int
    model: Model
    learned_at: Instant


async def latest_model(connection: Reading) -> KeptModel | None:
    """The weights learned last that fit today's comparisons."""
    row = await _queries.latest_model(connection, version=MODEL_VERSION)
    if row is None:
        return None
    return KeptModel(row["model_id"], msgspec.json.decode(row["weights"], type=Model), row["learned_at"])


async def add_model(connection: Writing, model: Model, now: Instant) -> int:
    """Keep weights; gives their number."""
    number: int = await _queries.add_model(
        connection,
        version=model.version,
        records=model.records,
        weights=msgspec.json.encode(model).decode(),
        now=now,
    )
    return number


async def begin_run(connection: Writing, author: str, now: Instant) -> int:
    """Note that a run begins; gives its number."""
    number: int = await _queries.begin_run(connection, author=author, now=now)
    return number


async def end_run(
    connection: Writing, run_id: int, state: str, model_id: int | None, counts: Counts, now: Instant
) -> None:
    """Note how a run ended: ``done`` or ``failed``."""
    await _queries.end_run(
        connection,
        run_id=run_id,
        state=state,
        model_id=model_id,
        counts=msgspec.json.encode(counts).decode(),
        now=now,
    )


async def last_run_started(connection: Reading) -> Instant | None:
    """When a run began last; None: never."""
    found: Instant | None = await _queries.last_run_started(connection)
    return found


async def ask(connection: Writing, run_id: int, pairs: Sequence[Found], now: Instant) -> None:
    """Put pairs in the queue; decided ones stay as they are."""
    await _queries.ask(
        connection,
        run_id=run_id,
        now=now,
        members=[pair.member_id for pair in pairs],
        others=[pair.other_id for pair in pairs],
        certain=[pair.certain for pair in pairs],
        probabilities=[pair.probability for pair in pairs],
        evidence=[msgspec.json.encode(pair.evidence).decode() for pair in pairs],
    )


async def withdraw_unseen(connection: Writing, run_id: int, rows_max: int) -> int:
    """Drop up to so many open questions that this run did not ask; gives how many."""
    return int(await _queries.withdraw_unseen(connection, run_id=run_id, rows_max=rows_max))


async def not_same(connection: Reading) -> list[tuple[int, int]]:
    """Pairs that a person has said are two persons."""
    return [(row["member_id"], row["other_id"]) async for row in _queries.not_same(connection)]


async def locked(connection: Writing, member_id: int, other_id: int) -> Review | None:
    """One pair, locked for its decision."""
    row = await _queries.locked(connection, member_id=member_id, other_id=other_id)
    return None if row is None else review_of(row)


async def decide(
    connection: Writing, review: Review, state: ReviewState, author: str, reason: str | None, now: Instant
) -> None:
    """Write down what a person decided."""
    await _queries.decide(
        connection,
        member_id=review.member_id,
        other_id=review.other_id,
        state=state,
        author=author,
        reason=reason,
        merged=review.merged,
        now=now,
    )


async def reopen(connection: Writing, review: Review) -> None:
    """Ask again what a person decided."""
    await _queries.reopen(connection, member_id=review.member_id, other_id=review.other_id)


async def waiting(connection: Reading, most: int) -> int:
    """How many pairs wait for somebody to decide; ``most`` stands for so many or more."""
    found: int = await _queries.waiting(connection, most=most)
    return found


async def note_merged(connection: Writing, member_id: int, other_id: int) -> None:
    """Note that the two have been merged."""
    await _queries.note_merged(connection, member_id=member_id, other_id=other_id)


def review_of(row: Any) -> Review:
    """A pair from its row."""
    values = dict(row)
    evidence = msgspec.json.decode(values.pop("evidence"), type=dict[str, tuple[str, float]])
    return Review(evidence=evidence, **values)
