"""The PIN proves, and five wrong ones in a row lock it (rule 43)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from goen.actions.members.asks import Enrolment
from goen.actions.members.enrol import enrol
from goen.actions.members.pin import set_pin
from goen.database.pool import Database
from goen.members.errors import PinLocked
from goen.members.pin import proves
from goen.shops.directory import ShopDirectory
from goen.shops.model import Principal

OFFICE = Principal(key_id=1, integration="office", role="server")


@pytest.fixture
async def member_id(pool: Database, shops: ShopDirectory, clock: Any) -> int:
    now = clock.now()
    await enrol(pool, shops, OFFICE, Enrolment(), now, now.date())
    async with pool.reading() as connection:
        found: int = await connection.fetchval("select member_id from member")
    return found


async def test_rule_43_the_right_pin_proves_and_no_pin_never_does(pool: Database, member_id: int, clock: Any) -> None:
    assert not await proves(pool, member_id, "1234", clock.now())
    await set_pin(pool, OFFICE, member_id, "1234", clock.now())
    assert await proves(pool, member_id, "1234", clock.now())
    assert not await proves(pool, member_id, "1235", clock.now())


async def test_rule_43_guesses_side_by_side_are_all_counted(pool: Database, member_id: int, clock: Any) -> None:
    await set_pin(pool, OFFICE, member_id, "1234", clock.now())
    guesses = await asyncio.gather(
        *(proves(pool, member_id, f"999{digit}", clock.now()) for digit in range(9)), return_exceptions=True
    )
    assert sum(each is False for each in guesses) == 5
    assert sum(isinstance(each, PinLocked) for each in guesses) == 4
    with pytest.raises(PinLocked):
        await proves(pool, member_id, "1234", clock.advance(minutes=29))
    assert await proves(pool, member_id, "1234", clock.advance(minutes=2))


async def test_rule_43_a_right_pin_forgives_earlier_mistakes(pool: Database, member_id: int, clock: Any) -> None:
    await set_pin(pool, OFFICE, member_id, "1234", clock.now())
    for _ in range(3):
        for _ in range(4):
            assert not await proves(pool, member_id, "0000", clock.now())
        assert await proves(pool, member_id, "1234", clock.now())
