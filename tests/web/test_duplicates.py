"""Two members are compared, merged and parted again in the office; in words, and without scripts."""

from __future__ import annotations

from typing import Any

from goen.identity.reviews import store
from goen.identity.reviews.model import Found, public_id
from goen.members.ids import member_id_of
from web.conftest import csrf_of, signed_in
from web.test_front import buy
from web.test_one_person import person

EVIDENCE = {"given": ("written", 8.2), "family": ("different", -3.1), "phone": ("same", 9.4)}


async def asked(edge: Any, one: int, other: int) -> str:
    """A run of matching asks about two; gives the review's id."""
    pair = sorted([member_id_of((await person(edge, each))["id"]) or 0 for each in (one, other)])
    async with edge.database.transaction() as connection:
        run = await store.begin_run(connection, "test", edge.clock.now())
        await store.ask(connection, run, [Found(pair[0], pair[1], False, 0.973, EVIDENCE)], edge.clock.now())
    return public_id(*pair)


async def test_two_are_compared_merged_and_parted_again(staffed: Any) -> None:
    await buy(staffed, 1)
    await buy(staffed, 2, lines=[{"line": 1, "amount": 3300}])
    review = await asked(staffed, 1, 2)
    one, other = (await person(staffed, 1))["id"], (await person(staffed, 2))["id"]
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        assert "1組あります" in (await visitor.get("/office")).text
        queue = (await visitor.get("/office/duplicates")).text
        assert "姓：一致しません" in queue
        assert "見込み 97%" in queue
        page = (await visitor.get(f"/office/duplicates/{review}")).text
        for words in ("同じ表記です", "同じ人の強い根拠", "別人の根拠", ">10\u00a0P<", ">30\u00a0P<"):
            assert words in page, words
        sure = (await visitor.get(f"/office/duplicates/{review}/merge")).text
        assert "40<small> P" in sure
        assert "30\u00a0P（付与1件分）を移します" in sure
        assert "¥1,100と¥3,300、あわせて¥4,400" in sure
        form = {"csrf": csrf_of(visitor), "same": "yes", "reason": "本人に電話で確認"}
        answer = await visitor.post(f"/office/duplicates/{review}/decide", data=form)
        assert answer.headers["location"] == f"/office/duplicates?done={review}"
        assert "統合しました" in (await visitor.get(answer.headers["location"])).text
        again = await visitor.post(f"/office/duplicates/{review}/decide", data=form)
        assert again.status_code == 303  # Pressed twice, it happens once.
        page = (await visitor.get(f"/office/members/{one}")).text
        assert "40<small> P" in page
        assert "本人に電話で確認" in page
        merge = page.partition("/office/merges/")[2].partition("/undo")[0]
        await buy(staffed, 2, external_id="r21")
        sure = (await visitor.get(f"/office/merges/{merge}/undo")).text
        assert "40<small> P" in sure  # The other's 30, and what its card earned since.
        assert "10<small> P" in sure
        form = {"csrf": csrf_of(visitor), "key": "k", "reason": "別人だった"}
        answer = await visitor.post(f"/office/merges/{merge}/undo", data=form)
        assert answer.headers["location"] == f"/office/members/{other}"
        assert "40<small> P" in (await visitor.get(f"/office/members/{other}")).text
        assert (await visitor.post(f"/office/merges/{merge}/undo", data=form)).status_code == 303
        assert "取り消し済み" in (await visitor.get(f"/office/members/{one}")).text
        assert "すでに取り消されています" in (await visitor.get(f"/office/merges/{merge}/undo")).text
        # Parted by mistake: they can be asked about, and merged, once more.
        address = f"/office/duplicates/{review}/decide"
        for same in ("ask", "yes"):
            answer = await visitor.post(address, data={"csrf": csrf_of(visitor), "same": same})
            assert answer.status_code == 303, answer.text
        page = (await visitor.get(f"/office/members/{one}")).text
        assert "50<small> P" in page
        assert page.count("/undo") == 1
    async with signed_in(staffed.application, "auditor", staffed.clock) as auditor:
        trail = (await auditor.get("/office/audit")).text
        assert "会員の統合" in trail
        assert "統合の取り消し" in trail
        assert "staff:manager" in trail
        assert "統合を取り消す…" not in (await auditor.get(f"/office/members/{one}")).text


async def test_two_persons_stay_two_until_somebody_asks_again(staffed: Any) -> None:
    await buy(staffed, 1)
    await buy(staffed, 2)
    review = await asked(staffed, 1, 2)
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        address = f"/office/duplicates/{review}/decide"
        form = {"csrf": csrf_of(visitor), "same": "no"}
        answer = await visitor.post(address, data=form)
        assert "別の人として記録しました" in (await visitor.get(answer.headers["location"])).text
        assert "確認待ちの組はありません" in (await visitor.get("/office/duplicates")).text
        assert review in (await visitor.get("/office/duplicates?state=not_same")).text
        refused = await visitor.post(address, data=form | {"same": "yes"})
        assert refused.status_code == 422
        await visitor.post(address, data=form | {"same": "ask"})
        assert review in (await visitor.get("/office/duplicates")).text
        await visitor.post(address, data=form | {"same": "yes"})
        gone = await visitor.post(address, data=form | {"same": "ask"})
        assert gone.status_code == 422
        for bad in ("v_8-9", "nothing", "v_zz"):
            assert (await visitor.get(f"/office/duplicates/{bad}")).status_code == 404, bad
        assert (await visitor.get("/office/merges/g_1_1/undo")).status_code == 404


async def test_what_cannot_be_merged_says_why(staffed: Any) -> None:
    await buy(staffed, 1)
    await buy(staffed, 2)
    review = await asked(staffed, 1, 2)
    frozen = (await person(staffed, 2))["id"]
    answer = await staffed.server.post(f"/v1/members/{frozen}/freeze", json={"reason": "調査中"})
    assert answer.status_code == 200, answer.text
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        sure = await visitor.get(f"/office/duplicates/{review}/merge")
        assert "1人の会員に統合する" not in sure.text
        assert 'class="note bad"' in sure.text
