"""Adding and changing shops."""

from __future__ import annotations

import secrets

import msgspec

from goen.database.pool import Database
from goen.shops import store
from goen.shops.directory import ShopDirectory
from goen.shops.model import Shop, ShopKind
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

LINKING_SECRET_MIN = 32


class PutShop(msgspec.Struct, frozen=True):
    """What a shop shall be. ``linking_secret`` replaces the one it has; None leaves it."""

    code: str
    name: str
    kind: ShopKind = "store"
    linking_secret: str | None = None
    closed: bool = False
    region: str | None = None


class PutShopResult(msgspec.Struct, frozen=True):
    """The shop as it is now, whether it was made, and the linking secret where one was made for it."""

    shop: Shop
    made: bool
    new_linking_secret: str | None


async def put_shop(
    database: Database, shops: ShopDirectory, ask: PutShop, *, author: str, now: Instant
) -> PutShopResult:
    """Make or change a shop. A web shop without a linking secret is given one, told this once only.

    Raises:
        InvalidRequest: a linking secret shorter than 32 characters.
    """
    if ask.linking_secret is not None and len(ask.linking_secret) < LINKING_SECRET_MIN:
        raise InvalidRequest("linking_secret", f"has at least {LINKING_SECRET_MIN} characters")
    offered = secrets.token_urlsafe(32) if ask.kind == "ec" else None
    async with database.transaction() as connection:
        shop, made = await store.put_shop(
            connection,
            code=ask.code,
            name=ask.name,
            kind=ask.kind,
            new_secret=offered,
            replacing_secret=ask.linking_secret,
            closed=ask.closed,
            now=now,
            region=ask.region,
        )
        details = {"shop": shop.code, "name": shop.name, "kind": shop.kind, "closed": ask.closed}
        details["linking_secret_replaced"] = ask.linking_secret is not None
        action = "shop.added" if made else "shop.changed"
        await store.audit(connection, at=now, author=author, action=action, details=details)
    async with database.reading() as connection:
        await shops.refresh(connection)
    told = offered if offered is not None and shop.linking_secret == offered else None
    return PutShopResult(shop, made, told)
