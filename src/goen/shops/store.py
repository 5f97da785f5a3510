"""The only place that touches the tables of shops, keys, programme versions, products and behaviour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.shops.model import Happening, KeyRecord, Principal, Product, Shop

_queries = load(__package__)


class ProgrammeRow(NamedTuple):
    """One kept version of the programme; ``document`` is JSON that only :mod:`goen.earning` understands."""

    version: int
    starts_at: datetime
    document: str
    made_by: str
    made_at: datetime


async def shops(connection: Reading) -> list[Shop]:
    """Every shop."""
    return [Shop(**row) async for row in _queries.shops(connection)]


async def put_shop(
    connection: Writing,
    *,
    code: str,
    name: str,
    kind: str,
    new_secret: str | None,
    replacing_secret: str | None,
    closed: bool,
    now: datetime,
    region: str | None = None,
) -> tuple[Shop, bool]:
    """Make or change a shop; true where it was made.

    ``new_secret`` is the linking secret of a shop that has none yet; ``replacing_secret`` any shop's.
    """
    row = await _queries.put_shop(
        connection,
        code=code,
        name=name,
        kind=kind,
        linking_secret=replacing_secret or new_secret,
        replacing_secret=replacing_secret,
        closed=closed,
        now=now,
        region=region,
    )
    values = dict(row)
    made = values.pop("made")
    return Shop(**values), made


async def living_keys(connection: Reading) -> dict[bytes, Principal]:
    """Keys that are not revoked, by the hash of their secret."""
    found = {}
    async for row in _queries.living_keys(connection):
        secret_hash, *principal = row
        found[secret_hash] = Principal(*principal)
    return found


async def living_key(connection: Reading, secret_hash: bytes) -> Principal | None:
    """The key of this hash unless it is revoked."""
    row = await _queries.living_key(connection, secret_hash=secret_hash)
    return None if row is None else Principal(*row)


async def all_keys(connection: Reading) -> list[KeyRecord]:
    """Every key ever made, living ones first."""
    return [KeyRecord(**row) async for row in _queries.all_keys(connection)]


async def binding_of(connection: Reading, integration: str) -> tuple[str, int | None] | None:
    """Role and shop of the newest key of this name; None where there never was one."""
    row = await _queries.binding_of(connection, integration=integration)
    return None if row is None else (row["role"], row["shop_id"])


async def add_key(
    connection: Writing,
    *,
    integration: str,
    role: str,
    shop_id: int | None,
    device: str | None,
    secret_hash: bytes,
) -> int:
    """Keep a new key; gives its number."""
    key_id: int = await _queries.add_key(
        connection,
        integration=integration,
        role=role,
        shop_id=shop_id,
        device=device,
        secret_hash=secret_hash,
    )
    return key_id


async def revoke_keys(connection: Writing, *, key_id: int | None, integration: str | None, now: datetime) -> list[int]:
    """Revoke the living key of this number, or all of this name; gives the numbers of those revoked."""
    rows = _queries.revoke_keys(connection, key_id=key_id, integration=integration, now=now)
    return [row["key_id"] async for row in rows]


async def note_use(connection: Writing, key_ids: Sequence[int], day: date) -> None:
    """Remember the day on which these keys were last used."""
    await _queries.note_use(connection, key_ids=key_ids, day=day)


async def programmes_after(connection: Reading, version: int) -> list[ProgrammeRow]:
    """Versions of the programme above this number, oldest first."""
    return [ProgrammeRow(*row) async for row in _queries.programmes_after(connection, version=version)]


async def next_programme(connection: Writing) -> int:
    """The number of the next version; other writers of versions wait until this transaction ends."""
    await _queries.lock_programmes(connection)
    last: int = await _queries.last_programme(connection)
    return last + 1


async def add_programme(connection: Writing, *, version: int, starts_at: datetime, document: str, made_by: str) -> None:
    """Keep one more version."""
    await _queries.add_programme(connection, version=version, starts_at=starts_at, document=document, made_by=made_by)


async def put_product(connection: Writing, sku: str, product: Product, now: datetime) -> bool:
    """Make or change a product; true where it was made."""
    made: bool = await _queries.put_product(
        connection, sku=sku, now=now, **{name: getattr(product, name) for name in product.__struct_fields__}
    )
    return made


async def product(connection: Reading, sku: str) -> Product | None:
    """One product, or None."""
    row = await _queries.product(connection, sku=sku)
    return None if row is None else Product(**(dict(row) | {"tags": tuple(row["tags"])}))


async def excluded_products(connection: Reading) -> frozenset[str]:
    """The skus of products that earn nothing (rule 3)."""
    return frozenset([row["sku"] async for row in _queries.excluded_products(connection)])


async def put_stock(
    connection: Writing, shop_id: int, sku: str, quantity: Decimal, counted_at: datetime
) -> bool | None:
    """Set what a shop has; true where it was not counted before, None where a later count is known."""
    made: bool | None = await _queries.put_stock(
        connection, shop_id=shop_id, sku=sku, quantity=quantity, counted_at=counted_at
    )
    return made


async def stock(connection: Reading, shop_id: int, sku: str) -> tuple[Decimal, datetime] | None:
    """What a shop has of a product and when that was counted."""
    row = await _queries.stock(connection, shop_id=shop_id, sku=sku)
    return None if row is None else (row["quantity"], row["counted_at"])


async def add_happening(connection: Writing, happening: Happening) -> int:
    """Keep one event of behaviour; gives its number."""
    values: dict[str, Any] = msgspec.structs.asdict(happening)
    values["properties"] = msgspec.json.encode(happening.properties).decode()
    event_id: int = await _queries.add_happening(connection, **values)
    return event_id


async def audit(connection: Writing, *, at: datetime, author: str, action: str, details: object) -> None:
    """Write down who changed what."""
    await _queries.audit(connection, at=at, author=author, action=action, details=msgspec.json.encode(details).decode())
