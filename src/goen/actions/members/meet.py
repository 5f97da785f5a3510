"""On line: whoever has just enrolled, or proven a contact, meets those who carry the same contact (rule 44).

A contact that was proven and a second field that agrees (name, birth date) make them one member at once, where
nothing conflicts and only one such person is there. Short of that they are a pair in the review queue. A contact
alone is a household's and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import structlog

from goen.actions.members.duplicates import MergePair
from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.identity.keys import NO_SHOP, identifier_hash
from goen.identity.matching.guards import agreements
from goen.identity.matching.model import DEFAULTS, Model
from goen.identity.matching.names import NameBook
from goen.identity.matching.pairwise import Compared, compare
from goen.identity.matching.prepare import Prepared, Raw, prepare
from goen.identity.reviews import store
from goen.identity.reviews.model import Found
from goen.members import store as members
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import Refusal

_queries = load(__package__, "meet.sql")
_log = structlog.get_logger(__name__)

#: A contact that more carry is a shop's own number in every empty field, and leads nowhere.
CARRIERS_MAX = 20
#: Of people who carry one contact so many are one person: what a field that agrees is weighed against.
SAME_PERSON = 0.1
ASKED_MIN = 0.2
CERTAIN_MIN = 0.9
#: Questions that no run of matching has asked; the next run asks again, or lets them go.
NO_RUN = 0

_BOOK = NameBook()


async def meet(
    database: Database, member_id: int | None, principal: Principal, now: Instant, merge: MergePair
) -> int | None:
    """Merge this member with the one person it certainly is, or ask about those it may be; gives the survivor of a
    merge, None where there was none. Nothing that fails here undoes what the member came for.
    """
    async with database.reading() as connection:
        member_id = None if member_id is None else await members.survivor_of(connection, member_id)
        if member_id is None or not (rows := await _person(connection, member_id)):
            return None
        contacts = sorted({each for row in rows for each in row["contacts"]})
        others = await _carriers(connection, member_id, contacts)
        if not others or len(others) > CARRIERS_MAX:
            return None
        different = await connection.fetch(_queries.said_different.sql, member_id, others)
        others = sorted(set(others) - {row["other_id"] for row in different})
        met = {other: await _person(connection, other) for other in others}
        kept = await store.latest_model(connection)
    model = kept.model if kept is not None and kept.model.script == "japanese" else DEFAULTS["japanese"]
    proven = {each for row in rows for each in row["proven"]}
    certain: list[Found] = []
    asked: list[Found] = []
    for other, theirs in met.items():
        if not theirs:
            continue
        compared = max(_compared(rows, theirs, model), key=lambda each: each.probability)
        pair = Found(min(member_id, other), max(member_id, other), False, compared.probability, compared.evidence)
        shared = proven & {each for row in theirs for each in row["contacts"]}
        if shared and compared.verdict == "auto" and compared.probability >= CERTAIN_MIN:
            certain.append(pair)
        elif compared.verdict != "never" and compared.probability >= ASKED_MIN and _second(compared):
            asked.append(pair)
    if len(certain) == 1:
        [pair] = certain
        try:
            await merge(pair.member_id, pair.other_id, principal=principal, reason="proven contact", now=now)
        except Refusal as refusal:
            _log.info("merge_refused", code=refusal.code)  # In a household, say: a person sees the pair and decides.
        else:
            return pair.member_id
    asked += [pair._replace(certain=True) for pair in certain]
    if asked:
        async with database.transaction() as writing:
            await store.ask(writing, NO_RUN, sorted(asked), now)
    return None


async def _person(connection: Reading, member_id: int) -> list[Any]:
    """A person's rows; none where nobody may be merged with it: it has left, is provisional, or a household's pool."""
    rows: list[Any] = await connection.fetch(_queries.person_met.sql, member_id)
    root = next((row for row in rows if row["member_id"] == member_id), None)
    if root is None or root["household"] or root["status"] not in ("active", "frozen"):
        return []
    return rows


async def _carriers(connection: Reading, member_id: int, contacts: Sequence[str]) -> list[int]:
    if not contacts:
        return []
    parts = [each.partition(":") for each in contacts]
    kinds, normals = [kind for kind, _, _ in parts], [normal for _, _, normal in parts]
    hashes = [identifier_hash(kind, NO_SHOP, normal) for kind, normal in zip(kinds, normals, strict=True)]
    found = await connection.fetch(_queries.who_carries.sql, hashes, kinds, normals, member_id, CARRIERS_MAX)
    return [row["member_id"] for row in found]


def _compared(ours: Sequence[Any], theirs: Sequence[Any], model: Model) -> Iterator[Compared]:
    """Every row of the one person with every row of the other: a maiden name still is a name."""
    shared = {each for row in ours for each in row["contacts"]} & {each for row in theirs for each in row["contacts"]}
    for one in ours:
        for other in theirs:
            left, right = _prepared(one, 0, shared), _prepared(other, 1, shared)
            yield compare(left, right, model, prior=SAME_PERSON)


def _prepared(row: Any, number: int, shared: set[str]) -> Prepared:
    """A row as it is compared, with the contacts both have, or else its own first ones."""

    def contact(kind: str) -> str | None:
        both = sorted(each for each in shared if each.startswith(f"{kind}:"))
        own = [each for each in row["contacts"] if each.startswith(f"{kind}:")]
        return next((each.partition(":")[2] for each in (*both, *own)), None)

    born = row["birth_date"]
    raw = Raw(
        str(row["member_id"]), None, row["name"], row["kana"], row["gender"], born.isoformat() if born else None,
        contact("phone"), contact("email"), row["postal_code"], row["address"],
    )  # fmt: skip
    return prepare(raw, number, number, _BOOK)


def _second(compared: Compared) -> bool:
    """Whether anything agrees beside the contacts that brought the two together."""
    return bool(agreements(compared.levels, "japanese") - {"phone", "email"}) or compared.levels["given"] in (
        "short", "near",
    )  # fmt: skip
