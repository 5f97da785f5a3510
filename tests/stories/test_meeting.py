"""Rule 44, on line: a proven contact and a second field make one member; a contact alone makes nobody the same."""

from __future__ import annotations

from typing import Any

import pytest

from stories.conftest import Retailer
from stories.words import ok

PHONE = {"kind": "phone", "value": "090-1111-2222"}
WAKAKO = {"name": "山田 和歌子", "kana": "ヤマダ ワカコ", "birth_date": "1980-04-01"}


async def _enrols(retailer: Retailer, *identifiers: dict[str, str], **who: str) -> dict[str, Any]:
    return ok(await retailer.server.post("/v1/members", json={"identifiers": identifiers, **who}), 201)


async def _proves(retailer: Retailer, member: dict[str, Any]) -> Any:
    contact = next(each for each in member["identifiers"] if each["kind"] == "phone")
    return await retailer.server.post(f"/v1/members/{member['id']}/identifiers/{contact['id']}/verify")


async def _is(retailer: Retailer, member: dict[str, Any]) -> str:
    found: str = ok(await retailer.readonly.get(f"/v1/members/{member['id']}"))["id"]
    return found


async def _asked(retailer: Retailer) -> list[list[str]]:
    items = ok(await retailer.server.get("/v1/match_reviews"))["items"]
    return [[each["id"] for each in item["members"]] for item in items]


@pytest.mark.parametrize(
    "who",
    [
        pytest.param({"name": "わかこ"}, id="the same given name in kana"),
        pytest.param({"name": "山田和歌子", "kana": "やまだ わかこ"}, id="the same name written otherwise"),
        pytest.param(
            {"name": "鈴木 和歌子", "kana": "スズキ ワカコ", "birth_date": "1980-04-01"}, id="after a wedding"
        ),
    ],
)
async def test_a_proven_phone_and_an_agreeing_name_are_one_member_at_once(
    retailer: Retailer, who: dict[str, str]
) -> None:
    old = await _enrols(retailer, PHONE, **WAKAKO)
    await retailer.buys(11_000, old)
    new = await _enrols(retailer, PHONE, **who)
    assert await _is(retailer, new) == new["id"], "typed in by anybody, the phone proves nothing yet"
    assert await _asked(retailer) == [[old["id"], new["id"]]]
    ok(await _proves(retailer, new))
    assert await _is(retailer, new) == old["id"]
    assert await retailer.points(new) == 100
    assert await _asked(retailer) == []


@pytest.mark.parametrize(
    ("who", "asked"),
    [
        pytest.param({"name": "山田 翔太", "kana": "ヤマダ ショウタ"}, False, id="a son"),
        pytest.param({"name": "山田 早紀", "kana": "ヤマダ サキ", "birth_date": "1980-04-01"}, False, id="a twin"),
        pytest.param(
            {"name": "田中 一郎", "kana": "タナカ イチロウ"}, False, id="the number is somebody else's by now"
        ),
        pytest.param({}, False, id="a phone and nothing else"),
        pytest.param({**WAKAKO, "birth_date": "1999-12-31"}, True, id="another date of birth"),
        pytest.param({"name": "わか"}, True, id="a short form"),
    ],
)
async def test_a_phone_alone_merges_nobody(retailer: Retailer, who: dict[str, str], asked: bool) -> None:
    old = await _enrols(retailer, PHONE, **WAKAKO)
    new = await _enrols(retailer, PHONE, **who)
    await _proves(retailer, new)
    assert await _is(retailer, new) == new["id"]
    assert await _asked(retailer) == ([[old["id"], new["id"]]] if asked else [])


async def test_two_who_fit_are_left_to_a_person(retailer: Retailer) -> None:
    olds = [await _enrols(retailer, PHONE, **WAKAKO) for _ in range(2)]
    new = await _enrols(retailer, PHONE, **WAKAKO)
    ok(await _proves(retailer, new))
    assert await _is(retailer, new) == new["id"]
    pairs = await _asked(retailer)
    assert sorted(pairs) == sorted([[olds[0]["id"], olds[1]["id"]], *([old["id"], new["id"]] for old in olds)])


async def test_a_merge_that_cannot_be_now_is_asked_about(retailer: Retailer) -> None:
    old = await _enrols(retailer, PHONE, **WAKAKO)
    ok(await retailer.server.post(f"/v1/members/{old['id']}/freeze", json={"reason": "調査中"}))
    new = await _enrols(retailer, PHONE, **WAKAKO)
    ok(await _proves(retailer, new))
    assert await _is(retailer, new) == new["id"]
    assert await _asked(retailer) == [[old["id"], new["id"]]]


async def test_a_shops_own_number_in_every_empty_field_leads_nowhere(retailer: Retailer) -> None:
    for _ in range(22):
        await _enrols(retailer, PHONE, **WAKAKO)
    before = len(await _asked(retailer))
    await _enrols(retailer, PHONE, **WAKAKO)
    assert len(await _asked(retailer)) == before
