"""Small files and mappings for the tests of this room."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from goen.channels.files.mapping import Mapping, parse_mapping, recognise
from goen.channels.files.purchases import read_receipts
from goen.channels.files.readers import open_table
from goen.purchases.brought import Receipt, Refused

TOKYO = ZoneInfo("Asia/Tokyo")

GOODS = """
kind = "purchases"
[[member]]
kind = { constant = "card" }
value = "会員"
[receipt]
rows_by = ["伝票"]
shop = { constant = "shibuya" }
external_id = "伝票"
occurred_at = "日時"
[line]
name = "品名"
quantity = "数量"
unit_price = "単価"
"""


def written(folder: Path, words: str, encoding: str = "utf-8") -> Path:
    """A file with this text in it."""
    path = folder / "source.csv"
    path.write_bytes(words.encode(encoding))
    return path


def receipts_of(
    path: Path, mapping: Mapping | str | None = None, *, shop: str | None = None, after_row: int = 0
) -> tuple[list[Receipt], list[Refused]]:
    """All receipts and refused rows of a file; without a mapping it must be recognised."""
    wanted = parse_mapping(mapping) if isinstance(mapping, str) else mapping
    table = open_table(path, wanted.shape) if wanted else open_table(path)
    chosen = wanted or recognise(table.header, "purchases")
    assert chosen is not None
    refused: list[Refused] = []
    found = list(read_receipts(table, chosen, refused.append, zone=TOKYO, shop=shop, after_row=after_row))
    return found, refused
