"""Terms of membership (rule 55): published ahead, read by everybody, accepted by members, erased with them."""

from __future__ import annotations

from datetime import timedelta

from .words import tokyo

FIRST = {
    "holds_from": "2026-04-01",
    "notice_on": "2026-03-01",
    "title": {"ja": "会員規約", "en": "Terms of membership"},
    "text": {"ja": "第1条 会員証は本人に限り利用できます。", "en": "1. The card is for its member alone."},
}


async def put(retailer, version, **changes):
    return await retailer.server.put(f"/v1/terms/{version}", json={**FIRST, **changes})


async def read(retailer, path):
    """Without a key, as everybody may."""
    return await retailer.server.get(path, headers={"Authorization": ""})


async def accepted(retailer, member):
    return (await retailer.readonly.get(f"/v1/members/{member['id']}/terms")).json()


async def test_rule_55_terms_are_published_ahead_and_replaced_on_their_day(retailer):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    made = await put(retailer, "2026-04")
    assert (made.status_code, made.json()["state"], made.json()["findings"]) == (200, "holds", []), made.text
    assert (await put(retailer, "2026-04")).json() == made.json()
    planned = await put(retailer, "2027", holds_from="2027-04-01", notice_on="2026-12-01", worsening=True)
    assert planned.json()["state"] == "to_come"
    assert planned.json()["findings"] == []  # 121 days of notice.
    assert (await retailer.server.get("/v1/terms")).json()["holds"] == "2026-04"
    assert [each["version"] for each in (await read(retailer, "/v1/terms")).json()["items"]] == ["2026-04"]
    early = await read(retailer, "/v1/terms/2027")
    assert (early.status_code, early.json()["code"]) == (404, "unknown_terms")
    retailer.clock.set(tokyo(2026, 12, 1, 0))
    assert (await read(retailer, "/v1/terms/2027")).json()["text"] == FIRST["text"]
    retailer.clock.set(tokyo(2027, 3, 31, 23))
    assert (await read(retailer, "/v1/terms")).json()["holds"] == "2026-04"
    retailer.clock.set(tokyo(2027, 4, 1, 0))
    states = {each["version"]: each["state"] for each in (await read(retailer, "/v1/terms")).json()["items"]}
    assert states == {"2027": "holds", "2026-04": "replaced"}


async def test_rule_55_short_notice_of_worse_terms_is_warned_of(retailer):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    # Told "from November 1" but brought in on the 22nd: nobody could read it before.
    late = await put(retailer, "worse", holds_from="2027-01-31", notice_on="2026-11-01", worsening=True)
    assert [(each["level"], each["code"]) for each in late.json()["findings"]] == [("warning", "notice_short")]
    assert "70日間" in late.json()["findings"][0]["text"]
    better = await put(retailer, "better", holds_from="2027-01-31", notice_on="2026-11-22")
    assert better.json()["findings"] == []
    assert (await read(retailer, "/v1/terms/worse")).json()["findings"] == []  # Ours to know, not the reader's.
    # A programme that promises less is held to less.
    assert (await retailer.server.put("/v1/programme", json={"terms": {"notice_days": 60}})).status_code == 200
    retailer.clock.advance(seconds=5)
    assert (await retailer.server.get("/v1/terms/worse")).json()["findings"] == []
    after = await put(retailer, "after", holds_from="2027-01-01", notice_on="2027-01-02")
    assert after.json()["errors"][0]["field"] == "notice_on"


async def test_terms_never_change_and_are_taken_back_only_before_they_hold(retailer):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    await put(retailer, "2026-04")
    other = await put(retailer, "2026-04", text={"ja": "別の文"})
    assert (other.status_code, other.json()["code"]) == (409, "terms_exist")
    assert (await retailer.server.delete("/v1/terms/2026-04")).json()["code"] == "terms_hold"
    await put(retailer, "2027", holds_from="2027-04-01", notice_on="2026-11-22")
    for _ in range(2):
        assert (await retailer.server.delete("/v1/terms/2027")).status_code == 204
    assert (await read(retailer, "/v1/terms/2027")).status_code == 404
    assert (await retailer.server.get("/v1/terms/2027")).json()["state"] == "withdrawn"
    assert (await put(retailer, "2027", holds_from="2027-04-01", notice_on="2026-11-22")).status_code == 409
    retailer.clock.set(tokyo(2027, 4, 2, 0))
    assert (await read(retailer, "/v1/terms")).json()["holds"] == "2026-04"
    assert (await retailer.server.delete("/v1/terms/none")).status_code == 404
    for client in (retailer.shibuya, retailer.web, retailer.readonly):
        assert (await client.put("/v1/terms/x", json=FIRST)).status_code == 403
        assert (await client.delete("/v1/terms/2027")).status_code == 403


async def test_the_log_says_where_members_were_told(retailer):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    await put(retailer, "2027", holds_from="2027-04-01", notice_on="2026-12-01")
    assert (await retailer.server.get("/v1/terms/2027")).json()["notices"] == []
    store = {"place": "store", "told_on": "2026-11-20", "words": "4月1日から規約が変わります。"}
    told = await retailer.server.post("/v1/terms/2027/notices", json=store)
    assert told.status_code == 201, told.text
    retailer.clock.set(tokyo(2026, 12, 5, 9))
    await retailer.server.post("/v1/terms/2027/notices", json={"place": "mail"})
    notices = (await read(retailer, "/v1/terms/2027")).json()["notices"]
    assert [(each["told_on"], each["place"]) for each in notices] == [
        ("2026-11-20", "store"), ("2026-12-01", "pages"), ("2026-12-05", "mail"),
    ]  # fmt: skip
    future = await retailer.server.post("/v1/terms/2027/notices", json={"place": "mail", "told_on": "2026-12-06"})
    assert future.json()["errors"][0]["field"] == "told_on"
    assert (await retailer.server.post("/v1/terms/none/notices", json={"place": "mail"})).status_code == 404


async def test_rule_55_who_joins_accepts_the_terms_of_that_day_where_the_sign_up_says_so(retailer):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    body = {"name": "規約 花子", "terms": True}
    none = await retailer.server.post("/v1/members", json=body)
    assert (none.status_code, none.json()["code"]) == (422, "unknown_terms")
    await put(retailer, "2026-04")
    await put(retailer, "2026-12", holds_from="2026-12-01", notice_on="2026-11-01")
    at_till = (await retailer.shibuya.post("/v1/members", json=body)).json()
    said = await accepted(retailer, at_till)
    assert (said["holds"], said["accepted"]) == ("2026-04", True)
    assert [(each["version"], each["channel"], each["shop"], each["recorded_by"]) for each in said["items"]] == [
        ("2026-04", "till", "shibuya", "shibuya")
    ]
    on_web = (await retailer.web.post("/v1/members", json={**body, "terms": "2026-12"})).json()
    assert (await accepted(retailer, on_web))["accepted"] is False  # Read ahead: that of today was not.
    silent = (await retailer.web.post("/v1/members", json={"name": "規約 次郎"})).json()
    assert (await accepted(retailer, silent))["items"] == []
    wrong = await retailer.server.post("/v1/members", json={**body, "terms": "2099"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_terms")
    provisional = (await retailer.shibuya.post("/v1/members", json={"provisional": True})).json()
    phone = [{"kind": "phone", "value": "090-3333-4444"}]
    registered = await retailer.web.post(
        f"/v1/members/{provisional['id']}/register", json={"name": "仮 会員", "identifiers": phone, "terms": True}
    )
    assert registered.status_code == 200, registered.text
    assert [each["channel"] for each in (await accepted(retailer, provisional))["items"]] == ["web"]
    retailer.clock.set(tokyo(2026, 12, 1, 0))
    assert (await accepted(retailer, on_web))["accepted"] is True
    assert (await accepted(retailer, at_till))["accepted"] is False


async def test_an_acceptance_is_kept_once_with_the_day_it_was_said(retailer):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    await put(retailer, "2026-04")
    someone = await retailer.member()
    path = f"/v1/members/{someone['id']}/terms"
    signed = (retailer.clock.now() - timedelta(days=9)).isoformat()
    first = await retailer.shibuya.post(path, json={"at": signed, "channel": "paper"})
    assert first.status_code == 200, first.text
    assert first.json()["items"][0]["accepted_at"] == "2026-11-13T03:00:00Z"
    again = await retailer.server.post(path, json={"version": "2026-04"})
    assert again.json() == first.json()
    future = (retailer.clock.now() + timedelta(hours=1)).isoformat()
    assert (await retailer.server.post(path, json={"at": future})).json()["errors"][0]["field"] == "at"
    assert (await retailer.server.post("/v1/members/m_zzzz/terms", json={})).status_code == 404
    assert (await retailer.readonly.post(path, json={})).status_code == 403
    async with retailer.services.database.reading() as connection:
        told = await connection.fetch("select body from feed union all select body from outbox")
        done = await connection.fetch("select details from audit where action = 'member.terms_accepted'")
    assert sum('"change":"terms"' in row["body"] for row in told) == 1
    assert len(done) == 1


async def test_rule_45_a_merge_keeps_what_both_accepted_and_its_undo_parts_it(retailer):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    await put(retailer, "2026-04")
    stays, goes = await retailer.member(terms=True), await retailer.member()
    await put(retailer, "2026-11", holds_from="2026-11-22")
    await retailer.server.post(f"/v1/members/{goes['id']}/terms", json={})
    merged = await retailer.act(
        f"/v1/members/{stays['id']}/merges",
        {"source": {"kind": "member_id", "value": goes["id"]}, "reason": "同一人物"},
    )
    assert merged.status_code == 201, merged.text
    for each in (stays, goes):
        assert {one["version"] for one in (await accepted(retailer, each))["items"]} == {"2026-04", "2026-11"}
    undone = await retailer.act(f"/v1/merges/{merged.json()['id']}/undo", {"reason": "別人"})
    assert undone.status_code == 200, undone.text
    assert [one["version"] for one in (await accepted(retailer, stays))["items"]] == ["2026-04"]
    assert [one["version"] for one in (await accepted(retailer, goes))["items"]] == ["2026-11"]


async def test_rule_56_acceptances_are_disclosed_and_go_with_erasure(retailer, owner):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    await put(retailer, "2026-04")
    someone = (await retailer.shibuya.post("/v1/members", json={"name": "規約 花子", "terms": True})).json()
    export = (await retailer.server.get(f"/v1/members/{someone['id']}/export")).json()
    assert [(each["version"], each["title"], each["channel"]) for each in export["terms"]] == [
        ("2026-04", "会員規約", "till")
    ]
    page = await retailer.server.get(f"/v1/members/{someone['id']}/disclosure?language=ja")
    assert "同意された会員規約" in page.text
    assert (
        await retailer.server.post(f"/v1/members/{someone['id']}/erase", json={"reason": "ご請求"})
    ).status_code == 200
    assert await owner.fetchval("select count(*) from member_terms") == 0
