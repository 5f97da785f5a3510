"""Random acts of a retailer against a naive model of what each sale may cost and give.

The model keeps three sums per sale (money back, points restored, earned points taken back) and knows before
each act, from the tables, what may be spent. After every act the books of all members are proved.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from simulation.strategies import SHARES, baskets, lines, programmes
from simulation.world import Books, World

WHO = st.integers(0, 2)
#: One of those there are; the latest more often, so that long lives come about.
AT_ONCE = st.sampled_from(
    [
        "completed",
        "completed",
        "placed",
        "adjust",
        "transfer",
        "hold",
        "return",
        "return",
        "complete",
        "cancel",
        "revive",
    ]
)
VERBS = st.sampled_from(["ship", "return", "return", "cancel", "revive", "wait"])
PICK = st.one_of(st.just(-1), st.integers(0, 50))


@dataclass
class Sale:
    """What the model knows of a sale."""

    id: str
    member: int | None
    status: str
    payable: int
    used: int
    earned: int
    quantities: dict[int, float]
    returned: dict[int, float] = field(default_factory=dict)
    shipped: dict[int, float] = field(default_factory=dict)
    money: int = 0
    restored: int = 0
    reversed: int = 0
    forgiven: int = 0
    odd: bool = False
    rules: dict[str, Any] = field(default_factory=dict)

    def left(self, line: int) -> float:
        return self.quantities[line] - self.returned.get(line, 0)

    @property
    def open_lines(self) -> list[int]:
        return [n for n, q in self.quantities.items() if n not in self.returned or self.returned[n] < q]


class Retail(RuleBasedStateMachine):
    """``world`` is set by the test that runs the machine."""

    world: World

    @initialize(settings=programmes())
    def opens(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.world.programme(settings)
        self.ids, self.numbers = zip(*self.world.members(3), strict=True)
        self.sales: list[Sale] = []
        self.holds: list[dict[str, Any]] = []
        self.done: list[tuple[str, str, Any, str | None, httpx.Response]] = []
        for n, points in enumerate((300, 40)):
            self.accepted("/v1/adjustments", {"member": self.member(n), "points": points, "reason": "goodwill"}, 201)

    # Words ------------------------------------------------------------------------------------

    def member(self, n: int) -> dict[str, Any]:
        return {"kind": "member_id", "value": self.ids[n]}

    def books(self, n: int) -> Books:
        return self.world.look(self.numbers[n])

    def ask(self, path: str, body: Any, method: str = "POST") -> httpx.Response:
        key = None
        if not (path in ("/v1/purchases", "/v1/returns") or path.endswith("/returns")):
            key = f"sim-{next(self.world.numbers)}"
        answer = self.world.send(method, path, body, key)
        assert answer.status_code < 500, answer.text
        if answer.is_success:
            self.done.append((method, path, body, key, answer))
            self.tells_the_balance(answer.json())
        return answer

    def tells_the_balance(self, told: dict[str, Any]) -> None:
        """The balance of an answer is what the tables hold after it."""
        member = told.get("member") or told.get("from")
        if member and told.get("balance"):
            books = self.books(self.ids.index(member["id"]))
            account = books.account
            dead = sum(x["remaining"] - x["held"] for x in books.lots if x["kind"] != "debt" and not books.alive(x))
            held, pending = account["held"], account["pending"]
            expected = {"available": account["booked"] - held - dead, "pending": pending, "held": held}
            assert told["balance"] == expected

    def accepted(self, path: str, body: Any, status: int = 200, method: str = "POST") -> Any:
        answer = self.ask(path, body, method)
        assert answer.status_code == status, answer.text
        return answer.json()

    def code(self, answer: httpx.Response) -> str:
        return answer.json()["code"]

    def now(self) -> str:
        return self.world.clock.now().isoformat()

    def document(self, basket: dict[str, Any], n: int | None, **more: Any) -> dict[str, Any]:
        body = {
            "shop": "shibuya",
            "external_id": f"R{next(self.world.numbers)}",
            "occurred_at": self.now(),
            **basket,
            **more,
        }
        return body if n is None else body | {"member": self.member(n)}

    def priced(self, basket: dict[str, Any]) -> int:
        """About what a basket costs; never more than it does."""
        off = sum(discount["amount"] for discount in basket.get("discounts", ()))
        return sum(line["amount"] for line in basket["lines"]) + basket.get("postage", 0) - off

    def points_for(self, share: float, basket: dict[str, Any], rules: Any = None) -> int:
        rules = rules or self.settings
        unit = rules["use"].get("unit", 1)
        return int(self.priced(basket) * share / rules["point_value"]) // unit * unit

    def affordable(self, share: float, basket: dict[str, Any], books: Books) -> int:
        """As many of the points as the member has, in the programme's steps."""
        points = min(self.points_for(share, basket), books.available)
        return points - points % self.settings["use"].get("unit", 1)

    def pick(self, which: int, *statuses: str) -> Sale | None:
        fitting = [s for s in self.sales if s.status in statuses]
        return fitting[which % len(fitting)] if fitting else None

    def spends(self, answer: httpx.Response, before: Books, points: int) -> bool:
        """Whether a spend went through; it must exactly where nothing is owed and enough is there (rule 22)."""
        if answer.is_success:
            assert points == 0 or (points <= before.available and not before.blocked)
            return True
        match self.code(answer):
            case "not_enough_points":
                assert answer.json()["asked"] == points
                assert answer.json()["available"] == before.available < points
                assert not before.blocked
            case "spending_blocked":
                assert before.blocked
            case other:
                assert other in ("use_limit", "invalid_request"), answer.text
        return False

    # Acts -------------------------------------------------------------------------------------

    @rule(
        who=WHO, basket=baskets(), share=SHARES, within=st.booleans(),
        status=st.sampled_from(["completed", "completed", "placed"]),
    )  # fmt: skip
    def buys(self, who: int, basket: dict[str, Any], share: float, within: bool, status: str) -> None:
        before = self.books(who)
        use = self.affordable(share, basket, before) if within else self.points_for(share, basket)
        body = self.document(basket, who, status=status, use_points=use)
        answer = self.ask("/v1/purchases", body)
        if self.spends(answer, before, use):
            sale = self.note(answer.json(), who, basket, use)
            self.moved(who, before, sale.earned * (status == "completed") - use * (status == "completed"))

    def note(self, told: dict[str, Any], who: int | None, basket: dict[str, Any], use: int, rules: Any = None) -> Sale:
        points = told["points"]
        assert points["used"] == use
        assert told["payable"] <= told["total"]
        assert sum(x["points"] for x in points["breakdown"]) == points["earned"] + points["pending"]
        sale = Sale(
            told["id"], who, told["status"], told["payable"], use, points["earned"] + points["pending"],
            {line["line"]: line["quantity"] for line in basket["lines"]}, rules=rules or self.settings,
        )  # fmt: skip
        self.sales.append(sale)
        return sale

    def moved(self, who: int, before: Books, points: int) -> None:
        assert self.books(who).account["booked"] - before.account["booked"] == points

    @rule(who=WHO, basket=baskets(), share=SHARES, known=st.booleans(), placed=st.booleans())
    def buys_offline(self, who: int, basket: dict[str, Any], share: float, known: bool, placed: bool) -> None:
        before, use = self.books(who), self.points_for(share, basket)
        status = "placed" if placed else "completed"
        body = self.document(basket, who, offline=True, use_points=use, status=status)
        if not known:
            body["member"] = {"kind": "card", "value": "2999999999999"}
        told = self.accepted("/v1/purchases", body, 201)
        sale = self.note(told, who if known else None, basket, use)
        if known:
            self.moved(who, before, sale.earned * (not placed) - use)
        else:
            assert told["member"] is None
            assert "unknown_member" in {warning["code"] for warning in told["warnings"]}

    @rule(basket=baskets(), placed=st.booleans())
    def guest_buys(self, basket: dict[str, Any], placed: bool) -> None:
        body = self.document(basket, None, status="placed" if placed else "completed")
        self.note(self.accepted("/v1/purchases", body, 201), None, basket, 0)

    @rule(which=PICK, who=WHO)
    def claims(self, which: int, who: int) -> None:
        if not self.sales:
            return
        sale = self.sales[which % len(self.sales)]
        answer = self.ask(f"/v1/purchases/{sale.id}/claim", {"member": self.member(who)})
        if not answer.is_success:
            assert self.code(answer) == "claim_not_possible"
            reason = answer.json()["reason"]
            expected = {"already_attached": sale.member is not None, "cancelled": sale.status == "cancelled",
                        "returned": bool(sale.returned), "too_late": True}  # fmt: skip
            assert expected[reason]
            return
        assert sale.member is None
        assert not sale.returned
        points = answer.json()["points"]
        sale.member, sale.earned = who, points["earned"] + points["pending"]

    @rule(who=WHO, points=st.integers(1, 400), seconds=st.sampled_from([60, 200_000]))
    def holds_points(self, who: int, points: int, seconds: int) -> None:
        before = self.books(who)
        body = {"member": self.member(who), "points": points, "shop": "web", "expires_in": seconds}
        answer = self.ask("/v1/holds", body)
        if self.spends(answer, before, points):
            self.holds.append(answer.json() | {"who": who, "until": self.world.clock.now().timestamp() + seconds})

    @rule(which=PICK, part=st.sampled_from([None, 1, 100]), capture=st.booleans())
    def ends_hold(self, which: int, part: int | None, capture: bool) -> None:
        if not self.holds:
            return
        hold = self.holds[which % len(self.holds)]
        over = hold["status"] != "open" or hold["until"] <= self.world.clock.now().timestamp()
        part = min(part or hold["points"], hold["points"])
        body = {"points": part} if capture else {}
        answer = self.ask(f"/v1/holds/{hold['id']}/{'capture' if capture else 'release'}", body)
        if over:
            assert self.code(answer) == "hold_state"
        else:
            assert answer.status_code == 200, answer.text
            hold["status"] = answer.json()["status"]

    @rule(which=PICK, basket=baskets(), share=SHARES, offline=st.booleans())
    def buys_with_hold(self, which: int, basket: dict[str, Any], share: float, offline: bool) -> None:
        if not self.holds:
            return
        hold = self.holds[which % len(self.holds)]
        over = hold["status"] != "open" or hold["until"] <= self.world.clock.now().timestamp()
        use = self.points_for(share, basket)
        if not offline:
            use = min(use, hold["points"])
        body = self.document(basket, hold["who"], use_points=use, hold=hold["id"], offline=offline)
        answer = self.ask("/v1/purchases", body)
        if answer.is_success:
            assert not over or offline or not use
            self.note(answer.json(), hold["who"], basket, use)
            hold["status"] = "over"
        else:
            assert not offline, answer.text
            assert self.code(answer) in ("use_limit", "invalid_request") or over, answer.text

    @rule(which=PICK, take=st.lists(st.tuples(PICK, st.sampled_from([None, 1, 0.25])), max_size=3))
    def completes(self, which: int, take: list[tuple[int, float | None]]) -> None:
        if (sale := self.pick(which, "placed")) is not None:
            self.ships(sale, take)

    def ships(self, sale: Sale, take: list[tuple[int, float | None]]) -> None:
        body: dict[str, Any] = {"occurred_at": self.now()}
        if sale.status != "placed":
            assert self.code(self.ask(f"/v1/purchases/{sale.id}/complete", body)) == "purchase_state"
            return
        parts = self.parts(take, {n: q - sale.shipped.get(n, 0) for n, q in sale.quantities.items()}, sale.shipped)
        if parts:
            body["lines"] = [{"line": n, "quantity": q} for n, q in parts.items()]
        told = self.accepted(f"/v1/purchases/{sale.id}/complete", body)
        for n, q in parts.items():
            sale.shipped[n] = sale.shipped.get(n, 0) + q
        if not parts or all(sale.shipped.get(n) == q for n, q in sale.quantities.items()):
            assert told["status"] == "completed"
        sale.status = told["status"]

    def parts(self, take: list[tuple[int, float | None]], left: dict[int, float], seen: dict[int, float]) -> Any:
        """Random parts of lines, each at most once and at most what is left."""
        found: dict[int, float] = {}
        for which, quantity in take:
            n = sorted(left)[which % len(left)]
            if n in found or (left[n] == 0 and n in seen):
                continue
            found[n] = left[n] if quantity is None or left[n] == 0 else min(quantity, left[n])
        return found

    @rule(which=PICK, basket=lines(), share=SHARES)
    def changes(self, which: int, basket: list[dict[str, Any]], share: float) -> None:
        sale = self.pick(which, "placed", "cancelled")
        if sale is None:
            return
        body: dict[str, Any] = {"lines": basket, "postage": 0, "discounts": []}
        use = self.points_for(share, body, sale.rules) if sale.member is not None else 0
        before = self.books(sale.member) if sale.member is not None else None
        held_before = sale.used
        answer = self.ask(f"/v1/purchases/{sale.id}/lines", body | {"use_points": use}, "PUT")
        if sale.status == "cancelled" or sale.shipped or sale.returned:
            assert self.code(answer) == "purchase_state"
            return
        if not answer.is_success:
            if self.code(answer) == "spending_blocked":
                assert before is not None
                assert use > held_before
            elif self.code(answer) == "not_enough_points":
                assert before is not None
                assert use - held_before > before.available
            else:
                assert self.code(answer) in ("use_limit", "invalid_request"), answer.text
            return
        self.sales.remove(sale)
        self.note(answer.json(), sale.member, body, use, sale.rules)

    @rule(
        which=PICK,
        take=st.lists(st.tuples(PICK, st.sampled_from([None, None, 1, 0.25])), min_size=1, max_size=4),
        shop=st.sampled_from([None, "yokohama"]),
        kept=st.sampled_from([False, False, False, True]),
    )
    def returns(self, which: int, take: list[Any], shop: str | None, kept: bool) -> None:
        if (sale := self.pick(which, "completed", "placed", "cancelled")) is not None:
            self.takes_back(sale, take, shop, kept)

    def takes_back(self, sale: Sale, take: list[Any], shop: str | None, kept: bool) -> None:
        parts = self.parts(take, {n: sale.left(n) for n in sale.quantities}, sale.returned)
        if not parts:
            parts = {sorted(sale.quantities)[take[0][0] % len(sale.quantities)]: 1}
        body: dict[str, Any] = {
            "external_id": f"R{next(self.world.numbers)}",
            "occurred_at": self.now(),
            "lines": [{"line": n, "quantity": q} for n, q in parts.items()],
        }
        if shop:
            body["shop"] = shop
        if kept and parts[body["lines"][0]["line"]]:
            # Goods come back and the money stays, or some of it.
            body["lines"][0]["amount"] = 0
        answer = self.ask(f"/v1/purchases/{sale.id}/returns", body)
        if sale.status == "cancelled":
            assert self.code(answer) == "purchase_state"
        elif not all(n in sale.open_lines for n in parts):
            assert self.code(answer) == "return_exceeds_purchase", answer.text
        elif answer.is_success:
            for n, q in parts.items():
                sale.returned[n] = sale.returned.get(n, 0) + q
            sale.odd |= any("amount" in line for line in body["lines"])
            self.took_back(sale, answer.json())
        else:
            assert self.code(answer) == "not_enough_points", answer.text
            assert sale.rules["returns"]["shortage"] == "refuse"

    def took_back(self, sale: Sale, told: dict[str, Any]) -> None:
        points = told["points"]
        assert min(told["refund"]["money"], *(v for k, v in points.items() if k != "lots")) >= 0
        sale.money += told["refund"]["money"]
        sale.restored += points["used_restored"] + points["expired_lost"]
        sale.reversed += points["earned_reversed"] + points["pending_reversed"]
        if sale.rules["returns"]["shortage"] == "money":
            sale.forgiven += points["shortage"]
        assert sale.money <= sale.payable
        if sale.member is None:
            assert (sale.restored, sale.reversed) == (0, 0)
            return
        assert sale.restored <= sale.used
        assert sale.reversed <= sale.earned
        if not sale.open_lines:
            assert sale.reversed + sale.forgiven == sale.earned
            assert sale.odd or sale.restored == sale.used
            assert sale.odd or sale.forgiven or sale.money == sale.payable

    @rule(who=WHO, basket=baskets(), share=SHARES, lives=st.lists(st.tuples(VERBS, PICK, PICK, PICK), max_size=6))
    def order_lives(self, who: int, basket: dict[str, Any], share: float, lives: list[Any]) -> None:
        """One web order goes through a random part of its life, parts of its lines at a time."""
        use = self.affordable(share, basket, self.books(who))
        answer = self.ask("/v1/purchases", self.document(basket, who, status="placed", use_points=use))
        if not answer.is_success:
            return
        sale = self.note(answer.json(), who, basket, use)
        for verb, a, b, c in lives:
            if verb == "ship":
                self.ships(sale, [(a, 1), (b, None)][: 1 + c % 2])
            elif verb == "return":
                self.takes_back(sale, [(a, 1), (b, None)][: 1 + c % 2], None, False)
            elif verb == "cancel":
                self.calls_off(sale)
            elif verb == "revive":
                self.calls_on(sale)
            else:
                self.world.clock.advance(days=c % 3)
                self.sweeps()
            self.books_agree()

    @rule(which=PICK)
    def cancels(self, which: int) -> None:
        if (sale := self.pick(which, "placed", "completed", "cancelled")) is not None:
            self.calls_off(sale)

    def calls_off(self, sale: Sale) -> None:
        answer = self.ask(f"/v1/purchases/{sale.id}/cancel", {"occurred_at": self.now(), "reason": "試験"})
        if sale.status == "cancelled":
            assert self.code(answer) == "purchase_state"
        else:
            assert answer.status_code == 200, answer.text
            sale.status = "cancelled"

    @rule(which=PICK)
    def revives(self, which: int) -> None:
        if (sale := self.pick(which, "cancelled", "placed")) is not None:
            self.calls_on(sale)

    def calls_on(self, sale: Sale) -> None:
        before = None if sale.member is None else self.books(sale.member)
        answer = self.ask(f"/v1/purchases/{sale.id}/revive", {"occurred_at": self.now()})
        if sale.status != "cancelled":
            assert self.code(answer) == "purchase_state"
        elif answer.is_success:
            sale.status = answer.json()["status"]
        else:
            assert before is not None
            assert self.code(answer) in ("not_enough_points", "spending_blocked"), answer.text
            assert before.blocked or before.available < sale.used - sale.restored

    @rule(which=PICK)
    def cancels_and_revives(self, which: int) -> None:
        """At once, nothing is gained or lost by it."""
        sale = self.pick(which, "placed", "completed")
        if sale is None or sale.member is None:
            return
        before = self.books(sale.member)
        path = f"/v1/purchases/{sale.id}"
        self.accepted(f"{path}/cancel", {"occurred_at": self.now()})
        answer = self.ask(f"{path}/revive", {"occurred_at": self.now()})
        if not answer.is_success:
            assert self.code(answer) in ("not_enough_points", "spending_blocked"), answer.text
            sale.status = "cancelled"
            return
        after = self.books(sale.member)
        assert after.available - after.account["debt"] == before.available - before.account["debt"]
        assert (after.account["pending"], after.account["held"]) == (before.account["pending"], after.account["held"])

    @rule(who=WHO, basket=baskets(), share=SHARES, way=st.sampled_from(["return", "split", "cancel", "order"]))
    def round_trip(self, who: int, basket: dict[str, Any], share: float, way: str) -> None:
        """A sale that comes back whole leaves every lot as it was, with its date."""
        before = self.books(who)
        use = self.affordable(share, basket, before)
        if before.blocked or self.settings["expiry"]["mode"] == "sliding":
            return
        self.world.sweep()
        start = self.books(who).snapshot()
        status = "placed" if way == "order" else "completed"
        answer = self.ask("/v1/purchases", self.document(basket, who, use_points=use, status=status))
        if not self.spends(answer, before, use):
            return
        sale = self.note(answer.json(), who, basket, use)
        if way == "order":
            self.accepted(f"/v1/purchases/{sale.id}/complete", {"occurred_at": self.now()})
            sale.status = "completed"
        if way == "cancel":
            self.accepted(f"/v1/purchases/{sale.id}/cancel", {"occurred_at": self.now()})
            sale.status = "cancelled"
        else:
            groups = [[n] for n in sale.quantities] if way == "split" else [list(sale.quantities)]
            for group in groups[::-1]:
                body = {
                    "external_id": f"R{next(self.world.numbers)}",
                    "occurred_at": self.now(),
                    "lines": [{"line": n, "quantity": sale.quantities[n]} for n in group],
                }
                told = self.accepted(f"/v1/purchases/{sale.id}/returns", body, 201)
                sale.returned |= {n: sale.quantities[n] for n in group}
                self.took_back(sale, told)
        end = self.books(who).snapshot()
        assert {i: lot for i, lot in end.items() if lot[0] or i in start} == start

    @rule(who=WHO, basket=baskets())
    def returns_after_expiry(self, who: int, basket: dict[str, Any]) -> None:
        """Points that expired unspent are not taken a second time."""
        if self.books(who).account["debt"]:
            return
        sale = self.note(self.accepted("/v1/purchases", self.document(basket, who), 201), who, basket, 0)
        self.world.clock.advance(days=70)
        self.world.sweep()
        before = self.books(who)
        lot = [x for x in before.lots if x["purchase_id"] == sale.id]
        if not lot or lot[0]["expired"] < lot[0]["points"]:
            return
        body = {
            "external_id": f"R{next(self.world.numbers)}",
            "occurred_at": self.now(),
            "lines": [{"line": n, "quantity": q} for n, q in sale.quantities.items()],
        }
        told = self.accepted(f"/v1/purchases/{sale.id}/returns", body, 201)
        sale.returned = dict(sale.quantities)
        self.took_back(sale, told)
        assert told["points"]["shortage"] == 0
        self.moved(who, before, 0)

    @rule(who=WHO, points=st.integers(-100, 300), limited=st.booleans())
    def adjusts(self, who: int, points: int, limited: bool) -> None:
        before = self.books(who)
        kind = "limited" if limited else "regular"
        body = {"member": self.member(who), "points": points, "reason": "correction", "kind": kind}
        answer = self.ask("/v1/adjustments", body)
        if points == 0:
            assert self.code(answer) == "invalid_request"
        elif points < 0 and not answer.is_success:
            assert not self.spends(answer, before, -points)
        else:
            assert answer.status_code == 201, answer.text
            self.moved(who, before, points)

    @rule(giver=WHO, taker=WHO, points=st.integers(1, 200))
    def transfers(self, giver: int, taker: int, points: int) -> None:
        before, other = self.books(giver), self.books(taker)
        answer = self.ask("/v1/transfers", {"from": self.member(giver), "to": self.member(taker), "points": points})
        if giver == taker:
            assert self.code(answer) == "invalid_request"
        elif self.spends(answer, before, points):
            self.moved(giver, before, -points)
            self.moved(taker, other, points)

    @rule(who=WHO, amount=st.integers(0, 2000))
    def returns_without_sale(self, who: int, amount: int) -> None:
        body = {
            "external_id": f"R{next(self.world.numbers)}",
            "occurred_at": self.now(),
            "shop": "shibuya",
            "purchase": None,
            "member": self.member(who),
            "lines": [{"line": 1, "quantity": 1, "amount": amount}],
        }
        before = self.books(who)
        answer = self.ask("/v1/returns", body)
        if answer.is_success:
            self.moved(who, before, -answer.json()["points"]["earned_reversed"])
            assert "unlinked" in {warning["code"] for warning in answer.json()["warnings"]}
        else:
            assert self.settings["returns"]["shortage"] == "refuse"
            assert self.code(answer) == "not_enough_points"

    @rule(asks=st.lists(st.tuples(AT_ONCE, WHO, PICK, st.integers(1, 300), baskets()), min_size=2, max_size=12))
    def at_once(self, asks: list[Any]) -> None:
        """Many acts in one batch, on the same members and the same sales, end as if one came after the other."""
        requests, then = [], []
        for kind, who, which, points, basket in asks:
            ask = self.one_of_many(kind, who, which, points, basket)
            if ask is not None:
                path, body, done = ask
                keyed = path == "/v1/purchases" or path.endswith("/returns")
                requests.append(("POST", path, body, None if keyed else f"sim-{next(self.world.numbers)}"))
                then.append(done)
        # Whoever asks twice at once gets one answer.
        answers = self.world.send_all([*requests, *requests[:2]])
        for request, answer, done in zip(requests, answers, then, strict=False):
            assert answer.status_code < 500, answer.text
            if answer.is_success:
                self.done.append((*request, answer))
                done(answer.json())
        for first, twin in zip(answers[:2], answers[len(requests) :], strict=False):
            assert first.content == twin.content or not first.is_success
        for sale in self.sales:
            sale.status = self.world.rows("select status from purchase where purchase_id = $1", sale.id)[0][0]

    def one_of_many(self, kind: str, who: int, which: int, points: int, basket: dict[str, Any]) -> Any:
        """Path, body, and what a success means to the model; None where there is nothing to do it with."""
        if kind in ("completed", "placed"):
            use = self.affordable(1, basket, self.books(who)) * (points % 2)
            body = self.document(basket, who, status=kind, use_points=use)
            return "/v1/purchases", body, lambda told: self.note(told, who, basket, use)
        member = self.member(who)
        if kind == "adjust":
            body = {"member": member, "points": points - 150 or 1, "reason": "migration"}
            return "/v1/adjustments", body, lambda told: None
        if kind == "transfer":
            body = {"from": member, "to": self.member((who + 1) % 3), "points": points}
            return "/v1/transfers", body, lambda told: None
        if kind == "hold":
            body = {"member": member, "points": points, "shop": "web", "expires_in": 60}
            until = self.world.clock.now().timestamp() + 60
            return "/v1/holds", body, lambda told: self.holds.append(told | {"who": who, "until": until})
        sale = self.pick(which, "completed", "placed", "cancelled")
        if sale is None:
            return None
        if kind != "return":
            return f"/v1/purchases/{sale.id}/{kind}", {"occurred_at": self.now()}, lambda told: None
        open_lines = sale.open_lines
        if not open_lines:
            return None
        n = open_lines[points % len(open_lines)]
        quantity = min(1, sale.left(n))
        body = {
            "external_id": f"R{next(self.world.numbers)}",
            "occurred_at": self.now(),
            "lines": [{"line": n, "quantity": quantity}],
        }

        def returned(told: dict[str, Any]) -> None:
            sale.returned[n] = sale.returned.get(n, 0) + quantity
            self.took_back(sale, told)

        return f"/v1/purchases/{sale.id}/returns", body, returned

    @rule(expired=st.booleans(), undo=st.booleans())
    def extends(self, expired: bool, undo: bool) -> None:
        """A programme holiday; undone at once, every lot is as it was but for debts that it filled (rule 17)."""
        self.world.sweep()
        before = [self.books(n) for n in range(3)]
        today = self.world.today
        body = {
            "from": str(today - timedelta(days=3)), "to": str(today + timedelta(days=3)), "expired": expired,
            "expires_on": str(today + timedelta(days=40)), "reason": "試験",
        }  # fmt: skip
        done = self.accepted("/v1/lot_extensions", body, 201)
        if undo:
            self.accepted(f"/v1/lot_extensions/{done['id']}/undo", {})
            for n, books in enumerate(before):
                assert books.account["debt"] or self.books(n).snapshot() == books.snapshot()

    @rule(settings=programmes())
    def changes_the_programme(self, settings: dict[str, Any]) -> None:
        """Sales there are keep the rules they were made under (rule 7)."""
        self.settings = settings
        self.world.programme(settings)

    # Time and repetition -----------------------------------------------------------------------

    @rule(days=st.sampled_from([0.02, 1, 2, 10, 32]), sweep=st.booleans())
    def time_passes(self, days: float, sweep: bool) -> None:
        self.world.clock.advance(days=days)
        if sweep:
            self.sweeps()

    @rule()
    def sweeps(self) -> None:
        self.world.sweep()
        for n in range(3):
            books = self.books(n)
            dead = [x for x in books.lots if x["kind"] != "debt" and not books.alive(x) and x["remaining"] > x["held"]]
            assert not dead, "a dead lot was left"
            due = [s for s in books.sales if s["confirms_on"] and s["confirms_on"] <= books.today]
            assert not due, "points were due to be confirmed"
            running = [h["expires_at"] for h in books.holds if h["status"] == "open" and h["expires_at"]]
            assert not running or min(running) > books.now, "a hold had run out"

    @rule(which=PICK)
    @precondition(lambda self: self.done)
    def repeats(self, which: int) -> None:
        """A request asked again gets the first answer, byte for byte, and changes nothing."""
        method, path, body, key, first = self.done[which % len(self.done)]
        before = [self.books(n).account for n in range(3)]
        again = self.world.send(method, path, body, key)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert [self.books(n).account for n in range(3)] == before

    def teardown(self) -> None:
        if sys.exc_info()[0] is None and next(self.world.examples) % 5 == 0:
            self.world.prove()

    @invariant()
    def books_agree(self) -> None:
        if not hasattr(self, "numbers"):
            return
        for number in self.numbers:
            self.world.look(number).prove()
