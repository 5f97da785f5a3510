"""Members from a CP932 list into full effect, killed in the middle, finished, and taken back.

    python -m bench.members [--rows 500000]

The file has the shape of a retailer's list: a card, a phone that families share, a mail address for half of them,
name, kana, birth date, address, consents. Seconds are of whole processes, the start of Python and the search for
the encoding included; megabytes are the importing process's at its largest.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
from pathlib import Path
from typing import Any

import asyncpg

from bench.imports import _empty
from bench.machine import goen, machine

COLUMNS = (
    "card", "phone", "email", "name", "kana", "gender", "birth_date", "postal_code", "address", "joined_at",
    "consent_mail", "consent_source",
)  # fmt: skip
_FAMILY = [
    ("髙橋", "タカハシ"), ("佐藤", "サトウ"), ("鈴木", "スズキ"), ("山﨑", "ヤマザキ"), ("渡邉", "ワタナベ"),
    ("伊藤", "イトウ"), ("中村", "ナカムラ"), ("小林", "コバヤシ"), ("加藤", "カトウ"), ("吉田", "ヨシダ"),
]  # fmt: skip
_GIVEN = [
    ("花子", "ハナコ", "女"), ("太郎", "タロウ", "男"), ("美咲", "ミサキ", "女"), ("健一", "ケンイチ", "男"),
    ("さくら", "サクラ", "女"), ("大輔", "ダイスケ", "男"), ("和歌子", "ワカコ", "女"), ("誠", "マコト", "男"),
]  # fmt: skip


def write_members(path: Path, rows: int) -> None:
    """A list of invented people; every third phone belongs to two of them."""
    chance = random.Random(11)
    with path.open("w", encoding="cp932", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for n in range(rows):
            family, family_kana = _FAMILY[chance.randrange(len(_FAMILY))]
            given, given_kana, gender = _GIVEN[chance.randrange(len(_GIVEN))]
            line = n - 1 if n % 3 == 2 else n
            writer.writerow((
                f"77{n:09}", f"090-{line // 10000:04}-{line % 10000:04}",
                f"u{n}@example.jp" if n % 2 else "", f"{family}　{given}", f"{family_kana} {given_kana}", gender,
                f"{1940 + n % 70}/{1 + n % 12}/{1 + n % 28}", f"{n % 10_000_000:07}",
                f"東京都渋谷区渋谷{1 + n % 9}丁目{1 + n % 30}－{1 + n % 20} ①号棟～{n % 900}",
                f"20{10 + n % 15}/{1 + n % 12}/{1 + n % 28}", "はい" if n % 4 else "いいえ", "入会申込書",
            ))  # fmt: skip


async def measure(rows: int) -> dict[str, Any]:
    async with machine(1, 0) as made:
        dsn = await _empty(made, "members")
        path = made.folder / "members.csv"
        write_members(path, rows)
        whole = await goen(dsn, "import", "members", str(path))
        connection = await asyncpg.connect(dsn)
        counted = "select (select count(*) from member), (select count(*) from member_identifier)"
        members, names = tuple(await connection.fetchrow(counted))
        assert members == rows, members
        undone = await goen(dsn, "import", "undo", "1")
        assert tuple(await connection.fetchrow(counted)) == (0, 0)
        await goen(dsn, "import", "members", str(path), stop_after=whole[0] / 2)
        half = await connection.fetchval("select count(*) from member")
        again = await goen(dsn, "import", "members", str(path))
        assert tuple(await connection.fetchrow(counted)) == (members, names), "killed and finished is not the same"
        await connection.close()
    return {
        "rows": rows,
        "seconds": round(whole[0], 1),
        "rows a second": round(rows / whole[0]),
        "megabytes": round(whole[1]),
        "undo seconds": round(undone[0], 1),
        "killed after": half,
        "finished in": round(again[0], 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.members")
    parser.add_argument("--rows", type=int, default=500_000)
    print(json.dumps(asyncio.run(measure(parser.parse_args().rows)), indent=2))
