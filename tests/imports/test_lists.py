# ruff: noqa: E501 - rows of lists and questions to the database read better on one line.
"""Lists of members: everything on them is taken, shared phones join nobody, and a whole list can go again."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from goen.actions.imports.job import find_job
from goen.actions.imports.undo import undo
from goen.actions.imports.undo_members import MembersUndone, undo_members
from goen.actions.members.asks import Change
from goen.actions.members.change import change
from goen.actions.programme import apply_programme
from goen.actions.tiers.runs import advance
from goen.channels.files.lists import ListFile
from goen.cli.importing import Books, Outcome
from goen.database.pool import Database
from goen.earning.programme import DEFAULT, Tier
from goen.earning.tiers.model import Ladder, Level
from goen.shops.model import Principal
from imports.builders import bring, open_shops, proven, rows, sales_file, value
from imports.test_command import goen

STAFF = Principal(0, "staff", "server")


async def taken_back(books: Books, outcome: Outcome) -> MembersUndone:
    assert outcome.import_id is not None
    job = await find_job(books.database, outcome.import_id)
    return await undo_members(books.database, books.clock, job, lambda _: None)


def written(path: Path, text: str, encoding: str = "cp932") -> Path:
    path.write_text(text, encoding=encoding, newline="")
    return path


async def test_show_7_two_lists_that_share_phones_merge_nobody(books: Books, tmp_path: Path) -> None:
    header = "card,phone,email,name,kana,birth_date\n"
    stores = "S-1,090-1111-2222,,森 葵,モリ アオイ,1990-01-02\nS-2,090-1111-2222,,森 蓮,モリ レン,2012-03-04\n"
    web = "W-1,09011112222,aoi@example.jp,森 葵,モリ アオイ,1990-01-02\nW-2,+81 90 1111 2222,,林 誠,ハヤシ マコト,\n"
    for name, list_ in (("stores", stores), ("web", web)):
        outcome = await bring(books, written(tmp_path / f"{name}.csv", header + list_), None, "members")
        assert (outcome.counts.members, outcome.counts.refused) == (2, 0)
    assert await rows(books, "select status, survivor_id from member") == [("active", None)] * 4
    shared = "select count(distinct member_id) from identifier_key where kind = 'phone' and not exclusive"
    assert await value(books, shared) == 4
    # Points by that phone go to nobody: who it is must be said.
    balances = written(tmp_path / "b.csv", "member_kind,member,balance\nphone,09011112222,100\ncard,S-1,200\n")
    brought = await bring(books, balances, None, "balances")
    assert brought.counts.reasons == {"ambiguous_member": 1}
    assert await rows(books, "select booked from member_account where booked <> 0") == [(200,)]


async def test_consents_tiers_languages_and_further_identifiers_are_taken(books: Books, tmp_path: Path) -> None:
    outcome = await bring(
        books,
        written(
            tmp_path / "m.csv",
            "card,card_2,phone,phone_2,name,kana,tier,language,consent_mail,consent_sms,consent_source,consent_wording,consent_at\n"
            'C-1,K-9,="09011112222",03-1234-5678,髙橋 﨑子,,gold,ja,はい,いいえ,入会申込書,v2,R2.4.1\n'
            "C-2,,,,① ～,,,,,,,,\n"
            "C-3,,,,林 誠,,,,多分,,,,\n"
            "C-4,,,,林 愛,,,,はい,,,,2190-01-01\n",
        ),
        None,
        "members",
    )
    assert outcome.counts.members == 2
    assert outcome.counts.reasons == {"bad_cell": 1, "invalid_request": 1}
    assert await rows(books, "select name, tier, language from member order by member_id") == [
        ("髙橋 﨑子", "gold", "ja"),
        ("① ～", None, None),
    ]
    assert await rows(books, "select kind, given, wording, source, given_at::date::text, recorded_by from member_consent order by 1") == [
        ("advertising.mail", True, "v2", "入会申込書", "2020-03-31", f"import:{outcome.import_id}"),
        ("advertising.sms", False, "v2", "入会申込書", "2020-03-31", f"import:{outcome.import_id}"),
    ]  # fmt: skip
    names = "select kind, normal from member_identifier i join member m using (member_id) where i.normal <> m.number and m.member_id = (select min(member_id) from member) order by identifier_id"
    assert await rows(books, names) == [
        ("card", "C1"), ("phone", "+819011112222"), ("card", "K9"), ("phone", "+81312345678"),
    ]  # fmt: skip


async def test_rule_34_a_tier_comes_with_its_end(books: Books, tmp_path: Path) -> None:
    ladder = Ladder((Level("gold", 1000),), evaluation_days=("01",))
    asked = msgspec.structs.replace(DEFAULT, starts_at=None, tiers={"gold": Tier()}, tier_programmes={"rank": ladder})
    await apply_programme(books.database, books.context.programmes, asked, author="test", now=books.clock.now())
    books.clock.advance(seconds=40)
    await advance(books.database, books.context, books.clock.now, asyncio.Event())
    text = "card,name,kana,phone,tier,tier_until\nC-1,森 葵,,,gold,2027-02-10\nC-2,林 誠,,,gold,\nC-3,林 愛,,,,2027-02-10\n"
    outcome = await bring(books, written(tmp_path / "m.csv", text), None, "members")
    assert outcome.counts.reasons == {"invalid_request": 1}
    tiers = "select tier from member order by member_id"
    assert await rows(books, tiers) == [("gold",), ("gold",)]
    books.clock.advance(days=20)
    await advance(books.database, books.context, books.clock.now, asyncio.Event())
    assert await rows(books, tiers) == [("gold",), (None,)], "without an end it holds until the evaluation day"
    books.clock.advance(days=70)
    await advance(books.database, books.context, books.clock.now, asyncio.Event())
    assert await rows(books, tiers) == [(None,), (None,)]
    await taken_back(books, outcome)
    assert await value(books, "select count(*) from member_tier where programme = 'rank' and manual is not null") == 0


async def test_rule_50_an_opening_balance_keeps_the_year_it_was_granted_in(books: Books, tmp_path: Path) -> None:
    await bring(books, written(tmp_path / "m.csv", "name,kana,phone,card\n森 葵,モリ アオイ,,C-1\n"), None, "members")
    lots = "member,balance,granted_on,expires_on,limited\nC-1,300,2024-02-10,2027-02-28,\nC-1,50,,2026-12-31,1\n"
    outcome = await bring(books, written(tmp_path / "b.csv", lots), None, "balances")
    assert outcome.counts.refused == 0
    assert await rows(books, "select kind, points, granted_on::text, grant_year::int, expires_on::text from lot order by points") == [
        ("limited", 50, "2026-11-22", 2026, "2026-12-31"),
        ("regular", 300, "2024-02-10", 2023, "2027-02-28"),
    ]  # fmt: skip
    future = written(tmp_path / "f.csv", "member,balance,granted_on\nC-1,1,2190-01-01\n")
    assert (await bring(books, future, None, "balances")).counts.refused == 1
    await proven(books)


@pytest.mark.parametrize("header", ["customerCode,lastName,firstName,lastKana,firstKana,mobileNumber,mailAddress,birthDate,sex,status,entryDate,mailReceiveFlag,point,pointExpireDate",
                                    "会員コード,姓,名,セイ,メイ,携帯番号,メールアドレス,生年月日,性別,状態,入会日,メール受信許可,ポイント,ポイント失効日,会員番号"])  # fmt: skip
async def test_a_list_of_smaregi_is_known_by_its_columns(books: Books, tmp_path: Path, header: str) -> None:
    path = written(
        tmp_path / "会員.csv",
        f"{header}\n"
        "0000000012,髙橋,美咲,タカハシ,ミサキ,09012345678,m@example.jp,1990-03-14,2,0,2024-04-01,1,521,2027-03-31\n"
        "0000000013,渡邉,誠,ワタナベ,マコト,,,,0,3,,0,10,\n"
        if "会員番号" not in header
        else f"{header}\n"
        "0000000012,髙橋,美咲,タカハシ,ミサキ,09012345678,m@example.jp,1990-03-14,2,0,2024-04-01,1,521,2027-03-31,12\n"
        "0000000013,渡邉,誠,ワタナベ,マコト,,,,0,3,,0,10,,13\n",
    )
    people = await bring(books, path, None, "members")
    assert people.mapping.title.startswith("スマレジ")
    assert (people.counts.members, people.counts.reasons) == (1, {"not_active": 1})
    points = await bring(books, path, None, "balances")
    assert (points.counts.balances, points.counts.reasons) == (1, {"unknown_member": 1})
    assert await rows(books, "select name, kana, gender, birth_date::text, booked from member join member_account using (member_id)") == [
        ("髙橋 美咲", "タカハシ ミサキ", "female", "1990-03-14", 521)
    ]  # fmt: skip
    assert await rows(books, "select kind, given from member_consent") == [("advertising.mail", True)]
    assert (
        await value(
            books, "select normal from member_identifier where kind = 'card' order by identifier_id desc limit 1"
        )
        == "0000000012"
    )


async def test_a_whole_list_goes_again_and_leaves_nothing_of_anybody(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    text = "card,phone,name,kana,consent_mail\n" + "".join(f"C-{n},0901111{n:04},森 {n},モリ,はい\n" for n in range(30))
    first = await bring(books, written(tmp_path / "m.csv", text), None, "members")
    done = await taken_back(books, first)
    assert (done.removed, done.erased, done.kept) == (30, 0, [])
    for table in ("member", "member_identifier", "identifier_key", "member_account", "member_consent"):
        assert await value(books, f"select count(*) from {table}") == 0, table
    assert await value(books, "select state from import_job") == "undone"
    assert (await taken_back(books, first)).removed == 0  # Once more changes nothing.

    # Again, and this time some have lived.
    again = await bring(books, tmp_path / "m.csv", None, "members")
    assert again.counts.members == 30
    points = await bring(books, written(tmp_path / "b.csv", "member,balance\nC-1,100\nC-2,100\n"), None, "balances")
    await bring(books, sales_file(tmp_path, "A1,C-3,2026/4/1,茶,1,1100"))
    shopping = "select member_id from member_identifier where normal = 'C4' and removed_at is null"
    four = await value(books, shopping)
    await change(books.database, books.context.shops, STAFF, four, Change(address="新住所"), books.clock.now(), books.clock.now().date())  # fmt: skip
    assert points.import_id is not None
    job = await find_job(books.database, points.import_id)
    await undo(books.database, books.till, books.context, books.clock, job, lambda _: None)
    done = await taken_back(books, again)
    assert (done.removed, done.erased) == (26, 2)
    assert sorted(each.why for each in done.kept) == ["changed", "traded"]
    assert await rows(books, "select status, name is null, count(*) from member group by 1, 2 order by 1") == [
        ("active", False, 2),
        ("withdrawn", True, 2),
    ]
    await proven(books)


@pytest.mark.slow
async def test_show_5_a_killed_list_is_finished_and_everybody_is_there_once(pool: Database, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    with path.open("w", encoding="cp932", newline="") as file:
        out = csv.writer(file)
        out.writerow(("name", "kana", "phone", "birth_date"))
        # Without cards: nothing but the checkpoint tells who has been enrolled.
        out.writerows(
            (f"髙橋 {n}", "タカハシ", f"090{n:08}", "not a day" if n % 1000 == 7 else "") for n in range(24_000)
        )
    kept = {name: word for name, word in os.environ.items() if not name.startswith("GOEN_")}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "goen.cli", "import", "members", str(path), env={**kept, "GOEN_DATABASE_URL": pool.dsn},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with pool.reading() as connection:
        while await connection.fetchval("select count(*) from member") < 4_000:
            assert running.returncode is None
            await asyncio.sleep(0.01)
        running.kill()
        await running.wait()
        half = await connection.fetchval("select count(*) from member")
        assert 0 < half < 23_976
        again = await asyncio.to_thread(goen, pool.dsn, "import", "members", path)
        assert again.returncode == 1, again.stderr  # 24 rows are refused.
        assert "gone on after row" in again.stdout
        assert await connection.fetchval("select count(*) from member") == 24_000 - 24
        assert await connection.fetchval("select count(distinct name) from member") == 24_000 - 24
        job = await connection.fetchrow(
            "select state, (counts ->> 'members')::int, (counts ->> 'refused')::int, (counts ->> 'rows')::int from import_job"
        )
        assert tuple(job) == ("done", 23_976, 24, 24_000)
        refused = (tmp_path / "members.refused.csv").read_text(encoding="cp932").splitlines()
        assert len(refused) == 25
        undone = await asyncio.to_thread(goen, pool.dsn, "import", "undo", "1")
        assert "23,976 members removed" in undone.stdout, undone.stderr
        assert await connection.fetchval("select count(*) from member") == 0


async def test_rule_61_a_list_survives_the_round_trip_in_cp932(pool: Database, tmp_path: Path) -> None:
    header = ["card", "ec", "ec_shop", "line", "phone", "email", "name", "kana", "gender", "birth_date", "postal_code",
              "address", "shop", "joined_at", "consent_mail"]  # fmt: skip
    people = [
        ["C-1", "u-1", "online", "U" + "1" * 32, "090-0000-0001", "a@example.jp", "髙橋 﨑子", "タカハシ サキコ", "female",
         "1990-03-14", "0010011", "港区芝公園４丁目２－８ ①号棟～", "shibuya", "2024-04-01 09:30:00", "yes"],
        ["0012", "", "", "", "", "", "渡邉 德", "ワタナベ トク", "", "", "", "ⅢⅣ㈱〒ｶﾅ", "", "2024-04-02 00:00:00", "no"],
    ]  # fmt: skip
    source = tmp_path / "in.csv"
    with source.open("w", encoding="cp932", newline="") as file:
        csv.writer(file).writerows([header, *people])
    for code, kind in (("shibuya", "store"), ("online", "ec")):
        assert goen(pool.dsn, "shops", "add", code, "--name", code, "--kind", kind).returncode == 0
    brought = await asyncio.to_thread(goen, pool.dsn, "import", "members", source)
    assert brought.returncode == 0, brought.stdout
    for name, options in (("out.csv", ()), ("armoured.csv", ("--armour",)), ("out.xlsx", ())):
        out = tmp_path / name
        written_ = await asyncio.to_thread(goen, pool.dsn, "export", "members", out, *options)
        assert written_.returncode == 0, written_.stderr
        if name == "out.csv":
            assert out.stat().st_mode & 0o077 == 0
            with out.open(encoding="cp932", newline="") as file:
                back = list(csv.DictReader(file))
            assert [[row[column] for column in header] for row in back] == people
    # Each of the three comes in again elsewhere, the same.
    before = await _everybody(pool)
    undone = await asyncio.to_thread(goen, pool.dsn, "import", "undo", "1")
    assert "2 members removed" in undone.stdout
    for number, name in enumerate(("out.csv", "armoured.csv", "out.xlsx"), 2):
        brought = await asyncio.to_thread(goen, pool.dsn, "import", "members", tmp_path / name)
        assert brought.returncode == 0, brought.stdout + brought.stderr
        assert await _everybody(pool) == before
        await asyncio.to_thread(goen, pool.dsn, "import", "undo", str(number))
    async with pool.reading() as connection:
        assert await connection.fetchval("select count(*) from personal_access") >= 0


async def _everybody(pool: Database) -> list[tuple[Any, ...]]:
    sql = """
    select m.name, m.kana, m.birth_date, m.gender, m.postal_code, m.address, m.joined_at, m.shop_id,
           (select array_agg(i.kind || i.value order by i.kind, i.value) from member_identifier i
             where i.member_id = m.member_id and i.normal <> m.number),
           (select array_agg(c.kind || c.given order by c.kind) from member_consent c where c.member_id = m.member_id)
      from member m order by m.joined_at"""
    async with pool.reading() as connection:
        return [tuple(row) for row in await connection.fetch(sql)]


async def test_characters_that_cp932_lacks_are_told_and_never_dropped(pool: Database, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(
        "card,name,kana,phone\nC-1,𠮷田 太郎,ヨシダ,\nC-2,森 葵〜−,モリ,\nC-3,Müller 花子,,\n", encoding="utf-8"
    )
    assert (await asyncio.to_thread(goen, pool.dsn, "import", "members", source)).returncode == 0
    told = await asyncio.to_thread(goen, pool.dsn, "export", "members", tmp_path / "out.csv")
    assert told.returncode == 1
    assert "𠮷" in told.stderr
    assert "ü" in told.stderr
    assert "1 members" in told.stdout
    text = (tmp_path / "out.csv").read_text(encoding="cp932")
    assert "森 葵～－" in text  # One character in JIS, two in Unicode.
    assert "?" not in text
    beside = (tmp_path / "out.utf8.csv").read_text(encoding="utf-8-sig")
    assert "𠮷田 太郎" in beside
    assert "Müller 花子" in beside


def test_a_list_that_fails_leaves_no_half_file(tmp_path: Path) -> None:
    def fail() -> None:
        with ListFile(tmp_path / "out.csv", ("a",)) as file:
            file.write(["x"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []
