"""A till whose network flaps, whose tab is killed and whose clock jumps: 1,000 sales, each there once and in order.

Everything is the real thing: the terminal's page in a browser, its queue, the server and its database. What the clerk
was told is the truth that the server is held to.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from playwright.async_api import Error as BrowserError

from races.ledger import assert_books_agree
from web.browsers import LiveClock, chrome
from web.conftest import PIN
from web.test_front import buy, served
from web.test_terminal import code_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SALES = 1_000
DAY = 86_400_000

#: The device's clock, wrong by what is kept under ``jump``.
_CLOCK = """(() => {
  const Real = Date, wrong = () => { try { return Number(localStorage.getItem("jump") ?? 0); } catch { return 0; } };
  globalThis.Date = class extends Real {
    constructor(...given) { if (given.length) super(...given); else super(Real.now() + wrong()); }
    static now() { return Real.now() + wrong(); }
  };
})()"""

#: One sale after the other by the page's own form; what the clerk sees at the end of each is told.
_SELL = """async (sales) => {
  const $ = (id) => document.getElementById(id);
  const until = async (seen) => { while (!seen()) await new Promise((go) => setTimeout(go, 2)); };
  for (const [amount, card] of sales) {
    if (!$("result").hidden) $("next").click();
    if (card) {
      $("scan").value = card;
      $("find").requestSubmit();
      await until(() => document.querySelector(".card-of"));
    }
    $("a10").value = amount;
    $("a10").dispatchEvent(new Event("input"));
    $("sale").requestSubmit();
    await until(() => !$("result").hidden || !$("wrong").hidden);
    if ($("result").hidden) throw new Error($("wrong").textContent);
    await confirmed($("receipt").textContent.split("No. ").pop().trim(), amount);
    $("next").click();
  }
}"""


@pytest.fixture
def clock() -> LiveClock:
    """The right one; the device's goes wrong."""
    return LiveClock()


class Till:
    """The terminal in its browser, and what its clerk was told."""

    def __init__(self, page: Any, address: str, chance: Random) -> None:
        self.page = page
        self.context = page.context
        self.address = address
        self.chance = chance
        self.told: dict[str, int] = {}
        self.kills = self.jumps = self.losses = 0

    async def open(self, code: str) -> None:
        await self.context.add_init_script(_CLOCK)
        await self.context.expose_binding("confirmed", lambda _, number, amount: self._confirmed(number, amount))
        await self.context.route("**/v1/purchases/batch", self._line)
        await self.page.goto(f"{self.address}/terminal")
        await self.page.fill("#code", code)
        await self.page.keyboard.press("Enter")
        await self._sign_in()
        await self.page.wait_for_selector("html[data-kept]")

    def _confirmed(self, number: str, amount: int) -> None:
        assert number not in self.told, f"{number} was given twice"
        self.told[number] = amount

    async def _line(self, route: Any) -> None:
        """Of what the server does, some answers are lost on the way back."""
        with suppress(BrowserError):
            if self.chance.random() < 0.15:
                self.losses += 1
                await route.fetch()
                await route.abort()
            else:
                await route.continue_()

    async def _sign_in(self) -> None:
        await self.page.wait_for_selector("#staff")
        await self.page.select_option("#staff", label="試験 clerk")
        await self.page.fill("#pin", PIN)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_selector("#scan:visible")

    async def flap(self) -> None:
        """The network comes and goes until somebody cancels this."""
        while True:
            await self.context.set_offline(True)
            await asyncio.sleep(self.chance.uniform(0.5, 5))
            await self.context.set_offline(False)
            await asyncio.sleep(self.chance.uniform(0.1, 1))

    async def sell(self, sales: list[tuple[int, str | None]]) -> None:
        """These sales, if the tab lives so long."""
        selling = asyncio.ensure_future(self.page.evaluate(_SELL, sales))
        if self.chance.random() < 0.5:
            await asyncio.wait([selling], timeout=self.chance.uniform(0.05, 0.6))
        else:
            await selling
        if not selling.done():
            await self._kill()
        with suppress(BrowserError):
            await selling

    async def _kill(self) -> None:
        self.kills += 1
        if self.chance.random() < 0.7:
            await self.page.reload(wait_until="commit")  # The browser restores the tab with its session.
            await self.page.wait_for_selector("#scan:visible")
            return
        await self.page.close()
        self.page = await self.context.new_page()
        await self.context.set_offline(False)  # A clerk's PIN is asked of the server.
        await self.page.goto(f"{self.address}/terminal")
        while not await self._in_again():
            pass

    async def _in_again(self) -> bool:
        """Whether the clerk is in: the network may have gone between."""
        try:
            await self.page.select_option("#staff", label="試験 clerk", timeout=1_500)
            await self.page.fill("#pin", PIN)
            await self.page.keyboard.press("Enter")
            await self.page.wait_for_selector("#scan:visible", timeout=1_500)
        except BrowserError:
            return await self.page.is_visible("#scan")
        return True

    async def jump(self) -> None:
        """The device's clock is a day off, or right again."""
        self.jumps += 1
        await self.page.evaluate("(wrong) => localStorage.setItem('jump', wrong)", self.chance.choice((-DAY, 0, DAY)))


@pytest.mark.timeout(400)
async def test_a_thousand_sales_arrive_once_and_in_order(staffed: Any, owner: Any) -> None:
    await buy(staffed, 1)
    code, chance = await code_for(staffed), Random(20261123)
    async with served(staffed.application) as address, chrome(820) as page:
        till = Till(page, address, chance)
        await till.open(code)
        flapping = asyncio.ensure_future(till.flap())
        while len(till.told) < SALES:
            count = min(chance.randint(5, 60), SALES - len(till.told))
            await till.sell(
                [(chance.randint(1, 99) * 110, "CARD-0001" if chance.random() < 0.2 else None) for _ in range(count)]
            )
            if chance.random() < 0.2:
                await till.jump()
        flapping.cancel()
        await till.context.unroute_all()
        await till.context.set_offline(False)
        with suppress(BrowserError):
            await till.page.wait_for_function(
                "() => !document.getElementById('net').textContent.includes('未送信')", timeout=30_000
            )
        left = await till.page.evaluate("import('/static/terminal/store.js').then((store) => store.waiting())")
    assert left == []
    assert till.kills > 10, "the simulation has to hurt"
    assert till.jumps > 5
    assert till.losses > 10
    rows = await owner.fetch("select external_id, total from purchase where external_id <> 'r1' order by act_id")
    found = {row["external_id"]: row["total"] for row in rows}
    assert len(found) == len(rows), "no number stands for two sales"
    assert {number: found.get(number) for number in till.told} == till.told, "what the clerk was told is there"
    # A tab may die after a sale was kept and before the clerk was told: that is the only thing that may be on top.
    assert len(found) - len(till.told) <= till.kills
    numbers = [int(row["external_id"].rpartition("-")[2]) for row in rows]
    assert numbers == sorted(numbers), "in the order in which they were made"
    await assert_books_agree(owner, staffed.database)
