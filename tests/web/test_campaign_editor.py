"""Campaigns made in the office: the form tells and checks what is typed, keeps all of a document, and saves by the same
action as the API."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from goen.earning.campaigns import model
from goen.web.office import forms
from web.conftest import csrf_of, signed_in
from web.test_forms import FULL, TOKYO, sent
from web.test_offers import EFFECTS, HX, drafted

FORM = {
    "code": "otoku", "name": "平日2倍", "effects.0": "rate", "effects.0.mode": "multiply", "effects.0.multiplier": "2",
    "limits.0": "1", "limits.0.measure": "points", "limits.0.most": "10,000", "conditions.shops:0": "shibuya",
    "conditions.weekdays:mon": "0", "conditions.amount_min": "１，０００", "stacking.priority": "",
}  # fmt: skip


async def post(visitor: Any, path: str, htmx: bool = False, **form: str) -> Any:
    return await visitor.post(path, data={"csrf": csrf_of(visitor), **form}, headers=HX if htmx else {})


async def test_a_marketer_makes_and_changes_a_campaign(staffed: Any) -> None:
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        assert "新しいキャンペーン" in (await visitor.get("/office/campaigns")).text
        page = (await visitor.get("/office/new/campaign")).text
        for said in ("対象店舗・チャネル", "渋谷店", "倍率・付与率", "下書きとして保存"):
            assert said in page, said
        told = (await post(visitor, "/office/new/campaign/form", True, **FORM, do="look")).text
        for said in ("ポイント2倍", "対象店舗：渋谷店", "毎週 月曜日", "¥1,000以上", "10,000\u00a0P"):
            assert said in told, said
        assert "<form" not in told
        made = await post(visitor, "/office/new/campaign", **FORM)
        assert made.headers["location"] == "/office/campaigns/otoku"
        kept = (await staffed.server.get("/v1/campaigns/otoku")).json()
        assert kept["conditions"] == {"shops": ["shibuya"], "weekdays": ["mon"], "amount_min": 1000}
        assert kept["limits"] == [{"measure": "points", "most": 10_000}]
        assert (kept["state"], kept["made_by"]) == ("draft", "staff:marketing")
        again = await post(visitor, "/office/new/campaign", **FORM)
        assert again.status_code == 422
        assert "このコードはすでに使われています" in again.text

        page = (await visitor.get("/office/campaigns/otoku/edit")).text
        assert 'name="code"' not in page
        assert 'value="10000"' in page
        changed = {key: value for key, value in FORM.items() if key not in ("code", "conditions.weekdays:mon")}
        changed |= {"name": "毎日2倍", "seen": "1", "conditions.shops+": "yokohama、web"}
        assert (await post(visitor, "/office/campaigns/otoku/edit", **changed)).status_code == 303
        kept = (await staffed.server.get("/v1/campaigns/otoku")).json()
        assert (kept["version"], kept["name"]) == (2, "毎日2倍")
        assert kept["conditions"] == {"shops": ["shibuya", "yokohama", "web"], "amount_min": 1000}
        late = await post(visitor, "/office/campaigns/otoku/edit", **changed | {"name": "遅れて"})
        assert late.status_code == 422  # Somebody has made version 2 since that form was opened.
        assert (await staffed.server.get("/v1/campaigns/otoku")).json()["version"] == 2
        assert "毎日2倍" in (await visitor.get("/office/new/campaign?like=otoku")).text
        assert (await visitor.get("/office/campaigns/none/edit")).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"effects.0.multiplier": "many"}, "数字で入力してください"),
        ({"limits.0.most": "0"}, "1以上で入力してください"),
        ({"limits.0.most": ""}, "入力してください"),
        ({"name": ""}, "入力してください"),
        ({"code": "日本"}, "書き方を確認してください"),
        ({"effects.0.multiplier": "1"}, "1倍以下ではポイントが増えません"),
        ({"starts_at": "2026-12-02T00:00", "ends_at": "2026-12-01T00:00"}, "終了が開始より前です"),
        ({"effects.0": "none"}, "書き方を確認してください"),
        ({"conditions.hours.0": "1", "conditions.hours.0.from": "25:00", "conditions.hours.0.to": "2:00"}, "書き方"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    staffed: Any, wrong: dict[str, str], said: str
) -> None:
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        answer = await post(visitor, "/office/new/campaign", **FORM | wrong)
        assert answer.status_code == 422
        assert said in answer.text
        assert "平日2倍" in answer.text or "name" in wrong
        assert 'value="shibuya" checked' in answer.text
        for name, typed in wrong.items():
            assert f'name="{name}"' in answer.text
            assert typed in answer.text
        assert (await staffed.server.get("/v1/campaigns/otoku")).status_code == 404


async def test_a_campaign_of_the_api_comes_through_the_form_whole(staffed: Any) -> None:
    document = FULL | {"code": "full"}
    document["conditions"] = {**document["conditions"], "tiers": []}
    # What may stand together: prices, stamps and coupons are for campaigns of their own.
    together = (model.RateEffect, model.PointsEffect, model.StepsEffect, model.EveryEffect)
    effects = tuple(each for each in EFFECTS if isinstance(each, together))[:10]
    document["effects"] = forms.decode(model.to_json(model.Campaign("full", "名前", effects)))["effects"]
    made = await staffed.server.post("/v1/campaigns", content=forms.encode(document))
    assert made.status_code == 201, made.text
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        page = (await visitor.get("/office/campaigns/full/edit")).text
        # What a browser would send of the page as it stands.
        form = dict(re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', page))
        assert form["seen"] == "1"
        fields = forms.fields(model.Campaign, document, TOKYO, without=("version", "code"))
        names = {*re.findall(r'name="([^"]+)"', page)}
        asked = {name for name in sent(fields) if not re.search(r":\d+$", name)}
        assert asked <= names, asked - names
        answer = await post(visitor, "/office/campaigns/full/edit", **sent(fields) | {"seen": "1"})
        assert answer.status_code == 303, answer.text
    kept = (await staffed.server.get("/v1/campaigns/full")).json()
    assert kept["version"] == 2
    first = (await staffed.server.get("/v1/campaigns/full?version=1")).json()
    for name in msgspec.structs.fields(model.Campaign):
        if name.name != "version":
            assert kept.get(name.name) == first.get(name.name), name.name


async def test_rows_come_and_go_and_a_kind_without_inputs_is_kept_as_json(staffed: Any) -> None:
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        strange = FORM | {"effects.1": "drone", "effects.1.json": '{"kind": "drone", "speed": 1.50}'}
        shown = (await post(visitor, "/office/new/campaign/form", True, **strange, do="add:effects:steps")).text
        assert 'name="effects.2.steps+' not in shown
        assert 'name="effects.2" value="steps"' in shown
        assert "drone" in shown
        assert "&#34;speed&#34;:1.50" in shown
        shown = (await post(visitor, "/office/new/campaign/form", True, **strange, do="drop:effects:0")).text
        assert 'name="effects.0.json"' in shown
        shown = (await post(visitor, "/office/new/campaign/form", True, **FORM, do="add:conditions.hours:")).text
        assert 'name="conditions.hours.0.from"' in shown
        assert (await post(visitor, "/office/new/campaign", **strange)).status_code == 422
        for nonsense in (
            "",
            "x",
            "add",
            "add:",
            "drop:effects:99",
            "up:a.b.c:0",
            "kind:effects:x",
            "add:effects.0.steps:",
        ):
            answer = await post(visitor, "/office/new/campaign/form", True, **FORM, do=nonsense)
            assert answer.status_code == 200, nonsense


async def test_what_is_typed_stays_text(staffed: Any) -> None:
    nasty = "<script>alert(1)</script>\"'"
    await drafted(staffed, "nasty", name=nasty, conditions={"segments": [nasty], "products": {"tags": [nasty]}})
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        for path in ("/office/campaigns/nasty", "/office/campaigns/nasty/edit", "/office/new/campaign?like=nasty"):
            page = (await visitor.get(path)).text
            assert "<script>alert" not in page, path
            assert "&lt;script&gt;alert" in page, path
        form = FORM | {
            "name": nasty,
            "conditions.segments+": nasty,
            "effects.0.multiplier": nasty,
            "limits.0.json": nasty,
        }
        shown = (await post(visitor, "/office/new/campaign/form", True, **form, do="add:limits:")).text
        assert "<script>alert" not in shown
