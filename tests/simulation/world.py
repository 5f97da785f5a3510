"""A whole Goen in one process that a synchronous test may talk to, and a look straight into its tables."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import date, timedelta
from typing import Any, TypeVar

import asyncpg
import httpx

from goen.actions.keys import create_key
from goen.actions.points import sweeps
from goen.actions.shops import PutShop, put_shop
from goen.database.pool import open_database
from goen.ledger.invariants import Finding, prove
from goen.main import build
from goen.shops.directory import ShopDirectory
from goen.vocabulary.clock import business_day

T = TypeVar("T")

SHOPS = (("shibuya", "store"), ("yokohama", "store"), ("web", "ec"))


class World:
    """The application over a database of its own. ``send`` asks it; ``look`` reads the books behind it."""

    def __init__(self, dsn: str, clock: Any) -> None:
        self.clock = clock
        self.numbers = itertools.count(1)
        self.examples = itertools.count(1)
        self._live: list[str] = []
        self._dsn = dsn
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()

    def __enter__(self) -> World:
        self._runner.__enter__()
        self._runner.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.__exit__(None, None, None)

    async def _open(self) -> None:
        database = await self._stack.enter_async_context(open_database(self._dsn))
        now = self.clock.now()
        for code, kind in SHOPS:
            await put_shop(database, ShopDirectory(), PutShop(code, code, kind, None, False), author="test", now=now)
        key = await create_key(
            database, integration="server", role="server", shop=None, device=None, author="test", now=now
        )
        application = await self._stack.enter_async_context(build(database, self.clock))
        self.services = application.services
        self._client = await self._stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(application, raise_app_exceptions=True),
                base_url="http://goen",
                headers={"Authorization": f"Bearer {key}"},
            )
        )
        self._connection = await asyncpg.connect(self._dsn)
        self._stack.push_async_callback(self._connection.close)

    @property
    def today(self) -> date:
        return business_day(self.clock.now(), self.services.zone)

    def send(self, method: str, path: str, body: Any, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        if method == "GET":
            return self._runner.run(self._client.get(path))
        return self._runner.run(self._client.request(method, path, json=body, headers=headers))

    def send_all(self, requests: list[tuple[str, str, Any, str | None]]) -> list[httpx.Response]:
        """Ask at once, so that the till decides them in one batch or two."""

        async def all_of_them() -> list[httpx.Response]:
            return await asyncio.gather(
                *(
                    self._client.request(method, path, json=body, headers={"Idempotency-Key": key} if key else {})
                    for method, path, body, key in requests
                )
            )

        return self._runner.run(all_of_them())

    def sweep(self) -> None:
        """Run every job that books what came due until nothing is left."""
        for job in (sweeps.release_due_holds, sweeps.confirm_due, sweeps.expire_due):
            for _ in range(20):
                services = self.services
                if not self._runner.run(job(services.database, services.till, services.context, services.clock.now())):
                    break
            else:
                raise AssertionError(f"{job.__name__} never ends")

    def prove(self) -> None:
        """Every invariant that ``goen verify`` knows holds."""

        async def findings() -> list[Finding]:
            return [finding async for finding in prove(self.services.database, self.clock.now())]

        assert not (found := self._runner.run(findings())), found

    def members(self, count: int) -> list[tuple[str, int]]:
        """New members: their public ids and our own numbers."""
        found = []
        for _ in range(count):
            answer = self.send(
                "POST", "/v1/members", {"identifiers": [{"kind": "card", "value": f"29{next(self.numbers):011d}"}]}
            )
            assert answer.status_code == 201, answer.text
            number = self.rows("select member_id from member where number = $1", answer.json()["number"])[0][0]
            found.append((answer.json()["id"], number))
        return found

    def cardholder(self, phone: str | None = None) -> tuple[str, int, str]:
        """A new member: public id, our own number, card."""
        card = f"29{next(self.numbers):011d}"
        names = [{"kind": "card", "value": card}]
        if phone:
            names.append({"kind": "phone", "value": phone})
        answer = self.send("POST", "/v1/members", {"identifiers": names})
        assert answer.status_code == 201, answer.text
        number = self.rows("select member_id from member where number = $1", answer.json()["number"])[0][0]
        return answer.json()["id"], number, card

    def programme(self, settings: dict[str, Any]) -> None:
        """A new version that counts from now on."""
        body = {"starts_at": (self.clock.now() + timedelta(seconds=2)).isoformat(), **settings}
        answer = self.send("PUT", "/v1/programme", body)
        assert answer.status_code == 200, answer.text
        self.clock.advance(seconds=3)

    def campaigns(self, made: list[dict[str, Any]]) -> list[str]:
        """These campaigns are live from now on and no others; gives their codes."""
        while self._live:
            code = self._live.pop()
            assert self.send("POST", f"/v1/campaigns/{code}/stop", {}).status_code == 200
        codes = [f"e{next(self.numbers)}-{each['code']}" for each in made]
        for code, each in zip(codes, made, strict=True):
            answer = self.send("POST", "/v1/campaigns", each | {"code": code})
            assert answer.status_code == 201, answer.text
            self.activate(code)
        self.clock.advance(seconds=3)
        return codes

    def activate(self, code: str) -> None:
        """In two seconds this campaign is live."""
        answer = self.send("POST", f"/v1/campaigns/{code}/activate", {})
        assert answer.status_code == 200, answer.text
        self._live.append(code)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for something that the application does."""
        return self._runner.run(work)

    def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        return self._runner.run(self._connection.fetch(query, *arguments))

    def look(self, member_id: int) -> Books:
        """One member's books as the tables have them."""
        return self._runner.run(self._look(member_id))

    async def _look(self, member_id: int) -> Books:
        async def all_of(table: str, order: str) -> list[dict[str, Any]]:
            query = f"select * from {table} where member_id = $1 order by {order}"
            return [dict(row) for row in await self._connection.fetch(query, member_id)]

        return Books(
            (await all_of("member_account", "member_id"))[0],
            await all_of("entry", "seq"),
            await all_of("lot", "lot_id"),
            await all_of("lot_move", "seq, lot_id"),
            await all_of("hold", "hold_id"),
            await self._sales(member_id),
            self.clock.now(),
            self.today,
        )

    async def _sales(self, member_id: int) -> list[dict[str, Any]]:
        rows = await self._connection.fetch(
            "select * from purchase where coalesce(claimed_by, member_as_presented) = $1 order by purchase_id",
            member_id,
        )
        return [
            {
                **dict(row),
                "decision": json.loads(row["decision"]),
                "progress": json.loads(row["progress"] or "{}"),
            }
            for row in rows
        ]


class Books:
    """One member's rows, and the sums that must agree."""

    def __init__(
        self,
        account: dict[str, Any],
        entries: list[dict[str, Any]],
        lots: list[dict[str, Any]],
        moves: list[dict[str, Any]],
        holds: list[dict[str, Any]],
        sales: list[dict[str, Any]],
        now: Any,
        today: date,
    ) -> None:
        self.account, self.entries, self.lots, self.moves = account, entries, lots, moves
        self.holds, self.sales, self.now, self.today = holds, sales, now, today

    def alive(self, lot: dict[str, Any]) -> bool:
        return lot["expires_on"] is None or lot["expires_on"] >= self.today

    @property
    def available(self) -> int:
        """Spendable now: live lots less what open holds keep that have not run out."""
        held: dict[int, int] = {}
        for hold in self.holds:
            if hold["status"] == "open" and (hold["expires_at"] is None or hold["expires_at"] > self.now):
                for lot_id, points in json.loads(hold["draws"]):
                    held[lot_id] = held.get(lot_id, 0) + points
        live = [lot for lot in self.lots if lot["kind"] != "debt" and self.alive(lot)]
        free = sum(lot["remaining"] - held.get(lot["lot_id"], 0) for lot in live)
        # What a hold that ran out gives back fills debts first.
        return max(0, free - self.account["debt"])

    @property
    def blocked(self) -> bool:
        """Whether points are owed even after holds that ran out are freed."""
        free = sum(
            points
            for hold in self.holds
            if hold["status"] == "open" and hold["expires_at"] is not None and hold["expires_at"] <= self.now
            for lot_id, points in json.loads(hold["draws"])
            if self.alive(self.lot(lot_id))
        )
        return self.account["debt"] > free

    def lot(self, lot_id: int) -> dict[str, Any]:
        return next(lot for lot in self.lots if lot["lot_id"] == lot_id)

    def snapshot(self) -> dict[int, tuple[int, int, date | None]]:
        """What each lot holds, and until when."""
        return {lot["lot_id"]: (lot["remaining"], lot["held"], lot["expires_on"]) for lot in self.lots}

    def lot_by_lot(self) -> list[tuple[Any, ...]]:
        """Open lots as anybody sees them, debts of a day as one: which act owes what is nobody's concern."""
        found: list[tuple[Any, ...]] = []
        for lot in self.lots:
            if lot["open"]:
                names = ("kind", "granted_on", "expires_on", "grant_year", "remaining", "held", "rule", "funder")
                found.append(tuple(str(lot[name]) for name in names))
        return sorted(found)

    def moved(self, account: str) -> int:
        """The sum of all entries on one of the member's accounts."""
        return sum(
            (e["target"] == account) * e["points"] - (e["source"] == account) * e["points"] for e in self.entries
        )

    def prove(self) -> None:
        """booked = entries = open lots (debt included); pending, held and debt agree; sales add up."""
        account, lots = self.account, self.lots
        assert account["booked"] == self.moved("points"), "booked differs from entries"
        assert account["booked"] == sum(lot["remaining"] for lot in lots if lot["open"]), "booked differs from lots"
        assert account["pending"] == self.moved("pending"), "pending differs from entries"
        assert account["held"] == sum(lot["held"] for lot in lots), "held differs from lots"
        owed = -sum(lot["remaining"] for lot in lots if lot["kind"] == "debt")
        assert account["debt"] == owed, "debt differs from lots"
        if owed:
            free = [x for x in lots if x["kind"] != "debt" and self.alive(x) and x["remaining"] > x["held"]]
            assert not free, "points are owed while a live lot has some to give"
        self._prove_lots()
        self._prove_balances()
        for sale in self.sales:
            self._prove_sale(sale)

    def _prove_lots(self) -> None:
        moved: dict[int, int] = {}
        for move in self.moves:
            moved[move["lot_id"]] = moved.get(move["lot_id"], 0) + move["points"]
        in_holds: dict[int, int] = {}
        for hold in self.holds:
            if hold["status"] == "open":
                draws = json.loads(hold["draws"])
                assert sum(points for _, points in draws) == hold["points"], "a hold's draws are not its points"
                for lot_id, points in draws:
                    in_holds[lot_id] = in_holds.get(lot_id, 0) + points
        for lot in self.lots:
            assert lot["remaining"] == lot["points"] + moved.get(lot["lot_id"], 0), "a lot differs from its moves"
            assert lot["held"] == in_holds.get(lot["lot_id"], 0), "a lot's held points are in no open hold"
            assert 0 <= lot["expired"] <= max(lot["points"], 0), "a lot expired more than it was granted"

    def _prove_balances(self) -> None:
        balance = {"points": 0, "pending": 0}
        for entry in self.entries:
            for name in balance:
                balance[name] += entry["points"] * ((entry["target"] == name) - (entry["source"] == name))
            name = "points" if "points" in (entry["source"], entry["target"]) else "pending"
            assert entry["balance_after"] == balance[name], "an entry's balance is not the sum so far"

    def _prove_sale(self, sale: dict[str, Any]) -> None:
        """What a sale has earned and used is what was decided less what was returned."""
        decision, progress = sale["decision"], sale["progress"]
        returned = progress.get("returned", {})
        pending, confirmed = progress.get("pending", 0), progress.get("confirmed", 0)
        used = sum(points for _, points in progress.get("draws", ())) + progress.get("owed", 0)
        if progress.get("hold"):
            own = sale["purchase_id"].replace("p_", "h_", 1)
            used += next(h["points"] for h in self.holds if h["hold_id"] == own and h["status"] == "open")
        waiting = sum(points for _, points, *_ in progress.get("waiting", ()))
        assert 0 <= waiting <= pending, "more points wait for their day than are provisional"
        if sale["status"] == "cancelled":
            assert pending == confirmed == 0, "a cancelled sale keeps points"
        else:
            earned_left = decision.get("earned", 0) - returned.get("earned", 0)
            assert pending + confirmed == earned_left, "earned does not add up"
            assert used == decision.get("used", 0) - returned.get("used", 0), "used does not add up"
        own_pending = sum(
            e["points"] * ((e["target"] == "pending") - (e["source"] == "pending"))
            for e in self.entries
            if e["purchase_id"] == sale["purchase_id"]
        )
        assert own_pending == pending, "a sale's provisional points are not those of its entries"
