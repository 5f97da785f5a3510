"""Rule 18: members are told that points end, once for each day and threshold, by what they have agreed to."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from goen.actions.notices.expiring import notice_due
from goen.channels.messages.contract import SendFailed
from goen.channels.messages.postman import Postman
from goen.jobs.model import Means
from goen.jobs.notices import notice_expiring, purge_notices, send_notices

from .test_households import family
from .words import at, gives, named, ok, programme, sweep, told

MAIL, SMS = {"notices.mail": True}, {"sms": True}
NUMBERS = iter(range(10_000_000, 99_999_999))


def means(retailer: Any) -> Means:
    services = retailer.services
    return Means(services.database, services.till, services.context, retailer.clock, postman=services.postman)


async def person(retailer: Any, consents: dict[str, bool] | None = MAIL, **more: Any) -> dict[str, Any]:
    n = next(NUMBERS)
    names = [{"kind": "email", "value": f"m{n}@example.jp"}, {"kind": "phone", "value": f"090{n}"}]
    return await retailer.member(identifiers=names, consents=consents or {}, **more) | {"n": n}


async def limited(retailer: Any, member: dict[str, Any], points: int, on: str) -> None:
    await gives(retailer, member, points, kind="limited", expires_on=on)


async def notices(retailer: Any, day: str | None = None, hour: int = 12) -> list[tuple[str, str]]:
    """Run the jobs on a day; gives what arrived, as (to, first line)."""
    if day is not None:
        at(retailer, day, hour)
    before = len(retailer.console.shown)
    await notice_expiring(means(retailer))
    await send_notices(means(retailer))
    return [(each.to, each.text.split("\n")[0]) for each in list(retailer.console.shown)[before:]]


async def test_a_member_is_told_30_7_and_2_days_ahead_once_each(retailer, owner):
    member = await person(retailer)
    await limited(retailer, member, 120, "2026-12-24")
    days = {}
    for day in range(23, 31):
        days[f"2026-11-{day}"] = await notices(retailer, f"2026-11-{day}")
    for day in range(1, 26):
        days[f"2026-12-{day:02}"] = await notices(retailer, f"2026-12-{day:02}") + await notices(retailer)
    to = f"m{member['n']}@example.jp"
    assert {day: got for day, got in days.items() if got} == {
        "2026-11-24": [(to, "120Pの有効期限は2026年12月24日（あと30日）です。")],
        "2026-12-17": [(to, "120Pの有効期限は2026年12月24日（あと7日）です。")],
        "2026-12-22": [(to, "120Pの有効期限は2026年12月24日（あと2日）です。")],
    }
    assert [
        (each["member_id"], each["points"], each["on"], each["days"]) for each in await told(owner, "points.expiring")
    ] == [(member["id"], 120, "2026-12-24", days) for days in (30, 7, 2)]


async def test_who_did_not_agree_took_it_back_left_or_spent_it_is_told_nothing(retailer, owner):
    silent, taken_back, advertised = (
        await person(retailer, None),
        await person(retailer),
        await person(retailer, {"mail": True}),
    )
    gone, spent = await person(retailer), await person(retailer)
    for each in (silent, taken_back, advertised, gone, spent):
        await limited(retailer, each, 50, "2026-11-29")
    body = {"consents": {"notices.mail": False}}
    ok(await retailer.server.put(f"/v1/members/{taken_back['id']}/consents", json=body))
    assert (await retailer.server.delete(f"/v1/members/{gone['id']}")).status_code == 204
    await retailer.buys(1100, spent, use_points=50)
    found = await notices(retailer)
    assert [to for to, _ in found] == [f"m{advertised['n']}@example.jp"]
    assert gone["id"] not in [each["member_id"] for each in await told(owner, "points.expiring")]


async def test_consent_taken_back_while_a_notice_waits_stops_it(retailer, owner):
    member = await person(retailer)
    await limited(retailer, member, 50, "2026-11-29")
    await notice_expiring(means(retailer))
    ok(await retailer.server.put(f"/v1/members/{member['id']}/consents", json={"consents": {"notices.mail": False}}))
    assert await notices(retailer) == []
    assert [row["state"] for row in await owner.fetch("select state from notice")] == ["dropped"]


async def test_channels_hours_and_days_are_the_programmes(retailer):
    await programme(retailer, notices={"days": [5], "channels": ["sms"], "from_hour": 9, "until_hour": 21})
    member = await person(retailer, MAIL | SMS)
    await limited(retailer, member, 70, "2026-11-27")
    assert await notices(retailer, "2026-11-22", hour=8) == []
    assert await notices(retailer, "2026-11-22", hour=21) == []
    [(to, text)] = await notices(retailer, "2026-11-22", hour=20)
    assert (to, text) == (f"+8190{member['n']}", "ポイントの有効期限のお知らせ")
    await programme(retailer, notices={"days": []})
    await limited(retailer, member, 70, "2026-11-28")
    assert await notices(retailer, "2026-11-23") == []


async def test_after_an_outage_each_is_told_once_of_what_has_become_urgent(retailer):
    member = await person(retailer)
    await limited(retailer, member, 10, "2026-12-24")
    assert await notices(retailer, "2026-11-23") == []
    assert len(await notices(retailer, "2026-12-19")) == 1
    assert await notices(retailer, "2026-12-20") == []
    assert len(await notices(retailer, "2026-12-24")) == 1  # The second day's notice, late, is still of use.


async def test_two_workers_and_a_look_begun_anew_tell_nobody_twice(retailer, owner):
    members = [await person(retailer) for _ in range(7)]
    for each in members:
        await limited(retailer, each, 10, "2026-11-29")
    services, settings = retailer.services, services_notices(retailer)

    async def look() -> int:
        told, more = 0, True
        while more:
            piece, more = await notice_due(services.database, services.context, settings, retailer.clock.now(), 2)
            told += piece
        return told

    assert sum(await asyncio.gather(look(), look(), look())) == 7
    await owner.execute("update notice_place set after = 0, done = false where what = 'expiring'")
    assert await look() == 0
    await asyncio.gather(send_notices(means(retailer)), send_notices(means(retailer)))
    assert sorted(each.to for each in retailer.console.shown) == sorted(f"m{each['n']}@example.jp" for each in members)
    assert len(await told(owner, "points.expiring")) == 7


def services_notices(retailer: Any) -> Any:
    return retailer.services.context.engine_at(retailer.clock.now()).programme.notices


async def test_a_household_is_told_once_to_each_who_may_spend(retailer, owner):
    mother, son, _ = await family(retailer, may_spend=False)
    for each, name in ((mother, "mother"), (son, "son")):
        body = {"kind": "email", "value": f"{name}@example.jp"}
        assert (await retailer.server.post(f"/v1/members/{each['id']}/identifiers", json=body)).status_code == 201
        ok(await retailer.server.put(f"/v1/members/{each['id']}/consents", json={"consents": MAIL}))
    await limited(retailer, mother, 40, "2026-11-29")
    assert [to for to, _ in await notices(retailer)] == ["mother@example.jp"]
    assert len(await told(owner, "points.expiring")) == 1


async def test_merged_people_are_told_once_of_all_and_by_either_agreement(retailer):
    survivor, source = await person(retailer, None), await person(retailer)
    await limited(retailer, survivor, 30, "2026-11-29")
    await limited(retailer, source, 20, "2026-11-29")
    merged = await retailer.act(f"/v1/members/{survivor['id']}/merges", {"source": named(source), "reason": "同一人物"})
    assert merged.status_code == 201, merged.text
    [(_, text)] = await notices(retailer)
    assert text.startswith("50P")


class Flaky:
    """A mail server that takes nothing at first."""

    def __init__(self, again: bool, times: int) -> None:
        self.again, self.left, self.taken = again, times, 0

    async def send(self, message: Any) -> None:
        if self.left:
            self.left -= 1
            raise SendFailed("busy", again=self.again)
        self.taken += 1

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("again", "times", "taken", "state"), [(True, 2, 1, "sent"), (False, 1, 0, "failed"), (True, 9, 0, "failed")]
)
async def test_a_mail_server_that_is_busy_is_asked_again_later(retailer, owner, again, times, taken, state):
    member = await person(retailer)
    await limited(retailer, member, 30, "2026-11-29")
    flaky = Flaky(again, times)
    ours = replace(means(retailer), postman=Postman(flaky))
    await notice_expiring(ours)
    for _ in range(8):
        await send_notices(ours)
        retailer.clock.advance(hours=5)
    assert flaky.taken == taken
    assert [row["state"] for row in await owner.fetch("select state from notice")] == [state]


async def test_a_worker_that_dies_on_the_way_sends_nothing_twice(retailer, owner):
    member = await person(retailer)
    await limited(retailer, member, 30, "2026-11-29")
    await notice_expiring(means(retailer))
    await owner.execute("update notice set state = 'sending', tries = 1, changed_at = $1", retailer.clock.now())
    retailer.clock.advance(hours=1)
    assert await notices(retailer) == []
    assert [row["state"] for row in await owner.fetch("select state from notice")] == ["failed"]
    retailer.clock.advance(days=40)
    assert await purge_notices(means(retailer)) == 1


async def test_points_that_ended_meanwhile_are_not_told_of(retailer):
    member = await person(retailer)
    await limited(retailer, member, 30, "2026-11-24")
    await notice_expiring(means(retailer))
    at(retailer, "2026-11-25")
    await sweep(retailer)
    assert await notices(retailer) == []


async def test_the_event_carries_no_words_about_the_person(retailer, owner):
    member = await person(retailer)
    await limited(retailer, member, 30, "2026-11-24")
    await notices(retailer)
    [body] = await told(owner, "points.expiring")
    assert body == {"member_id": member["id"], "points": 30, "on": "2026-11-24", "days": 2}
    details = await owner.fetchval("select details::text from notice")
    assert json.loads(details) == {"points": 30, "on": "2026-11-24", "left": 2}
