"""Standing rules and draws in the office: made, checked, run and ended by the API's acts; winners anybody can check."""

from __future__ import annotations

import re
from typing import Any, get_args

import msgspec
import pytest

from goen.earning.standing import model
from goen.jobs.model import Means
from goen.jobs.schedule import decide_draws
from goen.web.common.pages import LANGUAGES, Language
from web.conftest import csrf_of, signed_in
from web.test_front import buy
from web.test_offers import HX, words

BIRTHDAY = {"name": "お誕生日ポイント", "points": 300, "when": {"kind": "birthday"}}
MUG = {"code": "mug", "name": "マグカップ", "count": 1, "value": 800, "gives": {"kind": "gift"}}
DRAW = {
    "name": "冬の抽選会", "method": "end", "entrance": {"kind": "day"}, "prizes": [MUG],
    "starts_at": "2026-11-01T00:00:00+09:00", "ends_at": "2036-12-25T00:00:00+09:00",
}  # fmt: skip
NASTY = "<script>alert(1)</script>\"'"
WHOLE: tuple[model.Occasion, ...] = (
    model.Birthday("day", 14, 30), model.Welcome(), model.Visit("programme", 4, by_code=False),
    model.Referral(100, "entered", 3, 60, 7, 2000, 3), model.Review(("S1",), bought=True), model.Survey(("q1",)),
    model.WinBack(90, 365),
)  # fmt: skip


async def occasioned(staffed: Any) -> None:
    """A rule for birthdays and a draw of mugs, both drafts."""
    assert (await staffed.server.put("/v1/standing/hi", json=BIRTHDAY)).status_code == 201
    assert (await staffed.server.put("/v1/draws/fuyu", json=DRAW)).status_code == 200


async def post(visitor: Any, path: str, htmx: bool = False, **form: str) -> Any:
    return await visitor.post(path, data={"csrf": csrf_of(visitor), **form}, headers=HX if htmx else {})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_of_every_occasion_is_told_in_words(language: Language) -> None:
    assert {type(each) for each in WHOLE} == set(get_args(model.Occasion))
    say = words(language, "office/standing_words")
    for whole in WHOLE:
        told = str(say.occasion(whole, whole.kind))
        assert told.strip(), whole.kind
        for field in msgspec.structs.fields(type(whole)):
            usual = msgspec.structs.replace(whole, **{field.name: field.default})
            assert usual != whole, field.name
            if (whole.kind, field.name) != ("birthday", "days"):
                assert str(say.occasion(usual, whole.kind)) != told, (whole.kind, field.name)


async def test_a_standing_rule_is_made_changed_started_and_ended(staffed: Any) -> None:
    form = {
        "code": "tanjobi", "name": "お誕生日", "points": "３００", "when": "birthday", "when.on": "first",
        "who.tiers+": "", "limits.0": "1", "limits.0.measure": "points", "limits.0.most": "100,000",
    }  # fmt: skip
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        assert "常設特典はまだありません" in (await visitor.get("/office/standing")).text
        told = (await post(visitor, "/office/new/standing/form", True, **form, do="look")).text
        for said in ("誕生日: 300\u00a0P", "誕生月の1日", "100,000"):
            assert said in told, said
        swapped = (await post(visitor, "/office/new/standing/form", True, **form, do="kind:when:visit")).text
        assert 'name="when.lock_hours"' in swapped
        plain = (await post(visitor, "/office/new/standing/form", True, **form, do="kind:when:welcome")).text
        assert 'name="when" value="welcome"' in plain
        assert "when.json" not in plain  # Nothing is to be asked of it, which is no reason for JSON.
        wrong = await post(visitor, "/office/new/standing", **form | {"points": "0"})
        assert wrong.status_code == 422
        assert "1以上で入力してください" in wrong.text
        assert (await post(visitor, "/office/new/standing", **form)).headers["location"] == "/office/standing/tanjobi"
        again = await post(visitor, "/office/new/standing", **form)
        assert again.status_code == 422
        assert "このコードはすでに使われています" in again.text
        kept = (await staffed.server.get("/v1/standing/tanjobi")).json()
        assert (kept["state"], kept["points"], kept["made_by"]) == ("draft", 300, "staff:marketing")
        assert kept["limits"] == [{"measure": "points", "most": 100_000}]

        page = (await visitor.get("/office/standing/tanjobi")).text
        assert "条件を満たすたびに300\u00a0Pが自動で進呈されます" in page
        assert "/stop" not in page
        changed = {key: value for key, value in form.items() if key != "code"} | {"points": "500"}
        assert (await post(visitor, "/office/standing/tanjobi/edit", **changed)).status_code == 303
        assert (await post(visitor, "/office/standing/tanjobi/activate", version="2")).status_code == 303
        kept = (await staffed.server.get("/v1/standing/tanjobi")).json()
        assert (kept["state"], kept["live_version"], kept["points"]) == ("live", 2, 500)
        other = await post(visitor, "/office/standing/tanjobi/edit", **changed | {"when": "welcome"})
        assert other.status_code == 422
        assert (await post(visitor, "/office/standing/tanjobi/stop")).status_code == 303
        assert (await staffed.server.get("/v1/standing/tanjobi")).json()["state"] == "stopped"
        assert "お誕生日" in (await visitor.get("/office/standing?q=ＴＡＮＪＯ&order=granted")).text
        assert "お誕生日" not in (await visitor.get("/office/standing?q=none")).text
        rows = (await visitor.get("/office/standing?export=csv-utf8")).content.decode("utf-8-sig")
        assert "tanjobi,お誕生日,誕生日,停止" in rows
        assert (await visitor.get("/office/standing/none")).status_code == 404


async def test_a_costly_rule_waits_for_a_second_person(staffed: Any) -> None:
    await staffed.server.put("/v1/programme", json={"campaigns": {"approval_above": 0}})
    staffed.clock.advance(seconds=3)
    form = {"code": "nyukai", "name": "入会特典", "points": "500", "when": "welcome"}
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        assert (await post(visitor, "/office/new/standing", **form)).status_code == 303
        assert "承認を依頼" in (await visitor.get("/office/standing/nyukai")).text
        assert (await post(visitor, "/office/standing/nyukai/activate")).status_code == 303
        page = (await visitor.get("/office/standing/nyukai")).text
        assert "/approve" not in page
        assert (await post(visitor, "/office/standing/nyukai/approve")).status_code == 422
        assert "承認待ちの常設特典" not in (await visitor.get("/office")).text, "one's own waits for others"
        assert (await staffed.server.put("/v1/draws/fuyu", json=DRAW)).status_code == 200
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        page = (await visitor.get("/office")).text
        assert '<a href="/office/approvals">承認待ちの常設特典：1件' in page
        assert '<a href="/office/approvals">別の人による開始が必要な抽選：1件' in page
        page = (await visitor.get("/office/approvals")).text
        assert '<a href="/office/standing/nyukai">入会特典</a>' in page
        assert '<a href="/office/draws/fuyu">冬の抽選会</a>' in page
        assert "/office/standing/nyukai/approve" in (await visitor.get("/office/standing/nyukai")).text
        assert (await post(visitor, "/office/standing/nyukai/approve")).status_code == 303
        assert (await post(visitor, "/office/draws/fuyu/activate")).status_code == 303
        assert "/office/approvals" not in (await visitor.get("/office")).text.partition("<main")[2]
        page = (await visitor.get("/office/approvals")).text
        assert "/office/standing/nyukai" not in page
        assert "/office/draws/fuyu" not in page
    assert (await staffed.server.get("/v1/standing/nyukai")).json()["state"] == "live"


async def test_a_draw_is_made_opened_decided_and_its_winners_are_checked(staffed: Any) -> None:
    for number in (1, 2, 3):
        await buy(staffed, number)
    form = {
        "code": "fuyu", "name": "冬の抽選会", "method": "end", "entrance": "day", "prizes.0": "1",
        "prizes.0.code": "mug", "prizes.0.name": "マグカップ", "prizes.0.count": "2", "prizes.0.gives": "gift",
        "prizes.0.value": "", "starts_at": "2026-11-01T00:00", "ends_at": "2036-12-25T00:00", "wins_max": "1",
    }  # fmt: skip
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        told = (await post(visitor, "/office/new/draw/form", True, **form, do="look")).text
        for said in ("お一人様1日1口", "マグカップ: 応募期間終了後、抽選で2名様"):
            assert said in told, said
        # What keeps it from going live is said beside its field.
        shaped = (await post(visitor, "/office/new/draw/form", True, **form, do="add:prizes:")).text
        assert re.search(r'name="prizes\.1\.code"', shaped)
        assert (await post(visitor, "/office/new/draw", **form)).status_code == 303
        page = (await visitor.get("/office/draws/fuyu/edit")).text
        beside = page.partition('name="prizes.0.value"')[2][:600]
        assert "価額" in beside
        assert (await post(visitor, "/office/draws/fuyu/activate")).status_code == 422
        assert (await post(visitor, "/office/draws/fuyu/edit", **form | {"prizes.0.value": "800"})).status_code == 303
        assert "シードは抽選の公開時に作られ" in (await visitor.get("/office/draws/fuyu")).text
        assert (await post(visitor, "/office/draws/fuyu/activate")).status_code == 303
        late = await post(visitor, "/office/draws/fuyu/edit", **form | {"name": "別名"})
        assert late.status_code == 422  # Its terms are published; what was typed is not lost.
        assert 'value="別名"' in late.text
        members = []
        for number in (1, 2, 3):
            card = {"kind": "card", "value": f"CARD-000{number}"}
            headers = {"Idempotency-Key": f"e{number}"}
            made = await staffed.server.post("/v1/draws/fuyu/entries", json={"member": card}, headers=headers)
            assert made.status_code == 201, made.text
            members.append(made.json())
        page = (await visitor.get("/office/draws/fuyu")).text
        digest = (await staffed.server.get("/v1/draws/fuyu")).json()["seed_hash"]
        assert digest in page
        assert "まだ抽選が終わっていません" in (await visitor.get("/office/draws/fuyu/check", headers=HX)).text
        assert "応募済みの3口" in page
        assert (await post(visitor, "/office/draws/fuyu/stop")).status_code == 303
        staffed.clock.advance(minutes=2)
        services = staffed.application.services
        await decide_draws(Means(services.database, services.till, services.context, staffed.clock))
        page = (await visitor.get("/office/draws/fuyu")).text
        assert (await staffed.server.get("/v1/draws/fuyu")).json()["seed"] in page
        assert page.count("/office/members/m_") == 2
        checked = (await visitor.get("/office/draws/fuyu/check", headers=HX)).text
        assert "全3口のうち当選した2口はすべて抽選値どおり" in checked
        rows = (await visitor.get("/office/draws/fuyu?export=csv-utf8")).content.decode("utf-8-sig")
        assert rows.count("マグカップ") == 2
        # A seed that was put in later, and a winner who was, are told.
        async with staffed.database.transaction() as connection:
            await connection.execute("update prize_draw set seed = decode(repeat('00', 32), 'hex')")
        assert "封印されたものと一致しません" in (await visitor.get("/office/draws/fuyu/check", headers=HX)).text
        assert "冬の抽選会" in (await visitor.get("/office/draws?q=fuyu&order=end")).text
    async with signed_in(staffed.application, "accounting", staffed.clock) as visitor:
        assert "/office/draws/fuyu/edit" not in (await visitor.get("/office/draws/fuyu")).text


async def test_what_is_typed_stays_text(staffed: Any) -> None:
    await staffed.server.put("/v1/standing/hi", json=BIRTHDAY | {"name": NASTY, "who": {"segments": [NASTY]}})
    await staffed.server.put("/v1/draws/fuyu", json=DRAW | {"name": NASTY, "prizes": [MUG | {"name": NASTY}]})
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        for path in (
            "/office/standing", "/office/standing/hi", "/office/standing/hi/edit", "/office/draws",
            "/office/draws/fuyu", "/office/draws/fuyu/edit",
        ):  # fmt: skip
            page = (await visitor.get(path)).text
            assert "<script>alert" not in page, path
            assert "&lt;script&gt;alert" in page, path
        form = {"code": NASTY, "name": NASTY, "points": NASTY, "when": NASTY, "limits.0.json": NASTY, "do": "look"}
        for path in ("/office/new/standing/form", "/office/new/draw/form"):
            for do in ("look", f"add:{NASTY}", "add:limits:", "add:prizes:"):
                shown = await post(visitor, path, True, **form | {"do": do, "prizes.0": NASTY, "prizes.0.gives": NASTY})
                assert shown.status_code == 200
                assert "<script>alert" not in shown.text, (path, do)
        for path in ("/office/new/standing", "/office/new/draw"):
            refused = await post(visitor, path, **form)
            assert refused.status_code == 422
            assert "<script>alert" not in refused.text
