"""The only place that touches the tables of members, their identifiers, consents, tokens and kept answers.

Writes are part of a transaction that the action owns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.members.ids import public_id
from goen.members.masks import name_masked
from goen.members.model import (
    Candidate,
    ConsentView,
    Given,
    Identifier,
    Person,
    Row,
    Status,
    Wording,
    purpose_and_channel,
)
from goen.members.search import grams, lines

_queries = load(__package__)


class Holder(NamedTuple):
    """One member carrying an identifier, which stands under ``owner_id``: the member itself, or one merged into it."""

    member_id: int
    owner_id: int
    identifier_id: int
    verified: bool


class PinAttempt(NamedTuple):
    """What a PIN is checked against; ``locked`` says that it rests."""

    pin_hash: str
    locked: bool


class Kept(NamedTuple):
    """A request and its answer, as kept under an idempotency key; both JSON."""

    request: str
    answer: str


class SearchForms(NamedTuple):
    """What search compares, normalised by the caller: name, kana and number without blanks."""

    texts: tuple[str, ...]
    kana_order: str


# Members ------------------------------------------------------------------------------------------


async def next_member_id(connection: Writing) -> int:
    """A fresh number of a member."""
    member_id: int = await _queries.next_member_id(connection)
    return member_id


async def next_identifier_ids(connection: Writing, count: int) -> list[int]:
    """So many fresh numbers of identifiers."""
    return [row["identifier_id"] async for row in _queries.next_identifier_ids(connection, count=count)]


async def add_member(
    connection: Writing,
    member_id: int,
    number: str,
    person: Person,
    shop_id: int | None,
    forms: SearchForms,
    now: datetime,
    register_by: date | None = None,
) -> None:
    """One new member, active, or provisional where there is a last day to register."""
    await _queries.add_member(
        connection,
        status="active" if register_by is None else "provisional",
        register_by=register_by,
        member_id=member_id,
        number=number,
        shop_id=shop_id,
        now=now,
        **msgspec.structs.asdict(person),
        **_search(forms),
    )


async def locked(connection: Writing, member_id: int) -> Row | None:
    """A member's row, locked until the transaction ends; None where there is none."""
    row = await _queries.locked_member(connection, member_id=member_id)
    if row is None:
        return None
    values = dict(row)
    person = Person(**{name: values.pop(name) for name in Person.__struct_fields__})
    return Row(person=person, **values)


async def survivor_of(connection: Reading, member_id: int) -> int | None:
    """Who a member is by now: itself, or after a merge the survivor; None where there is nobody."""
    found: int | None = await _queries.survivor_of(connection, member_id=member_id)
    return found


async def merged_into(connection: Reading, member_id: int) -> dict[int, str]:
    """Who is merged into a member: their numbers, and what is printed on their cards."""
    return {row["member_id"]: row["number"] async for row in _queries.merged_into(connection, member_id=member_id)}


async def change(
    connection: Writing, member_id: int, person: Person, shop_id: int | None, forms: SearchForms, now: datetime
) -> None:
    """Write what a change leaves."""
    await _queries.change_member(
        connection,
        member_id=member_id,
        shop_id=shop_id,
        now=now,
        **msgspec.structs.asdict(person),
        **_search(forms),
    )


def _search(forms: SearchForms) -> dict[str, Any]:
    return {
        "grams": grams(forms.texts),
        "searchable": lines(forms.texts),
        "kana_order": forms.kana_order,
    }


async def set_status(
    connection: Writing,
    member_id: int,
    status: Status,
    now: datetime,
    *,
    withdrawn_at: datetime | None = None,
    erase_on: date | None = None,
) -> None:
    """Frozen, active again, or withdrawn (then with the moment and the day of erasure)."""
    await _queries.set_status(
        connection, member_id=member_id, status=status, now=now, withdrawn_at=withdrawn_at, erase_on=erase_on
    )


async def set_registered(connection: Writing, member_id: int, now: datetime) -> None:
    """A provisional member has registered."""
    await _queries.set_registered(connection, member_id=member_id, now=now)


async def due_to_register(connection: Reading, today: date, count: int) -> list[tuple[int, date]]:
    """Provisional members whose last day to register has passed, with that day."""
    rows = _queries.due_to_register(connection, today=today, count=count)
    return [(row["member_id"], row["register_by"]) async for row in rows]


async def note_lapse(
    connection: Writing, member_id: int, register_by: date, points: int, following: date, now: datetime
) -> None:
    """Keep what lapsed on a day that passed, and give the member the ``following`` one."""
    await _queries.note_lapse(
        connection, member_id=member_id, register_by=register_by, points=points, next=following, now=now
    )


async def segments(connection: Reading, member_id: int) -> list[str]:
    """The segments of a member and of those merged into it."""
    return [row["segment"] async for row in _queries.segments(connection, member_id=member_id)]


async def put_segments(connection: Writing, member_id: int, names: Sequence[str], now: datetime) -> None:
    """The member is in these segments and in no others."""
    await _queries.put_segments(connection, member_id=member_id, segments=list(names), now=now)


# PIN ----------------------------------------------------------------------------------------------


async def set_pin(connection: Writing, member_id: int, pin_hash: str, now: datetime) -> None:
    """Keep a new PIN's hash."""
    await _queries.set_pin(connection, member_id=member_id, pin_hash=pin_hash, now=now)


async def try_pin(
    connection: Writing, member_id: int, now: datetime, failures_max: int, locked_until: datetime
) -> PinAttempt | None:
    """Count an attempt and give what it is checked against; None where the member has no PIN."""
    row = await _queries.try_pin(
        connection, member_id=member_id, now=now, failures_max=failures_max, locked_until=locked_until
    )
    return None if row is None else PinAttempt(row["pin_hash"], row["pin_failures"] > failures_max)


async def forgive_pin(connection: Writing, member_id: int) -> None:
    """The PIN was right: earlier wrong ones no longer count."""
    await _queries.forgive_pin(connection, member_id=member_id)


# Identifiers --------------------------------------------------------------------------------------


async def add_identifiers(
    connection: Writing, member_id: int, identifiers: Sequence[Identifier], now: datetime
) -> set[int]:
    """Write a member's identifiers; gives the numbers of those that another active member holds.

    Where that set is not empty the caller refuses, and the transaction takes everything back.
    """
    await note_identifiers(connection, member_id, identifiers, now)
    return await register(connection, member_id, identifiers)


async def note_identifiers(
    connection: Writing, member_id: int, identifiers: Sequence[Identifier], now: datetime
) -> None:
    """Write a member's identifiers that the registry has already, or will have."""
    await _queries.add_identifiers(
        connection,
        member_id=member_id,
        now=now,
        identifier_ids=[each.identifier_id for each in identifiers],
        kinds=[each.kind for each in identifiers],
        shop_ids=[each.shop_id for each in identifiers],
        values=[each.value for each in identifiers],
        normals=[each.normal for each in identifiers],
        verified=[each.verified_at for each in identifiers],
    )


async def register(connection: Writing, member_id: int, identifiers: Sequence[Identifier]) -> set[int]:
    """Enter identifiers in the registry; gives the numbers of those that another active member holds."""
    entered = _queries.register(
        connection,
        member_id=member_id,
        key_hashes=[each.key_hash for each in identifiers],
        kinds=[each.kind for each in identifiers],
        shop_ids=[each.shop_id for each in identifiers],
        normals=[each.normal for each in identifiers],
        identifier_ids=[each.identifier_id for each in identifiers],
        verified=[each.verified_at is not None for each in identifiers],
        exclusive=[each.exclusive for each in identifiers],
    )
    taken = {each.identifier_id for each in identifiers}
    async for row in entered:
        taken.remove(row["identifier_id"])
    return taken


async def unregister(connection: Writing, member_id: int, identifier: Identifier) -> None:
    """Take one identifier out of the registry."""
    await _queries.unregister(
        connection,
        key_hash=identifier.key_hash,
        member_id=member_id,
        identifier_id=identifier.identifier_id,
    )


async def identifiers(connection: Reading, member_id: int) -> list[dict[str, Any]]:
    """The names a member has now: identifier_id, kind, shop_id (0 for none), value, normal, verified_at."""
    return [dict(row) async for row in _queries.identifiers(connection, member_id=member_id)]


async def remove_identifier(connection: Writing, member_id: int, identifier: Identifier, now: datetime) -> None:
    """The name no longer counts and is free for others."""
    await unregister(connection, member_id, identifier)
    await _queries.remove_identifier(connection, member_id=member_id, identifier_id=identifier.identifier_id, now=now)


async def remove_identifiers(connection: Writing, member_id: int, key_hashes: Sequence[int], now: datetime) -> None:
    """None of the member's names counts any more; all are free for others."""
    await _queries.unregister_all(connection, key_hashes=key_hashes, member_id=member_id)
    await _queries.remove_identifiers(connection, member_id=member_id, now=now)


async def verify(connection: Writing, member_id: int, identifier: Identifier, now: datetime) -> bool:
    """Note that a contact is the member's own; False where another member holds it verified."""
    await unregister(connection, member_id, identifier)
    shown = msgspec.structs.replace(identifier, verified_at=now)
    if await register(connection, member_id, [shown]):
        return False
    await _queries.verify_identifier(connection, member_id=member_id, identifier_id=identifier.identifier_id, now=now)
    return True


async def holders(connection: Reading, key_hash: int, kind: str, shop_id: int, normal: str) -> list[Holder]:
    """Who carries this identifier now, a verified holder first."""
    rows = _queries.holders(connection, key_hash=key_hash, kind=kind, shop_id=shop_id, normal=normal)
    return [Holder(*row) async for row in rows]


async def registered(connection: Reading, kind: str, key_hashes: Sequence[int], normals: Sequence[str]) -> set[str]:
    """Which of these names somebody has; the hashes are those of the names."""
    rows = _queries.registered(connection, kind=kind, key_hashes=key_hashes, normals=normals)
    return {row["normal"] async for row in rows}


async def candidates(connection: Reading, member_ids: Sequence[int]) -> list[Candidate]:
    """What a clerk needs to ask which of several members it is."""
    return [
        Candidate(public_id(row["member_id"]), row["number"], name_masked(row["name"]))
        async for row in _queries.candidates(connection, member_ids=member_ids)
    ]


# Consents, tokens, kept answers -------------------------------------------------------------------


async def add_consents(
    connection: Writing, member_id: int, consents: Mapping[str, Given], by: str, now: datetime
) -> None:
    """Add what a member said; earlier words stay."""
    await _queries.add_consents(
        connection,
        member_id=member_id,
        kinds=list(consents),
        given=[each.given for each in consents.values()],
        wordings=[each.wording for each in consents.values()],
        sources=[each.source for each in consents.values()],
        given_at=[each.at for each in consents.values()],
        recorded_by=by,
        now=now,
    )


async def consents(connection: Reading, member_id: int) -> list[ConsentView]:
    """Everything a member ever agreed to or took back, the last word first."""
    found = []
    async for row in _queries.consents(connection, member_id=member_id):
        purpose, channel = purpose_and_channel(row["kind"])
        found.append(ConsentView(purpose=purpose, channel=channel, **row))
    return found


async def add_wording(connection: Writing, wording: Wording) -> bool:
    """Keep a text under its version; False where that version has another text already."""
    kept = await _queries.add_wording(connection, **msgspec.structs.asdict(wording))
    return kept is True


async def wordings(connection: Reading, kind: str | None = None) -> list[Wording]:
    """The texts of one purpose, or all, newest first within each."""
    return [Wording(**row) async for row in _queries.wordings(connection, kind=kind)]


async def unknown_wordings(connection: Reading, kinds: Sequence[str], versions: Sequence[str | None]) -> list[str]:
    """Those of these purposes that have registered texts, but none of the version named beside them."""
    rows = _queries.unknown_wordings(connection, kinds=list(kinds), versions=list(versions))
    return [row["kind"] async for row in rows]


async def use_token(connection: Writing, shop_id: int, jti: str, expires_at: datetime) -> bool:
    """Use up a web shop's token; False where it was shown before."""
    digest = blake2b(f"{shop_id}\x1f{jti}".encode(), digest_size=8).digest()
    fresh = await _queries.use_token(
        connection,
        token_hash=int.from_bytes(digest, "big", signed=True),
        shop_id=shop_id,
        jti=jti,
        expires_at=expires_at,
    )
    return fresh is not None


async def drop_old_tokens(connection: Writing, now: datetime) -> None:
    """Forget tokens that have expired."""
    await _queries.drop_old_tokens(connection, now=now)


async def keep_answer(
    connection: Writing,
    key: tuple[int, int],
    request: str,
    answer: str,
    member_id: int,
    keep_until: date,
) -> Kept | None:
    """Keep an answer under its key; gives what is there already, once a concurrent twin is through."""
    key_hash, key_check = key
    kept = await _queries.keep_answer(
        connection,
        key_hash=key_hash,
        key_check=key_check,
        request=request,
        answer=answer,
        member_id=member_id,
        keep_until=keep_until,
    )
    if kept is not None:
        return None
    return await kept_answer(connection, key)


async def kept_answer(connection: Reading, key: tuple[int, int]) -> Kept | None:
    """What was asked and answered under this key."""
    row = await _queries.kept_answer(connection, key_hash=key[0], key_check=key[1])
    return None if row is None else Kept(row["request"], row["answer"])


async def drop_answers(connection: Writing, *, member_id: int | None = None, today: date | None = None) -> None:
    """Forget a member's answers, or those past their day."""
    await _queries.drop_answers(connection, member_id=member_id, today=today)
