"""API keys: bound to role and shop, shown once, kept as a hash, rotated by name."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from goen.actions.keys import create_key, revoke_keys
from goen.actions.shops import PutShop, put_shop
from goen.database.pool import Database
from goen.readings.shops import keys
from goen.shops.directory import ShopDirectory
from goen.shops.errors import UnknownKey, UnknownShop
from goen.shops.keys import Keyring, hash_of
from goen.shops.model import Principal
from goen.vocabulary.refusal import Forbidden, InvalidRequest


@pytest.fixture
async def make(pool: Database, clock: Any) -> Any:
    shops = ShopDirectory()
    await put_shop(pool, shops, PutShop("shibuya", "渋谷店"), author="t", now=clock.now())
    await put_shop(pool, shops, PutShop("web", "EC", "ec"), author="t", now=clock.now())

    async def made(name: str, role: Any, shop: str | None = None) -> str:
        return await create_key(pool, integration=name, role=role, shop=shop, device=None, author="t", now=clock.now())

    return made


async def test_only_the_hash_is_kept(make: Any, owner: asyncpg.Connection) -> None:
    secret = await make("till", "pos", "shibuya")
    assert len(secret) >= 43 + len("goen_")
    row = dict(await owner.fetchrow("select * from api_key"))
    assert row["secret_hash"] == hash_of(secret)
    everything = str(row) + str([dict(each) for each in await owner.fetch("select * from audit")])
    assert secret not in everything
    assert secret.removeprefix("goen_") not in everything


@pytest.mark.parametrize(
    ("role", "shop"),
    [("pos", None), ("ec", None), ("server", "shibuya"), ("readonly", "web"), ("pos", "web"), ("ec", "shibuya")],
)
async def test_a_role_has_the_shop_it_needs_and_no_other(make: Any, role: str, shop: str | None) -> None:
    with pytest.raises(InvalidRequest):
        await make("x", role, shop)


async def test_a_shop_must_exist(make: Any) -> None:
    with pytest.raises(UnknownShop):
        await make("x", "pos", "nowhere")


async def test_a_second_key_of_a_name_rotates_the_first(make: Any, pool: Database, clock: Any) -> None:
    old, new = await make("till", "pos", "shibuya"), await make("till", "pos", "shibuya")
    ring = Keyring(pool)
    await ring.refresh()
    first, second = ring.known(old.encode()), ring.known(new.encode())
    assert first is not None
    assert second is not None
    assert first.integration == second.integration == "till"
    await revoke_keys(pool, str(first.key_id), author="t", now=clock.now())
    await ring.refresh()
    assert ring.known(old.encode()) is None
    assert ring.known(new.encode()) == second
    async with pool.reading() as connection:
        assert [each.revoked_at is None for each in await keys(connection)] == [True, False]


async def test_a_name_keeps_its_role_and_shop(make: Any) -> None:
    await make("till", "pos", "shibuya")
    with pytest.raises(InvalidRequest, match="another role or shop"):
        await make("till", "server")


async def test_revoking_by_name_ends_every_key_of_it(make: Any, pool: Database, clock: Any) -> None:
    await make("till", "pos", "shibuya")
    await make("till", "pos", "shibuya")
    other = await make("boss", "server")
    assert len(await revoke_keys(pool, "till", author="t", now=clock.now())) == 2
    with pytest.raises(UnknownKey):
        await revoke_keys(pool, "till", author="t", now=clock.now())
    assert await Keyring(pool).find(other.encode()) is not None


def test_who_may_write_what() -> None:
    def may(role: Any, own: int | None, shop: int | None) -> bool:
        return Principal(1, "x", role, own).may_write(shop)

    assert may("server", None, 1)
    assert may("server", None, None)
    assert may("pos", 1, 1)
    assert may("ec", 2, 2)
    assert not may("pos", 1, 2)
    assert not may("pos", 1, None)
    assert not may("readonly", None, None)
    assert not may("readonly", 1, 1)
    with pytest.raises(Forbidden):
        Principal(1, "x", "pos", 1).guard_shop(2)
