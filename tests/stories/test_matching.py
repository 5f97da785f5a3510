"""Stories of the review queue: who is asked about, what a person decides, and what is never asked again."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stories.conftest import Retailer

from goen.actions.members.matching import match_members
from goen.identity.reviews.model import Counts, pair_of
from goen.shops.model import Principal

MACHINE = Principal(0, "goen match", "server")


async def _person(retailer: Retailer, name: str, kana: str | None, **contacts: Any) -> dict[str, Any]:
    identifiers = [{"kind": kind, "value": value} for kind, value in contacts.items() if kind in ("phone", "email")]
    fields = {name: value for name, value in contacts.items() if name not in ("phone", "email")}
    card = [{"kind": "card", "value": f"29{retailer.number():011d}"}]
    return await retailer.member(name=name, kana=kana, identifiers=[*card, *identifiers], **fields)


async def _match(retailer: Retailer, merge: Any = None) -> Counts:
    return await match_members(retailer.services.database, retailer.clock, MACHINE, merge)


async def _queue(retailer: Retailer, **query: Any) -> list[dict[str, Any]]:
    answer = await retailer.server.get("/v1/match_reviews", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.fixture
async def people(retailer: Retailer) -> dict[str, dict[str, Any]]:
    """Wakako in the store and on LINE, her son on her phone, her twin sister, and somebody after her wedding."""
    phone = "090-1111-2222"
    return {
        "store": await _person(retailer, "山田 和歌子", "ヤマダ ワカコ", phone=phone, birth_date="1980-04-01"),
        "line": await _person(retailer, "わかこ", None, phone=phone),
        "son": await _person(retailer, "山田 翔太", "ヤマダ ショウタ", phone=phone, birth_date="2010-05-05"),
        "twin": await _person(retailer, "山田 早紀", "ヤマダ サキ", phone=phone, birth_date="1980-04-01"),
        "before": await _person(retailer, "小野 花子", "オノ ハナコ", email="hanako@example.jp"),
        "after": await _person(retailer, "森 花子", "モリ ハナコ", email="hanako@example.jp"),
    }


async def test_a_person_decides_with_the_evidence_before_them(
    retailer: Retailer, people: dict[str, dict[str, Any]]
) -> None:
    counts = await _match(retailer)
    assert (counts.members, counts.merged, counts.certain, counts.asked) == (6, 0, 1, 1)
    certain, likely = await _queue(retailer)
    assert certain["certain"]
    assert [each["id"] for each in certain["members"]] == [people["store"]["id"], people["line"]["id"]]
    assert not likely["certain"]
    assert [each["name"] for each in likely["members"]] == ["小野 花子", "森 花子"]
    words = {each["field"]: each["text"] for each in likely["evidence"]}
    assert words == {
        "given": "名：同じ表記です",
        "family": "姓：一致しません",
        "email": "メールアドレス：一致しています",
    }
    weights = {each["field"]: each["weight"] for each in likely["evidence"]}
    assert weights["email"] > 0 > weights["family"]

    answer = await retailer.server.post(
        f"/v1/match_reviews/{likely['id']}/decide", json={"same": True, "reason": "戸籍を確認"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "same"
    assert answer.json()["decided_by"]
    assert answer.json()["merged"]
    assert await _queue(retailer) == [certain]
    assert [each["id"] for each in await _queue(retailer, state="same")] == [likely["id"]]


async def test_words_follow_the_reader(retailer: Retailer, people: dict[str, dict[str, Any]]) -> None:
    await _match(retailer)
    answer = await retailer.readonly.get("/v1/match_reviews", headers={"Accept-Language": "en"})
    assert "mail address: the same" in [each["text"] for each in answer.json()["items"][1]["evidence"]]


async def test_who_is_not_the_same_is_never_asked_about_again(
    retailer: Retailer, people: dict[str, dict[str, Any]]
) -> None:
    await _match(retailer)
    for review in await _queue(retailer):
        answer = await retailer.server.post(f"/v1/match_reviews/{review['id']}/decide", json={"same": False})
        assert answer.status_code == 200, answer.text
    assert await _queue(retailer) == []
    counts = await _match(retailer)
    assert (counts.certain, counts.asked) == (0, 0)
    assert await _queue(retailer) == []
    assert len(await _queue(retailer, state="not_same")) == 2


async def test_a_decision_stands_and_is_audited(retailer: Retailer, people: dict[str, dict[str, Any]]) -> None:
    await _match(retailer)
    review = (await _queue(retailer))[0]
    path = f"/v1/match_reviews/{review['id']}/decide"
    assert (await retailer.server.post(path, json={"same": True, "reason": "本人"})).status_code == 200
    assert (await retailer.server.post(path, json={"same": True})).status_code == 200
    other_way = await retailer.server.post(path, json={"same": False})
    assert (other_way.status_code, other_way.json()["code"]) == (409, "review_decided")
    async with retailer.services.database.reading() as connection:
        rows = await connection.fetch("select anchor, reason, details from audit where action = 'match.decided'")
    assert sorted(row["anchor"] for row in rows) == sorted(pair_of(review["id"]) or ())
    assert {row["reason"] for row in rows} == {"本人"}
    for row in rows:
        # Evidence names fields and levels; nobody's phone or name.
        assert "phone" in row["details"]
        assert "山田" not in row["details"]
        assert "1111" not in row["details"]


async def test_questions_that_are_none_any_more_go(retailer: Retailer, people: dict[str, dict[str, Any]]) -> None:
    await _match(retailer)
    assert len(await _queue(retailer)) == 2
    assert (await retailer.server.delete(f"/v1/members/{people['after']['id']}")).status_code == 204
    assert len(await _queue(retailer)) == 1  # At once, before any run.
    likely = f"v_{people['before']['id'].removeprefix('m_')}-{people['after']['id'].removeprefix('m_')}"
    gone = await retailer.server.post(f"/v1/match_reviews/{likely}/decide", json={"same": True})
    assert (gone.status_code, gone.json()["code"]) == (409, "member_withdrawn")
    await _match(retailer)
    assert (await retailer.server.get(f"/v1/match_reviews/{likely}")).status_code == 404


async def test_pages(retailer: Retailer, people: dict[str, dict[str, Any]]) -> None:
    await _match(retailer)
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await retailer.server.get("/v1/match_reviews", params=query)).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [each["id"] for each in await _queue(retailer)]
    assert len(seen) == 2


@pytest.mark.parametrize("id", ["v_1-2", "v_2-1", "m_1", "v_", "v_1-1", "v_1", "v_zzzzzzzzzzzzzzz-1"])
async def test_there_is_no_such_pair(retailer: Retailer, id: str) -> None:
    for answer in (
        await retailer.server.get(f"/v1/match_reviews/{id}"),
        await retailer.server.post(f"/v1/match_reviews/{id}/decide", json={"same": True}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_review")


async def test_tills_do_not_decide(retailer: Retailer) -> None:
    assert (await retailer.shibuya.get("/v1/match_reviews")).status_code == 403
    for client in (retailer.shibuya, retailer.web, retailer.readonly):
        assert (await client.post("/v1/match_reviews/v_1-2/decide", json={"same": True})).status_code == 403


async def test_certain_pairs_are_merged_and_stay_parted_once_somebody_parts_them(
    retailer: Retailer, people: dict[str, dict[str, Any]]
) -> None:
    store, line = people["store"], people["line"]
    frozen = await retailer.server.post(f"/v1/members/{line['id']}/freeze", json={"reason": "調査中"})
    assert frozen.status_code == 200, frozen.text
    refused = await _match(retailer, retailer.services.merge_pair)
    assert (refused.merged, refused.certain, refused.asked) == (0, 1, 1)
    await retailer.server.post(f"/v1/members/{line['id']}/unfreeze", json={"reason": "問題なし"})
    counts = await _match(retailer, retailer.services.merge_pair)
    assert (counts.members, counts.merged, counts.certain, counts.asked) == (6, 1, 0, 1)
    assert (await retailer.server.get(f"/v1/members/{line['id']}")).json()["id"] == store["id"]
    again = await _match(retailer, retailer.services.merge_pair)
    assert (again.members, again.merged, again.certain) == (5, 0, 0), "one person by now, by both names"

    async with retailer.services.database.reading() as connection:
        merge_id = await connection.fetchval("select merge_id from member_merge")
    undone = await retailer.server.post(
        f"/v1/merges/{merge_id}/undo", json={"reason": "別人だった"}, headers={"Idempotency-Key": "undo"}
    )
    assert undone.status_code == 200, undone.text
    after = await _match(retailer, retailer.services.merge_pair)
    assert (after.members, after.merged, after.certain) == (6, 0, 0)


async def test_a_decision_sets_off_the_merge_and_tries_again_where_it_was_refused(
    retailer: Retailer, people: dict[str, dict[str, Any]]
) -> None:
    await _match(retailer)
    review = (await _queue(retailer))[1]
    older, younger = [each["id"] for each in review["members"]]
    path = f"/v1/match_reviews/{review['id']}/decide"
    await retailer.server.post(f"/v1/members/{younger}/freeze", json={"reason": "調査中"})
    refused = await retailer.server.post(path, json={"same": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "member_frozen")
    assert [each["merged"] for each in await _queue(retailer, state="same")] == [False]
    await retailer.server.post(f"/v1/members/{younger}/unfreeze", json={"reason": "問題なし"})
    for _ in range(2):
        decided = await retailer.server.post(path, json={"same": True})
        assert decided.status_code == 200, decided.text
        assert decided.json()["merged"]
    assert (await retailer.server.get(f"/v1/members/{younger}")).json()["id"] == older


async def test_runs_and_weights_are_kept(retailer: Retailer, people: dict[str, dict[str, Any]]) -> None:
    await _match(retailer)
    retailer.clock.advance(days=1)
    await _match(retailer)
    async with retailer.services.database.reading() as connection:
        runs = await connection.fetch("select state, model_id, counts from match_run order by run_id")
        models = await connection.fetch("select version, records from match_model")
    assert [row["state"] for row in runs] == ["done", "done"]
    assert len(models) == 1, "the second run used the weights of the first"
    assert len({row["model_id"] for row in runs}) == 1
