"""The office's pages over HTTP: what they show, to whom, and what they do."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from goen.actions import backtests
from goen.analytics.figures import catch_up, total
from goen.shops import standing
from goen.staff.model import ROLES
from goen.staff.rules import RIGHTS
from goen.web.office.table import ROUTES
from web.conftest import browser, csrf_of, signed_in
from web.test_approvals import requested
from web.test_benefits import ordered, rewarded
from web.test_duplicates import asked
from web.test_front import buy, relayed
from web.test_lists import refused_rows
from web.test_occasions import DRAW, occasioned
from web.test_offers import couponed, drafted, laddered
from web.test_one_person import merge, person
from web.test_programme_editor import PROGRAMME, TIERS

HX = {"HX-Request": "true"}


async def member_of(visitor: Any) -> str:
    page = (await visitor.get("/office/members?q=山田花子")).text
    found = re.search(r"/office/members/(m_\w+)", page)
    assert found is not None, page
    return found[1]


async def test_a_member_is_found_and_told_whole(staffed: Any) -> None:
    await buy(staffed, 1)
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        member = await member_of(visitor)
        page = await visitor.get(f"/office/members/{member}")
        assert page.status_code == 200
        assert "10<small> P" in page.text
        assert "ポイント付与（渋谷店）" in page.text
        assert "通常ポイント" in page.text  # The arithmetic behind the balance.
        for wanted in ("山田", "CARD-0001"):
            assert member in (await visitor.get("/office/members", params={"q": wanted})).text
        assert "一致する会員は見つかりません" in (await visitor.get("/office/members?q=存在しない")).text
        fragment = await visitor.get("/office/members?q=山田", headers=HX)
        assert "<html" not in fragment.text
        assert member in fragment.text


async def test_rule_28_who_owes_points_is_told_on_home_and_listed(staffed: Any) -> None:
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        assert "ポイントが不足している会員はいません" in (await visitor.get("/office/members/owing")).text
        assert "/office/members/owing" not in (await visitor.get("/office")).text
        await buy(staffed, 1)
        sale = (await staffed.server.get("/v1/purchases?shop=shibuya&external_id=r1")).json()
        spent = {"external_id": "s1", "lines": [{"line": 1, "amount": 10}], "use_points": 10}
        await buy(staffed, 1, **spent, occurred_at=staffed.clock.now().isoformat())
        cancel = {"occurred_at": staffed.clock.now().isoformat()}
        headers = {"Idempotency-Key": "c1"}
        answer = await staffed.server.post(f"/v1/purchases/{sale['id']}/cancel", json=cancel, headers=headers)
        assert answer.status_code == 200, answer.text
        assert "ポイントが不足している会員: 1名（合計10ポイント）" in (await visitor.get("/office")).text
        page = (await visitor.get("/office/members/owing")).text
        assert f"/office/members/{sale['member']['id']}" in page
        assert "山田花子" in page
        file = await visitor.get("/office/members/owing?export=csv-utf8")
        assert file.content.decode("utf-8-sig").splitlines()[1].split(",")[1:4] == ["山田花子", "有効", "10"]
    async with signed_in(staffed.application, "clerk", staffed.clock) as visitor:
        assert "/office/members/owing" not in (await visitor.get("/office")).text


async def test_whoever_looks_at_a_member_is_written_down(staffed: Any) -> None:
    await buy(staffed, 1)
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        member = await member_of(visitor)
        await visitor.get(f"/office/members/{member}")
        await visitor.get("/office/purchases")
    await staffed.application.services.accesses.write()
    lines = (await staffed.server.get(f"/v1/members/{member}/accesses")).json()["items"]
    assert [each["what"] for each in reversed(lines)] == ["found", "read", "found"]
    assert all(each["request_id"] for each in lines)
    assert {each["reader"] for each in lines} != {"server"}, "by name, as the audit has it"


async def test_points_by_hand_are_shown_before_and_done_once(staffed: Any) -> None:
    await buy(staffed, 1)
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        member = await member_of(visitor)
        form = {"csrf": csrf_of(visitor), "points": "-3", "reason": "correction", "note": "二重付与", "key": "k1"}
        address = f"/office/members/{member}/adjust"
        shown = await visitor.post(address, data=form, headers=HX)
        assert "10\u00a0Pから7\u00a0P" in shown.text
        assert (await visitor.post(address, data=form | {"sure": "1"}, headers=HX)).status_code == 200
        again = await visitor.post(address, data=form | {"sure": "1"}, headers=HX)
        assert "7\u00a0P" in again.text
        assert "7<small> P" in (await visitor.get(f"/office/members/{member}")).text
        for wrong in (
            {"points": "many"},
            {"points": "0"},
            {"reason": "because"},
            {"points": "-5", "reason": "goodwill"},
        ):
            refused = await visitor.post(address, data=form | {"sure": "1", "key": "k2"} | wrong, headers=HX)
            assert refused.status_code == 422, wrong
        much = await visitor.post(address, data=form | {"points": "10001", "sure": "1", "key": "k3"}, headers=HX)
        assert much.status_code == 403
    async with signed_in(staffed.application, "auditor", staffed.clock) as auditor:
        trail = (await auditor.get("/office/audit")).text
        assert "ポイント調整" in trail
        assert "staff:manager" in trail
        assert "二重付与" in trail


async def test_a_manager_moves_so_many_points_a_day_and_no_more_at_however_many_goes(staffed: Any) -> None:
    await buy(staffed, 1)
    await buy(staffed, 2)
    async with (
        signed_in(staffed.application, "manager", staffed.clock) as visitor,
        signed_in(staffed.application, "owner", staffed.clock) as owner,
    ):
        members = re.findall(r"/office/members/(m_\w+)", (await visitor.get("/office/members?q=山田花子")).text)
        assert len(set(members)) == 2

        async def adjust(points: int, key: str, *, sure: bool = True, who: Any = visitor, member: int = 0) -> Any:
            form = {"csrf": csrf_of(who), "points": str(points), "reason": "correction", "key": key}
            address = f"/office/members/{members[member]}/adjust"
            return await who.post(address, data=form | ({"sure": "1"} if sure else {}), headers=HX)

        assert (await adjust(4000, "a")).status_code == 200
        assert (await adjust(4000, "a")).status_code == 200  # The same once more moves nothing more.
        assert (await adjust(-3000, "b")).status_code == 200  # What is taken counts as what is given.
        # Whatever is asked side by side, what is left is given once.
        many = await asyncio.gather(*(adjust(1000, f"c{number}", member=number % 2) for number in range(8)))
        assert sorted(each.status_code for each in many) == [200] * 3 + [403] * 5
        for sure in (False, True):
            refused = await adjust(1, "d", sure=sure)
            assert refused.status_code == 403
            assert "本日の残り 0\u00a0P" in refused.text
        assert (await adjust(20_000, "e", who=owner)).status_code == 200  # Headquarters.
        staffed.clock.advance(hours=24)
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        assert (await adjust(10_000, "f", who=visitor)).status_code == 200
        assert (await adjust(1, "g", who=visitor)).status_code == 403
    balances = [(await staffed.server.get(f"/v1/members/{each}/balance")).json()["available"] for each in members[:2]]
    assert sum(balances) == 10 + 10 + 4000 - 3000 + 3000 + 20_000 + 10_000


async def test_an_adjustment_that_cannot_be_is_refused_before_it_is_confirmed(staffed: Any) -> None:
    await buy(staffed, 1)
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        form = {"csrf": csrf_of(visitor), "points": "-11", "reason": "correction", "key": "k"}
        shown = await visitor.post(f"/office/members/{await member_of(visitor)}/adjust", data=form, headers=HX)
        assert shown.status_code == 422
        assert "利用できるポイントが足りません" in shown.text


async def test_home_tells_what_the_ledger_says(staffed: Any) -> None:
    for number in range(3):
        await buy(staffed, number)
    await buy(staffed, 1, external_id="r90", use_points=4)
    await buy(staffed, 2, external_id="w1", shop="web", status="placed")
    guest = {
        "shop": "shibuya", "external_id": "g1", "occurred_at": staffed.clock.now().isoformat(),
        "lines": [{"line": 1, "amount": 500}],
    }  # fmt: skip
    assert (await staffed.server.post("/v1/purchases", json=guest)).status_code == 201
    back = {"external_id": "b1", "occurred_at": staffed.clock.now().isoformat(), "lines": [{"line": 1, "quantity": 1}]}
    sale = (await staffed.server.get("/v1/purchases?shop=shibuya&external_id=r0")).json()["id"]
    assert (await staffed.server.post(f"/v1/purchases/{sale}/returns", json=back)).status_code == 201
    async with asyncio.timeout(5):
        while True:
            async with staffed.database.reading() as connection:
                if not await connection.fetchval("select count(*) from outbox"):
                    break
            await asyncio.sleep(0.02)
    await catch_up(staffed.database, staffed.application.services.zone)
    async with staffed.database.reading() as connection:
        found = await total(connection)
        ledger = await connection.fetchrow(
            "select sum(booked) - (select coalesce(sum(points), 0) from hold where status = 'open') as outstanding,"
            " sum(pending) as pending, (select count(*) from member) as members from member_account"
        )
        assert (found.outstanding, found.pending, found.members) == tuple(ledger)
        hours = await connection.fetchrow(
            "select sum(sales) as sales, sum(amount) as amount, sum(refunded) as refunded, sum(used) as used,"
            " sum(amount) filter (where not is_member) as guests, sum(joined) as joined from figure_hour"
        )
    assert tuple(hours) == (6, 1100 * 5 + 500, 1100, 4, 500, 3)
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        page = (await visitor.get("/office")).text
        assert "¥4,900" in page
        assert "渋谷店" in page
        assert "オンラインストア" in page
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        page = (await visitor.get("/office")).text
        assert "¥3,800" in page  # Shibuya alone.
        assert "オンラインストア" not in page


async def test_figures_count_every_event_once_whoever_adds(staffed: Any) -> None:
    for number in range(8):
        await buy(staffed, number)
    await relayed(staffed, 24)
    zone = staffed.application.services.zone
    await asyncio.gather(*(catch_up(staffed.database, zone) for _ in range(5)))
    async with staffed.database.reading() as connection:
        assert await connection.fetchval("select sum(sales) from figure_hour") == 8
        assert (await total(connection)).outstanding == 80


async def test_a_purchase_tells_lines_and_points_and_is_found_by_its_receipt(staffed: Any) -> None:
    await buy(staffed, 1)
    await relayed(staffed, 2)
    async with signed_in(staffed.application, "clerk", staffed.clock) as visitor:
        assert "r1" in (await visitor.get("/office/purchases")).text
        found = await visitor.get("/office/purchases?receipt=r1")
        assert found.status_code == 303
        page = await visitor.get(found.headers["location"])
        assert "¥1,100" in page.text
        assert "通常ポイント" in page.text
        assert "見つかりません" in (await visitor.get("/office/purchases?receipt=none")).text
        assert (await visitor.get("/office/purchases/p_9_9")).status_code == 404


async def test_what_another_shop_sold_is_not_shown(staffed: Any) -> None:
    await buy(staffed, 1, shop="yokohama", external_id="y1")
    await relayed(staffed, 2)
    purchase = (await staffed.server.get("/v1/purchases?shop=yokohama&external_id=y1")).json()["id"]
    async with signed_in(staffed.application, "clerk", staffed.clock) as visitor:
        assert "y1" not in (await visitor.get("/office/purchases")).text
        assert (await visitor.get(f"/office/purchases/{purchase}")).status_code == 403
        assert (await visitor.get("/office/purchases?shop=yokohama")).status_code == 403
        assert (await visitor.get("/office/purchases?receipt=y1")).status_code == 200  # Not found for them.
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        form = {"csrf": csrf_of(visitor), "shop": "yokohama", "device": "01"}
        assert (await visitor.post("/office/terminals", data=form, headers=HX)).status_code == 403


async def test_a_clerk_sees_numbers_and_no_names(staffed: Any) -> None:
    await buy(staffed, 1)
    await relayed(staffed, 2)
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        assert "山田花子" in (await visitor.get("/office/purchases")).text
        number = re.search(r'mono">(\d+)<', (await visitor.get(f"/office/members/{await member_of(visitor)}")).text)
        assert number is not None
    async with signed_in(staffed.application, "clerk", staffed.clock) as visitor:
        for headers in ({}, HX):
            page = (await visitor.get("/office/purchases", headers=headers)).text
            assert number[1] in page
            assert "山田" not in page
            assert "ヤマダ" not in page


async def test_a_manager_is_led_to_purchases_of_their_own_shops_alone(staffed: Any) -> None:
    await buy(staffed, 1, external_id="s1")
    await buy(staffed, 1, external_id="y1", shop="yokohama")
    await buy(staffed, 1, external_id="y2", shop="yokohama")
    # Sold at Yokohama, brought back at Shibuya: the movement is Shibuya's, the purchase is not.
    sold = {
        shop: (await staffed.server.get(f"/v1/purchases?shop={shop}&external_id={receipt}")).json()
        for shop, receipt in (("shibuya", "s1"), ("yokohama", "y1"))
    }
    back = {
        "external_id": "b1", "shop": "shibuya", "occurred_at": staffed.clock.now().isoformat(),
        "lines": [{"line": 1, "quantity": 1}],
    }  # fmt: skip
    answer = await staffed.server.post(f"/v1/purchases/{sold['yokohama']['id']}/returns", json=back)
    assert answer.status_code == 201, answer.text
    member = sold["shibuya"]["member"]["id"]
    for role, others in (("owner", 3), ("manager", 0)):
        async with signed_in(staffed.application, role, staffed.clock) as visitor:
            for path in (f"/office/members/{member}/timeline", f"/office/members/{member}"):
                page = (await visitor.get(path)).text
                timeline = page.partition('id="timeline"')[2].partition("</ul>")[0] or page
                links = re.findall(r'/office/purchases/(p_\w+)"', timeline)
                assert sold["shibuya"]["id"] in links
                assert len([each for each in links if each != sold["shibuya"]["id"]]) == others, (role, path)
                for link in links:
                    assert (await visitor.get(f"/office/purchases/{link}")).status_code == 200


@pytest.mark.parametrize("role", ROLES)
async def test_every_route_is_open_to_exactly_the_roles_of_the_table(staffed: Any, role: str, tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        await buy(staffed, number)
    purchase = (await staffed.server.get("/v1/purchases?shop=shibuya&external_id=r1")).json()
    review = await asked(staffed, 1, 2)
    merged = await merge(staffed, (await person(staffed, 3))["id"], (await person(staffed, 4))["id"])
    await drafted(staffed)
    voided = await couponed(staffed)
    await laddered(staffed)
    await rewarded(staffed)
    await occasioned(staffed)
    import_id = await refused_rows(staffed, tmp_path)
    terms = {"holds_from": "2036-01-01", "text": {"ja": "本文"}}
    assert (await staffed.server.put("/v1/terms/next", json=terms)).is_success
    order_id = ""
    request_id = await requested(staffed, purchase["member"]["id"], 5)
    async with signed_in(staffed.application, role, staffed.clock) as visitor:
        for route in ROUTES:
            if route.path in ("/office/live", "/office/sign-out"):
                continue  # Endless; and tried last.
            if "{order_id" in route.path:
                order_id = await ordered(staffed, purchase["member"]["id"], "shibuya")
            path = route.path.replace(":str", "").format(
                order_id=order_id,
                member_id=purchase["member"]["id"],
                purchase_id=purchase["id"],
                review_id=review,
                merge_id=merged["id"],
                request_id=request_id,
                code="haru"
                if "/coupons/" in route.path
                else "cards"
                if "/rewards/" in route.path
                else "hi"
                if "/standing/" in route.path
                else "fuyu"
                if "/draws/" in route.path
                else "rain",
                kind="staff",
                import_id=import_id,
                version="next",
            )
            form = {
                "csrf": csrf_of(visitor),
                "shop": "shibuya",
                "device": "01",
                "points": "1",
                "reason": "goodwill",
                "key": "k",
                "same": "no",
                "day": "2026-11-22",
                "amount": "1000",
                "code": "made", "name": "新企画", "effects.0": "points", "effects.0.points": "5", "seen": "1",
                "do": "look", "version": "1", "effect": "amount", "effect.yen": "5", "delivery": "code", "batch": "b9",
                "count": "2", "coupon": voided, "codes": "A1", "template": "staff", "template.percent": "10",
                "template.points_per_month": "500", "when": "welcome", "when.on": "first", "entrance": "day",
                "method": "end", "prizes.0": "1", "prizes.0.code": "a", "prizes.0.name": "A", "prizes.0.count": "1",
                "prizes.0.gives": "points", "prizes.0.gives.points": "5", "starts_at": "2026-11-22T00:00+09:00",
                "ends_at": "2036-12-22T00:00+09:00", "holds_from": "2036-02-01", "text_ja": "本文", "place": "mail",
                "told_on": "2026-11-22",
            }  # fmt: skip
            if "/standing/hi" in path:
                form["when"] = "birthday"
            if path.endswith(("/programme/edit", "/tiers/edit")):
                form |= PROGRAMME | {"seen": str(staffed.application.services.programmes.last_number)}
                form |= TIERS if "tiers" in path else {}
            if "templates" in path:
                form["code"] = "shain"
            if path.endswith("/standing/hi/approve"):
                async with staffed.database.transaction() as connection:
                    await standing.set_waiting(connection, "hi", 1, "server")  # Which another has made.
            if path.endswith("/draws/fuyu/activate"):  # Its terms are fixed then.
                assert (await staffed.server.put("/v1/draws/fuyu", json=DRAW)).status_code in (200, 409)
            if "reward" in path:
                del form["coupon"]
            query = "?programme=rank" if path.endswith("/preview") else ""
            answer = await visitor.request(route.method, path + query, data=form if route.method == "POST" else None)
            allowed = route.right is None or route.right in RIGHTS[role]  # type: ignore[index]
            if path.endswith("/take-back"):
                allowed = False  # Somebody else has asked for it.
            leads = (
                "/decide",
                "/undo",
                "/activate",
                "/approve",
                "/stop",
                "/edit",
                "/new/campaign",
                "/campaign-templates/{kind:str}",
                "/new/standing",
                "/new/terms",
                "/withdraw",
                "/notices",
                "/new/draw",
                "/backtest",
                "/decline",
                "/new/coupon",
                "/new/reward",
                "/void-coupon",
                "/issue",
                "/codes",
                "/ship",
                "/done",
                "/cancel",
            )
            done = 303 if route.path.endswith(leads) and route.method == "POST" else 200
            assert answer.status_code == (done if allowed else 403), (route.method, path, answer.text[-400:])
            if route.path.endswith("/approve") and "request_id" in route.path:
                request_id = await requested(staffed, purchase["member"]["id"], 6)
            if route.path.endswith("/backtest"):
                await backtests.settle()
            if route.method == "POST" and allowed:
                answer = await visitor.post(path, data=form | {"csrf": "forged"})
                assert answer.status_code == 403, path


async def test_nobody_sees_anything_without_a_sign_in(staffed: Any) -> None:
    async with browser(staffed.application) as visitor:
        for route in ROUTES:
            path = re.sub(r"\{\w+:str\}", "x_1_1", route.path)
            answer = await visitor.request(route.method, path)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/office/sign-in")
            policy = answer.headers["content-security-policy"]
            assert "unsafe" not in policy


async def test_markup_in_names_and_notes_stays_text(staffed: Any) -> None:
    evil = '<script>alert(1)</script>"onload="x'
    body = {"name": evil, "kana": evil, "identifiers": [{"kind": "card", "value": "EVIL-0001"}]}
    made = (await staffed.server.post("/v1/members", json=body)).json()
    sale = {
        "shop": "shibuya", "external_id": evil, "occurred_at": staffed.clock.now().isoformat(), "staff": evil,
        "terminal": evil, "member": {"kind": "member_id", "value": made["id"]},
        "lines": [{"line": 1, "amount": 1100, "name": evil, "category": evil}], "discounts": [],
    }  # fmt: skip
    posted = (await staffed.server.post("/v1/purchases", json=sale)).json()
    await relayed(staffed, 2)
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        form = {"csrf": csrf_of(visitor), "points": "1", "reason": "other", "note": evil, "key": "k", "sure": "1"}
        await visitor.post(f"/office/members/{made['id']}/adjust", data=form)
        for path in (
            f"/office/members/{made['id']}", f"/office/purchases/{posted['id']}", "/office/members",
            "/office/purchases",
            "/office/audit", "/office/members?q=" + evil, "/office/purchases?receipt=" + evil, "/office",
        ):  # fmt: skip
            assert "<script>alert" not in (await visitor.get(path)).text, path
