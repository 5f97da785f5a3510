"""Tiers by increments are tiers from scratch: random sales, returns, cancels, revivals and merges (rules 31 to 35)."""

from __future__ import annotations

import random
from typing import Any

import pytest

from goen.earning.tiers.calendar import window_start
from goen.earning.tiers.model import Window

from .acts import now
from .test_tiers import RANK, back, keep, merged, programme, progress, tier

#: What every sale counts by its document and progress alone, as someone would who knows no row of ours.
COUNTS = """
select coalesce(p.claimed_by, p.member_as_presented) as owner, p.business_date as day, p.status,
       p.decision::json -> 'lines' as lines, p.progress::json -> 'returned' ->> 'money' as money,
       coalesce((p.progress::json -> 'returned' ->> 'full')::boolean, false) as whole
  from purchase p where p.status = 'completed'
"""
WON = "select max(day) from member_tier_change where member_id = $1 and why <> 'not_kept'"
LEVELS = [(10_000, "silver"), (30_000, "gold")]


async def measured(owner: Any, members: list[int], last: Any, until: Any = None) -> int:
    """Net money of the completed sales in the window that ends with a day (of later days too, but for ``until``):
    each sale is one line at 10 %, so what is refunded tells what is left."""
    since, total = window_start(Window("rolling", days=60), last), 0
    for row in await owner.fetch(COUNTS):
        if row["owner"] in members and row["day"] >= since and (until is None or row["day"] <= until):
            left = await owner.fetchval("select ($1::json -> 0 ->> 3)::bigint", row["lines"]) - int(row["money"] or 0)
            total += left - left * 10 // 110
    return total


def reached(measure: int) -> str | None:
    return next((code for reach, code in reversed(LEVELS) if measure >= reach), None)


def rank(code: str | None) -> int:
    return [None, "silver", "gold"].index(code)


@pytest.mark.parametrize("seed", range(6))
async def test_by_increments_as_from_scratch(retailer, owner, seed):
    """Beside the books a model that knows three words: a sale raises, a return does not lower, the first of a month
    does. It measures from the sales themselves each time."""
    dice = random.Random(seed)
    ladder = RANK | {"levels": [{"tier": code, "reach": reach} for reach, code in LEVELS]}
    ladder["window"] = {"kind": "rolling", "days": 60}
    await programme(retailer, tier_programmes={"rank": ladder}, provisional_days=0)
    people = [await retailer.member() for _ in range(3)]
    ids = {x["id"]: int(x["id"].split("_")[1]) for x in people}
    family = {x["id"]: [ids[x["id"]]] for x in people}
    model: dict[str, str | None] = {x["id"]: None for x in people}
    sales: list[tuple[dict[str, Any], dict[str, Any]]] = []
    undoable: str | None = None

    def day() -> Any:
        return retailer.services.context.day_of(retailer.clock.now())

    async def rise(who: str) -> None:
        found = reached(await measured(owner, family[who], day()))
        model[who] = max(model[who], found, key=rank)

    for _ in range(45):
        match dice.choice(["sale"] * 5 + ["order", "return", "cancel", "revive", "days", "merge"]):
            case "sale" | "order" as kind:
                who = dice.choice(people)
                shop = {"shop": "web", "status": "placed"} if kind == "order" else {}
                sale = await retailer.buys(1_100 * dice.randint(1, 12), who, **shop)
                sales.append((who, sale))
                if kind == "order" and dice.random() < 0.7:
                    await retailer.act(f"/v1/purchases/{sale['id']}/complete", now(retailer))
                await rise(_root(family, ids, who))
            case "return" if sales:
                who, sale = dice.choice(sales)
                seen = (await retailer.server.get(f"/v1/purchases/{sale['id']}")).json()
                if seen["status"] != "cancelled" and not seen["returns"]:
                    await back(retailer, sale)
            case "cancel" | "revive" as act if sales:
                who, sale = dice.choice(sales)
                answer = await retailer.act(f"/v1/purchases/{sale['id']}/{act}", now(retailer))
                if answer.status_code == 200:
                    await rise(_root(family, ids, who))
            case "days":
                before = day()
                retailer.clock.advance(days=dice.randint(1, 20))
                await keep(retailer)
                if day().month != before.month:
                    first = day().replace(day=1)
                    for who, members in family.items():
                        yesterday = first.fromordinal(first.toordinal() - 1)
                        found = reached(await measured(owner, members, yesterday, yesterday))
                        won = await owner.fetchval(WON, ids[who])
                        if won is None or won < first or rank(found) > rank(model[who]):
                            model[who] = found
            case "merge" if undoable is None:
                one, other = dice.sample(people, 2)
                undoable = await merged(retailer, one, other)
                family[one["id"]] += family.pop(other["id"])
                model[one["id"]] = max(model[one["id"]], model.pop(other["id"]), key=rank)
                await rise(one["id"])
        for who, members in family.items():
            told = (await progress(retailer, {"id": who}))["progress"]
            assert told["measured"] == await measured(owner, members, day())
            assert await tier(retailer, {"id": who}) == model[who]


def _root(family: dict[str, list[int]], ids: dict[str, int], who: dict[str, Any]) -> str:
    """Who holds the tier of a person by now."""
    return next(root for root, members in family.items() if ids[who["id"]] in members)
