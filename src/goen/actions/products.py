"""Products, stock and behaviour: what shops tell us besides sales."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from hashlib import blake2b

from goen.database.pool import Database
from goen.shops import store
from goen.shops.exclusions import Exclusions
from goen.shops.model import Happening, Product
from goen.vocabulary.clock import Instant
from goen.vocabulary.money import scaled
from goen.vocabulary.refusal import InvalidRequest

#: A shop's clock may be ahead of ours by so much.
CLOCK_SKEW = timedelta(minutes=5)


async def put_product(database: Database, exclusions: Exclusions, sku: str, product: Product, now: Instant) -> bool:
    """Make or change a product; true where it was made. Whether it earns counts for sales recorded from now on, in
    other processes some seconds later."""
    async with database.transaction() as connection:
        made = await store.put_product(connection, sku, product, now)
    async with database.reading() as connection:
        await exclusions.refresh(connection, now=True)
    return made


async def put_stock(
    database: Database, shop_id: int, sku: str, quantity: Decimal, counted_at: Instant | None, now: Instant
) -> bool:
    """Set what a shop has of a product; true where it was not known before.

    A count older than the one we have is left aside: messages may overtake one another.

    Raises:
        InvalidRequest: more than 3 decimal places, 10**12 or more, or counted in the future.
    """
    try:
        if abs(scaled(quantity, 3)) >= 10**15:
            raise ValueError("is too large")
    except ValueError as error:
        raise InvalidRequest("quantity", str(error)) from None
    async with database.transaction() as connection:
        when = _past(counted_at, "counted_at", now)
        return await store.put_stock(connection, shop_id, sku, quantity, when) is True


async def record_behaviour(
    database: Database,
    *,
    member_id: int | None,
    visitor: str | None,
    kind: str,
    occurred_at: Instant | None,
    shop_id: int | None,
    sku: str | None,
    properties: dict[str, str | int | float | bool | None],
    now: Instant,
) -> int:
    """Keep one event of behaviour; gives its number.

    Raises:
        InvalidRequest: neither a member nor a visitor, or an event of the future.
    """
    if member_id is None and not visitor:
        raise InvalidRequest("visitor", "is required where there is no member")
    happening = Happening(
        anchor=stand_in(visitor or "") if member_id is None else member_id,
        kind=kind,
        occurred_at=_past(occurred_at, "occurred_at", now),
        recorded_at=now,
        shop_id=shop_id,
        sku=sku,
        properties=properties,
    )
    async with database.transaction() as connection:
        return await store.add_happening(connection, happening)


def stand_in(visitor: str) -> int:
    """A number below zero for a visitor who is no member yet: the same mark, the same number."""
    digest = blake2b(visitor.encode(), digest_size=8).digest()
    return -1 - (int.from_bytes(digest, "big") >> 1)


def _past(given: Instant | None, field: str, now: Instant) -> Instant:
    if given is None:
        return now
    if given > now + CLOCK_SKEW:
        raise InvalidRequest(field, "lies in the future")
    return given
