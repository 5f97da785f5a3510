"""Campaigns, coupons, tiers and products in the office: in words, tried, approved by a second person, ended."""

from __future__ import annotations

import asyncio
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from goen.actions import campaigns
from goen.actions.staff import add_staff
from goen.actions.tiers.counting import AFTER, counted_since
from goen.actions.tiers.runs import advance
from goen.earning.campaigns import model
from goen.earning.campaigns.model import Conditions
from goen.earning.coupons import model as coupons
from goen.earning.tiers.model import Ladder, Level, Pause, Window
from goen.web.common.pages import LANGUAGES, Language, _environment
from web.conftest import PASSWORD, browser, csrf_of, signed_in
from web.test_front import buy

HX = {"HX-Request": "true"}
GOODS = model.Products(
    ("S1",), ("food",), ("Sakura",), ("Maker",), ("tag",), price_min=100, price_max=900, clearance=False
)
WHOLE = Conditions(
    channels=("store",), shops=("shibuya",), not_shops=("web",), regions=("kanto",),
    dates=(model.Dates(date(2026, 11, 1), date(2026, 11, 3)),), weekdays=("mon", "tue"), days_of_month=(5, -1),
    nth_weekdays=(model.NthWeekday(2, "tue"), model.NthWeekday(-1, "fri")), holidays="except", business_days=True,
    hours=(model.Hours("10:00", "12:00"),), products=GOODS, not_products=GOODS, amount_min=3000, amount_max=9000,
    quantity_min=2, tenders=("cash",), brands=("visa",), coupons=False, tiers=("gold",), segments=("vip",),
    not_segments=("staff",), birth_month=True, birth_months=(1, 2), first_purchase="channel", nth_purchase=(2, 3),
    every_nth_purchase=5, days_since_last_min=10, days_since_last_max=20,
    signals=(model.SignalIs("rain", at_least=1.0, at_most=5.0, max_age_minutes=60),),
)  # fmt: skip
EFFECTS = (
    model.RateEffect(multiplier=Decimal(2)),
    model.RateEffect("add", percent=Decimal("1.50")),
    model.RateEffect("replace", percent=Decimal(10)),
    model.PointsEffect(50),
    model.PointsEffect(50, "line"),
    model.PointsEffect(50, "unit"),
    model.StepsEffect((model.Step(3000, 50), model.Step(9000, 300))),
    model.StepsEffect((model.Step(3, 50),), "quantity"),
    model.EveryEffect(1000, 10, times_max=3),
    model.EveryEffect(2, 10, "quantity"),
    model.IssueEffect("welcome"),
    model.StampsEffect(10, points=500, of="amount", every=1000, times_max=3, cards=2, days=90),
    model.StampsEffect(5, coupon="welcome"),
    model.StampsEffect(5, gift="タオル", of="quantity", every=2),
    model.StampsEffect(5, gift="タオル", of="line"),
    model.DiscountEffect(300),
    model.DiscountEffect(percent=Decimal("12.5"), most=500),
    model.FreePostageEffect(),
    model.FreePostageEffect(500),
    model.GiftEffect("タオル", "T-1", 300),
    model.MemberPriceEffect({"A-1": 900, "A-2": 1200}),
    model.MemberPriceEffect(percent=Decimal(5)),
    model.HiddenSaleEffect(),
)


def words(language: Language, of: str = "campaign_words") -> Any:
    given = {"lang": language, "currency": "JPY", "zone": None, "names_by_code": {"shibuya": "渋谷店"}}
    return _environment(language).get_template(f"{of}.html").make_module(given)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_condition_is_told_in_words(language: Language) -> None:
    default, told = Conditions(), {}
    for field in msgspec.structs.fields(Conditions):
        one = msgspec.structs.replace(default, **{field.name: getattr(WHOLE, field.name)})
        assert one != default, field.name
        told[field.name] = re.sub(r"\s+", " ", str(words(language).conditions(one))).strip()
        assert told[field.name].startswith("<li>"), field.name
    assert len(set(told.values())) == len(told)
    assert not str(words(language).conditions(default)).strip()
    if language == "ja":
        assert told["weekdays"] == "<li>毎週 月、火曜日</li>"
        assert told["shops"] == "<li>対象店舗：渋谷店</li>"
        assert told["nth_weekdays"] == "<li>毎月： 第2火曜日、最終金曜日</li>"
        assert told["amount_min"] == "<li>対象商品の合計¥3,000以上</li>"
        for part in ("商品 S1", "分類 food", "ブランド Sakura", "メーカー Maker", "単価¥100以上", "特価品を除く"):
            assert part in told["products"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_effect_is_told_in_words(language: Language) -> None:
    told = [
        re.sub(r"[ \n]+", " ", str(words(language).effect(each, each.__struct_config__.tag))).strip()
        for each in EFFECTS
    ]
    assert all(told)
    assert len(set(told)) == len(told)
    assert {type(each) for each in EFFECTS} == set(model.Effect.__args__)
    if language == "ja":
        assert told[:4] == [
            "ポイント2倍", "1.5%分のポイントを上乗せ", "通常の付与に代えて10%分のポイント",
            "1回のお買い上げにつき50\u00a0P",
        ]  # fmt: skip


async def post(visitor: Any, path: str, **form: str) -> Any:
    return await visitor.post(path, data={"csrf": csrf_of(visitor), **form}, headers=HX)


async def drafted(staffed: Any, code: str = "rain", **fields: Any) -> None:
    body = {
        "code": code, "name": "雨の日2倍", "name_en": "Rainy days", "effects": [{"kind": "rate", "multiplier": 2}],
        "conditions": {"shops": ["shibuya"], "amount_min": 1000}, "limits": [{"measure": "points", "most": 1000}],
    } | fields  # fmt: skip
    made = await staffed.server.post("/v1/campaigns", json=body)
    assert made.status_code == 201, made.text


KINDS = (
    coupons.AmountOff(300), coupons.PercentOff(Decimal(10)), coupons.PercentOff(Decimal("12.5"), most=1000),
    coupons.FreePostage(), coupons.FreePostage(500), coupons.Gift("お茶"), coupons.Gift("お茶", "T1"),
    coupons.PointsTimes(Decimal(3)), coupons.PointsTimes(Decimal(3), 100),
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_every_coupon_gives_is_told_in_words(language: Language) -> None:
    say = words(language, "coupon_words")
    told = [re.sub(r"[ \n]+", " ", str(say.effect(each, each.__struct_config__.tag))).strip() for each in KINDS]
    assert all(told)
    assert len(set(told)) == len(told)
    assert {type(each) for each in KINDS} == set(coupons.CouponEffect.__args__)
    uses = say.uses(coupons.Uses(2, 3, 400))
    assert all(number in uses for number in ("2", "3", "400"))
    assert len({str(say.together(coupons.Combination(each))) for each in ("none", "other", "any")}) == 3  # type: ignore[arg-type]
    assert str(say.together(coupons.Combination(campaigns=False))) != str(say.together(coupons.Combination()))
    assert str(say.issued(coupons.Period(7))) != str(say.issued(coupons.Period(7, 2)))


async def couponed(staffed: Any) -> str:
    """A kind of coupon with a public code, used once, and three codes of which one is used; gives that one."""
    kind = {
        "code": "haru", "name": "春の300円引き", "public_code": "HARU300", "effect": {"kind": "amount", "yen": 300},
        "conditions": {"shops": ["shibuya", "yokohama"]}, "uses": {"per_member": 2},
    }  # fmt: skip
    assert (await staffed.server.post("/v1/coupon_kinds", json=kind)).status_code == 201
    made = await staffed.server.post("/v1/coupon_kinds/haru/issue", json={"batch": "春のDM", "count": 3})
    assert made.status_code == 201, made.text
    code = made.json()["codes"][0]
    await buy(staffed, 1, external_id="c1", coupons=["HARU300"])
    await buy(staffed, 2, external_id="c2", coupons=[code], shop="yokohama")
    return str(code)


async def test_coupons_are_told_counted_looked_up_and_stopped(staffed: Any) -> None:
    code = await couponed(staffed)
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        page = (await visitor.get("/office/coupons")).text
        row = re.search(r"<tr><th[^>]*><a href=\"/office/coupons/haru.*?</tr>", page, re.DOTALL)
        assert row is not None
        assert re.search(r'data-label="発行数">3<', row[0])
        assert re.search(r'data-label="利用回数">2<', row[0])
        assert "値引き合計 ¥600" in row[0]
        page = (await visitor.get("/office/coupons/haru")).text
        for said in ("¥300引き", "会員1人につき2回", "対象店舗：渋谷店、横浜店", "春のDM", "発行済みのコード（3件）"):
            assert said in page, said
        page = (await visitor.get("/office/coupons", params={"coupon": code.lower()})).text
        assert "横浜店" in page
        assert "山田花子" in page
        assert page.count('href="/office/purchases/') == 1
        assert "「NONE」のクーポンはありません" in (await visitor.get("/office/coupons?coupon=NONE")).text
        assert (await visitor.get("/office/coupons/none")).status_code == 404
        assert (await post(visitor, "/office/coupons/haru/stop")).status_code == 303
        page = (await visitor.get("/office/coupons/haru")).text
        assert "停止" in page
        assert "クーポンを停止する" not in page
        assert (await post(visitor, "/office/coupons/none/stop")).status_code == 404
    refused = await staffed.server.post("/v1/coupon_kinds/haru/issue", json={"batch": "b2", "count": 1})
    assert refused.status_code == 409
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        page = (await visitor.get("/office/coupons", params={"coupon": code})).text
        assert "横浜店" in page
        assert 'href="/office/purchases/' not in page  # Another's shop.
        assert (await post(visitor, "/office/coupons/haru/stop")).status_code == 403


LADDER = Ladder(
    (Level("silver", 10_000), Level("gold", 30_000, 20_000, for_good=True)), "会員ランク",
    evaluation_days=("06-07", "01"), hold_cycles=1, pauses=(Pause(date(2026, 12, 1), date(2026, 12, 31)),),
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_of_a_ladder_is_told_in_words(language: Language) -> None:
    def told(**changes: Any) -> list[str]:
        return re.findall("<li>(.*?)</li>", str(say.rules(msgspec.structs.replace(LADDER, **changes))))

    say = words(language, "office/tier_words")
    usual = told()
    assert len(usual) == 7
    for changes in (
        {"measure": "count"}, {"measure": "points"}, {"tax": "included"}, {"window": Window("lifetime")},
        {"window": Window("year")}, {"window": Window(days=90)}, {"window": Window(months=6)}, {"up": "daily"},
        {"up": "evaluation"}, {"evaluation_days": ("31",)}, {"hold_cycles": 0}, {"fall": "one_level"}, {"pauses": ()},
    ):  # fmt: skip
        assert told(**changes) != usual, changes
    if language == "ja":
        assert "判定日： 毎年6月7日、毎月1日" in usual


async def laddered(staffed: Any) -> None:
    """A programme with two ladders, its earlier sales counted; of two members one has bought for gold."""
    tiers = {
        "silver": {"name": "シルバー", "multiplier": 0.5},
        "gold": {"name": "ゴールド", "multiplier": 1},
        "fan": {},
    }
    rank = msgspec.json.decode(msgspec.json.encode(LADDER)) | {"window": {"kind": "rolling", "days": 30}, "pauses": []}
    fans = {"name": "ファン", "levels": [{"tier": "fan", "reach": 3}], "measure": "count"}
    body = {"tiers": tiers, "tier_programmes": {"rank": rank | {"hold_cycles": 0}, "fans": fans}}
    answer = await staffed.server.put("/v1/programme", json=body)
    assert answer.status_code == 200, answer.text
    services = staffed.application.services
    staffed.clock.advance(seconds=AFTER.seconds + 3)
    await advance(services.database, services.context, staffed.clock.now, asyncio.Event())
    async with staffed.database.reading() as connection:
        services.context.tiers_counted = await counted_since(connection)
    await buy(staffed, 1, external_id="t1", lines=[{"line": 1, "amount": 13_200}])
    await buy(staffed, 2, external_id="t2")


async def test_tiers_are_told_counted_and_looked_ahead_at(staffed: Any) -> None:
    await laddered(staffed)
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        page = (await visitor.get("/office/tiers")).text
        for said in ("会員ランク", "ファン", "シルバー", "¥10,000", "維持条件 ¥20,000", "3回", "基本ポイントに＋0.5倍"):
            assert said in page, said
        silver = re.search(r"シルバー.*?</tr>", page, re.DOTALL)
        assert silver is not None
        assert '<td class="num">1<span' in silver[0]
        asked = "/office/tiers/preview?programme=rank&on="
        today = staffed.clock.now().date()
        assert "変わる会員はいません" in (await visitor.get(f"{asked}{today}", headers=HX)).text
        later = (await visitor.get(f"{asked}{today + timedelta(days=60)}", headers=HX)).text
        assert "シルバー → ランクなし: 1人" in later
        assert "山田花子" in later
        for wrong in (f"{asked}{today - timedelta(days=1)}", f"{asked}soon"):
            assert (await visitor.get(wrong, headers=HX)).status_code == 422
        assert (await visitor.get("/office/tiers/preview?programme=none", headers=HX)).status_code == 404
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        assert "シルバー" in (await visitor.get("/office/tiers?lang=en")).text


async def stocked(staffed: Any) -> None:
    """Three products; one is in two shops, one earns nothing, one is a bargain."""
    for sku, body in (
        ("4901234567894", {"name": "緑茶 500ml", "price": 150, "cost": 80, "category": "飲料", "brand": "みどり"}),
        ("T-001", {"name": "商品券", "price": 1000, "points": False}),
        ("Z-9", {"name": "ﾏﾌﾗｰ", "price": 3900, "tags": ["冬物"], "clearance": True}),
    ):
        assert (await staffed.server.put(f"/v1/products/{sku}", json=body)).status_code in (200, 201)
    for shop, quantity in (("shibuya", 12), ("yokohama", 3.5)):
        told = await staffed.server.put(f"/v1/inventory/{shop}/4901234567894", json={"quantity": quantity})
        assert told.status_code in (200, 201, 204), told.text


async def test_products_are_listed_found_and_counted(staffed: Any) -> None:
    await stocked(staffed)
    for number in range(60):
        await staffed.server.put(f"/v1/products/X-{number:03}", json={"name": f"見本 {number}"})
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        page = (await visitor.get("/office/products")).text
        for said in ("緑茶 500ml", "¥150", "¥80", "ポイント対象外", "15.5", "横浜店"):
            assert said in page, said
        assert "ﾏﾌﾗｰ" not in page  # On the next page.
        more = re.search(r'hx-get="([^"]*cursor=[^"]*)"', page)
        assert more is not None
        rest = (await visitor.get(more[1].replace("&amp;", "&"), headers=HX)).text
        assert "ﾏﾌﾗｰ" in rest
        assert "<html" not in rest
        for wanted, found in (("緑茶", True), ("みどり", True), ("４９０１２３", True), ("t-001", False), ("%", False)):
            assert ("緑茶 500ml" in (await visitor.get("/office/products", params={"q": wanted})).text) == found, wanted
        assert "ﾏﾌﾗｰ" in (await visitor.get("/office/products?q=マフラー")).text
        only = (await visitor.get("/office/products?which=no_points")).text
        assert "商品券" in only
        assert "緑茶" not in only
        assert "ﾏﾌﾗｰ" in (await visitor.get("/office/products?which=clearance")).text
        assert "一致する商品はありません" in (await visitor.get("/office/products?q=none")).text
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        page = (await visitor.get("/office/products?q=緑茶")).text
        assert "12<" in page
        assert "横浜店" not in page  # Another's stock,
        assert "¥80" not in page  # and what headquarters pays.


async def offered(staffed: Any) -> None:
    """A campaign with all that one can have, and others beside it; for looking at."""
    await drafted(staffed)
    everything = msgspec.json.decode(
        model.to_json(model.Campaign("full", "秋の大感謝祭　店舗限定ポイントアップ", EFFECTS[:1]))
    )
    everything["conditions"] = msgspec.json.decode(msgspec.json.encode(WHOLE)) | {"tiers": []}
    everything |= {
        "effects": [{"kind": "steps", "steps": [{"from": 3000, "points": 50}, {"from": 10_000, "points": 300}]}],
        "starts_at": "2026-11-01T00:00:00+09:00", "ends_at": "2027-03-31T23:59:59+09:00", "max_points": 500,
        "grant": {"kind": "limited", "days": 30}, "stacking": {"group": "seasonal", "priority": 5}, "funder": "maker-a",
        "limits": [
            {"measure": "points", "most": 1_000_000}, {"measure": "yen", "most": 50_000, "per": ["shop", "month"]},
        ],
    }  # fmt: skip
    everything.pop("version", None)
    made = await staffed.server.post("/v1/campaigns", json=everything)
    assert made.status_code == 201, made.text
    for code in ("rain", "full"):
        assert (await staffed.server.post(f"/v1/campaigns/{code}/activate", json={})).status_code == 200
    await drafted(staffed, "plan", name="春の企画")
    await couponed(staffed)
    await laddered(staffed)
    await stocked(staffed)


async def test_a_basket_shows_what_is_off_of_several_lines_for_members_and_guests(staffed: Any) -> None:
    await buy(staffed, 1)
    price = [{"kind": "member_price", "prices": {"A-1": 900}}]
    bare: dict[str, Any] = {"conditions": {}, "limits": []}
    await drafted(staffed, "price", name="会員価格", effects=price, **bare)
    off = [{"kind": "discount", "percent": 10}]
    await drafted(staffed, "qr", name="QRの日", effects=off, limits=[], conditions={"tenders": ["qr"]})
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        page = (await visitor.get("/office/campaigns/price")).text
        assert 'name="amount.2"' in page
        basket = {"day": staffed.clock.now().date().isoformat(), "time": "12:00", "shop": "shibuya"}
        basket |= {
            "amount": "2,000",
            "quantity": "2",
            "sku": "A-1",
            "amount.2": "500",
            "sku.2": "B-1",
            "quantity.2": "1",
        }
        tried = (await post(visitor, "/office/campaigns/price/try", **basket, member="CARD-0001")).text
        assert "値引き合計 ¥200" in tried
        assert "会員価格: 200円引き" in tried
        guest = (await post(visitor, "/office/campaigns/price/try", **basket, member="")).text
        assert "値引き合計 ¥0" in guest
        assert "非会員" in guest
        tried = (await post(visitor, "/office/campaigns/qr/try", **basket, member="CARD-0001", tender="qr")).text
        assert "値引き合計 ¥250" in tried
        tried = (await post(visitor, "/office/campaigns/qr/try", **basket, member="CARD-0001", tender="cash")).text
        assert "値引き合計 ¥0" in tried
        for wrong in ({"amount.2": "x"}, {"amount.2": ""}, {"quantity": "0"}, {"tender": "shells"}):
            refused = await post(visitor, "/office/campaigns/qr/try", **basket | wrong)
            assert refused.status_code == 422, wrong


async def test_a_hidden_sale_is_made_in_the_form(staffed: Any) -> None:
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        assert "会員限定販売（条件に合う会員だけが購入できる商品）" in (await visitor.get("/office/new/campaign")).text
        form = {"code": "secret", "name": "限定", "effects.0": "hidden_sale", "conditions.products": "1"}
        made = await post(visitor, "/office/new/campaign", **form, **{"conditions.products.skus+": "A-1"})
        assert made.status_code == 303, made.text
    kept = (await staffed.server.get("/v1/campaigns/secret")).json()
    assert (kept["effects"], kept["conditions"]) == ([{"kind": "hidden_sale"}], {"products": {"skus": ["A-1"]}})


async def test_a_campaign_is_told_tried_started_used_and_ended(staffed: Any) -> None:
    await buy(staffed, 1)
    await drafted(staffed)
    await drafted(staffed, "other", name="もう一つ", stacking={"exclusive": True})
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        page = (await visitor.get("/office/campaigns")).text
        assert "雨の日2倍" in page
        assert "下書き" in page
        assert "0\u00a0P / 1,000\u00a0P" in page
        page = (await visitor.get("/office/campaigns/rain")).text
        for said in ("ポイント2倍", "対象店舗：渋谷店", "¥1,000以上", "¥1,000相当", "重なりはありません"):
            assert said in page, said
        basket = {"day": staffed.clock.now().date().isoformat(), "time": "12:00", "shop": "shibuya", "amount": "3,300"}
        tried = (await post(visitor, "/office/campaigns/rain/try", **basket, member="CARD-0001")).text
        assert "合計 60\u00a0P" in tried
        assert "キャンペーン（雨の日2倍）" in tried
        small = await post(visitor, "/office/campaigns/rain/try", **basket | {"amount": "550"}, member="CARD-0001")
        assert "あと500円（税抜）のお買い上げで対象になります" in small.text
        for wrong in ({"amount": "0"}, {"amount": "x"}, {"day": "x"}, {"shop": "none"}, {"member": "NOBODY-1"}):
            refused = await post(visitor, "/office/campaigns/rain/try", **basket | {"member": "CARD-0001"} | wrong)
            assert refused.status_code in (404, 422), wrong
        for code in ("rain", "other"):
            assert (await post(visitor, f"/office/campaigns/{code}/activate", version="1")).status_code == 303
        staffed.clock.advance(seconds=3)
        await buy(staffed, 1, external_id="r7", lines=[{"line": 1, "amount": 3300}])
        page = (await visitor.get("/office/campaigns?state=live")).text
        assert "実施中" in page
        page = (await visitor.get("/office/campaigns/rain")).text
        assert "どちらか一方だけ適用" in page
        assert (await visitor.get("/office/campaigns?state=draft")).text.count("/office/campaigns/rain") == 0
        assert (await post(visitor, "/office/campaigns/rain/stop")).status_code == 303
        assert "停止" in (await visitor.get("/office/campaigns/rain")).text
        assert (await visitor.get("/office/campaigns/none")).status_code == 404
    async with signed_in(staffed.application, "auditor", staffed.clock) as auditor:
        trail = (await auditor.get("/office/audit")).text
        assert "キャンペーンの開始" in trail
        assert "staff:marketing" in trail


async def test_what_a_campaign_has_used_is_told_beside_its_budget(staffed: Any) -> None:
    limits = [
        {"measure": "points", "most": 1000}, {"measure": "uses", "most": 5, "per": ["shop", "day"]},
        {"measure": "uses", "most": 3, "per": ["member"]},
    ]  # fmt: skip
    await drafted(staffed, limits=limits)
    assert (await staffed.server.post("/v1/campaigns/rain/activate", json={})).status_code == 200
    staffed.clock.advance(seconds=3)
    await buy(staffed, 1, lines=[{"line": 1, "amount": 5500}])
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        assert "50\u00a0P / 1,000\u00a0P" in (await visitor.get("/office/campaigns")).text
        page = (await visitor.get("/office/campaigns/rain")).text
        assert "1 / 5" in page
        assert "渋谷店" in page
        assert "3回まで (会員1人あたり)" in page
        assert "キャンペーンを終了する" not in page  # A manager looks on.
        assert (await post(visitor, "/office/campaigns/rain/stop")).status_code == 403


async def test_a_large_campaign_waits_for_a_second_person(staffed: Any) -> None:
    now = staffed.clock.now()
    await add_staff(
        staffed.database, login="second", name="試験 second", role="marketing", password=PASSWORD, pin=None,
        shop_codes=[], author="test", now=now,
    )  # fmt: skip
    body = {"campaigns": {"approval_above": 500}}
    assert (await staffed.server.put("/v1/programme", json=body)).status_code in (200, 201)
    staffed.clock.advance(seconds=3)
    services = staffed.application.services
    mine = model.Campaign("mine", "特典", (model.PointsEffect(5),))
    await campaigns.create(services.database, services.context, mine, "staff:marketing", staffed.clock.now())
    async with browser(staffed.application) as second, browser(staffed.application) as first:
        for visitor, login in ((first, "marketing"), (second, "second")):
            answer = await visitor.post("/office/sign-in", data={"login": login, "password": PASSWORD})
            assert answer.status_code == 303
        page = (await first.get("/office/campaigns/mine")).text
        assert "承認を依頼する" in page
        assert "付与されるポイントに上限がありません" in page
        assert (await post(first, "/office/campaigns/mine/activate", version="1")).status_code == 303
        page = (await first.get("/office/campaigns/mine")).text
        assert "承認待ち" in page
        assert "/campaigns/mine/approve" not in page
        refused = await post(first, "/office/campaigns/mine/approve", version="1")
        assert refused.status_code == 422
        assert "別の人の承認が必要です" in refused.text
        assert "/campaigns/mine/approve" in (await second.get("/office/campaigns/mine")).text
        assert (await post(second, "/office/campaigns/mine/approve", version="1")).status_code == 303
        staffed.clock.advance(seconds=3)
        page = (await second.get("/office/campaigns/mine")).text
        assert "実施中" in page
        assert "staff:second" in page
