"""Signing in: password, second factor, locks, sessions, and forms that other sites send."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest

from goen.actions.staff import disable_staff, reset_staff
from goen.main import build
from goen.staff import secrets
from web.conftest import PASSWORD, SECOND, browser, csrf_of, sign_in, signed_in


async def test_a_password_lets_in_and_signing_out_ends_it(staffed: Any) -> None:
    async with browser(staffed.application) as visitor:
        answer = await visitor.post(
            "/office/sign-in", data={"login": "Manager ", "password": PASSWORD, "next": "/office/members"}
        )
        assert answer.headers["location"] == "/office/members"
        kept = answer.headers["set-cookie"].lower()
        assert "httponly" in kept
        assert "samesite=strict" in kept
        token = visitor.cookies["goen_staff"]
        assert (await visitor.get("/office")).status_code == 200
        async with staffed.database.reading() as connection:
            rows = await connection.fetch("select token_hash from staff_session")
        assert [row[0] for row in rows] == [secrets.hash_of(token)]  # The token itself is kept nowhere.
        assert (await visitor.post("/office/sign-out", data={"csrf": csrf_of(visitor)})).status_code == 303
        visitor.cookies.set("goen_staff", token, domain="localhost.local")
        assert (await visitor.get("/office")).status_code == 303


async def test_cookies_are_for_https_alone_anywhere_but_here(staffed: Any) -> None:
    async with browser(staffed.application, Host="points.example.com") as visitor:
        answer = await visitor.post("/office/sign-in", data={"login": "manager", "password": PASSWORD})
        assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("login", ["manager", "nobody", "", "x" * 500])
async def test_what_was_wrong_is_not_told(staffed: Any, login: str) -> None:
    async with browser(staffed.application) as visitor:
        answer = await visitor.post("/office/sign-in", data={"login": login, "password": "wrong"})
        assert answer.status_code == 401
        assert "ログイン名またはパスワードが正しくありません" in answer.text
        assert "goen_staff" not in visitor.cookies


async def test_the_sixth_wrong_password_finds_a_lock_that_ends(staffed: Any) -> None:
    async with browser(staffed.application) as visitor:
        for _ in range(5):
            assert (
                await visitor.post("/office/sign-in", data={"login": "manager", "password": "no"})
            ).status_code == 401
        locked = await visitor.post("/office/sign-in", data={"login": "manager", "password": PASSWORD})
        assert locked.status_code == 429
        staffed.clock.advance(minutes=16)
        assert (await sign_in(visitor, "manager", staffed.clock)).status_code == 303


async def test_one_address_tries_only_so_often_whichever_process_it_asks(staffed: Any) -> None:
    async with (
        build(staffed.database, staffed.clock) as second,
        browser(staffed.application) as one,
        browser(second) as other,
    ):
        statuses = [
            (await each.post("/office/sign-in", data={"login": f"who{n}", "password": "no"})).status_code
            for n in range(16)
            for each in (one, other)
        ]
        assert statuses == [401] * 30 + [429] * 2
        staffed.clock.advance(minutes=6)
        assert (await sign_in(one, "manager", staffed.clock)).status_code == 303


async def test_an_owner_needs_the_second_step_and_a_code_serves_once(staffed: Any) -> None:
    clock = staffed.clock
    async with browser(staffed.application) as visitor:
        half = await visitor.post("/office/sign-in", data={"login": "owner", "password": PASSWORD})
        assert half.headers["location"] == "/office/sign-in/second"
        assert (await visitor.get("/office")).status_code == 303  # Half signed in is not signed in.
        assert (await visitor.post("/office/sign-in/second", data={"code": "000000"})).status_code == 401
        code = pyotp.TOTP(SECOND).at(int(clock.now().timestamp()))
        first = visitor.cookies["goen_staff"]
        assert (await visitor.post("/office/sign-in/second", data={"code": code})).headers["location"] == "/office"
        assert visitor.cookies["goen_staff"] != first
        assert (await visitor.get("/office")).status_code == 200
    async with browser(staffed.application) as other:
        await other.post("/office/sign-in", data={"login": "owner", "password": PASSWORD})
        assert (await other.post("/office/sign-in/second", data={"code": code})).status_code == 401


async def test_a_right_password_does_not_lift_the_lock_of_the_second_step(staffed: Any) -> None:
    async with browser(staffed.application) as visitor:
        tried = []
        for code in ("000001", "000002", "000003", "000004", "000005", "000006"):
            half = await visitor.post("/office/sign-in", data={"login": "owner", "password": PASSWORD})
            tried.append(half.status_code)
            tried.append((await visitor.post("/office/sign-in/second", data={"code": code})).status_code)
        assert tried == [303, 401] * 5 + [429, 429]
        staffed.clock.advance(minutes=16)
        assert (await sign_in(visitor, "owner", staffed.clock)).status_code == 303
        assert (await visitor.get("/office")).status_code == 200


async def test_four_wrong_passwords_leave_room_for_a_right_sign_in_and_are_forgiven_by_it(staffed: Any) -> None:
    async with browser(staffed.application) as visitor:
        for _ in range(2):
            for _ in range(4):
                answer = await visitor.post("/office/sign-in", data={"login": "owner", "password": "no"})
                assert answer.status_code == 401
            assert (await sign_in(visitor, "owner", staffed.clock)).status_code == 303
            assert (await visitor.get("/office")).status_code == 200


@pytest.mark.parametrize(
    ("addresses", "last"),
    [
        ([f"2001:db8:1:2::{n:x}" for n in range(1, 32)], 429),  # One household has a whole /64.
        ([f"2001:db8:1:{n:x}::1" for n in range(1, 32)], 401),
        ([f"192.0.2.{n}" for n in range(1, 32)], 401),
        (["192.0.2.1", "::ffff:192.0.2.1"] * 15 + ["192.0.2.1"], 429),
    ],
)
async def test_a_network_tries_only_so_often_whatever_address_of_it_asks(
    staffed: Any, addresses: list[str], last: int
) -> None:
    statuses = []
    for number, address in enumerate(addresses):
        async with browser(staffed.application, address) as visitor:
            answer = await visitor.post("/office/sign-in", data={"login": f"who{number}", "password": "no"})
            statuses.append(answer.status_code)
    assert statuses == [401] * 30 + [last]


async def test_terminal_codes_are_not_guessed_from_all_over_a_network(staffed: Any) -> None:
    statuses = []
    for number in range(1, 22):
        async with browser(staffed.application, f"2001:db8:1:2::{number:x}") as visitor:
            statuses.append((await visitor.post("/terminal/enrol", data={"code": "ABCD-2345"})).status_code)
    assert statuses == [422] * 20 + [429]


async def test_who_has_no_second_factor_yet_sets_it_up(staffed: Any) -> None:
    await reset_staff(
        staffed.database, "owner", password=PASSWORD, pin=None, second=True, author="test", now=staffed.clock.now()
    )
    async with browser(staffed.application) as visitor:
        await visitor.post("/office/sign-in", data={"login": "owner", "password": PASSWORD})
        page = (await visitor.get("/office/sign-in/second")).text
        assert "<svg" in page
        found = re.search(r'class="mono">([A-Z2-7]{32})<', page)
        assert found is not None
        code = pyotp.TOTP(found[1]).at(int(staffed.clock.now().timestamp()))
        assert (await visitor.post("/office/sign-in/second", data={"code": code})).headers["location"] == "/office"
        assert (await visitor.get("/office")).status_code == 200


async def test_a_session_rests_ends_and_goes_with_its_owner(staffed: Any) -> None:
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        staffed.clock.advance(minutes=100)
        assert (await visitor.get("/office")).status_code == 200
        staffed.clock.advance(minutes=100)
        assert (await visitor.get("/office")).status_code == 200  # Seen in between.
        staffed.clock.advance(hours=3)
        assert (await visitor.get("/office")).status_code == 303
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        await disable_staff(staffed.database, "manager", author="test", now=staffed.clock.now())
        assert (await visitor.get("/office")).status_code == 303
        assert (await sign_in(visitor, "manager", staffed.clock)).status_code == 401


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
async def test_a_form_of_another_site_does_nothing(staffed: Any, headers: dict[str, str]) -> None:
    async with browser(staffed.application, **headers) as visitor:
        answer = await visitor.post("/office/sign-in", data={"login": "manager", "password": PASSWORD})
        assert answer.status_code == 403
        assert "goen_staff" not in visitor.cookies
        assert (await visitor.post("/terminal/enrol", data={"code": "ABCD-2345"})).status_code == 403
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        form = {"csrf": csrf_of(visitor), "shop": "shibuya", "device": "01"}
        assert (await visitor.post("/office/terminals", data=form, headers=headers)).status_code == 403


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/office\\..\\x", "/v1", ""])
async def test_the_way_back_stays_in_the_office(staffed: Any, target: str) -> None:
    async with browser(staffed.application) as visitor:
        form = {"login": "manager", "password": PASSWORD, "next": target}
        assert (await visitor.post("/office/sign-in", data=form)).headers["location"] == "/office"


async def test_the_one_click_door_is_the_demos_alone(staffed: Any) -> None:
    async with browser(staffed.application) as visitor:
        await visitor.post("/office/demo", data={"as": "owner"})
        await visitor.post("/terminal/demo")
        assert not visitor.cookies
    async with build(staffed.database, staffed.clock, demo=True) as demo, browser(demo) as visitor:
        assert (await visitor.post("/office/demo", data={"as": "owner"})).headers["location"] == "/office"
        assert (await visitor.get("/office")).status_code == 200
        assert (await visitor.post("/office/demo", data={"as": "clerk"})).headers["location"] == "/office/sign-in"
