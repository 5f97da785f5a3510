"""Enrolment at the database: all or nothing, and one holder for what identifies."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from goen.actions.members.asks import Enrolment, NewIdentifier
from goen.actions.members.enrol import enrol
from goen.actions.members.erase import erase_due
from goen.actions.members.identify import verify_contact
from goen.actions.members.leave import withdraw
from goen.actions.till.errors import Conflict
from goen.channels.files.forget import forget
from goen.database.pool import Database
from goen.members.errors import IdentifierTaken
from goen.members.ids import member_id_of
from goen.members.model import MemberView
from goen.members.number import number_of
from goen.shops.directory import ShopDirectory
from goen.shops.model import Principal
from goen.vocabulary import ids
from goen.vocabulary.clock import Clock

OFFICE = Principal(key_id=1, integration="office", role="server")


class Desk:
    """Enrols members for a test."""

    def __init__(self, pool: Database, shops: ShopDirectory, clock: Clock) -> None:
        self.pool, self.shops, self.clock = pool, shops, clock

    async def enrol(self, *names: tuple[str, str], key: str | None = None, **person: Any) -> MemberView:
        body = (await self.answer(*names, key=key, **person))[0]
        return msgspec.json.decode(body, type=MemberView)

    async def answer(self, *names: tuple[str, str], key: str | None = None, **person: Any) -> Any:
        ask = Enrolment(identifiers=tuple(NewIdentifier(kind, value) for kind, value in names), **person)  # type: ignore[arg-type]
        now = self.clock.now()
        return await enrol(self.pool, self.shops, OFFICE, ask, now, now.date(), key)


@pytest.fixture
def desk(pool: Database, shops: ShopDirectory, clock: Clock) -> Desk:
    return Desk(pool, shops, clock)


async def count(connection: asyncpg.Connection, table: str) -> int:
    found: int = await connection.fetchval(f"select count(*) from {table}")
    return found


async def test_two_at_once_with_one_card_are_one_member(desk: Desk, connection: asyncpg.Connection) -> None:
    for round_ in range(5):
        asked = [desk.enrol(("card", f"880000{round_}"), ("phone", "09012345678")) for _ in range(4)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(isinstance(each, MemberView) for each in results) == 1
        assert sum(isinstance(each, IdentifierTaken) for each in results) == 3
    assert await count(connection, "member") == await count(connection, "member_account") == 5
    assert await count(connection, "outbox") == 5


async def test_without_the_unique_registry_both_would_get_the_card(desk: Desk, owner: asyncpg.Connection) -> None:
    await owner.execute("drop index identifier_key_exclusive")
    both = await asyncio.gather(*(desk.enrol(("card", "8800001")) for _ in range(2)))
    assert len({each.id for each in both}) == 2


async def test_two_cards_in_opposite_orders_do_not_deadlock(desk: Desk) -> None:
    for round_ in range(10):
        a, b = ("card", f"1{round_}"), ("card", f"2{round_}")
        results = await asyncio.gather(desk.enrol(a, b), desk.enrol(b, a), return_exceptions=True)
        assert sorted(type(each).__name__ for each in results) == ["IdentifierTaken", "MemberView"]


async def test_a_refused_enrolment_leaves_nothing(desk: Desk, connection: asyncpg.Connection) -> None:
    await desk.enrol(("card", "77"))
    with pytest.raises(IdentifierTaken) as refused:
        await desk.enrol(("phone", "0312345678"), ("card", "77"), key="k", consents={"mail": True})
    assert refused.value.fields == {"kind": "card", "field": "identifiers.1"}
    for table in ("member", "member_account", "outbox", "audit"):
        assert await count(connection, table) == 1
    assert await count(connection, "kept_answer") == await count(connection, "member_consent") == 0


async def test_a_printed_card_with_a_number_of_ours_is_stepped_over(desk: Desk, connection: asyncpg.Connection) -> None:
    first = await desk.enrol()
    next_id = member_id_of(first.id)
    assert next_id is not None
    # The next attempt takes the number after the one spent here.
    printed = number_of(next_id + 2)
    await desk.enrol(("card", printed))
    follower = await desk.enrol()
    assert follower.number != printed
    assert follower.number == number_of(next_id + 3)


async def test_the_same_key_gives_the_first_answer_byte_for_byte(desk: Desk) -> None:
    first = await desk.answer(("card", "5"), key="k-1", name="山田 花子")
    again = await desk.answer(("card", "5"), key="k-1", name="山田 花子")
    assert (first.replayed, again.replayed) == (False, True)
    assert first.body == again.body
    with pytest.raises(Conflict) as refused:
        await desk.answer(("card", "6"), key="k-1", name="山田 太郎")
    assert sorted(refused.value.fields["fields"]) == ["identifiers.0.value", "name"]


async def test_concurrent_twins_get_one_answer(desk: Desk, connection: asyncpg.Connection) -> None:
    answers = await asyncio.gather(*(desk.answer(("card", "5"), key="k") for _ in range(6)))
    assert len({each.body for each in answers}) == 1
    assert sum(not each.replayed for each in answers) == 1
    assert await count(connection, "member") == 1


async def test_rule_44_one_holds_a_phone_verified_and_others_carry_it(desk: Desk) -> None:
    family = [await desk.enrol(("phone", "09012345678")) for _ in range(2)]
    now = desk.clock.now()

    async def verify(member: MemberView) -> None:
        phone = next(each for each in member.identifiers if each.kind == "phone")
        await verify_contact(desk.pool, OFFICE, member_id_of(member.id), ids.decode(phone.id), now)

    results = await asyncio.gather(*map(verify, family), return_exceptions=True)
    assert sorted(type(each).__name__ for each in results) == ["IdentifierTaken", "NoneType"]


async def test_withdrawing_bumps_the_account_so_that_a_racing_sale_decides_again(
    desk: Desk, connection: asyncpg.Connection
) -> None:
    member = await desk.enrol(("card", "5"))
    version = "select version from member_account"
    before = await connection.fetchval(version)
    await withdraw(desk.pool, OFFICE, member_id_of(member.id), desk.clock.now(), desk.clock.now().date())
    assert await connection.fetchval(version) == before + 1
    assert await count(connection, "identifier_key") == 0
    await withdraw(desk.pool, OFFICE, member_id_of(member.id), desk.clock.now(), desk.clock.now().date())
    assert await connection.fetchval(version) == before + 2
    assert await connection.fetchval("select count(*) from audit where action = 'member.withdrawn'") == 1


async def test_rule_56_erasure_drops_what_is_personal_on_its_day(
    desk: Desk, clock: Any, connection: asyncpg.Connection
) -> None:
    stays = await desk.enrol(("phone", "0311112222"), name="残る人")
    leaves = await desk.enrol(
        ("phone", "0312345678"), ("email", "hanako@example.jp"), name="山田 花子", kana="ヤマダ ハナコ",
        address="東京都渋谷区", key="k",
    )  # fmt: skip
    member_id = member_id_of(leaves.id)
    await withdraw(desk.pool, OFFICE, member_id, clock.now(), clock.now().date())
    assert await count(connection, "kept_answer") == 0
    assert await erase_due(desk.pool, clock.now(), clock.now().date(), forget) == 0
    now = clock.advance(days=30)
    assert await erase_due(desk.pool, now, now.date(), forget) == 1
    assert await erase_due(desk.pool, now, now.date(), forget) == 0
    row = await connection.fetchrow("select * from member where member_id = $1", member_id)
    for personal in ("name", "kana", "address", "kana_order", "pin_hash", "erase_on"):
        assert row[personal] is None
    assert (row["grams"], row["searchable"], row["number"]) == ([], "", leaves.number)
    everything = await dump(connection)
    for secret in ("山田", "ヤマダ", "渋谷区", "0312345678", "+81312345678", "hanako", "花子"):
        assert secret not in everything
    assert "残る人" in everything
    assert stays.number in everything


async def dump(connection: asyncpg.Connection) -> str:
    """Every row of every table of this database, as text."""
    tables = await connection.fetch(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    texts = [
        await connection.fetchval(f"select coalesce(string_agg(t::text, '|'), '') from {row['table_name']} t")
        for row in tables
        if row["table_name"] != "schema_migration" and not row["table_name"].startswith("entry_")
    ]
    return "\n".join(texts)


async def test_what_people_wrote_is_kept_beside_its_normal_form(desk: Desk, owner: asyncpg.Connection) -> None:
    view = await desk.enrol(
        ("phone", "０９０ー１２３４ー５６７８"), ("email", "Hanako.T+shop@GMAIL.com"), ("card", "a0012-345b"),
        name="髙橋　花子", kana="ﾀｶﾊｼ ﾊﾅｺ", address="港区芝公園四丁目２番８号",
    )  # fmt: skip
    kept = {each.kind: (each.value, each.normal) for each in view.identifiers if each.value != view.number}
    assert kept == {
        "phone": ("０９０ー１２３４ー５６７８", "+819012345678"),
        # Dots and plus are folded for matching alone: mail goes to the address as given.
        "email": ("Hanako.T+shop@GMAIL.com", "hanako.t+shop@gmail.com"),
        "card": ("a0012-345b", "0012345"),
    }
    row = await owner.fetchrow("select name, kana, address, kana_order, searchable from member where name is not null")
    assert tuple(row)[:4] == ("髙橋　花子", "ﾀｶﾊｼ ﾊﾅｺ", "港区芝公園四丁目２番８号", "タカハシ ハナコ")
    assert "高橋花子" in row["searchable"]
