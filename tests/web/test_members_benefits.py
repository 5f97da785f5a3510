# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.
"""What members have beside points, on their own pages: coupons, stamps, tiers, rewards, visits, friends."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

from goen.actions.tiers.counting import AFTER
from goen.actions.tiers.runs import advance
from web.conftest import browser
from web.members import asks_for_code, sends, shop, visiting  # noqa: F401 - a fixture

OTHER = "090-8765-4321"
ADDRESS = {"name": "試験 花子", "postal_code": "150-0001", "address": "東京都渋谷区<b>1-1"}
RANK = {
    "name": "お買い物ランク", "levels": [{"tier": "gold", "reach": 20_000}],
    "window": {"kind": "rolling", "months": 12}, "evaluation_days": ["01"],
}  # fmt: skip


async def ok(answer: Any, status: int = 200) -> Any:
    answer = await answer
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def gold(at: Any) -> None:
    """A ladder to gold, counted and in force."""
    body = {"tiers": {"gold": {"name": "ゴールド"}}, "tier_programmes": {"rank": RANK}}
    await ok(at.server.put("/v1/programme", json=body))
    at.clock.advance(seconds=AFTER.seconds + 3)
    services = at.application.services
    await advance(services.database, services.context, at.clock.now, asyncio.Event())


async def stamped(at: Any, code: str = "card", ahead: int = 3, **fields: Any) -> None:
    """A stamp card that runs, two seconds later; ``ahead``: how far the clock is put."""
    body = {"code": code, "name": "秋のスタンプ", "effects": [{"kind": "stamps", "full": 3, "points": 300}], **fields}
    await ok(at.server.post("/v1/campaigns", json=body), 201)
    await ok(at.server.post(f"/v1/campaigns/{code}/activate", json={}))
    at.clock.advance(seconds=ahead)


async def coupon(at: Any, members: list[dict[str, Any]], code: str = "aki", **fields: Any) -> list[str]:
    """One coupon of a kind for each of these members."""
    kind = {
        "code": code, "name": "秋の<i>300円引き", "effect": {"kind": "amount", "yen": 300},
        "conditions": {"shops": ["shibuya"], "amount_min": 1000, "segments": ["himitsu"], "tiers": []}, **fields,
    }  # fmt: skip
    await ok(at.server.post("/v1/coupon_kinds", json=kind), 201)
    who = [{"kind": "member_id", "value": each["id"]} for each in members]
    await ok(at.server.post(f"/v1/coupon_kinds/{code}/issue", json={"batch": "b", "members": who}), 201)
    held = [await ok(at.server.get(f"/v1/members/{each['id']}/coupons")) for each in members]
    return [each["code"] for one in held for each in one["items"] if each["kind"] == code]


async def ruled(at: Any, code: str, points: int, **when: Any) -> None:
    """A standing rule that gives."""
    await ok(at.server.put(f"/v1/standing/{code}", json={"name": code, "points": points, "when": when}), 201)
    await ok(at.server.post(f"/v1/standing/{code}/activate", json={}))


async def rewarded(at: Any) -> None:
    """A towel that is sent, one of each member; a ticket that is dear; a mug that is gone; one for gold."""
    for code, fields in {
        "towel": {
            "name": "今治タオル",
            "name_en": "Towel",
            "points": 100,
            "delivery": "ship",
            "per_member": 1,
            "stock": 5,
        },
        "ticket": {"name": "観劇券", "points": 5000, "money": 1000, "delivery": "pickup"},
        "mug": {"name": "マグカップ", "points": 10, "delivery": "pickup", "stock": 0},
        "gold": {"name": "優待", "points": 10, "delivery": "pickup", "tiers": ["gold"]},
    }.items():
        await ok(at.server.put(f"/v1/rewards/{code}", json=fields))


def nonce(page: str) -> str:
    found = re.search(r'name="nonce" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def test_coupons_are_shown_with_their_code_and_what_they_ask(shop: Any) -> None:
    mine, other = await shop.member(), await shop.member(OTHER, name="別人 太郎", kana="ベツジン タロウ")
    code, theirs = await coupon(shop, [mine, other], ends_at=(shop.clock.now() + timedelta(days=7)).isoformat())
    await shop.server.put(f"/v1/members/{mine['id']}/segments", json={"segments": ["himitsu"]})
    async with visiting(shop) as visitor:
        page = (await visitor.get("/me/benefits")).text
        assert code in page
        assert theirs not in page
        assert "¥300引き" in page
        assert "秋の&lt;i&gt;300円引き" in page
        assert "対象店舗：渋谷店" in page
        assert "¥1,000以上" in page
        assert "himitsu" not in page, "the retailer's own segments are nobody's business"
        assert "¥300 off" in (await visitor.get("/me/benefits?lang=en")).text
        await visitor.get("/me/benefits?lang=ja")
        await shop.buys(mine, "r1", coupons=[code])
        page = (await visitor.get("/me/benefits")).text
        assert page.index("利用済み・期限切れ") < page.index(code)
        assert "現在お使いいただけるクーポンはありません" in page


async def test_a_coupon_that_no_till_would_take_is_not_shown_as_usable(shop: Any) -> None:
    mine, other = await shop.member(), await shop.member(OTHER, name="別人 太郎", kana="ベツジン タロウ")
    segments = f"/v1/members/{mine['id']}/segments"
    await ok(shop.server.put(segments, json={"segments": ["himitsu"]}))
    [left] = await coupon(shop, [mine])
    for batch in "cd":  # Three of a kind, of which each member may use one.
        more = {"batch": batch, "members": [{"kind": "member_id", "value": mine["id"]}]}
        if batch == "c":
            await coupon(shop, [mine], "once", uses={"per_member": 1}, conditions={})
            await coupon(shop, [mine, other], "first", uses={"total": 1}, conditions={})
        await ok(shop.server.post("/v1/coupon_kinds/once/issue", json=more), 201)

    async def states(member: Any = mine) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for each in (await ok(shop.server.get(f"/v1/members/{member['id']}/coupons")))["items"]:
            found.setdefault(each["kind"], []).append(each["state"])
        return {kind: sorted(each) for kind, each in found.items()}

    assert await states() == {"aki": ["usable"], "once": ["usable"] * 3, "first": ["usable"]}
    codes = (await ok(shop.server.get(f"/v1/members/{mine['id']}/coupons")))["items"]
    await shop.buys(mine, "r1", coupons=[next(each["code"] for each in codes if each["kind"] == "once")])
    await shop.buys(mine, "r2", coupons=[next(each["code"] for each in codes if each["kind"] == "first")])
    await ok(shop.server.put(segments, json={"segments": []}))
    assert await states() == {
        "aki": ["not_in_segment"], "once": ["member_limit", "member_limit", "used"], "first": ["used"],
    }  # fmt: skip
    assert await states(other) == {"first": ["used_up"]}
    async with visiting(shop) as visitor:
        page = (await visitor.get("/me/benefits")).text
        assert "現在お使いいただけるクーポンはありません" in page
        assert page.index("利用済み・期限切れ") < page.index(left)
        assert "現在は対象外です" in page
        assert "お一人様の利用回数の上限に達しました" in page
        sale = await ok(shop.server.get("/v1/purchases?shop=shibuya&external_id=r1"))
        at_now = {"occurred_at": shop.clock.now().isoformat()}
        cancel = shop.server.post(f"/v1/purchases/{sale['id']}/cancel", json=at_now, headers={"Idempotency-Key": "c1"})
        assert (await cancel).is_success
        assert (await states())["once"] == ["usable"] * 3, "what was given back is good again"


async def test_tiers_and_stamps_tell_how_much_is_missing(shop: Any) -> None:
    member = await shop.member()
    await gold(shop)
    await stamped(shop)
    async with visiting(shop) as visitor:
        assert "あと¥20,000でゴールド" in (await visitor.get("/me")).text
        page = (await visitor.get("/me/benefits")).text
        assert "スタンプ3個中0個" in page, "a card that nobody has begun is shown to begin it"
        await shop.buys(member, "r1", 8_470)
        page = (await visitor.get("/me")).text
        assert "あと¥12,300でゴールド" in page
        assert re.search(r'<progress class="climb" max="20000" value="7700"', page)
        assert "お買い物ランク" in page
        assert "¥12,300 to ゴールド" in (await visitor.get("/me?lang=en")).text
        page = (await visitor.get("/me/benefits?lang=ja")).text
        assert "スタンプ3個中1個" in page
        assert "あと2個で300\u00a0P" in page
        await shop.buys(member, "r2", 22_000)
        assert "最上位の会員ランクです" in (await visitor.get("/me")).text
        await shop.buys(member, "r3")
        page = (await visitor.get("/me/benefits")).text
        assert "これまでに満了したカード：1枚" in page


async def test_a_reward_is_taken_once_and_given_back(shop: Any) -> None:
    member = await shop.member()
    await shop.buys(member, "r1", 16_500)
    await gold(shop)
    await rewarded(shop)
    async with visiting(shop) as visitor:
        page = (await visitor.get("/me/rewards")).text
        for said in ("今治タオル", "交換できます", "あと4,850\u00a0P", "品切れ", "ゴールド会員限定", "+ ¥1,000"):
            assert said in page, said
        page = (await visitor.get("/me/rewards/towel")).text
        assert "100\u00a0Pを使います。交換後の残高は50\u00a0Pです。" in page
        form = {"nonce": nonce(page), **ADDRESS}
        assert "お名前、郵便番号、住所" in (await sends(visitor, "/me/rewards/towel", nonce="x", name="試験")).text
        for _ in range(2):  # Sent twice it is one order.
            done = await sends(visitor, "/me/rewards/towel", **form)
            assert done.headers["location"] == "/me/rewards?done=ordered#orders", done.text
        orders = (await ok(shop.server.get(f"/v1/members/{member['id']}/reward_orders")))["items"]
        assert [(each["reward"], each["points"], each["address"]["postal_code"]) for each in orders] == [
            ("towel", 100, "150-0001")
        ]
        page = (await visitor.get("/me/rewards")).text
        assert "発送準備中" in page
        assert "東京都渋谷区&lt;b&gt;1-1" in page
        assert "交換上限に達しています" in page
        again = await sends(visitor, "/me/rewards/towel", **{**form, "nonce": "another"})
        assert again.status_code == 422
        assert "お一人様の交換上限" in again.text
        assert "ポイントが足りません" in (await sends(visitor, "/me/rewards/ticket", nonce="t")).text
        assert "現在の会員ランクでは" in (await sends(visitor, "/me/rewards/gold", nonce="g")).text
        assert "品切れ" in (await sends(visitor, "/me/rewards/mug", nonce="m")).text
        assert (await visitor.get("/me/rewards/none")).status_code == 404
        # Another member finds no such order.
        await shop.member(OTHER, name="別人 太郎", kana="ベツジン タロウ")
        cancel = f"/me/reward-orders/{orders[0]['id']}/cancel"
        async with visiting(shop, OTHER) as stranger:
            assert (await sends(stranger, cancel)).status_code == 404
            assert "今治タオル" in (await stranger.get("/me/rewards")).text
            assert "東京都渋谷区" not in (await stranger.get("/me/rewards")).text
        for _ in range(2):
            assert (await sends(visitor, cancel)).headers["location"] == "/me/rewards?done=cancelled#orders"
        balance = await ok(shop.server.get(f"/v1/members/{member['id']}/balance"))
        assert balance["available"] == 150
        # What is on its way stays.
        await sends(visitor, "/me/rewards/towel", **{**form, "nonce": "third"})
        [sent, _] = (await ok(shop.server.get(f"/v1/members/{member['id']}/reward_orders")))["items"]
        await ok(shop.server.post(f"/v1/reward_orders/{sent['id']}/ship", json={"tracking": "1234-5678"}))
        page = (await visitor.get("/me/rewards")).text
        assert "お問い合わせ番号：1234-5678" in page
        assert f"/me/reward-orders/{sent['id']}/cancel" not in page
        late = await sends(visitor, f"/me/reward-orders/{sent['id']}/cancel")
        assert late.status_code == 422
        assert "手配が進んでいる" in late.text


async def test_a_reward_needs_the_members_own_permission(shop: Any) -> None:
    member = await shop.member()
    await shop.buys(member, "r1", 16_500)
    await rewarded(shop)
    await ok(shop.server.post(f"/v1/members/{member['id']}/freeze", json={"reason": "紛失"}), 200)
    async with visiting(shop) as visitor:
        told = await sends(visitor, "/me/rewards/towel", nonce="n", **ADDRESS)
        assert told.status_code == 422
        assert "現在、この会員のポイントはご利用いただけません" in told.text


async def test_a_reward_that_is_a_coupon_is_cancelled_until_it_is_used(shop: Any) -> None:
    member = await shop.member()
    await shop.buys(member, "r1", 16_500)
    await coupon(shop, [member], "drink", name="ドリンク券", conditions={})
    body = {"name": "ドリンク券と交換", "points": 10, "delivery": "coupon", "coupon": "drink"}
    await ok(shop.server.put("/v1/rewards/drink", json=body))
    async with visiting(shop) as visitor:
        for each in ("a", "b"):
            assert (await sends(visitor, "/me/rewards/drink", nonce=each)).status_code == 303
        orders = (await ok(shop.server.get(f"/v1/members/{member['id']}/reward_orders")))["items"]
        await shop.buys(member, "r2", coupons=[orders[0]["coupon"]])
        page = (await visitor.get("/me/rewards")).text
        assert [f"/me/reward-orders/{each['id']}/cancel" in page for each in orders] == [False, True]
        assert "クーポンが使われている" in (await sends(visitor, f"/me/reward-orders/{orders[0]['id']}/cancel")).text
        assert (await sends(visitor, f"/me/reward-orders/{orders[1]['id']}/cancel")).status_code == 303


async def test_rule_37_a_member_checks_in_by_the_shops_code(shop: Any) -> None:
    member = await shop.member()
    async with visiting(shop) as visitor:
        assert "来店チェックイン" not in (await visitor.get("/me/benefits")).text
        await ruled(shop, "visit", 5, kind="visit")
        page = (await visitor.get("/me/benefits")).text
        assert "来店チェックイン" in page
        code = (await ok(shop.pos.post("/v1/visit_codes", json={"expires_in": 120}), 201))["code"]
        done = await sends(visitor, "/me/visits", code=code.lower(), nonce=nonce(page))
        assert done.headers["location"] == "/me/benefits?done=visit&got=5#visit", done.text
        assert "来店ポイント5\u00a0P" in (await visitor.get("/me/benefits?done=visit&got=5")).text
        assert "本日のチェックインはお済み" in (await sends(visitor, "/me/visits", code=code, nonce="n2")).text
        assert "確認できませんでした" in (await sends(visitor, "/me/visits", code="NOBODY", nonce="n3")).text
        shop.clock.advance(days=1)
        assert "期限切れ" in (await sends(visitor, "/me/visits", code=code, nonce="n4")).text
    assert (await ok(shop.server.get(f"/v1/members/{member['id']}/balance")))["available"] == 5


async def test_rule_38_a_friend_joins_by_the_link(shop: Any) -> None:
    await shop.member()
    async with visiting(shop) as visitor:
        assert "お友だち紹介" not in (await visitor.get("/me/benefits")).text
        when = {"kind": "referral", "friend_points": 300, "friend_at": "entered"}
        await ruled(shop, "friends", 500, **when)
        page = (await visitor.get("/me/benefits")).text
        link = re.search(r'value="http://localhost:8000(/invite/([^"]+))"', page)
        assert link is not None
        assert "あなたに500\u00a0Pを差し上げます" in page
        own = await sends(visitor, "/me/friends", friend=link[2])
        assert own.status_code == 422
        assert "ご本人・ご家族の紹介コード" in own.text
        assert "見つかりません" in (await sends(visitor, "/me/friends", friend="K7MXA-43TWF-9RHCD")).text
    async with browser(shop.application) as friend:
        assert (await friend.get("/invite/<script>")).headers["location"] == "/me/sign-in"
        assert "goen_friend" not in friend.cookies
        assert (await friend.get(link[1])).headers["location"] == "/me/sign-in"
        await asks_for_code(shop, friend, OTHER)
        who = {"name": "別人 太郎", "kana": "ベツジン タロウ", "birth_date": "1985-01-01"}
        joined = await friend.post("/me/join", data=who)
        assert joined.headers["location"] == "/me/benefits?done=friend&got=300#friends", joined.text
        assert "goen_friend" not in friend.cookies
        assert "300\u00a0Pをお付けしました" in (await friend.get("/me/benefits?done=friend&got=300")).text
        again = await sends(friend, "/me/friends", friend=link[2].lower())
        assert again.headers["location"].endswith("done=friend&got=300#friends"), "named twice it is one referral"
    async with visiting(shop) as visitor:
        assert "お買い上げ待ち1名様" in (await visitor.get("/me/benefits")).text
