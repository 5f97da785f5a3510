"""Four people merged in chains and side by side, parted in any order, while everything goes on, beyond their means too.

No twin can be told here: sides spend each other's points. What must hold all the same: the books agree after every
merge and every undo, nothing is gained or lost by either, and every id reads the one whom it is by then.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from simulation.strategies import SHARES, baskets, lines, programmes
from simulation.world import Books, World

PEOPLE = 4
WHO = st.integers(0, PEOPLE - 1)
PICK = st.one_of(st.just(-1), st.integers(0, 50))


class Tangle(RuleBasedStateMachine):
    """``world`` is set by the test that runs the machine."""

    world: World

    @initialize(settings=programmes())
    def opens(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.world.programme(settings)
        self.phone = f"090{next(self.world.numbers):08d}"
        self.people = [self.world.cardholder(phone=self.phone if n < 2 else None) for n in range(PEOPLE)]
        self.sales: list[tuple[str, list[int]]] = []
        self.holds: list[str] = []
        #: Merges in force: id, who was merged, into whom.
        self.merges: list[tuple[str, int, int]] = []
        self.undone: list[str] = []
        for who, points in enumerate((300, 120, 40, 0)):
            if points:
                self.adjusts(who, points, limited=False)

    # Words ------------------------------------------------------------------------------------

    def root(self, who: int) -> int:
        return next((self.root(into) for _, gone, into in self.merges if gone == who), who)

    def card(self, who: int) -> dict[str, Any]:
        return {"kind": "card", "value": self.people[who][2]}

    def books(self, who: int) -> Books:
        return self.world.look(self.people[self.root(who)][1])

    def now(self) -> str:
        return self.world.clock.now().isoformat()

    def ask(self, path: str, body: Any, method: str = "POST") -> httpx.Response:
        keyed = path in ("/v1/purchases", "/v1/returns") or path.endswith("/returns")
        answer = self.world.send(method, path, body, None if keyed else f"sim-{next(self.world.numbers)}")
        assert answer.status_code < 500, answer.text
        return answer

    def document(self, who: dict[str, Any] | None, basket: dict[str, Any], **more: Any) -> dict[str, Any]:
        number = next(self.world.numbers)
        body = {"shop": "shibuya", "external_id": f"R{number}", "occurred_at": self.now(), **basket, **more}
        return body if who is None else body | {"member": who}

    def points_for(self, share: float, basket: dict[str, Any]) -> int:
        off = sum(discount["amount"] for discount in basket.get("discounts", ()))
        price = sum(line["amount"] for line in basket["lines"]) + basket.get("postage", 0) - off
        unit = self.settings["use"].get("unit", 1)
        return int(price * share / self.settings["point_value"]) // unit * unit

    def affordable(self, who: int, share: float, basket: dict[str, Any]) -> int:
        books = self.books(who)
        points = min(self.points_for(share, basket), 0 if books.blocked else books.available)
        return points - points % self.settings["use"].get("unit", 1)

    def sold(self, answer: httpx.Response, basket: dict[str, Any]) -> None:
        if answer.is_success:
            self.sales.append((answer.json()["id"], [line["line"] for line in basket["lines"]]))

    def booked(self) -> int:
        return sum(self.world.look(person[1]).account["booked"] for person in self.people)

    # Acts -------------------------------------------------------------------------------------

    @rule(
        who=WHO, basket=baskets(), share=SHARES, status=st.sampled_from(["completed", "completed", "placed"]),
        offline=st.booleans(), by_phone=st.booleans(),
    )  # fmt: skip
    def buys(self, who: int, basket: dict[str, Any], share: float, status: str, offline: bool, by_phone: bool) -> None:
        use = self.points_for(share, basket) if offline else self.affordable(who, share, basket)
        named = {"kind": "phone", "value": self.phone} if by_phone and who < 2 else self.card(who)
        body = self.document(named, basket, status=status, use_points=use, offline=offline)
        answer = self.ask("/v1/purchases", body)
        if named["kind"] == "phone" and not offline:
            assert answer.is_success or self.root(0) != self.root(1) or answer.json()["code"] != "ambiguous_member"
        self.sold(answer, basket)

    @rule(who=WHO, points=st.integers(1, 400), seconds=st.sampled_from([60, 200_000, 900_000]))
    def holds_points(self, who: int, points: int, seconds: int) -> None:
        body = {"member": self.card(who), "points": points, "shop": "web", "expires_in": seconds}
        answer = self.ask("/v1/holds", body)
        if answer.is_success:
            self.holds.append(answer.json()["id"])

    @rule(which=PICK, capture=st.booleans())
    def ends_hold(self, which: int, capture: bool) -> None:
        if self.holds:
            hold = self.holds[which % len(self.holds)]
            self.ask(f"/v1/holds/{hold}/{'capture' if capture else 'release'}", {})

    @rule(which=PICK, who=WHO, basket=baskets(), share=SHARES)
    def buys_with_hold(self, which: int, who: int, basket: dict[str, Any], share: float) -> None:
        """Whoever is one with the holder may pay with it."""
        if self.holds:
            hold = self.holds[which % len(self.holds)]
            self.sold(self.ask("/v1/purchases", self.document(
                self.card(who), basket, use_points=self.points_for(share, basket), hold=hold
            )), basket)  # fmt: skip

    @rule(basket=baskets(), who=WHO, placed=st.booleans())
    def claims(self, basket: dict[str, Any], who: int, placed: bool) -> None:
        answer = self.ask("/v1/purchases", self.document(None, basket, status="placed" if placed else "completed"))
        self.sold(answer, basket)
        self.ask(f"/v1/purchases/{answer.json()['id']}/claim", {"member": self.card(who)})

    @rule(which=PICK, verb=st.sampled_from(["complete", "complete", "cancel", "revive"]))
    def order_goes_on(self, which: int, verb: str) -> None:
        if self.sales:
            sale, _ = self.sales[which % len(self.sales)]
            self.ask(f"/v1/purchases/{sale}/{verb}", {"occurred_at": self.now()})

    @rule(which=PICK, who=WHO, basket=lines(), share=SHARES)
    def order_changes(self, which: int, who: int, basket: list[dict[str, Any]], share: float) -> None:
        if self.sales:
            sale, _ = self.sales[which % len(self.sales)]
            body: dict[str, Any] = {"lines": basket, "postage": 0, "discounts": []}
            body["use_points"] = self.affordable(who, share, body)
            if self.ask(f"/v1/purchases/{sale}/lines", body, "PUT").is_success:
                self.sales = [each for each in self.sales if each[0] != sale]
                self.sales.append((sale, [line["line"] for line in basket]))

    @rule(which=PICK, line=PICK)
    def returns(self, which: int, line: int) -> None:
        if self.sales:
            sale, numbers = self.sales[which % len(self.sales)]
            body = {
                "external_id": f"R{next(self.world.numbers)}", "occurred_at": self.now(),
                "lines": [{"line": numbers[line % len(numbers)], "quantity": 1}],
            }  # fmt: skip
            self.ask(f"/v1/purchases/{sale}/returns", body)

    @rule(who=WHO, points=st.integers(-100, 300), limited=st.booleans())
    def adjusts(self, who: int, points: int, limited: bool) -> None:
        kind = "limited" if limited else "regular"
        body = {"member": self.card(who), "points": points or 1, "reason": "correction", "kind": kind}
        self.ask("/v1/adjustments", body)

    @rule(giver=WHO, taker=WHO, points=st.integers(1, 200))
    def transfers(self, giver: int, taker: int, points: int) -> None:
        answer = self.ask("/v1/transfers", {"from": self.card(giver), "to": self.card(taker), "points": points})
        if self.root(giver) == self.root(taker):
            assert answer.json()["code"] == "invalid_request"

    @rule(expired=st.booleans())
    def extends(self, expired: bool) -> None:
        today = self.world.today
        body = {
            "from": str(today - timedelta(days=3)), "to": str(today + timedelta(days=3)), "expired": expired,
            "expires_on": str(today + timedelta(days=40)), "reason": "試験",
        }  # fmt: skip
        assert self.ask("/v1/lot_extensions", body).status_code == 201

    @rule(days=st.sampled_from([0.02, 1, 2, 10, 32]), sweep=st.booleans())
    def time_passes(self, days: float, sweep: bool) -> None:
        self.world.clock.advance(days=days)
        if sweep:
            self.world.sweep()

    # Merges -----------------------------------------------------------------------------------

    @rule(gone=WHO, into=WHO)
    def merge(self, gone: int, into: int) -> None:
        before = self.booked()
        answer = self.ask(f"/v1/members/{self.people[into][0]}/merges", {"source": self.card(gone), "reason": "試験"})
        if self.root(gone) == self.root(into):
            assert answer.json()["code"] == "invalid_request"
            return
        assert answer.status_code == 201, answer.text
        self.merges.append((answer.json()["id"], self.root(gone), self.root(into)))
        assert self.booked() == before
        self.all_is_well()

    @rule(which=PICK)
    @precondition(lambda self: self.merges)
    def part(self, which: int) -> None:
        self.parts(self.merges[which % len(self.merges)])

    def parts(self, merge: tuple[str, int, int]) -> None:
        before = self.booked()
        answer = self.ask(f"/v1/merges/{merge[0]}/undo", {})
        first = [each for each, gone, _ in self.merges if gone == merge[2]]
        if first:
            assert (answer.json()["code"], answer.json()["first"]) == ("merge_order", first[0])
            return
        assert answer.status_code == 200, answer.text
        told = answer.json()
        self.merges.remove(merge)
        self.undone.append(merge[0])
        assert self.booked() == before + told["revived"]
        assert all(each["points"] > 0 for each in told["excess"])
        self.all_is_well()

    @rule(which=PICK)
    @precondition(lambda self: self.undone)
    def part_again(self, which: int) -> None:
        answer = self.ask(f"/v1/merges/{self.undone[which % len(self.undone)]}/undo", {})
        assert answer.json()["code"] == "merge_undone"

    def all_is_well(self) -> None:
        self.world.prove()
        for who, person in enumerate(self.people):
            root = self.people[self.root(who)]
            shown = self.world.send("GET", f"/v1/members/{person[0]}", None).json()
            assert shown["id"] == root[0]
            lots = self.world.send("GET", f"/v1/members/{person[0]}/lots", None).json()["items"]
            assert sum(lot["points"] for lot in lots) == self.world.look(root[1]).account["booked"]
            why = self.world.send("GET", f"/v1/members/{person[0]}/why", None).json()
            assert sum(each["points"] for each in why["pendings"]) == why["pending"]

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None or not hasattr(self, "people"):
            return
        while self.merges:
            for merge in list(self.merges):
                self.parts(merge)
        self.world.sweep()
        self.all_is_well()
