# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.
"""The members' pages over HTTP: coming in, what is theirs, and that nobody's else is."""

from __future__ import annotations

import asyncio
import base64
import re
from datetime import timedelta
from typing import Any

import pytest

from goen.main import build
from goen.members import rotating
from goen.web.member.table import ROUTES
from web.conftest import browser
from web.members import PHONE, WHO, asks_for_code, csrf, sends, shop, visiting  # noqa: F401 - a fixture


async def test_somebody_new_joins_in_three_forms(shop: Any) -> None:
    async with browser(shop.application) as visitor:
        assert (await visitor.get("/me")).headers["location"] == "/me/sign-in"
        assert (await asks_for_code(shop, visitor)).headers["location"] == "/me/join"
        page = await visitor.get("/me/join")
        assert "＊＊＊5678" in page.text
        joined = await visitor.post("/me/join", data={**WHO, "consent.mail": "1"})
        assert joined.headers["location"] == "/me", joined.text
        kept = joined.headers["set-cookie"].lower()
        assert "httponly" in kept
        assert "samesite=lax" in kept
        card = await visitor.get("/me")
        assert "試験 花子" in card.text
        policy = card.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert card.headers["cache-control"] == "no-store"
    found = (await shop.server.get(f"/v1/members?kind=phone&value={PHONE}")).json()["items"]
    assert [each["kana"] for each in found] == ["シケン ハナコ"]
    said = (await shop.server.get(f"/v1/members/{found[0]['id']}/consents")).json()
    assert {kind: (each["given"], each["wording"], each["source"]) for kind, each in said["consents"].items()} == {
        "mail": (True, "goen-1", "members page")
    }
    # The same phone signs the same member in from now on.
    shop.clock.advance(minutes=1)
    async with visiting(shop) as again:
        assert found[0]["number"] in (await again.get("/me")).text


@pytest.mark.parametrize(
    ("agrees", "known"),
    [
        ({"birth_date": "1990-04-01", "kana": "ベツ ノヒト"}, True),
        ({"birth_date": "1991-01-01", "kana": "シケン　ハナコ"}, True),
        ({"birth_date": "1991-01-01", "kana": "ベツ ノヒト"}, False),
    ],
)
async def test_rule_44_who_carries_the_phone_and_agrees_in_a_second_field_takes_over(
    shop: Any, agrees: dict[str, str], known: bool
) -> None:
    member = await shop.member(identifiers=[{"kind": "phone", "value": PHONE}])
    async with browser(shop.application) as visitor:
        assert (await asks_for_code(shop, visitor)).headers["location"] == "/me/join"
        assert (await visitor.post("/me/join", data={**WHO, **agrees})).headers["location"] == "/me"
        assert (member["number"] in (await visitor.get("/me")).text) == known


async def test_rule_46_a_provisional_member_registers_by_coming_in(shop: Any) -> None:
    member = await shop.member(provisional=True, name=None, identifiers=[{"kind": "phone", "value": PHONE}])
    assert member["status"] == "provisional"
    async with browser(shop.application) as visitor:
        await asks_for_code(shop, visitor)
        await visitor.post("/me/join", data=WHO)
        assert member["number"] in (await visitor.get("/me")).text
    assert (await shop.server.get(f"/v1/members/{member['id']}")).json()["status"] == "active"


async def test_wrong_codes_run_out_and_say_nothing(shop: Any) -> None:
    await shop.member()
    async with browser(shop.application) as visitor:
        await visitor.post("/me/sign-in", data={"contact": PHONE})
        right = await shop.code()
        wrong = "000000" if right != "000000" else "111111"
        for _ in range(5):
            answer = await visitor.post("/me/sign-in/code", data={"code": wrong})
            assert (answer.status_code, "goen_member" in visitor.cookies) == (422, False)
        assert (await visitor.post("/me/sign-in/code", data={"code": right})).status_code == 422
        # Asked again at once, and for what is no contact.
        assert (await visitor.post("/me/sign-in", data={"contact": PHONE})).status_code == 429
        for nonsense in ("", "x", "@", "03-1234-5678", "090\0", "あ" * 300):
            assert (await visitor.post("/me/sign-in", data={"contact": nonsense})).status_code == 422


async def test_a_network_address_has_so_many_attempts(shop: Any) -> None:
    async with browser(shop.application) as visitor:
        await visitor.post("/me/sign-in", data={"contact": PHONE})
        codes = [(await visitor.post("/me/sign-in/code", data={"code": "1"})).status_code for _ in range(31)]
        assert codes == [422] * 30 + [429]


async def test_a_device_is_remembered_and_signing_out_ends_it(shop: Any) -> None:
    await shop.member()
    async with visiting(shop) as visitor:
        token = visitor.cookies["goen_member"]
        async with shop.database.reading() as connection:
            rows = await connection.fetch("select * from member_device")
        assert token.partition(".")[2].encode() not in [bytes(row["token_hash"]) for row in rows]
        shop.clock.advance(days=390)
        assert (await visitor.get("/me")).status_code == 200
        shop.clock.advance(days=390)
        assert (await visitor.get("/me")).status_code == 200
        assert (await sends(visitor, "/me/sign-out")).headers["location"].startswith("/me/sign-in")
        visitor.cookies.set("goen_member", token, domain="localhost.local")
        assert (await visitor.get("/me")).headers["location"] == "/me/sign-in"
    shop.clock.advance(days=1)
    async with visiting(shop) as visitor:
        shop.clock.advance(days=401)
        assert (await visitor.get("/me")).status_code == 303


async def test_forms_of_other_sites_and_sessions_are_refused(shop: Any) -> None:
    await shop.member()
    async with visiting(shop) as visitor:
        form = {"csrf": csrf(visitor), "name": "別名"}
        for bad, headers in (
            ({**form, "csrf": "x"}, {}), ({"name": "別名"}, {}), (form, {"Sec-Fetch-Site": "cross-site"}),
            (form, {"Origin": "https://evil.example"}),
        ):  # fmt: skip
            assert (await visitor.post("/me/profile", data=bad, headers=headers)).status_code == 403
        assert (await visitor.post("/me/profile", data=form)).status_code == 303


async def test_every_address_asks_who_is_there(shop: Any) -> None:
    async with browser(shop.application) as stranger:
        for route in ROUTES:
            path = re.sub(r"\{[^}]*\}", "m_1", route.path)
            answer = await stranger.request(route.method, path)
            assert (answer.status_code, answer.headers.get("location")) == (303, "/me/sign-in"), route.path
            told = await stranger.request(route.method, path, headers={"X-Goen-Part": "1"})
            assert told.status_code == 401, route.path


async def test_another_members_ids_are_not_found(shop: Any) -> None:
    """Every address with an id, with one that exists and is another's."""
    await shop.member()
    other = await shop.member("090-8765-4321", name="別人 太郎", kana="ベツジン タロウ")
    third = await shop.member("090-1111-2222", name="別人 次郎", kana="ベツジン ジロウ")
    consent = {"given": True}
    made = await shop.server.post(
        "/v1/households", json={"head": {"kind": "member_id", "value": other["id"]}, "consent": consent}
    )
    household = made.json()["id"]
    invited = await shop.server.post(
        f"/v1/households/{household}/members",
        json={"member": {"kind": "member_id", "value": third["id"]}, "may_spend": False, "head_consent": consent},
    )
    assert invited.status_code == 201, invited.text
    await shop.buys(other, "r1")
    await shop.server.put("/v1/rewards/mug", json={"name": "マグ", "points": 1, "delivery": "pickup"})
    taken = await shop.server.post(
        f"/v1/members/{other['id']}/reward_orders", json={"reward": "mug"}, headers={"Idempotency-Key": "o1"}
    )
    assert taken.status_code == 201, taken.text
    async with visiting(shop, "090-8765-4321") as theirs:
        page = (await theirs.get("/me/profile")).text
    async with shop.database.reading() as connection:
        handle = await connection.fetchval("select handle from member_device")
    identifier = next(each["id"] for each in other["identifiers"] if each["kind"] == "phone")
    assert f"/me/identifiers/{identifier}/remove" in page
    ids = {"identifier_id": identifier, "member_id": third["id"], "household_id": household, "handle": str(handle)}
    ids |= {"order_id": taken.json()["id"], "code": "none"}
    async with visiting(shop) as visitor:
        tried = 0
        for route in ROUTES:
            path = re.sub(r"\{(\w+):str\}", lambda found: ids[found[1]], route.path)
            if path == route.path:
                continue
            tried += 1
            form = {"agreed": "1", "sure": "1", "may_spend": "1"}
            assert (await sends(visitor, path, **form)).status_code == 404, path
            for nonsense in ("m_99999", "0", "x", "%F0%9F%98%80"):
                path = re.sub(r"\{(\w+):str\}", nonsense, route.path)
                assert (await sends(visitor, path, **form)).status_code == 404, path
        assert tried == 8
        # And what is shown is one's own.
        for path in ("/me", "/me/now", "/me/points", "/me/benefits", "/me/rewards", "/me/profile", "/me/points/older"):
            assert "別人" not in (await visitor.get(path)).text
    after = (await shop.server.get(f"/v1/members/{other['id']}")).json()
    assert identifier in [each["id"] for each in after["identifiers"]]


async def test_history_in_words_and_what_expires(shop: Any) -> None:
    member = await shop.member()
    await shop.buys(member, "r1", 11_000)
    await shop.buys(member, "r2", 1100, use_points=30)
    async with visiting(shop) as visitor:
        page = (await visitor.get("/me")).text
        assert "ポイント付与（渋谷店）" in page
        assert "¥10,000" in page or "10,000円" in page  # The arithmetic of the sale.
        assert "+100 P" in page
        assert "−30 P" in page
        english = (await visitor.get("/me?lang=en")).text
        assert "Points earned (渋谷店)" in english
        points = (await visitor.get("/me/points")).text
        assert "2027/11/30" in points


async def test_older_history_comes_by_its_cursor(shop: Any) -> None:
    member = await shop.member()
    for number in range(25):
        await shop.buys(member, f"r{number}", 100 * (number + 11))
    async with visiting(shop) as visitor:
        first = (await visitor.get("/me/points")).text
        cursor = re.search(r"/me/points/older\?cursor=([^\"]+)", first)
        assert cursor is not None
        rest = await visitor.get(f"/me/points/older?cursor={cursor[1]}", headers={"X-Goen-Part": "1"})
        assert (first.count("ポイント付与"), rest.text.count("ポイント付与")) == (20, 5)
        assert (await visitor.get("/me/points/older?cursor=x")).status_code == 422


async def test_rule_39_a_receipt_is_claimed_once_by_number_and_total(shop: Any) -> None:
    await shop.member()
    await shop.buys(None, "20261122-01-7", 11_000)
    async with visiting(shop) as visitor:
        form = {"shop": "shibuya", "receipt": "20261122-01-7", "total": "１１,０００円"}
        wrong = [{**form, "total": "10999"}, {**form, "receipt": "other"}]
        answers = [await sends(visitor, "/me/claims", **each) for each in wrong]
        assert [each.status_code for each in answers] == [404, 404]
        assert all("合うレシートが見つかりません" in each.text for each in answers)
        assert (await sends(visitor, "/me/claims", **form)).headers["location"].endswith("claimed")
        assert "+100 P" in (await visitor.get("/me")).text
    await shop.member("090-8765-4321", name="別人 太郎", kana="ベツジン タロウ")
    async with visiting(shop, "090-8765-4321") as other:
        again = await sends(other, "/me/claims", **form)
        assert (again.status_code, "すでに登録されています" in again.text) == (422, True)
        codes = [(await sends(other, "/me/claims", **wrong[1])).status_code for _ in range(10)]
        assert codes == [404] * 9 + [429]


async def test_consents_have_the_words_that_were_shown(shop: Any) -> None:
    member = await shop.member()
    for version, text in (("1", "古い文"), ("2", "新しい文")):
        words = {"words": {"ja": text, "en": f"text {version}"}}
        assert (await shop.server.put(f"/v1/wordings/mail/{version}", json=words)).status_code == 200
        shop.clock.advance(seconds=1)
    async with visiting(shop) as visitor:
        page = (await visitor.get("/me/profile")).text
        assert "新しい文" in page
        assert "古い文" not in page
        assert "text 2" in (await visitor.get("/me/profile?lang=en")).text
        for given, version, status in (("1", "2", 303), ("1", "1", 422), ("0", "2", 303), ("2", "2", 422)):
            answer = await sends(visitor, "/me/consents", kind="mail", given=given, version=version)
            assert answer.status_code == status, answer.text
        assert (await sends(visitor, "/me/consents", kind="nothing", given="1", version="1")).status_code == 422
    said = (await shop.server.get(f"/v1/members/{member['id']}/consents")).json()
    assert [(each["given"], each["wording"]) for each in said["history"]] == [(False, "2"), (True, "2")]


async def test_a_second_contact_is_proven_and_the_last_one_stays(shop: Any) -> None:
    member = await shop.member()
    async with visiting(shop) as visitor:
        sent = await sends(visitor, "/me/contacts", contact="hanako@example.jp")
        assert sent.headers["location"] == "/me/contacts/code", sent.text
        assert (await sends(visitor, "/me/contacts/code", code="1")).status_code == 422
        done = await sends(visitor, "/me/contacts/code", code=await shop.code())
        assert done.headers["location"].startswith("/me/profile"), done.text
        now = (await shop.server.get(f"/v1/members/{member['id']}")).json()["identifiers"]
        proven = {each["kind"]: each["id"] for each in now if each["verified_at"]}
        assert set(proven) == {"phone", "email"}
        assert (await sends(visitor, f"/me/identifiers/{proven['phone']}/remove")).status_code == 303
        assert (await sends(visitor, f"/me/identifiers/{proven['email']}/remove")).status_code == 422
    other = await shop.member("090-8765-4321", name="別人 太郎", kana="ベツジン タロウ")
    assert other["id"] != member["id"]
    async with visiting(shop, "090-8765-4321") as theirs:
        shop.clock.advance(minutes=1)
        await sends(theirs, "/me/contacts", contact="hanako@example.jp")
        taken = await sends(theirs, "/me/contacts/code", code=await shop.code())
        assert (taken.status_code, "ほかの会員" in taken.text) == (422, True)


async def test_rule_40_a_family_shares_its_points(shop: Any) -> None:
    mother = await shop.member()
    son = await shop.member("090-8765-4321", name="試験 太郎", kana="シケン タロウ", birth_date="2010-05-05")
    await shop.buys(mother, "r1", 11_000)
    await shop.buys(son, "r2", 22_000)
    async with visiting(shop) as head, visiting(shop, "090-8765-4321") as other:
        assert (await sends(head, "/me/household")).status_code == 422
        assert (await sends(head, "/me/household", agreed="1")).status_code == 303
        asked = await sends(head, "/me/household/people", number=son["number"], agreed="1")
        assert asked.status_code == 303, asked.text
        page = (await other.get("/me/profile")).text
        found = re.search(r"/me/households/(\w+)/accept", page)
        assert found is not None
        assert "試＊ ＊子" in page
        assert (await sends(other, found[0], agreed="1")).status_code == 303
        for visitor in (head, other):
            assert re.search(r'id="available"[^<]*<span class="ring"></span>300<', (await visitor.get("/me")).text)
        assert (await sends(head, f"/me/household/people/{son['id']}", may_spend="1")).status_code == 303
        assert (await sends(head, "/me/household/leave", sure="1")).status_code == 422
        assert (await sends(other, "/me/household/leave", sure="1")).status_code == 303
        assert (await sends(head, "/me/household/leave", sure="1")).status_code == 303
        assert "300" in (await head.get("/me")).text


async def test_a_merged_members_phone_shows_the_survivor(shop: Any) -> None:
    one = await shop.member()
    two = await shop.member("090-8765-4321", name="試験 はなこ", birth_date="1980-01-01")
    await shop.buys(one, "r1", 11_000)
    async with visiting(shop, "090-8765-4321") as visitor:
        merged = await shop.server.post(
            f"/v1/members/{one['id']}/merges",
            json={"source": {"kind": "member_id", "value": two["id"]}, "reason": "same"},
            headers={"Idempotency-Key": "m"},
        )
        assert merged.status_code == 201, merged.text
        page = (await visitor.get("/me")).text
        assert one["number"] in page
        assert "+100 P" in page
        undone = await shop.server.post(
            f"/v1/merges/{merged.json()['id']}/undo", json={"reason": "two"}, headers={"Idempotency-Key": "u"}
        )
        assert undone.status_code < 300, undone.text
        assert two["number"] in (await visitor.get("/me")).text


async def test_a_withdrawn_member_is_signed_out_and_erased_with_the_devices(shop: Any) -> None:
    member = await shop.member()
    async with visiting(shop) as visitor:
        await shop.server.delete(f"/v1/members/{member['id']}")
        assert (await visitor.get("/me")).status_code == 303
    await shop.server.post(f"/v1/members/{member['id']}/erase", json={"reason": "asked"})
    async with shop.database.reading() as connection:
        assert await connection.fetchval("select count(*) from member_device") == 0


async def test_the_secret_is_told_once_and_makes_codes_that_tills_take(shop: Any) -> None:
    member = await shop.member()
    async with visiting(shop) as visitor:
        assert (await visitor.post("/me/key", data={"csrf": csrf(visitor)})).status_code == 403
        told = await visitor.post("/me/key", data={"csrf": csrf(visitor)}, headers={"X-Goen-Part": "1"})
        key = told.json()
        secret = base64.b64decode(key["secret"])
        digits = rotating.digits_at(secret, rotating.step_at(shop.clock.now()))
        body = {"kind": "code", "value": f"50{key['handle']}{digits}"}
        found = (await shop.pos.post("/v1/members/lookup", json=body)).json()["items"]
        assert [each["id"] for each in found] == [member["id"]]
        now = await visitor.get("/me/now")
        assert now.headers["x-goen-mark"] == key["mark"]
        async with shop.database.reading() as connection:
            salt = await connection.fetchval("select salt from member_device")
        assert secret != salt
    # An installation with a key of its own makes other secrets of the same rows.
    async with build(shop.database, shop.clock, code_key="k" * 32) as other, browser(other) as visitor:
        assert (await visitor.get("/me")).status_code == 303
        nobody = await other.services.devices.shown(body["value"], shop.clock.now())
        assert nobody is None


async def test_a_sale_is_heard_of_by_the_members_own_page_alone(shop: Any) -> None:
    member = await shop.member()
    other = await shop.member("090-8765-4321", name="別人 太郎", kana="ベツジン タロウ")
    async with visiting(shop) as visitor:
        device = await shop.application.services.devices.whoever(visitor.cookies["goen_member"], shop.clock.now())
        chunks = await shop.application.services.streams.open(None, [device.person_id])
        await anext(chunks)
        await shop.buys(other, "r1")
        await shop.buys(member, "r2")
        async with asyncio.timeout(5):
            told = b""
            while b"r2" not in told:
                told += await anext(chunks)
        assert b"r1" not in told


async def test_in_the_demo_one_click_signs_in_and_nowhere_else(shop: Any) -> None:
    member = await shop.member()
    await shop.buys(member, "r1")
    async with browser(shop.application) as visitor:
        assert (await visitor.post("/me/demo")).headers["location"] == "/me/sign-in"
    async with build(shop.database, shop.clock, demo=True) as application, browser(application) as visitor:
        assert (await visitor.post("/me/demo")).headers["location"] == "/me"
        assert member["number"] in (await visitor.get("/me")).text


async def test_the_card_can_be_installed(shop: Any) -> None:
    async with browser(shop.application) as visitor:
        manifest = (await visitor.get("/me/manifest.webmanifest")).json()
        assert (manifest["start_url"], manifest["scope"]) == ("/me", "/me")
        worker = await visitor.get("/me/worker.js")
        assert worker.headers["service-worker-allowed"] == "/me"


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=1>', "{{7*7}}"])
async def test_what_people_write_stays_text(shop: Any, hostile: str) -> None:
    await shop.member(name=hostile, address=hostile)
    async with visiting(shop) as visitor:
        for path in ("/me", "/me/profile"):
            page = (await visitor.get(path)).text
            assert hostile not in page or "{" in hostile
            assert "<script>alert" not in page
            assert "49" not in page.partition("<h1")[2][:200]
        refused = await sends(visitor, "/me/claims", shop="shibuya", receipt=hostile, total="1")
        assert hostile not in refused.text or "{" in hostile


async def test_old_devices_are_forgotten(shop: Any) -> None:
    from goen.actions.members.erase import erase_due

    await shop.member()
    async with visiting(shop) as visitor:
        await sends(visitor, "/me/sign-out")
    for days, left in ((59, 1), (2, 0)):
        shop.clock.advance(days=days)
        now = shop.clock.now()
        await erase_due(shop.database, now, now.date() + timedelta(0), lambda *_: None)
        async with shop.database.reading() as connection:
            assert await connection.fetchval("select count(*) from member_device") == left
