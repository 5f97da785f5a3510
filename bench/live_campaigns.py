"""The fifty campaigns of ``bench.evaluate`` on a server that is under load, switched on and off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx

from bench.evaluate import campaigns
from bench.machine import Machine
from goen.earning.campaigns.model import to_json

#: Every process knows of a change before it counts, two seconds later.
SETTLED = 3.0


@asynccontextmanager
async def owner_api(machine: Machine) -> AsyncIterator[httpx.AsyncClient]:
    """The API under the key that may do everything."""
    headers = {"Authorization": f"Bearer {machine.key}"}
    async with httpx.AsyncClient(base_url=machine.address, headers=headers, timeout=30) as client:
        yield client


async def draft_campaigns(api: httpx.AsyncClient, machine: Machine) -> Sequence[str]:
    """Keep the fifty as drafts for the goods that the load sells; all members are gold ones. Gives their codes."""
    await _ok(api.put("/v1/shops/shibuya", json={"name": "shibuya", "kind": "store", "region": "関東"}))
    tiers = {"gold": {"name": "ゴールド"}, "platinum": {"name": "プラチナ"}}
    await _ok(api.put("/v1/programme", json={"tiers": tiers}))
    connection = await asyncpg.connect(machine.dsn)
    await connection.execute("update member set tier = 'gold'")
    await connection.execute("vacuum analyze member")
    await connection.close()
    await asyncio.sleep(SETTLED)
    codes = []
    for campaign in campaigns():
        # The load sells 日用品 with numbers.
        document = to_json(campaign).replace("食品".encode(), "日用品".encode()).replace(b'"S-', b'"A-00')
        await _ok(api.post("/v1/campaigns", content=document, headers={"Content-Type": "application/json"}))
        codes.append(campaign.code)
    return codes


async def all_campaigns(api: httpx.AsyncClient, codes: Sequence[str], word: str) -> None:
    """``activate`` or ``stop`` every one of them, and wait until that counts."""
    for code in codes:
        await _ok(api.post(f"/v1/campaigns/{code}/{word}", json={}))
    await asyncio.sleep(SETTLED)


async def _ok(answering: Any) -> None:
    answer = await answering
    assert answer.is_success, answer.text
