"""Random trading of two people who are merged and parted again, beside twins who never were.

Whatever one of the pair does, by the card of that side, its twin does too. A spend is kept within what the twin has, so
that each side covers its own: then every lot of both must be the twin's after an undo, and after all that comes later.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from simulation.strategies import SHARES, baskets, lines, programmes
from simulation.world import Books, World

SIDE = st.integers(0, 1)
PICK = st.one_of(st.just(-1), st.integers(0, 50))
SETTINGS = programmes().filter(lambda p: p["returns"]["shortage"] == "debt")


@dataclass
class Deal:
    """One sale or hold of the pair and of the twins: ids, and what is left to come back."""

    side: int | None
    ids: tuple[str, str]
    quantities: dict[int, float] = field(default_factory=dict)
    points: int = 0
    basket: dict[str, Any] = field(default_factory=dict)


class Pair(RuleBasedStateMachine):
    """``world`` is set by the test that runs the machine."""

    world: World

    @initialize(settings=SETTINGS)
    def opens(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.world.programme(settings)
        made = [self.world.cardholder() for _ in range(4)]
        #: Two people and their twins: id, our number, card.
        self.people = (made[:2], made[2:])
        self.sales: list[Deal] = []
        self.holds: list[Deal] = []
        self.merge: dict[str, Any] | None = None
        self.undone = 0
        for side, points in ((0, 300), (1, 120)):
            self.adjusts(side, points, limited=False)

    # Words ------------------------------------------------------------------------------------

    def card(self, world: int, side: int) -> dict[str, Any]:
        return {"kind": "card", "value": self.people[world][side][2]}

    def books(self, world: int, side: int) -> Books:
        return self.world.look(self.people[world][side][1])

    def now(self) -> str:
        return self.world.clock.now().isoformat()

    def ask(self, path: str, body: Any, method: str = "POST") -> httpx.Response:
        keyed = path in ("/v1/purchases", "/v1/returns") or path.endswith("/returns")
        answer = self.world.send(method, path, body, None if keyed else f"sim-{next(self.world.numbers)}")
        assert answer.status_code < 500, answer.text
        return answer

    def both(self, paths: tuple[str, str], bodies: tuple[Any, Any], method: str = "POST") -> list[Any] | None:
        """Ask the twin first, then the pair: what the twin may not do is not done. Where the pair, merged, is
        refused what the twin was allowed (a debt of the other side), the two worlds differ from then on."""
        twin = self.ask(paths[1], bodies[1], method)
        if not twin.is_success:
            return None
        real = self.ask(paths[0], bodies[0], method)
        if not real.is_success:
            assert self.merge, (real.text, twin.text)
            assert real.json()["code"] in ("spending_blocked", "not_enough_points"), real.text
            self.apart = True
            return None
        return [real.json(), twin.json()]

    apart = False

    def document(self, world: int, side: int | None, basket: dict[str, Any], **more: Any) -> dict[str, Any]:
        number = next(self.world.numbers)
        body = {"shop": "shibuya", "external_id": f"R{number}", "occurred_at": self.now(), **basket, **more}
        return body if side is None else body | {"member": self.card(world, side)}

    def affordable(self, side: int, share: float, basket: dict[str, Any]) -> int:
        off = sum(discount["amount"] for discount in basket.get("discounts", ()))
        price = sum(line["amount"] for line in basket["lines"]) + basket.get("postage", 0) - off
        unit = self.settings["use"].get("unit", 1)
        books = self.books(1, side)
        have = 0 if books.blocked else books.available
        points = min(int(price * share / self.settings["point_value"]), have)
        return points - points % unit

    def pick(self, which: int, deals: list[Deal]) -> Deal | None:
        return deals[which % len(deals)] if deals else None

    # Acts -------------------------------------------------------------------------------------

    @rule(side=SIDE, basket=baskets(), share=SHARES, status=st.sampled_from(["completed", "completed", "placed"]))
    def buys(self, side: int, basket: dict[str, Any], share: float, status: str) -> None:
        use = self.affordable(side, share, basket)
        bodies = tuple(self.document(w, side, basket, status=status, use_points=use) for w in (0, 1))
        if told := self.both(("/v1/purchases",) * 2, bodies):
            self.note(side, told, basket)

    def note(self, side: int | None, told: list[Any], basket: dict[str, Any]) -> None:
        assert told[0]["points"]["earned"] == told[1]["points"]["earned"]
        quantities = {line["line"]: line["quantity"] for line in basket["lines"]}
        self.sales.append(Deal(side, (told[0]["id"], told[1]["id"]), quantities, basket=basket))

    @rule(basket=baskets(), side=SIDE, placed=st.booleans())
    def claims_a_receipt(self, basket: dict[str, Any], side: int, placed: bool) -> None:
        status = "placed" if placed else "completed"
        told = self.both(("/v1/purchases",) * 2, tuple(self.document(w, None, basket, status=status) for w in (0, 1)))
        assert told
        paths = tuple(f"/v1/purchases/{each['id']}/claim" for each in told)
        assert self.both(paths, tuple({"member": self.card(w, side)} for w in (0, 1)))
        self.sales.append(
            Deal(side, (told[0]["id"], told[1]["id"]), {x["line"]: x["quantity"] for x in basket["lines"]})
        )

    @rule(side=SIDE, points=st.integers(1, 300), seconds=st.sampled_from([60, 200_000, 900_000]))
    def holds_points(self, side: int, points: int, seconds: int) -> None:
        bodies = tuple(
            {"member": self.card(w, side), "points": points, "shop": "web", "expires_in": seconds} for w in (0, 1)
        )
        if told := self.both(("/v1/holds",) * 2, bodies):
            self.holds.append(Deal(side, (told[0]["id"], told[1]["id"]), points=points))

    @rule(which=PICK, part=st.sampled_from([None, 1, 50]), capture=st.booleans())
    def ends_hold(self, which: int, part: int | None, capture: bool) -> None:
        if (hold := self.pick(which, self.holds)) is None:
            return
        body = {"points": min(part or hold.points, hold.points)} if capture else {}
        end = "capture" if capture else "release"
        self.both(tuple(f"/v1/holds/{i}/{end}" for i in hold.ids), (body, body))

    @rule(which=PICK, basket=baskets(), share=SHARES)
    def buys_with_hold(self, which: int, basket: dict[str, Any], share: float) -> None:
        if (hold := self.pick(which, self.holds)) is None:
            return
        unit = self.settings["use"].get("unit", 1)
        price = sum(line["amount"] for line in basket["lines"])
        use = min(int(price * share / self.settings["point_value"]), hold.points)
        bodies = tuple(
            self.document(w, hold.side, basket, use_points=use - use % unit, hold=hold.ids[w]) for w in (0, 1)
        )
        if told := self.both(("/v1/purchases",) * 2, bodies):
            self.note(hold.side, told, basket)

    @rule(which=PICK, verb=st.sampled_from(["complete", "complete", "cancel", "revive"]), part=st.booleans())
    def order_goes_on(self, which: int, verb: str, part: bool) -> None:
        if (sale := self.pick(which, self.sales)) is None:
            return
        body: dict[str, Any] = {"occurred_at": self.now()}
        if verb == "complete" and part:
            n = sorted(sale.quantities)[0]
            body["lines"] = [{"line": n, "quantity": sale.quantities[n]}]
        self.both(tuple(f"/v1/purchases/{i}/{verb}" for i in sale.ids), (body, body))

    @rule(which=PICK, basket=lines(), share=SHARES)
    def order_changes(self, which: int, basket: list[dict[str, Any]], share: float) -> None:
        sale = self.pick(which, self.sales)
        if sale is None or sale.side is None:
            return
        body: dict[str, Any] = {"lines": basket, "postage": 0, "discounts": []}
        body["use_points"] = self.affordable(sale.side, share, body)
        if self.both(tuple(f"/v1/purchases/{i}/lines" for i in sale.ids), (body, body), "PUT"):
            sale.quantities = {line["line"]: line["quantity"] for line in basket}

    @rule(which=PICK, line=PICK, whole=st.booleans())
    def returns(self, which: int, line: int, whole: bool) -> None:
        if (sale := self.pick(which, self.sales)) is None:
            return
        numbers = sorted(sale.quantities)
        chosen = numbers if whole else [numbers[line % len(numbers)]]
        given = [{"line": n, "quantity": sale.quantities[n] if whole else min(1, sale.quantities[n])} for n in chosen]
        bodies = tuple(
            {"external_id": f"R{next(self.world.numbers)}", "occurred_at": self.now(), "lines": given} for _ in (0, 1)
        )
        self.both(tuple(f"/v1/purchases/{i}/returns" for i in sale.ids), bodies)

    @rule(side=SIDE, points=st.integers(-80, 200), limited=st.booleans())
    def adjusts(self, side: int, points: int, limited: bool) -> None:
        kind = "limited" if limited else "regular"
        bodies = tuple(
            {"member": self.card(w, side), "points": points or 1, "reason": "correction", "kind": kind} for w in (0, 1)
        )
        self.both(("/v1/adjustments",) * 2, bodies)

    # Time -------------------------------------------------------------------------------------

    @rule(days=st.sampled_from([0.02, 1, 2, 10, 32]), sweep=st.booleans())
    def time_passes(self, days: float, sweep: bool) -> None:
        self.world.clock.advance(days=days)
        if sweep:
            self.world.sweep()

    @rule(into=SIDE)
    @precondition(lambda self: self.merge is None)
    def merges(self, into: int) -> None:
        ids = [person[0] for person in self.people[0]]
        body = {"source": self.card(0, 1 - into), "reason": "試験"}
        answer = self.ask(f"/v1/members/{ids[into]}/merges", body)
        assert answer.status_code == 201, answer.text
        self.merge = answer.json() | {"into": into}
        gone = self.books(0, 1 - into)
        assert not [lot for lot in gone.lots if lot["open"]]
        assert (gone.account["booked"], gone.account["pending"], gone.account["held"]) == (0, 0, 0)

    @rule()
    @precondition(lambda self: self.merge is not None)
    def parts(self) -> None:
        assert self.merge is not None
        before = sum(self.books(0, side).account["booked"] for side in (0, 1))
        answer = self.ask(f"/v1/merges/{self.merge['id']}/undo", {"reason": "試験"})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        after = sum(self.books(0, side).account["booked"] for side in (0, 1))
        assert after == before + told["revived"]
        self.merge = None
        self.undone += 1
        self.are_twins()

    def are_twins(self) -> None:
        """Every lot of each side is the twin's: points, held points, kind, dates."""
        self.world.sweep()
        if self.apart:
            return
        for side in (0, 1):
            real, twin = self.books(0, side), self.books(1, side)
            assert real.lot_by_lot() == twin.lot_by_lot()
            for name in ("booked", "pending", "held", "debt"):
                assert real.account[name] == twin.account[name]

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None or not hasattr(self, "people"):
            return
        self.world.prove()
        if self.merge is not None:
            self.parts()
        self.are_twins()
        self.world.prove()
