"""Dry run, quote, sale and back-test say the same, for any programme, campaigns and basket; and returns add up."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earning.builders import campaigns, lines, price_campaigns, programmes
from goen.api.services import Services
from goen.earning.programme import Programme, to_builtins
from goen.readings.backtest import BacktestAnswer, backtest
from goen.readings.campaigns import kept
from simulation.world import Books, World

EXAMPLES = os.environ.get("GOEN_SIMULATION_EXAMPLES")
POINTS = 5000
_json = msgspec.json.Encoder(decimal_format="number").encode

#: Limits as drawn, or of the same size for each member, shop, day or month.
SCOPES = st.sampled_from([[], ["member"], ["shop", "day"], ["member", "month"]])
BASKETS = lines.map(lambda drawn: msgspec.json.decode(_json(drawn)))


def test_a_dry_run_a_quote_and_the_sale_agree_and_returns_add_up(database: Any, clock: Any) -> None:
    with World(database.dsn, clock) as world:

        @settings(
            max_examples=int(EXAMPLES or 25), deadline=None, derandomize=EXAMPLES is None, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(programmes, campaigns, SCOPES, BASKETS, st.sampled_from([0, 0, 0.1, 0.6, 1]), st.booleans())
        def agree(made: Programme, running: Any, scope: list[str], basket: Any, share: float, placed: bool) -> None:
            one = Example(world, made, [_scoped(each, scope) for each in running])
            sale = one.agrees(basket, share, placed)
            one.happened(sale)
            one.comes_back(sale, basket, placed)

        agree()
        world.prove()


def test_what_changes_the_price_agrees_too(database: Any, clock: Any) -> None:
    with World(database.dsn, clock) as world:

        @settings(
            max_examples=int(EXAMPLES or 25), deadline=None, derandomize=EXAMPLES is None, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(programmes, price_campaigns, SCOPES, BASKETS, st.sampled_from([0, 550]), st.booleans())
        def agree(made: Programme, running: Any, scope: list[str], basket: Any, postage: int, placed: bool) -> None:
            one = Example(world, made, [_scoped(each, scope) for each in running])
            sale = one.agrees_in_price(basket, postage, placed)
            one.was_taken(sale)
            one.is_called_off(sale)

        agree()
        world.prove()


def _scoped(campaign: dict[str, Any], scope: list[str]) -> dict[str, Any]:
    return campaign | {"limits": [limit | {"per": scope} for limit in campaign["limits"]]}


async def _backtest(services: Services, code: str, now: datetime, day: date) -> BacktestAnswer:
    context = services.context
    async with services.database.reading() as connection:
        found = await kept(connection, context.campaigns, code, now)
    assert found is not None
    return await backtest(
        services.database, found.campaign, context.shops, context.programmes, context.campaigns, context.zone, day, day,
        day,
    )  # fmt: skip


class Example:
    """A member with points under a programme of its own; all campaigns are live but the last one drafted."""

    def __init__(self, world: World, made: Programme, running: list[dict[str, Any]]) -> None:
        self.world = world
        world.programme(to_builtins(msgspec.structs.replace(made, starts_at=None)))
        self.codes = world.campaigns(running[1:])
        self.draft = f"e{next(world.numbers)}-draft"
        self.ask("/v1/campaigns", running[0] | {"code": self.draft}, 201)
        _, self.member_id, card = world.cardholder()
        self.card = {"kind": "card", "value": card}
        self.ask("/v1/adjustments", {"member": self.card, "points": POINTS, "reason": "correction"}, 201)

    def ask(self, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
        answer = self.world.send("POST", path, body, f"agree-{next(self.world.numbers)}")
        assert answer.status_code == status, answer.text
        return answer.json()

    def now(self) -> str:
        return self.world.clock.now().isoformat()

    def books(self) -> Books:
        return self.world.look(self.member_id)

    def agrees(self, basket: list[dict[str, Any]], share: float, placed: bool) -> dict[str, Any]:
        """What was told of tomorrow is told tomorrow, and then it happens."""
        shop, status = ("web", "placed") if placed else ("shibuya", "completed")
        body = {"shop": shop, "status": status, "lines": basket, "member": self.card}
        tomorrow = self.world.clock.now() + timedelta(days=1)
        ahead = body | {"at": tomorrow.isoformat(), "occurred_at": tomorrow.isoformat()}
        usable = self.ask(f"/v1/campaigns/{self.draft}/dry_run", ahead)["usable"]
        most = min(usable["max"], POINTS)
        body["use_points"] = int(most * share) // usable["unit"] * usable["unit"]
        told = self.ask(f"/v1/campaigns/{self.draft}/dry_run", ahead | body)
        # Without the draft the very same basket is told what it earns today; asking has changed nothing.
        plain = self.ask("/v1/quotes", body | {"occurred_at": self.now()})
        assert not [line for line in plain["points"]["breakdown"] if line["rule"] == f"campaign:{self.draft}"]
        before = self.books()
        self.world.activate(self.draft)
        self.world.clock.set(tomorrow)
        quote = self.ask("/v1/quotes", body | {"occurred_at": self.now()})
        assert (self.books().account, self.drawn()) == (before.account, 0)
        sale = self.ask(
            "/v1/purchases", body | {"occurred_at": self.now(), "external_id": f"A{next(self.world.numbers)}"}, 201
        )
        for name in ("points", "total", "payable", "balance", "receipt", "coupons"):
            assert told[name] == quote[name] == sale[name], name
        return sale

    def happened(self, sale: dict[str, Any]) -> None:
        """A back-test over the day gives what each campaign gave, and what the ledger drew."""
        services, day = self.world.services, self.world.today
        for code in (self.draft, *self.codes):
            given = sum(x["points"] for x in sale["points"]["breakdown"] if x["rule"] == f"campaign:{code}")
            found = self.world.run(_backtest(services, code, self.world.clock.now(), day))
            assert (found.purchases, found.unreadable) == (1, 0)
            assert (found.points, found.points_kept) == (given, given), code
            drawn = self.world.rows("select drawn from limit_account where code like $1", f"campaign:{code}/points/%")
            assert {row[0] for row in drawn} <= {given}, "and what was drawn on its limits"

    def agrees_in_price(self, basket: list[dict[str, Any]], postage: int, placed: bool) -> dict[str, Any]:
        """What a dry run of tomorrow offers is offered tomorrow, and whoever takes all of it has all of it."""
        shop, status = ("web", "placed") if placed else ("shibuya", "completed")
        skus = [line | ({"sku": "A"} if line["line"] % 2 else {}) for line in basket]
        body = {"shop": shop, "status": status, "lines": skus, "member": self.card, "postage": postage}
        tomorrow = self.world.clock.now() + timedelta(days=1)
        ahead = body | {"at": tomorrow.isoformat(), "occurred_at": tomorrow.isoformat()}
        told = self.ask(f"/v1/campaigns/{self.draft}/dry_run", ahead)
        self.world.activate(self.draft)
        self.world.clock.set(tomorrow)
        today = body | {"occurred_at": self.now()}
        quote = self.ask("/v1/quotes", today)
        for name in ("available", "not_available", "total", "points"):
            assert told.get(name) == quote.get(name), name
        could = quote.get("available", [])
        off = sum(each["amount"] for each in could)
        taking = today | {"offers": [each["campaign"] for each in could], "total": quote["total"] - off}
        told, quote = self.ask(f"/v1/campaigns/{self.draft}/dry_run", ahead | taking), self.ask("/v1/quotes", taking)
        assert self.drawn() == 0
        sale = self.ask("/v1/purchases", taking | {"external_id": f"A{next(self.world.numbers)}"}, 201)
        for name in ("points", "total", "payable", "balance", "receipt", "warnings"):
            assert told[name] == quote[name] == sale[name], name
        assert told.get("offers", []) == quote.get("offers", []) == sale.get("offers", []) == could
        assert sale["warnings"] == [], "to the yen"
        return sale

    def was_taken(self, sale: dict[str, Any]) -> None:
        """A back-test over the day finds what each campaign took off, its ledger has it, and its limits were drawn."""
        services, day = self.world.services, self.world.today
        had = {each["campaign"]: each for each in sale.get("offers", [])}
        for code in (self.draft, *self.codes):
            found = self.world.run(_backtest(services, code, self.world.clock.now(), day))
            off, gifts = (had[code]["amount"], len(had[code]["gifts"])) if code in had else (0, 0)
            assert (found.purchases, found.unreadable, found.touched) == (1, 0, int(code in had)), code
            assert (found.discount, found.yen, found.gifts) == (off, off, gifts), code
            booked = self.world.rows("select amount, gifts from offer_use where campaign = $1", code)
            assert [tuple(row) for row in booked] == ([(off, gifts)] if code in had else [])
            drawn = self.world.rows("select drawn from limit_account where code like $1", f"campaign:{code}/yen/%")
            assert {row[0] for row in drawn} <= {off}

    def is_called_off(self, sale: dict[str, Any]) -> None:
        self.ask(f"/v1/purchases/{sale['id']}/cancel", {"occurred_at": self.now()})
        assert self.drawn() == 0
        account = self.books().account
        assert (account["booked"], account["pending"]) == (POINTS, 0)
        codes = [self.draft, *self.codes]
        assert not self.world.rows("select 1 from offer_use where campaign = any($1) having sum(amount) <> 0", codes)

    def comes_back(self, sale: dict[str, Any], basket: list[dict[str, Any]], placed: bool) -> None:
        """Line by line or called off: nothing is left of the sale, neither points nor anything drawn on a limit."""
        if placed:
            for verb in ("complete", "cancel"):
                self.ask(f"/v1/purchases/{sale['id']}/{verb}", {"occurred_at": self.now()})
        else:
            for line in basket:
                given_back = {"line": line["line"], "quantity": line.get("quantity", 1)}
                body = {"external_id": f"B{next(self.world.numbers)}", "occurred_at": self.now(), "lines": [given_back]}
                self.ask(f"/v1/purchases/{sale['id']}/returns", body, 201)
        account = self.books().account
        assert (account["booked"], account["pending"], account["held"], account["debt"]) == (POINTS, 0, 0, 0)
        assert self.drawn() == 0

    def drawn(self) -> int:
        codes = [f"campaign:{code}/" for code in (*self.codes, self.draft)]
        query = "select coalesce(sum(drawn), 0)::bigint from limit_account where code like any($1::text[])"
        return self.world.rows(query, [f"{code}%" for code in codes])[0][0]
