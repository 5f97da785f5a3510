"""Terminals: a code made in the office turns a device into a till's, once."""

from __future__ import annotations

from typing import NamedTuple

from goen.database.pool import Database
from goen.shops import store as shops
from goen.shops.errors import UnknownShop
from goen.shops.keys import hash_of as key_hash
from goen.shops.keys import new_secret
from goen.shops.model import Shop
from goen.staff import secrets, store
from goen.staff.errors import TerminalCodeRefused
from goen.staff.rules import CODE_LASTS
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest


class Enrolled(NamedTuple):
    """The device's own key, shown to it this once."""

    secret: str
    shop: Shop
    device: str


async def make_terminal_code(database: Database, shop: str, device: str, *, author: str, now: Instant) -> str:
    """A code for a device of this name; it serves once, within fifteen minutes.

    Raises:
        UnknownShop, InvalidRequest: a name that is none, or a web shop.
    """
    device = device.strip()
    if not device or len(device) > 40 or not all(each.isalnum() or each in "-_" for each in device):
        raise InvalidRequest("device", "has 1 to 40 letters, digits, - or _")
    code = secrets.new_code()
    async with database.transaction() as connection:
        found = {each.code: each for each in await shops.shops(connection)}.get(shop)
        if found is None:
            raise UnknownShop(shop)
        if found.kind != "store":
            raise InvalidRequest("shop", "terminals stand in stores")
        await store.add_code(connection, secrets.hash_of(code), found.shop_id, device, author, now, now + CODE_LASTS)
        details = {"shop": shop, "device": device}
        await store.audit(connection, author=author, action="terminal.code_made", details=details, now=now)
    return code


async def enrol_terminal(database: Database, typed: str, now: Instant) -> Enrolled:
    """Turn a device into a terminal: a ``pos`` key of its own, bound to its shop.

    Raises:
        TerminalCodeRefused.
    """
    async with database.transaction() as connection:
        taken = await store.take_code(connection, secrets.hash_of(secrets.plain_code(typed)), now)
        if taken is None:
            raise TerminalCodeRefused
        shop = {each.shop_id: each for each in await shops.shops(connection)}[taken.shop_id]
        secret = new_secret()
        integration = f"terminal:{shop.code}:{taken.device}"
        key_id = await shops.add_key(
            connection,
            integration=integration,
            role="pos",
            shop_id=shop.shop_id,
            device=taken.device,
            secret_hash=key_hash(secret),
        )
        details = {"key_id": key_id, "shop": shop.code, "device": taken.device}
        await store.audit(connection, author=taken.made_by, action="terminal.enrolled", details=details, now=now)
    return Enrolled(secret, shop, taken.device)
