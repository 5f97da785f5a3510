"""``goen cards print``: fresh numbers for cards to hand out, and the cards of members."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pypdfium2
import pytest
import zxingcpp
from click.testing import CliRunner, Result

from goen.channels.cards.errors import FontMissing
from goen.channels.cards.fonts import japanese_font
from goen.cli import main
from goen.identity.keys import identifier_hash
from goen.members.ids import public_id
from goen.members.number import number_of
from goen.vocabulary.jan import in_store


@pytest.fixture
def goen(database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command on a database of the test's own."""
    try:
        japanese_font()
    except FontMissing:
        pytest.skip("no Japanese font on this machine (Debian: fonts-noto-cjk)")
    monkeypatch.setenv("GOEN_DATABASE_URL", database.dsn)

    def run(*arguments: str, stdin: str = "") -> Result:
        # The test's loop is busy; a command brings its own.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(CliRunner().invoke, main, ["cards", "print", *arguments], input=stdin).result()

    return run


def scanned(file: Path) -> list[str]:
    pages = pypdfium2.PdfDocument(file)
    found = [each for page in pages for each in zxingcpp.read_barcodes(page.render(scale=4).to_pil())]
    return sorted(each.text for each in found)


def text(file: Path) -> str:
    return "\n".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(file))


async def member(owner: asyncpg.Connection, serial: int, name: str, status: str = "active") -> None:
    await owner.execute(
        "insert into member (member_id, number, name, status, joined_at, changed_at)"
        " values ($1, $2, $3, $4, now(), now())",
        serial, number_of(serial), name, status,
    )  # fmt: skip


async def card(owner: asyncpg.Connection, member_id: int, number: str) -> None:
    await owner.execute(
        "insert into identifier_key (key_hash, kind, normal, member_id, identifier_id, exclusive)"
        " values ($1, 'card', $2, $3, $3, true)",
        identifier_hash("card", 0, number), number, member_id,
    )  # fmt: skip


async def test_numbers_of_new_cards_are_nobodys_and_are_never_given_twice(
    goen: Any, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    first = await owner.fetchval("select last_value + is_called::int from member_id_seq")
    # Somebody's printed card carries the number that would come second.
    await card(owner, 1, number_of(first + 1))
    ran = goen(str(tmp_path / "a.pdf"), "--numbers", "3")
    assert (ran.exit_code, ran.output) == (0, f"3 cards in {tmp_path / 'a.pdf'}\n")
    expected = sorted(number_of(first + step) for step in (0, 2, 3))
    assert scanned(tmp_path / "a.pdf") == sorted([*expected, *expected])
    assert all(in_store(number) for number in expected)
    assert goen(str(tmp_path / "b.pdf"), "--numbers", "3", "--no-qr").exit_code == 0
    assert not set(scanned(tmp_path / "b.pdf")) & set(expected)
    rows = await owner.fetch("select author, details from audit where action = 'cards.numbered' order by at")
    assert len(rows) == 2
    assert rows[0]["author"].startswith("cli:")


async def test_members_cards_carry_their_names_in_a_file_for_its_owner_alone(
    goen: Any, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "members.pdf"
    await member(owner, 901, "髙橋 わかこ")
    await member(owner, 902, "山田 花子")
    for serial in (901, 902):
        await card(owner, serial, number_of(serial))
    ran = goen(
        str(file),
        "--members",
        number_of(901),
        "--members",
        "-",
        "--code",
        "nw7",
        "--title",
        "ご縁ストア",
        stdin=number_of(902),
    )
    assert ran.exit_code == 0, ran.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [text(file).count(word) for word in ("髙橋 わかこ", "山田 花子", "ご縁ストア")] == [1, 1, 2]
    assert {each.strip("A") for each in scanned(file)} == {number_of(901), number_of(902)}


async def test_who_is_no_member_gets_no_card(goen: Any, owner: asyncpg.Connection, tmp_path: Path) -> None:
    file = tmp_path / "none.pdf"
    unknown = goen(str(file), "--members", number_of(77))
    assert unknown.exit_code == 1
    assert "No member is known" in unknown.output
    await member(owner, 903, "退会 済", status="withdrawn")
    gone = goen(str(file), "--members", public_id(903))
    assert gone.exit_code == 1
    assert not file.exists()


def test_either_numbers_or_members(goen: Any, tmp_path: Path) -> None:
    assert goen(str(tmp_path / "x.pdf")).exit_code == 2
    assert goen(str(tmp_path / "x.pdf"), "--numbers", "1", "--members", "2").exit_code == 2
    assert goen(str(tmp_path / "x.pdf"), "--members", ",").exit_code == 2
