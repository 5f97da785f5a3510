"""Points by hand above the programme's limit: one asks, another approves, and they move once, only then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from goen.actions.points import approvals
from goen.actions.points.by_hand import AdjustmentAsk
from goen.actions.staff import add_staff
from goen.members.ids import member_id_of
from goen.purchases.model import MemberRef
from web.conftest import PASSWORD, browser, csrf_of, signed_in
from web.test_front import buy
from web.test_offers import HX


async def requested(staffed: Any, member: str, points: int, by: str = "staff:somebody") -> int:
    """A request that waits; its number."""
    wanted = AdjustmentAsk(MemberRef("member_id", member), points, "goodwill", "<script>alert(1)</script>")
    number = member_id_of(member) or 0
    await approvals.ask(staffed.database, number, wanted, by, f"k{points}", staffed.clock.now())
    async with staffed.database.reading() as connection:
        waiting, _ = await approvals.requests(connection, 100)
    return waiting[-1].request_id


async def limited(staffed: Any) -> str:
    """A programme in which more than 1,000 points wait, and the id of a member."""
    await buy(staffed, 1)
    answer = await staffed.server.put("/v1/programme", json={"adjustment_approval_above": 1000})
    assert answer.status_code == 200, answer.text
    staffed.clock.advance(seconds=3)
    return str((await staffed.server.get("/v1/members?kind=card&value=CARD-0001")).json()["items"][0]["id"])


async def available(staffed: Any, member: str) -> int:
    return int((await staffed.server.get(f"/v1/members/{member}/balance")).json()["available"])


async def test_a_manager_asks_and_the_owner_approves(staffed: Any) -> None:
    member = await limited(staffed)
    async with (
        signed_in(staffed.application, "manager", staffed.clock) as manager,
        signed_in(staffed.application, "owner", staffed.clock) as owner,
    ):
        form = {"csrf": csrf_of(manager), "points": "20000", "reason": "goodwill", "note": "お詫び", "key": "k1"}
        address = f"/office/members/{member}/adjust"
        small = await manager.post(address, data=form | {"points": "1000", "key": "k0", "sure": "1"}, headers=HX)
        assert "完了" in small.text or "1,010" in small.text
        shown = await manager.post(address, data=form, headers=HX)
        assert "別の人の承認が必要です" in shown.text
        for _ in range(2):  # Sent twice it is one request.
            asked = await manager.post(address, data=form | {"sure": "1"}, headers=HX)
            assert "承認待ち" in asked.text
        assert await available(staffed, member) == 1010
        page = (await manager.get("/office/approvals")).text
        assert page.count("+20,000 P") == 1
        assert "ほかの人の承認待ち" in page
        assert "/approve" not in page
        assert "承認待ちのポイント調整：1件" in (await owner.get("/office")).text
        page = (await owner.get("/office/approvals")).text
        assert "お詫び" in page
        target = next(part for part in page.split('"') if part.endswith("/approve"))
        mine = await manager.post(target, data={"csrf": csrf_of(manager)})
        assert mine.status_code == 403
        # However often and however many at once say yes, the points move once.
        answers = await asyncio.gather(*(owner.post(target, data={"csrf": csrf_of(owner)}) for _ in range(5)))
        assert [each.status_code for each in answers] == [303] * 5
        assert await available(staffed, member) == 21_010
        assert (
            await owner.post(target.replace("/approve", "/decline"), data={"csrf": csrf_of(owner)})
        ).status_code == 422
        assert "承認済み" in (await owner.get("/office/approvals")).text
        assert "承認待ちのポイント調整" not in (await owner.get("/office")).text
        trail = (await owner.get("/office/audit?room=adjustment")).text
        for said in ("ポイント調整の承認依頼", "ポイント調整の承認", "staff:manager", "staff:owner"):
            assert said in trail, said
    verified = (await staffed.server.get(f"/v1/members/{member}/entries")).json()["items"]
    assert [each["points"] for each in verified][:2] == [20_000, 1000]


async def test_nobody_approves_their_own_and_a_second_owner_does(staffed: Any) -> None:
    member = await limited(staffed)
    request = await requested(staffed, member, 5000, "staff:owner")
    target = f"/office/approvals/{member}/{request}"
    async with signed_in(staffed.application, "owner", staffed.clock) as owner:
        refused = await owner.post(f"{target}/approve", data={"csrf": csrf_of(owner)})
        assert refused.status_code == 422
        assert "別の人の承認が必要です" in refused.text
    assert await available(staffed, member) == 10
    async with signed_in(staffed.application, "accounting", staffed.clock) as accounting:
        assert (await accounting.post(f"{target}/approve", data={"csrf": csrf_of(accounting)})).status_code == 303
    assert await available(staffed, member) == 5010


async def test_what_is_declined_or_taken_back_moves_nothing(staffed: Any) -> None:
    member = await limited(staffed)
    await add_staff(
        staffed.database, login="other", name="試験 other", role="manager", password=PASSWORD, pin=None,
        shop_codes=["shibuya"], author="test", now=staffed.clock.now(),
    )  # fmt: skip
    first = await requested(staffed, member, 5000, "staff:manager")
    second = await requested(staffed, member, 6000, "staff:manager")
    async with (
        signed_in(staffed.application, "manager", staffed.clock) as manager,
        signed_in(staffed.application, "owner", staffed.clock) as owner,
        browser(staffed.application) as other,
    ):
        await other.post("/office/sign-in", data={"login": "other", "password": PASSWORD})
        assert "5,000 P" not in (await other.get("/office/approvals")).text  # Another's.
        at = f"/office/approvals/{member}/{first}/take-back"
        assert (await other.post(at, data={"csrf": csrf_of(other)})).status_code == 403
        for _ in range(2):
            assert (await manager.post(at, data={"csrf": csrf_of(manager)})).status_code in (303, 403)
        at = f"/office/approvals/{member}/{second}"
        assert (await owner.post(f"{at}/decline", data={"csrf": csrf_of(owner)})).status_code == 303
        assert (await owner.post(f"{at}/approve", data={"csrf": csrf_of(owner)})).status_code == 422
        for wrong in (f"/office/approvals/{member}/999/approve", f"/office/approvals/{member}/x/approve"):
            assert (await owner.post(wrong, data={"csrf": csrf_of(owner)})).status_code == 404
    assert await available(staffed, member) == 10


async def test_a_refusal_gives_back_only_what_is_still_ones_own(staffed: Any) -> None:
    member = await limited(staffed)
    place = {"member_id": member_id_of(member) or 0, "request_id": await requested(staffed, member, -5000)}
    now = staffed.clock.now()
    for by, state in (("staff:first", "approving"), ("staff:second", "asked")):
        async with staffed.database.transaction() as connection:
            moved = {"was": ["asked", "approving"], "state": "approving", "by": "staff:second", "now": now}
            assert await approvals.SQL.moved(connection, **place, **moved) is not None
            await approvals.SQL.waits_again(connection, **place, by=by)
            row = await approvals.SQL.request(connection, **place)
        assert (row["state"], row["decided_by"]) == (state, "staff:second" if state == "approving" else None)


@pytest.mark.parametrize("points", [-5000])
async def test_what_can_no_longer_be_taken_is_refused_and_waits_on(staffed: Any, points: int) -> None:
    member = await limited(staffed)
    number = member_id_of(member) or 0
    wanted = AdjustmentAsk(MemberRef("member_id", member), points, "correction", None)
    await approvals.ask(staffed.database, number, wanted, "staff:manager", "k", staffed.clock.now())
    async with signed_in(staffed.application, "owner", staffed.clock) as owner:
        page = (await owner.get("/office/approvals")).text
        target = next(part for part in page.split('"') if part.endswith("/approve"))
        refused = await owner.post(target, data={"csrf": csrf_of(owner)})
        assert refused.status_code == 422
        assert "利用できるポイントが足りません" in refused.text
        assert target in (await owner.get("/office/approvals")).text
        given = {"csrf": csrf_of(owner), "points": "1000", "reason": "goodwill", "sure": "1"}
        for key in "abcde":
            await owner.post(f"/office/members/{member}/adjust", data=given | {"key": key}, headers=HX)
        assert (await owner.post(target, data={"csrf": csrf_of(owner)})).status_code == 303
    assert await available(staffed, member) == 10 + 5000 - 5000
