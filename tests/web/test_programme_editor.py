"""The programme and its tiers changed in the office: what members would read, whom it would move, what is kept."""

from __future__ import annotations

import html
import re
from typing import Any

import msgspec
import pytest

from goen.earning.programme import DEFAULT, Programme, from_json, to_json
from goen.web.office import forms
from goen.web.office.programme_editor import compared
from web.conftest import csrf_of, signed_in
from web.test_forms import TOKYO, sent
from web.test_offers import HX, LADDER, laddered

GIVEN = ("version", "currency")
ASKED = ("starts_at", "tiers", "tier_programmes")
ELSE = tuple(each.name for each in msgspec.structs.fields(Programme) if each.name not in ASKED)


def form_of(document: Any, *, without: tuple[str, ...]) -> dict[str, str]:
    """What a browser sends of a form of a programme, to count at once."""
    return sent(forms.fields(Programme, document, TOKYO, without=without)) | {"starts_at": "", "starts_at.was": ""}


PROGRAMME = form_of(forms.decode(to_json(DEFAULT)), without=(*GIVEN, *ASKED[1:]))
RANK = forms.decode(forms.encode(LADDER))
TIERS = form_of({"tiers": {"silver": {}, "gold": {}}, "tier_programmes": {"rank": RANK}}, without=ELSE)
NASTY = "<script>alert(1)</script>\"'"


async def post(visitor: Any, path: str, htmx: bool = False, **form: str) -> Any:
    return await visitor.post(path, data={"csrf": csrf_of(visitor), **form}, headers=HX if htmx else {})


def test_two_texts_are_laid_side_by_side() -> None:
    before = [("A", ["1", "2", "3"]), ("gone", ["x"])]
    after = [("A", ["1", "two", "3", "4"]), ("new", ["y"])]
    told = compared(before, after)
    assert [(each.heading, each.rules) for each in told] == [
        ("A", [("1", "1"), ("2", "two"), ("3", "3"), (None, "4")]), ("new", [(None, "y")]), ("gone", [("x", None)]),
    ]  # fmt: skip
    assert [each.changes for each in told] == [2, 1, 1]


async def test_the_owner_changes_the_rules_and_sees_what_members_will_read(staffed: Any) -> None:
    await laddered(staffed)
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        newest = (await staffed.server.get("/v1/programme")).json()
        assert "ルールを変更" in (await visitor.get("/office/programme")).text
        page = (await visitor.get("/office/programme/edit")).text
        assert 'name="starts_at" value="2026-' in page
        assert 'T00:00"' in page.partition('name="starts_at"')[2][:60]
        assert "変更はありません" in page
        form = PROGRAMME | {
            "base": str(newest["version"]),
            "seen": str(newest["version"]),
            "earning.unit_amount": "２００",
        }
        told = html.unescape((await post(visitor, "/office/programme/edit/form", True, **form, do="look")).text)
        assert re.search(r"<del>[^<]*100円[^<]*</del>", told), told
        assert re.search(r"<ins>[^<]*200円[^<]*</ins>", told)
        assert "保存後すぐに適用されます" in told
        saved = await post(visitor, "/office/programme/edit", **form)
        assert saved.headers["location"] == f"/office/programme?version={newest['version'] + 1}"
        staffed.clock.advance(seconds=3)
        now = (await staffed.server.get("/v1/programme")).json()
        assert now["earning"]["unit_amount"] == 200
        assert now["tier_programmes"] == newest["tier_programmes"], "what was not asked for stays"
        assert (now["tiers"], now["currency"]) == (newest["tiers"], newest["currency"])
        # Somebody has saved a version since: nothing is lost, nothing overwritten.
        late = await post(visitor, "/office/programme/edit", **form | {"earning.unit_amount": "500"})
        assert late.status_code == 422
        assert "別の担当者が新しい版を保存しました" in late.text
        assert 'value="500"' in late.text
        assert (await staffed.server.get("/v1/programme")).json()["version"] == newest["version"] + 1


@pytest.mark.parametrize(
    ("wrong", "place", "said"),
    [
        ({"use.max": "1", "use.min": "100"}, "use.max", "100"),
        ({"earning.percent": "101"}, "earning.percent", ""),
        ({"earning.unit_amount": "many"}, "earning.unit_amount", "数字で入力してください"),
        ({"starts_at": "2020-01-01T00:00"}, "starts_at", "これから先の日時"),
        (
            {"earning.categories.0": "1", "earning.categories.0.key": "酒", "earning.categories.0.value": "1000"},
            "earning.categories.0", "",
        ),
        (
            {
                "earning.shops.0": "1", "earning.shops.0.key": "a.b", "earning.shops.0.value.multiplier": "1000",
            },
            "earning.shops.0", "",
        ),
    ],
)  # fmt: skip
async def test_what_is_wrong_stands_beside_its_field(
    staffed: Any, wrong: dict[str, str], place: str, said: str
) -> None:
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        before = (await staffed.server.get("/v1/programme")).json()["version"]
        answer = await post(visitor, "/office/programme/edit", **PROGRAMME | wrong)
        assert answer.status_code == 422
        assert f'id="{place}-wrong"' in answer.text, answer.text[-3000:]
        beside = answer.text.partition(f'id="{place}-wrong"')[2].partition("</span>")[0]
        assert said in beside
        for name, typed in wrong.items():
            assert f'name="{name}" value="{typed}"' in answer.text, name
        assert (await staffed.server.get("/v1/programme")).json()["version"] == before


async def test_tiers_are_changed_and_tell_whom_they_would_move(staffed: Any) -> None:
    await laddered(staffed)
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        now = (await staffed.server.get("/v1/programme")).json()
        page = (await visitor.get("/office/tiers/edit")).text
        assert "earning.unit_amount" not in page
        document = {name: now[name] for name in ("tiers", "tier_programmes")}
        document["tier_programmes"]["rank"]["levels"][0]["reach"] = 1000  # Silver from 1,000 yen on, not 10,000.
        form = form_of(document, without=ELSE) | {"base": str(now["version"]), "seen": str(now["version"])}
        told = (await post(visitor, "/office/tiers/edit/form", True, **form, do="look")).text
        assert "シルバー: ¥1,000" in told
        ahead = (await post(visitor, "/office/tiers/edit/form", True, **form, do="ahead")).text
        assert re.search(r"シルバー: [^<]*1", ahead), ahead
        # Nothing was written, and a form with a mistake moves nobody.
        assert (await staffed.server.get("/v1/programme")).json()["version"] == now["version"]
        bad = form | {"tier_programmes.0.value.levels.0.tier": "none"}
        assert "入力に誤りがあります" in (await post(visitor, "/office/tiers/edit/form", True, **bad, do="ahead")).text
        wrong = await post(visitor, "/office/tiers/edit", **bad)
        assert wrong.status_code == 422
        assert 'id="tier_programmes.0.value.levels.0.tier-wrong"' in wrong.text
        assert (await post(visitor, "/office/tiers/edit", **form)).status_code == 303
        staffed.clock.advance(seconds=3)
        kept = (await staffed.server.get("/v1/programme")).json()
        assert kept["tier_programmes"]["rank"]["levels"][0]["reach"] == 1000
        assert {name: kept[name] for name in ("earning", "use", "expiry")} == {
            name: now[name] for name in ("earning", "use", "expiry")
        }
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        assert "/office/tiers/edit" not in (await visitor.get("/office/tiers")).text


async def test_a_first_ladder_has_nobody_to_move(staffed: Any) -> None:
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        ahead = (await post(visitor, "/office/tiers/edit/form", True, **TIERS, do="ahead")).text
        assert "まだ会員ランクがありません" in ahead
        shaped = (await post(visitor, "/office/tiers/edit/form", True, do="add:tier_programmes:")).text
        assert 'name="tier_programmes.0.value.levels.0.reach"' in shaped


async def test_a_programme_comes_through_its_two_forms_whole(staffed: Any) -> None:
    programme = from_json(
        msgspec.json.encode(
            {
                "name": "縁ポイント", "point_value": 0.5, "provisional_days": 7, "adjustment_approval_above": 500,
                "tiers": {"gold": {"name": "ゴールド", "multiplier": 1.5}, "silver": {}},
                "tier_programmes": {"rank": RANK}, "use": {"unit": 2, "postage": False},
                "earning": {"categories": {"たばこ": 0}, "shops": {"web": {"multiplier": 2, "mode": "replace"}},
                            "precedence": ["shop", "tier", "tender", "brand"]},
            }
        )
    )  # fmt: skip
    assert (await staffed.server.put("/v1/programme", content=to_json(programme))).status_code == 200
    first = (await staffed.server.get("/v1/programme?version=2")).json()
    staffed.clock.advance(seconds=3)
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        for part, without, seen in (("programme", (*GIVEN, *ASKED[1:]), 2), ("tiers", ELSE, 3)):
            form = form_of(forms.decode(to_json(programme)), without=without) | {"base": "2", "seen": str(seen)}
            page = (await visitor.get(f"/office/{part}/edit?version=2")).text
            names = {*re.findall(r'name="([^"]+)"', page)}
            assert {name for name in form if not re.search(r":\w+$", name)} <= names, part
            saved = await post(visitor, f"/office/{part}/edit", **form)
            assert saved.status_code == 303, saved.text
            staffed.clock.advance(seconds=3)
            kept = (await staffed.server.get("/v1/programme")).json()
            for each in msgspec.structs.fields(Programme):
                if each.name not in ("version", "starts_at"):
                    assert kept[each.name] == first[each.name], (part, each.name)


async def test_what_is_typed_stays_text(staffed: Any) -> None:
    nasty = {
        "name": NASTY,
        "tiers": {NASTY: {"name": NASTY, "multiplier": 2}},
        "earning": {"shops": {NASTY: {"multiplier": 2}}},
    }
    assert (await staffed.server.put("/v1/programme", json=nasty)).status_code == 200
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        for path in ("/office/programme/edit", "/office/tiers/edit", "/office/programme?version=2"):
            page = (await visitor.get(path)).text
            assert "<script>alert" not in page, path
            assert "&lt;script&gt;alert" in page, path
        form = {
            "tiers.0.key": NASTY,
            "tiers.0.value.name": NASTY,
            "earning.unit_amount": NASTY,
            "name": NASTY,
            "ahead_on": NASTY,
        }
        for part in ("programme", "tiers"):
            for do in ("look", "ahead", f"add:{NASTY}"):
                shown = await post(visitor, f"/office/{part}/edit/form", True, **form, do=do)
                assert shown.status_code in (200, 422), (part, do)
                assert "<script>alert" not in shown.text, (part, do)
