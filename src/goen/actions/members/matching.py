"""A run of matching over the members: the certain pairs are merged, the likely ones wait for a person."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import zip_longest

from goen.actions.members.duplicates import MergePair
from goen.database.pool import Database
from goen.database.queries import load
from goen.identity.matching.batch import Matched, Options, Pair, match
from goen.identity.matching.prepare import Raw
from goen.identity.reviews import store
from goen.identity.reviews.model import Counts, Found
from goen.shops.model import Principal
from goen.vocabulary.clock import Clock, Instant
from goen.vocabulary.refusal import Refusal

#: Weights are learned anew after so long, or when the members have become so many more.
MODEL_LIFE = timedelta(days=90)
MODEL_GROWTH_MAX = 1.25
#: So many pairs may wait for a person, however few the members.
QUEUE_MIN = 1_000
_READ, _WRITE = 20_000, 500

_queries = load(__package__, "matching.sql")


async def match_members(
    database: Database,
    clock: Clock,
    principal: Principal,
    merge: MergePair | None,
    options: Options = Options(review_count_min=QUEUE_MIN),  # noqa: B008 - a frozen value.
) -> Counts:
    """Match all members and fill the queue. Reads in pieces, computes in a thread, writes in short transactions.

    ``merge`` None: nobody merges here, so certain pairs wait in the queue, marked as such. Run it in a process of
    its own: a million members take some gigabytes for some minutes.
    """
    async with database.writing() as connection:
        run_id = await store.begin_run(connection, principal.integration, clock.now())
    model_id: int | None = None
    counts, state = Counts(), "failed"
    try:
        raws = await _members(database)
        async with database.reading() as connection:
            kept = await store.latest_model(connection)
            refused = await store.not_same(connection)
        if kept is not None and not _fits(kept, len(raws), clock.now()):
            kept = None
        chosen = replace(
            options,
            model=kept.model if kept else None,
            not_same=frozenset((str(one), str(other)) for one, other in refused),
        )
        result = await asyncio.to_thread(match, lambda: raws, chosen)
        async with database.writing() as connection:
            model_id = kept.model_id if kept else await store.add_model(connection, result.model, clock.now())
        counts = await _settle(database, clock, principal, run_id, result, merge)
        state = "done"
    finally:
        async with database.writing() as connection:
            await store.end_run(connection, run_id, state, model_id, counts, clock.now())
    return counts


async def last_run(database: Database) -> Instant | None:
    """When a run began last; None: never."""
    async with database.reading() as connection:
        return await store.last_run_started(connection)


def _fits(kept: store.KeptModel, rows: int, now: Instant) -> bool:
    return now - kept.learned_at < MODEL_LIFE and rows <= kept.model.records * MODEL_GROWTH_MAX


async def _members(database: Database) -> list[Raw]:
    """Every member that is one, a row for each contact beyond the first."""
    raws: list[Raw] = []
    after = 0
    while True:
        async with database.reading() as connection:
            rows = [row async for row in _queries.members_to_match(connection, after=after, rows_max=_READ)]
        for row in rows:
            born = row["birth_date"]
            for phone, email in (
                zip_longest(row["phones"], row["emails"]) if row["phones"] or row["emails"] else ((None, None),)
            ):
                raws.append(
                    Raw(
                        str(row["member_id"]),
                        "members",
                        row["name"],
                        row["kana"],
                        row["gender"],
                        born.isoformat() if born else None,
                        phone,
                        email,
                        row["postal_code"],
                        row["address"],
                    )
                )
        if len(rows) < _READ:
            return raws
        after = rows[-1]["row_id"]


async def _settle(
    database: Database, clock: Clock, principal: Principal, run_id: int, result: Matched, merge: MergePair | None
) -> Counts:
    """Merge what is certain, ask about the rest, and withdraw questions that are none any more."""
    merged = 0
    asked: dict[tuple[int, int], Found] = {}
    for found in _certain(result):
        if merge is not None:
            try:
                await merge(
                    found.member_id, found.other_id, principal=principal, reason="certain match", now=clock.now()
                )
                merged += 1
                continue
            except Refusal:
                pass  # It cannot be done now; a person sees it and decides when.
        asked[found.member_id, found.other_id] = found
    certain = len(asked)
    for found in _likely(result):
        asked.setdefault((found.member_id, found.other_id), found)
    pairs = sorted(asked.values())
    for first in range(0, len(pairs), _WRITE):
        async with database.transaction() as connection:
            await store.ask(connection, run_id, pairs[first : first + _WRITE], clock.now())
    gone = _WRITE
    while gone == _WRITE:
        async with database.transaction() as connection:
            gone = await store.withdraw_unseen(connection, run_id, _WRITE)
    return Counts(len(result.cluster_of), merged, certain, len(pairs) - certain)


def _certain(result: Matched) -> Iterator[Found]:
    """For each person found: every further member with the oldest one, by the best evidence there is for it."""
    persons: defaultdict[str, list[int]] = defaultdict(list)
    for member, person in result.cluster_of.items():
        persons[person].append(int(member))
    best: dict[int, Pair] = {}
    direct: dict[tuple[int, int], Pair] = {}
    for pair in result.pairs:
        if pair.decision == "auto":
            both = _ordered(int(pair.left), int(pair.right))
            direct[both] = pair
            for number in both:
                if number not in best or best[number].weight < pair.weight:
                    best[number] = pair
    for members in persons.values():
        survivor, *others = sorted(members)
        for other in others:
            yield _found(survivor, other, direct.get((survivor, other)) or best[other], certain=True)


def _likely(result: Matched) -> Iterator[Found]:
    """Of the pairs between two persons found the likeliest: deciding it decides the others."""
    seen: set[tuple[str, str]] = set()
    for pair in result.pairs:
        if pair.decision == "review":
            one, other = sorted((result.cluster_of[pair.left], result.cluster_of[pair.right]))
            if (one, other) not in seen:
                seen.add((one, other))
                yield _found(*_ordered(int(pair.left), int(pair.right)), pair, certain=False)


def _ordered(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _found(member_id: int, other_id: int, pair: Pair, *, certain: bool) -> Found:
    evidence = {
        field: (level, round(pair.weights[field], 2)) for field, level in pair.levels.items() if level is not None
    }
    return Found(member_id, other_id, certain, pair.probability, evidence)
