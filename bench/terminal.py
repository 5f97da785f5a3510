"""The terminal in a real browser, over the demo retailer's data: from the look-up to the member's card on the screen.

    python -m bench.terminal [--rounds 60]

Milliseconds from the Enter of a scanner to the frame after the one in which the card is there: request, answer, script,
layout and paint. The goal is 300 at the median; the first look-up, with everything cold, is told beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
from dataclasses import replace
from statistics import quantiles
from typing import Any

import asyncpg
from playwright.async_api import async_playwright

from bench.imports import _empty
from bench.machine import goen, machine

_NUMBERS = "select number from member where status = 'active' order by member_id limit $1"
#: Sees to it that ``window.painted`` is the moment at which a card was painted that was not there before.
_WATCH = """() => {
  window.painted = null; window.asked = null;
  const box = document.querySelector('#member'), before = box.textContent;
  addEventListener('keydown', () => { window.asked = performance.now(); }, { capture: true, once: true });
  new MutationObserver((_, self) => {
    if (!box.querySelector('.card-of') || box.textContent === before) return;
    self.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = performance.now(); }));
  }).observe(box, { childList: true, subtree: true });
}"""


async def measure(rounds: int) -> dict[str, Any]:
    """Median and p95 of as many look-ups, of different members one after the other."""
    async with machine(1, 0) as made:
        dsn = await _empty(made, "terminal")
        os.environ |= {"GOEN_DATA_DIR": str(made.folder / "goen"), "GOEN_DEMO": "1"}
        await goen(dsn, "demo")
        connection = await asyncpg.connect(dsn)
        numbers = [row["number"] for row in await connection.fetch(_NUMBERS, rounds + 1)]
        await connection.close()
        there = replace(made, dsn=dsn)
        async with there.serving():
            taken = await _looked_up(there.address, numbers)

    cuts = quantiles(taken[1:], n=20)
    return {
        "look-ups": len(taken) - 1,
        "median": round(cuts[9], 1),
        "p95": round(cuts[18], 1),
        "first": round(taken[0], 1),
    }


async def _looked_up(address: str, numbers: list[str]) -> list[float]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1024, "height": 768})
        await page.goto(address)
        await page.click('form[action="/terminal/demo"] button')
        await page.wait_for_selector("#staff")
        await page.fill("#pin", "2468")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#scan:visible")
        taken = []
        for number in numbers:
            await page.fill("#scan", number)
            await page.focus("#scan")
            await page.evaluate(_WATCH)
            await page.keyboard.press("Enter")
            await page.wait_for_function("() => window.painted")
            taken.append(await page.evaluate("window.painted - window.asked"))
        await browser.close()
        return taken


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.terminal")
    parser.add_argument("--rounds", type=int, default=60)
    print(json.dumps(asyncio.run(measure(**vars(parser.parse_args()))), indent=2))
