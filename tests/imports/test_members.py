"""Members from files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from goen.actions.points.claim_card import CardClaimAsk, claim_card
from goen.cli.importing import Books
from goen.identity.presented import presented
from goen.members.ids import member_id_of, public_id
from goen.purchases.model import MemberRef
from goen.shops.model import Principal
from imports.builders import bring, open_shops, rows, value

HEADER = "card,ec,ec_shop,phone,email,name,kana,gender,birth_date,shop,joined_at\n"


async def test_people_are_enrolled_with_all_they_are_known_by(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    await open_shops(books, "online", kind="ec")
    path = tmp_path / "members.csv"
    path.write_text(
        HEADER + "C-1,u1,online,090-0000-0001,a@example.jp,森 葵,モリ アオイ,女,H2.3.14,shibuya,2024/4/1\n"
        "C-2,,,090-0000-0001,,森 蓮,モリ レン,male,1990-03-14,,\n"
        "C-1,,,,,林 学,ハヤシ マナブ,,,,\n"
        ",,,,,林 愛,ハヤシ アイ,,,,\n"
        "C-3,,,,,林 亮,ハヤシ リョウ,,2190-01-01,,\n"
        "C-4,,,,,林 誠,ハヤシ マコト,,,nowhere,\n",
        encoding="utf-8",
    )
    outcome = await bring(books, path, None, "members")
    assert outcome.counts.members == 2
    assert outcome.counts.reasons == {
        "identifier_taken": 1, "no_identifier": 1, "invalid_request": 1, "unknown_shop": 1,
    }  # fmt: skip
    assert await rows(books, "select name, kana, gender, birth_date, joined_at::date from member order by 1") == [
        ("森 葵", "モリ アオイ", "female", date(1990, 3, 14), date(2024, 3, 31)),
        ("森 蓮", "モリ レン", "male", date(1990, 3, 14), date(2026, 11, 22)),
    ]
    assert await rows(books, "select kind, count(*) from identifier_key group by 1 order by 1") == [
        ("card", 4),  # Two printed cards and two member numbers.
        ("ec", 1),
        ("email", 1),
        ("phone", 2),  # A family shares one.
    ]
    assert await value(books, "select count(*) from member_account") == 2
    assert await value(books, "select count(*) from outbox where topic = 'member.updated'") == 2
    # Once more, they are there already.
    assert (await bring(books, path, None, "members")).counts.reasons["identifier_taken"] == 3


async def test_a_restart_enrols_nobody_twice(books: Books, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_text("name,kana,phone\n" + "".join(f"森,モリ,090-0000-{i:04}\n" for i in range(1200)), encoding="utf-8")

    def stop(row: int, _counts: object) -> None:
        raise KeyboardInterrupt

    from goen.cli.importing import Wanted, import_file

    wanted = Wanted(kind="members", path=path)
    try:
        await import_file(books, wanted, report=stop)
    except KeyboardInterrupt:
        pass
    assert await value(books, "select count(*) from member") == 500
    await import_file(books, wanted)
    assert await value(books, "select count(*) from member") == 1200


async def test_eccube_customers_come_into_the_books(books: Books, shared_data: Path, tmp_path: Path) -> None:
    await open_shops(books, "online", kind="ec")
    path = shared_data / "csv" / "eccube_customers_sample.cp932.csv"
    outcome = await bring(books, path, None, "members", shop="online", refused=tmp_path / "refused.csv")
    assert (outcome.counts.members, outcome.counts.reasons) == (2, {"not_active": 1})
    assert await rows(books, "select value from member_identifier where kind = 'ec' order by 1") == [("7",), ("8",)]


async def test_a_retired_paper_card_enrols_nobody(books: Books, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_text("card,name,kana,phone\nC-1,森 葵,モリ アオイ,\n", encoding="utf-8")
    assert (await bring(books, path, None, "members")).counts.members == 1
    taker = await value(books, "select member_id from member")
    ask = CardClaimAsk("P-77", MemberRef("member_id", public_id(taker)), 100)
    who = presented("member_id", public_id(taker), member_id_of=member_id_of)
    key = Principal(0, "till", "server")
    now = books.clock.now()
    await claim_card(books.database, books.till, books.context, ask, who, taker, key, now)
    path.write_text("card,name,kana,phone\nP-77,林 学,ハヤシ マナブ,\nC-2,林 亮,ハヤシ リョウ,\n", encoding="utf-8")
    outcome = await bring(books, path, None, "members")
    assert (outcome.counts.members, outcome.counts.reasons) == (1, {"card_retired": 1})
