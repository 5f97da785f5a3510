"""Making and revoking API keys."""

from __future__ import annotations

from goen.database.pool import Database
from goen.shops import store
from goen.shops.errors import UnknownKey, UnknownShop
from goen.shops.keys import hash_of, new_secret
from goen.shops.model import Role
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest


async def create_key(
    database: Database,
    *,
    integration: str,
    role: Role,
    shop: str | None,
    device: str | None,
    author: str,
    now: Instant,
) -> str:
    """Make a key and give its secret, which nobody can show again.

    Another key of the same name rotates it: both work until the old one is revoked, and idempotency keys
    belong to the name. So the name's role and shop stay what they were.

    Raises:
        InvalidRequest: a till's or web shop's key without its shop, a shop on another role, or a name that
            is already bound to another role or shop.
        UnknownShop: there is no such shop.
    """
    if (shop is not None) != (role in ("pos", "ec")):
        raise InvalidRequest("shop", f"a key of role {role} is bound to {'one shop' if shop is None else 'none'}")
    async with database.transaction() as connection:
        shop_id = None
        if shop is not None:
            found = {each.code: each for each in await store.shops(connection)}.get(shop)
            if found is None:
                raise UnknownShop(shop)
            if (found.kind == "ec") != (role == "ec"):
                raise InvalidRequest("role", f"the shop {shop} is of kind {found.kind}")
            shop_id = found.shop_id
        bound = await store.binding_of(connection, integration)
        if bound is not None and bound != (role, shop_id):
            raise InvalidRequest("name", f"{integration!r} is the name of a key of another role or shop")
        secret = new_secret()
        key_id = await store.add_key(
            connection,
            integration=integration,
            role=role,
            shop_id=shop_id,
            device=device,
            secret_hash=hash_of(secret),
        )
        details = {"key_id": key_id, "integration": integration, "role": role, "shop": shop, "device": device}
        await store.audit(connection, at=now, author=author, action="key.created", details=details)
    return secret


async def revoke_keys(database: Database, name_or_id: str, *, author: str, now: Instant) -> list[int]:
    """Revoke the key of this number, or every living key of this name; gives the numbers revoked.

    Raises:
        UnknownKey: no living key is meant.
    """
    number = int(name_or_id) if name_or_id.isascii() and name_or_id.isdigit() else None
    async with database.transaction() as connection:
        revoked = await store.revoke_keys(
            connection, key_id=number, integration=None if number else name_or_id, now=now
        )
        if not revoked:
            raise UnknownKey(name_or_id)
        await store.audit(connection, at=now, author=author, action="key.revoked", details={"key_ids": revoked})
    return revoked
