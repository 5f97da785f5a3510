"""Erasure: of somebody who has left no value is anywhere, and the books are whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from goen.actions.imports.job import find_job
from goen.actions.keys import create_key
from goen.actions.members.erase import erase_due
from goen.actions.members.names import identifier_hash
from goen.actions.proof import prove
from goen.actions.shops import PutShop, put_shop
from goen.channels.files.forget import forget
from goen.cli.importing import Wanted, import_file, open_books
from goen.database.pool import Database, open_database
from goen.identity.normalise import normalise, searchable
from goen.main import build
from goen.members.ids import member_id_of
from goen.shops.directory import ShopDirectory

#: One person with a value in every field that takes one. Nobody else has any of these.
PERSON = {
    "name": "勅使河原 鷺蔵",
    "kana": "テシガワラ サギゾウ",
    "birth_date": "1931-07-19",
    "gender": "male",
    "postal_code": "907-1801",
    "address": "沖縄県八重山郡与那国町字与那国九九九九番地",
    "language": "ja-JP",
}
IDENTIFIERS = [
    {"kind": "card", "value": "QX-77-31415926"},
    {"kind": "phone", "value": "０８０－９９８８－７７６６"},
    {"kind": "email", "value": "Sagizo.Teshigawara@rare-mail.example.jp"},
    {"kind": "line", "value": "U3141592653589793238462643383279"},
    {"kind": "ec", "value": "sagizo-web-2718", "shop": "web"},
]
#: What staff and shops wrote about the person, in fields of free text.
WORDS = {
    "source": "鷺蔵様 店頭申込書",
    "wording": "勅使河原様向け文面",
    "note": "鷺蔵様ご本人より電話",
    "reason": "鷺蔵様のご都合",
    "reference": "cart-of-teshigawara",
    "property": "鷺蔵様の検索語",
    "segment": "鷺蔵様ご贔屓筋",
}
NAMES = [
    "+818099887766",
    "+818099887700",
    "08099887766",
    "9988-7766",
    "sagizo.teshigawara@rare-mail.example.jp",
    "QX7731415926",
]


def values() -> list[str]:
    """Everything that must not be found, as given, as compared and as searched."""
    texts = [value for name, value in PERSON.items() if name not in ("gender", "language")]
    texts += [each["value"] for each in IDENTIFIERS] + list(WORDS.values()) + NAMES
    texts += [searchable(PERSON["name"]), searchable(PERSON["kana"]), "鷺蔵", "サギゾウ", "勅使"]
    return texts


def hashes() -> list[str]:
    """What anybody could compute again from a number."""
    found = []
    for each in IDENTIFIERS:
        normal = normalise(each["kind"], each["value"])
        assert normal is not None
        found += [str(identifier_hash(each["kind"], shop, normal)) for shop in (0, 1, 2, 3)]
    return found


async def everything(dsn: str) -> AsyncIterator[tuple[str, str]]:
    """Every row of every table as text (place, words): bigint columns too, so that hashes are seen; and what the
    planner keeps about columns."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("analyze")
        tables = await connection.fetch(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
            " and not relispartition order by 1"
        )
        for (table,) in tables:
            async with connection.transaction():
                async for row in connection.cursor(f'select t::text from "{table}" t'):
                    yield table, _readable(row[0])
        for row in await connection.fetch("select tablename || '.' || attname, s::text from pg_stats s"):
            yield f"statistics of {row[0]}", row[1]
        for row in await connection.fetch("select stxname, s::text from pg_stats_ext s, pg_statistic_ext limit 100"):
            yield f"extended statistics {row[0]}", row[1]
    finally:
        await connection.close()


def _readable(row: str) -> str:
    r"""A row's text with JSON's \uXXXX and bytea's hex as letters beside it."""
    also = []
    for word in row.replace("(", ",").split(","):
        if word.startswith(('"\\\\x', "\\x")):
            try:
                also.append(bytes.fromhex(word.strip('"').lstrip("\\x")).decode("utf-8", "replace"))
            except ValueError:
                continue
    if "\\u" in row:
        also.append(row.encode("ascii", "backslashreplace").decode("unicode_escape", "replace"))
    return "\n".join([row, *also])


async def found_in_database(dsn: str, wanted: Iterable[str]) -> list[str]:
    looked = list(wanted)
    return [f"{place}: {value}" async for place, words in everything(dsn) for value in looked if value in words]


class Shop:
    """The application with one key for everything, and its log as it was written."""

    def __init__(self, client: httpx.AsyncClient, web: httpx.AsyncClient, pool: Database) -> None:
        self.client, self.web, self.pool = client, web, pool
        self._keys = 0

    async def ask(self, method: str, path: str, body: Any = None, *, key: bool = False, status: int = 200) -> Any:
        self._keys += 1
        headers = {"Idempotency-Key": f"k{self._keys}"} if key else {}
        answer = await self.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, (path, answer.text)
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else answer.text


@asynccontextmanager
async def opened(dsn: str, clock: Any) -> AsyncIterator[Shop]:
    async with open_database(dsn) as pool:
        directory = ShopDirectory()
        for code, kind in (("shibuya", "store"), ("web", "ec")):
            await put_shop(pool, directory, PutShop(code, code, kind, None, False), author="test", now=clock.now())  # type: ignore[arg-type]
        keys = [
            await create_key(
                pool,
                integration=name,
                role=role,
                shop=shop,
                device=None,
                author="test",
                now=clock.now(),  # type: ignore[arg-type]
            )
            for name, role, shop in (("server", "server", None), ("web", "ec", "web"))
        ]
        async with build(pool, clock) as application:
            transport = httpx.ASGITransport(application)
            clients = [
                httpx.AsyncClient(
                    transport=transport, base_url="http://goen", headers={"Authorization": f"Bearer {key}"}
                )
                for key in keys
            ]
            yield Shop(*clients, pool)
            for client in clients:
                await client.aclose()


async def live(shop: Shop, clock: Any) -> str:
    """A whole life with the shop, every field used: enrolled, traded, annotated. Gives the id."""
    member = await shop.ask(
        "POST",
        "/v1/members",
        {
            **PERSON,
            "shop": "shibuya",
            "identifiers": IDENTIFIERS,
            "consents": {
                "advertising.mail": {"given": True, "wording": WORDS["wording"], "source": WORDS["source"]},
            },
        },
        key=True,
        status=201,
    )
    path = f"/v1/members/{member['id']}"
    phone = {"kind": "phone", "value": "080-9988-7766"}
    at = clock.now().isoformat()
    await shop.ask("PUT", f"{path}/pin", {"pin": "4711"}, status=204)
    await shop.ask("PUT", f"{path}/consents", {"consents": {"line": {"given": False, "source": WORDS["source"]}}})
    await shop.ask("PUT", f"{path}/segments", {"segments": [WORDS["segment"]]})
    await shop.ask("POST", f"{path}/freeze", {"reason": WORDS["reason"]})
    await shop.ask("POST", f"{path}/unfreeze", {"reason": WORDS["reason"]})
    await shop.ask("GET", "/v1/members?kind=phone&value=%2B818099887766")
    await shop.ask("GET", "/v1/members?q=鷺蔵")
    await shop.ask("POST", "/v1/members/lookup", phone)
    sale = {"shop": "shibuya", "external_id": "r1", "occurred_at": at, "member": phone,
            "lines": [{"line": 1, "amount": 22_000, "name": "茶"}, {"line": 2, "amount": 2_200}]}  # fmt: skip
    bought = await shop.ask("POST", "/v1/purchases", sale, status=201)
    await shop.ask(
        "POST", f"/v1/purchases/{bought['id']}/returns",
        {"external_id": "b1", "occurred_at": at, "lines": [{"line": 2}],
         "reason": WORDS["reason"]}, status=201,
    )  # fmt: skip
    order = await shop.ask(
        "POST", "/v1/purchases",
        {**sale, "shop": "web", "external_id": "o1", "status": "placed", "use_points": 10,
         "member": {"kind": "email", "value": IDENTIFIERS[2]["value"]}}, status=201,
    )  # fmt: skip
    await shop.ask(
        "POST", f"/v1/purchases/{order['id']}/cancel", {"occurred_at": at, "reason": WORDS["reason"]}, key=True
    )
    adjusted = {"member": phone, "points": 50, "reason": "goodwill", "note": WORDS["note"], "author": "係員 一号"}
    await shop.ask("POST", "/v1/adjustments", adjusted, key=True, status=201)
    other = await shop.ask("POST", "/v1/members", {"name": "別人 太郎"}, status=201)
    await shop.ask(
        "POST", "/v1/transfers",
        {"from": phone, "to": {"kind": "member_id", "value": other["id"]}, "points": 5, "note": WORDS["note"]},
        key=True, status=201,
    )  # fmt: skip
    for end in ("capture", "release", None):
        hold = await shop.ask(
            "POST", "/v1/holds",
            {"member": phone, "points": 3, "shop": "web", "expires_in": 60, "reference": WORDS["reference"]},
            key=True, status=201,
        )  # fmt: skip
        if end:
            await shop.ask("POST", f"/v1/holds/{hold['id']}/{end}", key=True)
    await shop.ask(
        "POST", "/v1/events",
        {"kind": "viewed", "member": phone, "shop": "web", "properties": {"q": WORDS["property"]}}, status=201,
    )  # fmt: skip
    # Refused, so that nothing is kept: but does anything of it stay in a log?
    await shop.ask("POST", "/v1/members", {**PERSON, "gender": PERSON["name"]}, key=True, status=422)
    await shop.ask("POST", "/v1/members", {"identifiers": [IDENTIFIERS[0]]}, key=True, status=409)
    removed = {"kind": "phone", "value": "080-9988-7700"}
    with_more = await shop.ask("POST", f"{path}/identifiers", removed, status=201)
    gone = next(each["id"] for each in with_more["identifiers"] if each["normal"] == "+818099887700")
    await shop.ask("DELETE", f"{path}/identifiers/{gone}", status=204)
    return str(member["id"])


async def joined_up(shop: Shop, clock: Any, member_id: str, way: str) -> None:
    """Somebody else has the person's points for a while, and words about the person stand in those books."""
    survivor = await shop.ask("POST", "/v1/members", {"name": "別人 次郎"}, status=201)
    phone = {"kind": "phone", "value": "080-9988-7766"}
    at = clock.now().isoformat()
    home: dict[str, Any] = {}
    merge: dict[str, Any] = {}
    if way == "of a household":
        agreed = {"given": True, "source": "渋谷店 申込書"}
        head = {"kind": "member_id", "value": survivor["id"]}
        home = await shop.ask("POST", "/v1/households", {"head": head, "consent": agreed}, status=201)
        joining = {"member": phone, "head_consent": agreed, "member_consent": agreed, "may_spend": True}
        await shop.ask("POST", f"/v1/households/{home['id']}/members", joining, status=201)
    else:
        body = {"source": {"kind": "member_id", "value": member_id}, "reason": WORDS["reason"]}
        merge = await shop.ask("POST", f"/v1/members/{survivor['id']}/merges", body, key=True, status=201)
    sale = {"shop": "web", "external_id": "o2", "occurred_at": at, "member": phone, "status": "placed",
            "lines": [{"line": 1, "amount": 5_500}]}  # fmt: skip
    order = await shop.ask("POST", "/v1/purchases", sale, status=201)
    await shop.ask(
        "POST", f"/v1/purchases/{order['id']}/cancel", {"occurred_at": at, "reason": WORDS["reason"]}, key=True
    )
    for end in ("release", "capture"):
        hold = await shop.ask(
            "POST", "/v1/holds",
            {"member": phone, "points": 3, "shop": "web", "expires_in": 60, "reference": WORDS["reference"]},
            key=True, status=201,
        )  # fmt: skip
        await shop.ask("POST", f"/v1/holds/{hold['id']}/{end}", key=True)
    adjusted = {"member": phone, "points": 5, "reason": "goodwill", "note": WORDS["note"], "author": "係員 一号"}
    await shop.ask("POST", "/v1/adjustments", adjusted, key=True, status=201)
    if way == "merged and parted":
        await shop.ask("POST", f"/v1/merges/{merge['id']}/undo", {"reason": WORDS["reason"]}, key=True)
    elif home:
        await shop.ask("POST", f"/v1/households/{home['id']}/members/{member_id}/leave", {})


async def import_leftovers(shop: Shop, clock: Any, folder: Path) -> Path:
    """An import that refuses rows of the person, in several spellings, and one of somebody else."""
    source = folder / "members.csv"
    source.write_text(
        "card,phone,email,name,kana,birth_date\n"
        "QX-77-31415926,,,勅使河原 鷺蔵,テシガワラ サギゾウ,1931-07-19\n"
        f",08099887766,,誰か,ダレカ,{'x' * 10}\n"
        ',,,"勅使河原　鷺藏",ﾃｼｶﾞﾜﾗ ｻｷﾞｿﾞｳ,S6.7.19\n'
        ",not a phone,,別人 花子,ベツジン ハナコ,2000-01-01\n",
        encoding="cp932",
    )
    async with open_books(shop.pool, clock) as books:
        outcome = await import_file(books, Wanted(kind="members", path=source))
    source.unlink()  # Theirs to delete.
    assert outcome.refused is not None
    assert outcome.counts.refused == 4, outcome.counts
    assert outcome.import_id is not None
    await find_job(shop.pool, outcome.import_id)
    return outcome.refused


async def entries(shop: Shop, member_id: str) -> list[tuple[Any, ...]]:
    """The member's movements of points."""
    items = (await shop.ask("GET", f"/v1/members/{member_id}/entries?limit=100"))["items"]
    return [(each["id"], each["kind"], each["points"], each["balance_after"], each["booked_on"]) for each in items]


async def settled(shop: Shop) -> None:
    """The relay has taken every event into the feed."""
    async with asyncio.timeout(10):
        while True:
            async with shop.pool.reading() as connection:
                if not await connection.fetchval("select exists (select from outbox)"):
                    return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", ["at once", "on schedule", "merged", "merged and parted", "of a household"])
async def test_rule_56_nothing_of_an_erased_person_is_found_anywhere(
    way: str, database: Any, clock: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], server: Any
) -> None:
    refused: Path
    async with opened(database.dsn, clock) as shop:
        member_id = await live(shop, clock)
        if way not in ("at once", "on schedule"):
            await joined_up(shop, clock, member_id, way)
        refused = await import_leftovers(shop, clock, tmp_path)
        await settled(shop)
        disclosed = await shop.ask("GET", f"/v1/members/{member_id}/disclosure")
        exported = json.dumps(await shop.ask("GET", f"/v1/members/{member_id}/export"), ensure_ascii=False)
        # What is to go is there, or the search would prove nothing: in the tables, in the export, in the file.
        before = await found_in_database(database.dsn, [*values(), *hashes()])
        for value in [*WORDS.values(), PERSON["name"], "+818099887766", "+818099887700"]:
            assert any(value in line for line in before), value
            assert value in exported, value
            if value != WORDS["property"]:
                assert value in disclosed, value
        assert {line.partition(":")[0] for line in before} >= {
            "member", "member_identifier", "identifier_key", "kept_answer", "member_consent", "audit", "act", "entry",
            "behaviour", "hold", "feed", "purchase_return", "member_segment",
        }  # fmt: skip
        assert "勅使河原" in refused.read_text(encoding="cp932")

        books_before = await entries(shop, member_id)
        assert len(books_before) > 4
        if way != "on schedule":
            await shop.ask("POST", f"/v1/members/{member_id}/erase", {"reason": "書面によるご請求"})
        else:
            await shop.ask("DELETE", f"/v1/members/{member_id}", status=204)
            zone_day = clock.now().date()
            assert await erase_due(shop.pool, clock.now(), zone_day, forget) == 0
            assert await found_in_database(database.dsn, [PERSON["name"]])
            clock.advance(days=30)
            assert await erase_due(shop.pool, clock.now(), clock.now().date(), forget) == 1
        await settled(shop)

        assert await found_in_database(database.dsn, [*values(), *hashes()]) == []
        left = refused.read_text(encoding="cp932")
        assert [value for value in values() if value in left] == []
        assert "別人 花子" in left  # Others' rows stay, to be mended.
        after = await shop.ask("GET", f"/v1/members/{member_id}")
        assert (after["status"], after["name"], after["identifiers"]) == ("withdrawn", None, [])
        # The books are whole under the number, and everybody is free to come back.
        assert await entries(shop, member_id) == books_before
        assert [finding async for finding in prove(shop.pool, clock.now())] == []
        again = await shop.ask("POST", "/v1/members", {"identifiers": IDENTIFIERS}, status=201)
        assert again["id"] != member_id
        # Twice is once.
        notes = "select count(*) from audit where action = 'member.erased'"
        await shop.ask("POST", f"/v1/members/{member_id}/erase", {"reason": "again"})
        async with shop.pool.reading() as connection:
            assert await connection.fetchval(notes) == (2 if way == "merged" else 1)
    log = (server.data_dir / "postgresql.log").read_text(errors="replace")
    told = "".join(capfd.readouterr())
    assert [value for value in [*values(), *hashes()] if value in told or value in log] == []


async def test_the_application_can_erase_nobody_who_has_not_left(pool: Database, connection: Any) -> None:
    await connection.execute(
        "insert into member (member_id, number, joined_at, changed_at) values (1, '2900000000001', now(), now())"
    )
    with pytest.raises(asyncpg.PostgresError, match="only members who have left"):
        await connection.execute("select erase_personal(array[1])")


async def test_a_merged_member_goes_with_the_person(database: Any, clock: Any, owner: Any) -> None:
    async with opened(database.dsn, clock) as shop:
        kept = await shop.ask(
            "POST", "/v1/members", {"name": "勅使河原 鷺蔵", "identifiers": IDENTIFIERS[:2]}, status=201
        )
        gone = await shop.ask(
            "POST", "/v1/members", {"name": "勅使河原 鷺藏", "identifiers": IDENTIFIERS[2:4]}, status=201
        )
        survivor, source = member_id_of(kept["id"]), member_id_of(gone["id"])
        await owner.execute(
            "update member set status = 'merged', survivor_id = $1 where member_id = $2", survivor, source
        )
        # By the number of either.
        await shop.ask("POST", f"/v1/members/{gone['id']}/erase", {"reason": "letter"})
        found = await found_in_database(database.dsn, ["勅使河原", *hashes(), IDENTIFIERS[2]["value"].lower()])
        assert found == []
        rows = await owner.fetch(
            "select status, erased_at is not null from member where member_id = any($1)", [survivor, source]
        )
        assert sorted(map(tuple, rows)) == [("merged", True), ("withdrawn", True)]


async def test_contacts_taken_away_are_forgotten_after_a_while(pool: Database, database: Any, clock: Any) -> None:
    from goen.actions.members.erase import forget_old_contacts

    async with opened(database.dsn, clock) as shop:
        member = await shop.ask("POST", "/v1/members", {"identifiers": IDENTIFIERS[:2]}, status=201)
        for each in member["identifiers"][1:]:
            await shop.ask("DELETE", f"/v1/members/{member['id']}/identifiers/{each['id']}", status=204)
        clock.advance(days=31)
        async with pool.writing() as connection:
            assert await forget_old_contacts(connection, clock.now() - timedelta(days=30), 100) == 1
            assert await forget_old_contacts(connection, clock.now() - timedelta(days=30), 100) == 0
        assert await found_in_database(database.dsn, ["+818099887766"]) == []
        # A card that was taken away stays known, so that nobody uses it twice.
        assert await found_in_database(database.dsn, ["QX7731415926"])
