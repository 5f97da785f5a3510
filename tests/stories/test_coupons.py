"""Coupons over HTTP: made, asked about, used in store and on the web, given back, and who used one where."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from goen.actions.keys import create_key
from goen.shops import coupons as store
from stories.acts import lines, named, now
from stories.conftest import Retailer
from stories.words import programme


async def kind(at: Retailer, effect: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A kind of coupon: 300 yen off by the public code HARU300."""
    body: dict[str, Any] = {
        "code": "haru", "name": "春の300円引き", "name_en": "Spring 300 off", "public_code": "HARU300",
        "effect": effect or {"kind": "amount", "yen": 300},
    }  # fmt: skip
    answer = await at.server.post("/v1/coupon_kinds", json=body | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def issued(at: Retailer, member: dict[str, Any] | None = None, batch: str = "b1") -> str:
    """One code of the kind, for anybody or for a member."""
    body = {"count": 1} if member is None else {"members": [named(member)]}
    answer = await at.server.post("/v1/coupon_kinds/haru/issue", json={"batch": batch, **body})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["codes"][0])


async def refused(at: Retailer, member: dict[str, Any] | None, amount: int = 1100, **changes: Any) -> Any:
    """The reason why a sale cannot have its coupon; a quote tells the same."""
    body = at.sale(amount, member, **{"coupons": ["HARU300"], **changes})
    client = at.web if body["shop"] == "web" else at.shibuya
    answer = await client.post("/v1/purchases", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_not_usable"), answer.text
    quote = await client.post("/v1/quotes", json=body)
    assert quote.json()["reason"] == answer.json()["reason"]
    return answer.json()["reason"]


async def uses(at: Retailer, code: str) -> list[tuple[str, str, int]]:
    answer = await at.server.get(f"/v1/coupons/{code}/uses")
    assert answer.status_code == 200, answer.text
    return [(each["what"], each["shop"], each["amount"]) for each in answer.json()["items"]]


async def results(at: Retailer) -> dict[str, int]:
    return dict((await at.server.get("/v1/coupon_kinds/haru")).json()["results"])


async def test_rule_4_a_coupon_lowers_the_price_and_the_base(retailer: Retailer) -> None:
    await kind(retailer)
    member = await retailer.member()
    body = retailer.sale(1400, member, coupons=["haru-300"])
    quote = (await retailer.server.post("/v1/quotes", json=body)).json()
    sale = await retailer.buys(1400, member, coupons=["haru-300"])
    for answer in (quote, sale):
        assert (answer["total"], answer["payable"], answer["points"]["earned"]) == (1100, 1100, 10)
        assert answer["coupons"]["used"] == [
            {
                "code": "HARU300", "kind": "haru", "amount": 300, "effect": "amount", "name": "春の300円引き",
                "gift": None,
            }
        ]  # fmt: skip
    shown = (await retailer.server.get(f"/v1/purchases/{sale['id']}")).json()
    assert shown["coupons"] == sale["coupons"]
    assert await uses(retailer, "HARU300") == [("used", "shibuya", 300)]
    assert (await results(retailer))["amount"] == 300


async def test_the_base_keeps_what_a_coupon_takes_off_where_the_programme_says_so(retailer: Retailer) -> None:
    await kind(retailer)
    programme = (await retailer.server.get("/v1/programme")).json()
    body = {"earning": programme["earning"] | {"coupons_lower_base": False}}
    body |= {"starts_at": (retailer.clock.now() + timedelta(seconds=3)).isoformat()}
    assert (await retailer.server.put("/v1/programme", json=body)).status_code == 200
    retailer.clock.advance(seconds=5)
    sale = await retailer.buys(1400, await retailer.member(), coupons=["HARU300"])
    assert (sale["payable"], sale["points"]["earned"]) == (1100, 12)


async def test_a_repeat_gets_the_first_answer_however_the_code_is_written(retailer: Retailer) -> None:
    await kind(retailer, uses={"per_member": 1})
    member = await retailer.member()
    body = retailer.sale(1100, member, coupons=["HARU300"])
    first = await retailer.server.post("/v1/purchases", json=body)
    again = await retailer.server.post("/v1/purchases", json=body | {"coupons": ["haru－300"]})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    other = await retailer.server.post("/v1/purchases", json=body | {"coupons": []})
    assert other.json()["fields"] == ["coupons"]


async def test_the_tenders_add_up_to_what_is_left_to_pay(retailer: Retailer) -> None:
    await kind(retailer)
    member = await retailer.member()
    cash = [{"kind": "cash", "amount": 800}]
    sale = await retailer.buys(1100, member, coupons=["HARU300"], tenders=cash)
    assert sale["payable"] == 800
    wrong = retailer.sale(1100, member, coupons=["HARU300"], tenders=[{"kind": "cash", "amount": 1100}])
    assert (await retailer.server.post("/v1/purchases", json=wrong)).status_code == 422


@pytest.mark.parametrize(
    ("effect", "changes", "payable", "amount"),
    [
        ({"kind": "percent", "percent": 10}, {}, 2970, 330),
        ({"kind": "percent", "percent": 15, "most": 400}, {}, 2900, 400),
        ({"kind": "percent", "percent": 10}, {"discounts": [{"amount": 300}]}, 2700, 300),
        ({"kind": "amount", "yen": 99_999}, {}, 0, 3300),
        ({"kind": "postage"}, {"postage": 550}, 3300, 550),
        ({"kind": "postage", "most": 300}, {"postage": 550}, 3550, 300),
        ({"kind": "gift", "name": "トートバッグ"}, {}, 3300, 0),
        ({"kind": "gift", "name": "タオル", "sku": "T"}, {}, 2200, 1100),
    ],
)
async def test_effects(retailer: Retailer, effect: Any, changes: Any, payable: int, amount: int) -> None:
    await kind(retailer, effect)
    goods = [{"line": 1, "amount": 1100, "sku": "A"}, {"line": 2, "amount": 2200, "sku": "T", "quantity": 2}]
    sale = await retailer.buys(0, await retailer.member(), lines=goods, coupons=["HARU300"], **changes)
    assert (sale["payable"], sale["coupons"]["used"][0]["amount"]) == (payable, amount)
    back = now(retailer) | {"external_id": "r", "lines": [{"line": 1, "quantity": 1}, {"line": 2, "quantity": 2}]}
    returned = (await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=back)).json()
    assert returned["refund"]["money"] == payable


async def test_a_gift_that_nobody_brought_to_the_till_is_refused_and_stays_to_be_used(retailer: Retailer) -> None:
    await kind(retailer, {"kind": "gift", "name": "タオル", "sku": "T"}, uses={"per_member": 1})
    member = await retailer.member()
    without = [{"line": 1, "amount": 1100, "sku": "A"}]
    assert await refused(retailer, member, lines=without) == "no_matching_goods"
    offline = await retailer.buys(0, member, lines=without, coupons=["HARU300"], offline=True)
    assert [each["code"] for each in offline["warnings"]] == ["coupon_not_usable"]
    (taken,) = offline["coupons"]["used"]
    assert (taken["code"], taken["amount"], taken.get("gift")) == ("HARU300", 0, None)
    with_it = [*without, {"line": 2, "amount": 550, "sku": "T"}]
    assert (await retailer.buys(0, member, lines=with_it, coupons=["HARU300"]))["payable"] == 1100


async def test_multiplied_points_come_on_top_and_go_with_returns(retailer: Retailer) -> None:
    await kind(retailer, {"kind": "points", "multiplier": 3, "max_points": 50})
    member = await retailer.member()
    sale = await retailer.buys(0, member, lines=lines(1100, 2200), coupons=["HARU300"])
    told = {line["rule"]: (line["points"], line["text"]) for line in sale["points"]["breakdown"]}
    assert told["base"][0] == 30
    assert told["coupon:haru"][0] == 50
    assert told["coupon:haru"][1].startswith("クーポン（春の300円引き）")
    assert (sale["points"]["earned"], sale["payable"]) == (80, 3300)
    for n, (line, taken) in enumerate(((2, 50), (1, 30))):  # 10 + 20 are left of the first line alone.
        back = now(retailer) | {"external_id": f"r{n}", "lines": [{"line": line, "quantity": 1}]}
        returned = (await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=back)).json()
        assert returned["points"]["earned_reversed"] == taken
    guest = await retailer.server.post("/v1/purchases", json=retailer.sale(1100, coupons=["HARU300"]))
    assert guest.json()["reason"] == "needs_member"


async def test_rules_25_27_a_partial_return_gives_the_line_s_share_and_the_coupon_only_with_the_last(
    retailer: Retailer,
) -> None:
    await kind(retailer, uses={"per_member": 1})
    member = await retailer.member()
    sale = await retailer.buys(0, member, lines=lines(1100, 2200), coupons=["HARU300"])
    assert (sale["payable"], sale["points"]["earned"]) == (3000, 27)
    money, points = [], []
    for n in (1, 2):
        assert await refused(retailer, member) == "member_limit"
        back = now(retailer) | {"external_id": f"r{n}", "lines": [{"line": n, "quantity": 1}]}
        returned = (await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=back)).json()
        money.append(returned["refund"]["money"])
        points.append(returned["points"]["earned_reversed"])
    assert (money, sum(points)) == ([1000, 2000], 27)
    assert await uses(retailer, "HARU300") == [("given_back", "shibuya", -300), ("used", "shibuya", 300)]
    await retailer.buys(1100, member, coupons=["HARU300"])
    told = await results(retailer)
    assert (told["used"], told["given_back"], told["amount"], told["members"]) == (1, 1, 300, 1)


async def test_a_cancel_gives_it_back_and_a_revival_takes_it_again_or_not_at_all(retailer: Retailer) -> None:
    await kind(retailer)
    code = await issued(retailer)
    member, other = await retailer.member(), await retailer.member()
    sale = await retailer.buys(1100, member, coupons=[code])
    assert await refused(retailer, other, coupons=[code]) == "used"
    path = f"/v1/purchases/{sale['id']}"
    cancelled = (await retailer.act(f"{path}/cancel", now(retailer))).json()
    assert (cancelled["status"], cancelled["coupons"]["used"]) == ("cancelled", [])
    assert (await retailer.act(f"{path}/revive", now(retailer))).status_code == 200
    assert await refused(retailer, other, coupons=[code]) == "used"
    assert (await retailer.act(f"{path}/cancel", now(retailer))).status_code == 200
    await retailer.buys(1100, other, shop="web", coupons=[code])
    revived = await retailer.act(f"{path}/revive", now(retailer))
    assert (revived.status_code, revived.json()["reason"]) == (409, "used")
    assert [what for what, _, _ in await uses(retailer, code)] == ["used", "given_back", "used", "given_back", "used"]


async def test_an_order_holds_its_coupon_and_a_changed_one_computes_it_anew(retailer: Retailer) -> None:
    conditions = {"amount_min": 2000}
    await kind(retailer, {"kind": "percent", "percent": 10}, conditions=conditions, uses={"per_member": 1})
    member = await retailer.member()
    order = await retailer.buys(3300, member, shop="web", status="placed", coupons=["HARU300"])
    assert (order["payable"], order["points"]["pending"]) == (2970, 27)
    path = f"/v1/purchases/{order['id']}"

    async def change(amount: int) -> Any:
        headers = {"Idempotency-Key": f"change-{amount}"}
        return await retailer.server.put(f"{path}/lines", json={"lines": lines(amount)}, headers=headers)

    changed = (await change(5500)).json()
    assert (changed["payable"], changed["coupons"]["used"][0]["amount"]) == (4950, 550)
    too_little = (await change(1100)).json()
    assert (too_little["code"], too_little["reason"], too_little["missing"]) == (
        "coupon_not_usable", "below_amount", 900,
    )  # fmt: skip
    assert (await retailer.act(f"{path}/complete", now(retailer))).json()["points"]["earned"] == 45
    assert await refused(retailer, member, 3300) == "member_limit"
    told = await results(retailer)
    assert (told["used"], told["amount"]) == (1, 550)


@pytest.mark.parametrize(
    ("changes", "sale", "reason"),
    [
        ({"conditions": {"shops": ["yokohama"]}}, {}, "not_this_shop"),
        ({"conditions": {"channels": ["ec"]}}, {}, "not_a_web_shop"),
        ({"conditions": {"channels": ["store"]}}, {"shop": "web"}, "not_a_store"),
        ({"conditions": {"amount_min": 1101}}, {}, "below_amount"),
        ({"conditions": {"quantity_min": 2}}, {}, "below_quantity"),
        ({"conditions": {"products": {"categories": ["衣料"]}}}, {}, "no_matching_goods"),
        ({"conditions": {"segments": ["vip"]}}, {}, "not_in_segment"),
        ({"conditions": {"nth_purchase": [2]}}, {}, "not_nth_purchase"),
        ({"starts_at": "2099-01-01T00:00:00+09:00"}, {}, "not_yet"),
        ({"ends_at": "2001-01-01T00:00:00+09:00"}, {}, "expired"),
        ({"effect": {"kind": "postage"}}, {}, "nothing_to_reduce"),
        ({}, {"coupons": ["HARU300", "haru 300"]}, "named_twice"),
        ({}, {"coupons": ["nonsense"]}, "unknown_coupon"),
        ({}, {"coupons": ["—"]}, "unknown_coupon"),
    ],
)
async def test_what_stands_in_the_way(retailer: Retailer, changes: Any, sale: Any, reason: str) -> None:
    await kind(retailer, **changes)
    assert await refused(retailer, await retailer.member(), **sale) == reason


async def test_products_take_the_discount_alone_and_the_category_may_be_the_product_s(retailer: Retailer) -> None:
    await kind(retailer, conditions={"products": {"categories": ["衣料"]}, "amount_min": 1000})
    put = await retailer.server.put("/v1/products/SHIRT", json={"name": "シャツ", "category": "衣料"})
    assert put.status_code in (200, 201), put.text
    goods = [{"line": 1, "amount": 1100, "sku": "SHIRT"}, {"line": 2, "amount": 2200, "sku": "CUP"}]
    sale = await retailer.buys(0, await retailer.member(), lines=goods, coupons=["HARU300"])
    back = now(retailer) | {"external_id": "r", "lines": [{"line": 1, "quantity": 1}]}
    returned = (await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=back)).json()
    assert returned["refund"]["money"] == 800


async def test_a_coupon_of_one_s_own_goes_with_the_person_through_merges(retailer: Retailer) -> None:
    await kind(retailer, uses={"each": 2, "per_member": 2})
    one, two, stranger = [await retailer.member() for _ in range(3)]
    code = await issued(retailer, two)
    assert await refused(retailer, one, coupons=[code]) == "not_this_member"
    assert await refused(retailer, None, coupons=[code]) == "needs_member"
    await retailer.buys(1100, two, coupons=[code])
    merge = await retailer.act(f"/v1/members/{one['id']}/merges", {"source": named(two), "reason": "同一人物"})
    assert merge.status_code == 201, merge.text
    await retailer.buys(1100, one, coupons=[code])
    # Uses count over the survivor and whom was merged into it.
    assert await refused(retailer, two) == "member_limit"
    mine = (await retailer.server.get(f"/v1/members/{one['id']}/coupons")).json()["items"]
    assert [(each["code"], each["state"]) for each in mine] == [(code, "used")]
    assert (await retailer.act(f"/v1/merges/{merge.json()['id']}/undo", {})).status_code == 200
    assert await refused(retailer, one, coupons=[code]) == "not_this_member"
    await retailer.buys(1100, one, coupons=["HARU300"])  # It has used one itself.
    assert await refused(retailer, one) == "member_limit"
    await retailer.buys(1100, stranger, coupons=["HARU300"])


async def test_coupons_together_and_with_campaigns(retailer: Retailer) -> None:
    campaign = {"code": "plus", "name": "上乗せ", "effects": [{"kind": "points", "points": 7}]}
    assert (await retailer.server.post("/v1/campaigns", json=campaign)).status_code == 201
    assert (await retailer.server.post("/v1/campaigns/plus/activate", json={})).status_code == 200
    retailer.clock.advance(seconds=3)
    await kind(retailer, together={"coupons": "other", "campaigns": False})
    await kind(
        retailer, {"kind": "percent", "percent": 10}, code="ten", public_code="TEN", together={"coupons": "other"}
    )
    await kind(retailer, code="alone", public_code="ALONE")
    member = await retailer.member()
    assert await refused(retailer, member, coupons=["TEN", "ALONE"]) == "not_with_coupons"
    assert await refused(retailer, member, coupons=["HARU300", await issued(retailer)]) == "not_with_coupons"
    sale = await retailer.buys(3300, member, coupons=["HARU300", "TEN"])
    # Percents come before amounts, in whatever order they are named.
    assert [(each["kind"], each["amount"]) for each in sale["coupons"]["used"]] == [("ten", 330), ("haru", 300)]
    assert (sale["payable"], sale["points"]["earned"]) == (2670, 24)
    assert (await retailer.buys(3300, member, coupons=["TEN"]))["points"]["earned"] == 27 + 7


async def test_periods_from_the_day_of_issue(retailer: Retailer) -> None:
    await kind(retailer, issued={"days": 3, "after": 1}, uses={"each": 9})
    member, code = await retailer.member(), await issued(retailer)
    today = retailer.clock.now()
    assert await refused(retailer, member, coupons=[code]) == "not_yet"
    retailer.clock.advance(days=1)
    await retailer.buys(1100, member, coupons=[code])
    told = (await retailer.server.get(f"/v1/coupons/{code}/uses")).json()
    span = [datetime.fromisoformat(told[name]) for name in ("usable_from", "usable_until")]
    assert span[1] - span[0] == timedelta(days=3)
    assert timedelta(0) < span[0] - today <= timedelta(days=1)
    retailer.clock.advance(days=3)
    assert await refused(retailer, member, coupons=[code]) == "expired"
    # A sale from then that comes late is by its own time.
    late = (retailer.clock.now() - timedelta(days=1)).isoformat()
    await retailer.buys(1100, member, coupons=[code], occurred_at=late)


async def test_issued_codes_keep_their_version_and_the_public_one_follows(retailer: Retailer) -> None:
    await kind(retailer)
    member, code = await retailer.member(), await issued(retailer)
    before = retailer.clock.now().isoformat()
    retailer.clock.advance(seconds=60)
    changed = await retailer.server.patch("/v1/coupon_kinds/haru", json={"effect": {"kind": "amount", "yen": 100}})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert (await retailer.buys(1100, member, coupons=["HARU300"]))["payable"] == 1000
    assert (await retailer.buys(1100, member, coupons=["HARU300"], occurred_at=before))["payable"] == 800
    assert (await retailer.buys(1100, member, coupons=[code]))["payable"] == 800
    late = await issued(retailer, batch="b2")
    assert (await retailer.server.post("/v1/coupon_kinds/haru/stop", json={})).status_code == 200
    retailer.clock.advance(seconds=1)
    assert await refused(retailer, member) == "stopped"
    assert await refused(retailer, member, coupons=[late]) == "stopped"
    no_more = await retailer.server.post("/v1/coupon_kinds/haru/issue", json={"batch": "b3", "count": 1})
    assert no_more.json()["code"] == "coupon_kind_stopped"


async def test_a_voided_code_is_worth_nothing(retailer: Retailer) -> None:
    await kind(retailer)
    code = await issued(retailer)
    done = await retailer.server.post(f"/v1/coupons/{code.lower()}/void", json={"reason": "誤配布"})
    assert done.status_code == 204, done.text
    assert await refused(retailer, await retailer.member(), coupons=[code]) == "void"
    assert (await retailer.server.post("/v1/coupons/none/void", json={"reason": "x"})).status_code == 404


async def test_a_batch_asked_for_twice_is_made_once(retailer: Retailer) -> None:
    await kind(retailer)
    member = await retailer.member()
    put = await retailer.server.put(f"/v1/members/{member['id']}/segments", json={"segments": ["vip"]})
    assert put.status_code == 200
    for body in ({"count": 20}, {"members": [named(member)]}, {"segment": "vip"}):
        batch = next(iter(body))
        first = await retailer.server.post("/v1/coupon_kinds/haru/issue", json={"batch": batch, **body})
        again = await retailer.server.post("/v1/coupon_kinds/haru/issue", json={"batch": batch, **body})
        assert (first.status_code, again.json()) == (201, first.json())
        assert len(set(first.json()["codes"])) == (20 if batch == "count" else 1)
        other = await retailer.server.post("/v1/coupon_kinds/haru/issue", json={"batch": batch, "count": 21})
        assert other.json()["code"] == "coupon_batch_differs"
    mine = (await retailer.server.get(f"/v1/members/{member['id']}/coupons", params={"limit": 1})).json()
    more = (
        await retailer.server.get(f"/v1/members/{member['id']}/coupons", params={"cursor": mine["next_cursor"]})
    ).json()
    assert len(mine["items"]) == len(more["items"]) == 1
    assert (await results(retailer))["issued"] == 22


async def test_a_guest_uses_a_coupon_and_the_receipt_is_claimed_later(retailer: Retailer) -> None:
    await kind(retailer, uses={"total": 1})
    guest = await retailer.buys(1400, coupons=["HARU300"])
    assert guest["payable"] == 1100
    member = await retailer.member()
    assert await refused(retailer, member) == "used_up"
    claimed = await retailer.act(f"/v1/purchases/{guest['id']}/claim", {"member": named(member)})
    assert (claimed.json()["points"]["earned"], claimed.json()["payable"]) == (10, 1100)
    assert claimed.json()["coupons"]["used"][0]["amount"] == 300
    assert (await retailer.act(f"/v1/purchases/{guest['id']}/cancel", now(retailer))).status_code == 200
    again = await retailer.buys(1400, coupons=["HARU300"])
    assert (await retailer.act(f"/v1/purchases/{again['id']}/cancel", now(retailer))).status_code == 200
    await retailer.buys(1100, member, coupons=["HARU300"])


async def test_an_offline_sale_is_recorded_with_what_the_till_took_off(retailer: Retailer) -> None:
    await kind(retailer, uses={"total": 1})
    member = await retailer.member()
    await retailer.buys(1100, member, coupons=["HARU300"])
    sale = await retailer.buys(1100, member, coupons=["HARU300", "WHO"], offline=True)
    assert sale["payable"] == 800
    assert [(each["code"], "HARU300" in each["text"]) for each in sale["warnings"]] == [
        ("coupon_not_usable", False), ("coupon_not_usable", True),
    ]  # fmt: skip
    told = await results(retailer)
    assert (told["used"], told["over"], told["amount"]) == (1, 1, 600)
    assert (await retailer.act(f"/v1/purchases/{sale['id']}/cancel", now(retailer))).status_code == 200
    assert await refused(retailer, member) == "used_up"
    told = await results(retailer)
    assert (told["used"], told["over"], told["amount"]) == (1, 0, 300)


async def test_validate_says_what_the_sale_would_be_told(retailer: Retailer) -> None:
    await kind(retailer, conditions={"amount_min": 2000})
    ask = {"code": "haru300", "shop": "shibuya"}

    async def validate(**more: Any) -> Any:
        answer = await retailer.shibuya.post("/v1/coupons/validate", json=ask | more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    alone = await validate()
    assert (alone["usable"], alone["amount"], alone["coupon"]["name"]) == (True, None, "春の300円引き")
    assert (await validate(lines=lines(2200)))["amount"] == 300
    short = await validate(lines=lines(1100))
    assert (short["usable"], short["reason"], short["missing"]) == (False, "below_amount", 900)
    assert short["text"] == "クーポン HARU300: あと900円のお買い上げで対象になります"
    unknown = await validate(code="K7MXA-43TWF-9RHCD")
    assert (unknown["usable"], unknown["reason"], unknown["coupon"]) == (False, "unknown_coupon", None)
    foreign = await retailer.web.post("/v1/coupons/validate", json=ask)
    assert foreign.status_code == 403
    code = await issued(retailer)
    await retailer.buys(2200, coupons=[code])
    assert (await validate(code=code))["reason"] == "used"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"effect": {"kind": "percent", "percent": 101}}, "effect.percent"),
        ({"effect": {"kind": "percent", "percent": 0}}, "effect.percent"),
        ({"effect": {"kind": "points", "multiplier": 1}}, "effect.multiplier"),
        ({"effect": {"kind": "amount", "yen": 0}}, "effect.yen"),
        ({"public_code": "- - -"}, "public_code"),
        ({"starts_at": "2026-12-02T00:00:00+09:00", "ends_at": "2026-12-01T00:00:00+09:00"}, "ends_at"),
        ({"conditions": {"coupons": True}}, "conditions.coupons"),
        ({"together": {"coupons": "never"}}, "together.coupons"),
    ],
)
async def test_a_kind_that_contradicts_itself_is_refused_by_field(retailer: Retailer, changes: Any, field: str) -> None:
    body = {"code": "x", "name": "x", "effect": {"kind": "amount", "yen": 1}} | changes
    answer = await retailer.server.post("/v1/coupon_kinds", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text


async def test_a_code_means_one_kind_for_ever(retailer: Retailer) -> None:
    await kind(retailer)
    twice = await retailer.server.post(
        "/v1/coupon_kinds",
        json={"code": "other", "name": "別", "public_code": "haru-300", "effect": {"kind": "postage"}},
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "coupon_code_taken")
    changed = await retailer.server.patch("/v1/coupon_kinds/haru", json={"public_code": "NATSU"})
    assert changed.status_code == 200, changed.text
    member = await retailer.member()
    assert await refused(retailer, member) == "void"
    await retailer.buys(1100, member, coupons=["natsu"])
    same = await retailer.server.post(
        "/v1/coupon_kinds", json={"code": "haru", "name": "x", "effect": {"kind": "postage"}}
    )
    assert same.json()["code"] == "coupon_kind_exists"
    assert (await retailer.server.get("/v1/coupon_kinds/none")).status_code == 404


async def campaign(at: Retailer, **changes: Any) -> None:
    """A coupon for every sale from 2,000 yen (base) on."""
    body: dict[str, Any] = {
        "code": "next", "name": "次回クーポン", "effects": [{"kind": "coupon", "coupon": "haru"}],
        "conditions": {"amount_min": 2000},
    }  # fmt: skip
    answer = await at.server.post("/v1/campaigns", json=body | changes)
    assert answer.status_code == 201, answer.text
    assert (await at.server.post("/v1/campaigns/next/activate", json={})).status_code == 200
    at.clock.advance(seconds=3)


async def drawn(at: Retailer) -> int:
    found = (await at.server.get("/v1/campaigns/next")).json()["drawn"]
    return sum(each["drawn"] for each in found)


async def test_a_campaign_goes_live_only_with_a_coupon_that_there_is(retailer: Retailer) -> None:
    body = {"code": "next", "name": "次回クーポン", "effects": [{"kind": "coupon", "coupon": "haru"}]}
    drafted = await retailer.server.post("/v1/campaigns", json=body)
    assert drafted.status_code == 201, drafted.text

    async def errors() -> list[str]:
        told = (await retailer.server.get("/v1/campaigns/next")).json()
        return [each["code"] for each in told["checks"]["findings"] if each["level"] == "error"]

    async def activated() -> tuple[int, str | None]:
        answer = await retailer.server.post("/v1/campaigns/next/activate", json={})
        return answer.status_code, answer.json()["errors"][0]["field"] if answer.status_code == 422 else None

    assert await errors() == ["no_such_coupon_kind"]
    assert await activated() == (422, "effects.0.coupon")
    await kind(retailer)
    assert await errors() == []
    assert await activated() == (200, None)
    assert (await retailer.server.post("/v1/coupon_kinds/haru/stop", json={})).status_code == 200
    assert await errors() == ["coupon_kind_stopped"]
    assert await activated() == (200, None)  # It is live already; nothing changes.
    changed = await retailer.server.patch("/v1/campaigns/next", json={"name": "二回目"})
    assert changed.status_code == 200, changed.text
    assert await activated() == (422, "effects.0.coupon")


async def test_what_waits_for_approval_does_not_go_live_with_a_coupon_stopped_meanwhile(retailer: Retailer) -> None:
    await programme(retailer, campaigns={"approval_above": 0})
    await kind(retailer)
    body = {"code": "next", "name": "次回クーポン", "effects": [{"kind": "coupon", "coupon": "haru"}]}
    assert (await retailer.server.post("/v1/campaigns", json=body)).status_code == 201
    waiting = await retailer.server.post("/v1/campaigns/next/activate", json={})
    assert waiting.json()["state"] == "waiting"
    assert (await retailer.server.post("/v1/coupon_kinds/haru/stop", json={})).status_code == 200
    key = await create_key(retailer.services.database, integration="head", role="server", shop=None, device=None,
                           author="test", now=retailer.clock.now())  # fmt: skip
    head = {"Authorization": f"Bearer {key}"}
    answer = await retailer.server.post("/v1/campaigns/next/approve", json={}, headers=head)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "effects.0.coupon")
    assert (await retailer.server.get("/v1/campaigns/next")).json()["approved_by"] == []


async def test_a_campaign_issues_a_coupon_and_a_return_takes_it_back(retailer: Retailer) -> None:
    await kind(retailer, public_code=None, issued={"days": 30})
    await campaign(retailer, limits=[{"measure": "uses", "most": 2}])
    member = await retailer.member()
    quote = await retailer.server.post("/v1/quotes", json=retailer.sale(2200, member))
    assert quote.json()["coupons"]["issued"] == []
    sales = [await retailer.buys(0, member, lines=lines(2200, 1100)) for _ in range(3)]
    codes = [sale["coupons"]["issued"] for sale in sales]
    assert [len(each) for each in codes] == [1, 1, 0]
    told = {line["rule"]: line for line in sales[0]["points"]["breakdown"]}["campaign:next"]
    assert (told["points"], told["text"]) == (0, "キャンペーン（次回クーポン）: クーポン「haru」を進呈")
    assert ("campaign:next", "limit_reached") in {
        (miss["rule"], miss["reason"]) for miss in sales[2]["points"]["not_applied"]
    }
    shown = (await retailer.server.get(f"/v1/purchases/{sales[0]['id']}")).json()
    assert shown["coupons"]["issued"] == codes[0]

    async def back(n: int, line: int) -> None:
        body = now(retailer) | {"external_id": f"r{n}-{line}", "lines": [{"line": line, "quantity": 1}]}
        answer = await retailer.server.post(f"/v1/purchases/{sales[n]['id']}/returns", json=body)
        assert answer.status_code == 201, answer.text

    await back(0, 2)  # 2,000 of base are left: it stays.
    assert await drawn(retailer) == 2
    await back(1, 1)
    assert await drawn(retailer) == 1
    assert await refused(retailer, member, coupons=codes[1]) == "void"
    assert (await retailer.buys(1100, member, coupons=codes[0]))["payable"] == 800
    # What has been used is not taken back any more.
    assert (await retailer.act(f"/v1/purchases/{sales[0]['id']}/cancel", now(retailer))).status_code == 200
    assert await refused(retailer, member, coupons=codes[0]) == "used"
    assert await drawn(retailer) == 0


async def test_rule_29_a_revived_sale_has_its_coupon_again_and_no_second_one(retailer: Retailer) -> None:
    await kind(retailer, public_code=None)
    await campaign(retailer, limits=[{"measure": "uses", "most": 5}])
    member = await retailer.member()
    sales = [await retailer.buys(2200, member) for _ in range(3)]
    codes = [sale["coupons"]["issued"][0] for sale in sales]
    await retailer.buys(1100, member, coupons=[codes[1]])
    for n, sale in enumerate(sales):
        path = f"/v1/purchases/{sale['id']}"
        for _ in range(2):
            assert (await retailer.act(f"{path}/cancel", now(retailer))).status_code == 200
            if n == 2:
                voided = await retailer.server.post(f"/v1/coupons/{codes[2]}/void", json={"reason": "不正"})
                assert voided.status_code in (200, 204), voided.text
            revived = await retailer.act(f"{path}/revive", now(retailer))
            assert revived.json()["coupons"]["issued"] == [codes[n]], revived.text
    assert await drawn(retailer) == 3
    mine = (await retailer.server.get(f"/v1/members/{member['id']}/coupons")).json()["items"]
    states = {each["code"]: each["state"] for each in mine}
    assert states == dict(zip(codes, ["usable", "used", "void"], strict=True))
    await retailer.buys(1100, member, coupons=[codes[0]])
    # A return takes it back as before the cancel; a coupon that is used stays with whoever used it.
    for sale, code in zip(sales, codes, strict=True):
        back = now(retailer) | {"external_id": f"r-{code}", "lines": [{"line": 1, "quantity": 1}]}
        assert (await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=back)).status_code == 201
    assert await drawn(retailer) == 0


async def test_a_segment_gives_each_person_one_code_whatever_became_of_their_cards(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kind(retailer, public_code=None)
    monkeypatch.setattr("goen.actions.coupons.PIECE", 1)

    async def vip(*people: dict[str, Any]) -> None:
        for one in people:
            put = await retailer.server.put(f"/v1/members/{one['id']}/segments", json={"segments": ["vip"]})
            assert put.status_code == 200, put.text

    async def merge(into: dict[str, Any], source: dict[str, Any]) -> None:
        merged = await retailer.act(f"/v1/members/{into['id']}/merges", {"source": named(source), "reason": "同一人物"})
        assert merged.status_code == 201, merged.text

    async def codes(member: dict[str, Any]) -> int:
        return len((await retailer.server.get(f"/v1/members/{member['id']}/coupons")).json()["items"])

    gone, twice, both, alone, new, outside = [await retailer.member() for _ in range(6)]
    await vip(gone, twice, both, alone)
    await merge(outside, gone)  # The survivor was never put into the segment itself.
    await merge(both, twice)

    interrupted = store.add_coupons

    async def only_two(connection: Any, coupons: Any) -> None:
        if await connection.fetchval("select count(*) from coupon") == 2:
            raise ConnectionError
        await interrupted(connection, coupons)

    ask = {"batch": "b", "segment": "vip"}
    with monkeypatch.context() as broken:
        broken.setattr(store, "add_coupons", only_two)
        assert (await retailer.server.post("/v1/coupon_kinds/haru/issue", json=ask)).status_code == 503
    assert [await codes(one) for one in (outside, both, alone)] == [1, 1, 0]
    await merge(alone, outside)  # Whose code comes with them; nobody is left now.
    made = [(await retailer.server.post("/v1/coupon_kinds/haru/issue", json=ask)).json()["made"] for _ in range(2)]
    assert made == [2, 2]
    await vip(new)
    again = await retailer.server.post("/v1/coupon_kinds/haru/issue", json=ask)
    assert again.json()["made"] == 2, "a batch is made once"
    assert [await codes(one) for one in (alone, both, new)] == [1, 1, 0]
    people = {"batch": "p", "members": [named(one) for one in (twice, both, new)]}
    assert (await retailer.server.post("/v1/coupon_kinds/haru/issue", json=people)).json()["made"] == 2


async def test_rule_56_a_member_is_told_of_their_coupons_and_uses(retailer: Retailer) -> None:
    await kind(retailer)
    member, other = await retailer.member(), await retailer.member()
    code = await issued(retailer, member)
    sale = await retailer.buys(1100, member, coupons=[code])
    assert (await retailer.act(f"/v1/purchases/{sale['id']}/cancel", now(retailer))).status_code == 200
    guest = await retailer.buys(1100, coupons=["HARU300"])
    await retailer.act(f"/v1/purchases/{guest['id']}/claim", {"member": named(member)})
    export = (await retailer.server.get(f"/v1/members/{member['id']}/export")).json()
    assert [(x["code"], x["kind"], x["voided_at"]) for x in export["coupons"]] == [
        (code.replace("-", ""), "haru", None)
    ]
    told = [(x["what"], x["purchase_id"], x["shop"], x["amount"]) for x in export["coupon_uses"]]
    assert sorted(told) == sorted(
        [
            ("use", sale["id"], "shibuya", 300), ("back", sale["id"], "shibuya", -300),
            ("use", guest["id"], "shibuya", 300),
        ]
    )  # fmt: skip
    export = (await retailer.server.get(f"/v1/members/{other['id']}/export")).json()
    assert (export["coupons"], export["coupon_uses"]) == ([], [])


async def test_an_order_s_coupon_is_issued_when_it_is_complete(retailer: Retailer) -> None:
    await kind(retailer, public_code=None)
    await campaign(retailer)
    member = await retailer.member()
    order = await retailer.buys(2200, member, shop="web", status="placed")
    assert order["coupons"]["issued"] == []
    done = (await retailer.act(f"/v1/purchases/{order['id']}/complete", now(retailer))).json()
    (code,) = done["coupons"]["issued"]
    mine = (await retailer.server.get(f"/v1/members/{member['id']}/coupons")).json()["items"]
    assert [(each["code"], each["state"]) for each in mine] == [(code, "usable")]
    guest = await retailer.buys(2200)
    assert guest["coupons"]["issued"] == []
    claimed = await retailer.act(f"/v1/purchases/{guest['id']}/claim", {"member": named(member)})
    assert len(claimed.json()["coupons"]["issued"]) == 1


async def test_a_revived_sale_gives_its_coupon_within_the_limit_alone(retailer: Retailer) -> None:
    await kind(retailer, public_code=None)
    await campaign(retailer, limits=[{"measure": "uses", "most": 1}])
    orders = [await retailer.buys(2200, await retailer.member(), shop="web", status="placed")]
    path = f"/v1/purchases/{orders[0]['id']}"
    assert (await retailer.act(f"{path}/cancel", now(retailer))).status_code == 200
    assert len((await retailer.buys(2200, await retailer.member()))["coupons"]["issued"]) == 1
    assert (await retailer.act(f"{path}/revive", now(retailer))).status_code == 200
    done = await retailer.act(f"{path}/complete", now(retailer))
    assert (done.status_code, done.json()["coupons"]["issued"]) == (200, [])
    assert await drawn(retailer) == 1


async def test_a_sale_may_bring_many_coupons_and_the_next_one_too(retailer):
    for n in range(12):
        await kind(retailer, public_code=None, code=f"k{n}")
        campaign = {"code": f"c{n}", "name": "進呈", "effects": [{"kind": "coupon", "coupon": f"k{n}"}]}
        assert (await retailer.server.post("/v1/campaigns", json=campaign)).status_code == 201
        assert (await retailer.server.post(f"/v1/campaigns/c{n}/activate", json={})).status_code == 200
    retailer.clock.advance(seconds=3)
    member = await retailer.member()
    for _ in range(4):
        sale = await retailer.buys(2200, member)
        assert len(sale["coupons"]["issued"]) == 12


async def test_a_coupon_past_its_own_end_is_not_given_and_the_checks_say_so(retailer: Retailer) -> None:
    end = retailer.clock.now() + timedelta(hours=1)
    await kind(retailer, public_code=None, ends_at=end.isoformat())
    both = [{"kind": "points", "points": 5}, {"kind": "coupon", "coupon": "haru"}]
    await campaign(retailer, limits=[{"measure": "uses", "most": 9}])
    more = {"code": "both", "name": "両方", "effects": both}
    assert (await retailer.server.post("/v1/campaigns", json=more)).status_code == 201
    assert (await retailer.server.post("/v1/campaigns/both/activate", json={})).status_code == 200
    retailer.clock.advance(seconds=3)
    findings = (await retailer.server.get("/v1/campaigns/next")).json()["checks"]["findings"]
    assert ("warning", "coupon_kind_ends_during") in {(each["level"], each["code"]) for each in findings}
    member = await retailer.member()
    sale = await retailer.buys(2200, member)
    assert len(sale["coupons"]["issued"]) == 2
    order = await retailer.buys(2200, member, shop="web", status="placed")
    assert await drawn(retailer) == 2
    retailer.clock.set(end)
    body = retailer.sale(2200, member)
    quote = (await retailer.server.post("/v1/quotes", json=body)).json()
    late = (await retailer.server.post("/v1/purchases", json=body)).json()
    assert quote["points"] == late["points"]
    told = {line["rule"]: line["points"] for line in late["points"]["breakdown"]}
    assert told == {"base": 20, "campaign:both": 5}
    missed = {(miss["rule"], miss["reason"], miss["text"].split(": ")[1]) for miss in late["points"]["not_applied"]}
    over = "進呈するクーポンの利用期間が終了しています"
    assert missed == {(f"campaign:{code}", "coupon_over", over) for code in ("next", "both")}
    assert late["coupons"]["issued"] == []
    # The order was placed in time, and completes too late for it: the use that it had drawn goes back.
    done = (await retailer.act(f"/v1/purchases/{order['id']}/complete", now(retailer))).json()
    assert done["coupons"]["issued"] == []
    assert [line["rule"] for line in done["points"]["breakdown"]] == ["base", "campaign:both"]
    assert await drawn(retailer) == 1
    back = await retailer.server.post("/v1/campaigns/next/backtest", json={})
    assert (back.json()["coupons"], back.json()["missed"]) == (1, {"coupon_over": 2})
    errors = (await retailer.server.get("/v1/campaigns/next")).json()["checks"]["findings"]
    assert ("error", "coupon_kind_over") in {(each["level"], each["code"]) for each in errors}
    again = await retailer.server.patch("/v1/campaigns/next", json={"name": "二回目"})
    assert again.status_code == 200
    assert (await retailer.server.post("/v1/campaigns/next/activate", json={})).status_code == 422


async def test_coupons_issued_by_hand_are_told(retailer: Retailer, owner: Any) -> None:
    """To each member who got one, once; codes for anybody are nobody's news."""
    await kind(retailer, public_code=None, issued={"days": 30})
    members = [await retailer.member() for _ in range(2)]
    ask = {"batch": "b", "members": [named(one) for one in members]}
    for body in (ask, ask, {"batch": "anybody", "count": 3}):
        answer = await retailer.server.post("/v1/coupon_kinds/haru/issue", json=body)
        assert answer.status_code == 201, answer.text
    for one in members:
        await issued(retailer, one, batch=one["id"])
    told = await owner.fetch(
        "select body from feed where topic = 'coupon.issued'"
        " union all select body from outbox where topic = 'coupon.issued'"
    )
    bodies = [json.loads(row["body"]) for row in told]
    assert sorted(each["member_id"] for each in bodies) == sorted([one["id"] for one in members] * 2)
    for each in bodies:
        assert each["kind"] == "haru"
        assert each["batch"] in ("b", each["member_id"])
        kept = await owner.fetchrow(
            "select usable_until, code from coupon where code = $1", each["coupon"].replace("-", "")
        )
        assert kept["usable_until"] == datetime.fromisoformat(each["usable_until"])
