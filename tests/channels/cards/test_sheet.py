"""Sheets of cards: what is printed scans, measures what a card measures, and says the name."""

from __future__ import annotations

import io
from collections import Counter
from itertools import pairwise

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from goen.channels.cards.errors import FontMissing
from goen.channels.cards.fonts import chosen, japanese_font
from goen.channels.cards.sheet import CARDS_MAX, Card, grouped, sheet
from goen.identity import normalise
from goen.identity.codes import CodeKind
from goen.members.number import number_of
from goen.vocabulary.refusal import InvalidRequest

DPI = 300
MM = DPI / 25.4


@pytest.fixture(scope="module", autouse=True)
def _font() -> None:
    try:
        japanese_font()
    except FontMissing:
        pytest.skip("no Japanese font on this machine (Debian: fonts-noto-cjk)")


def pages(pdf: bytes) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return [page.render(scale=DPI / 72).to_pil().convert("L") for page in document]


def words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


@pytest.mark.parametrize(("code", "found"), [("jan", "EAN"), ("code128", "Code128"), ("nw7", "Codabar")])
def test_rule_42_every_printed_code_scans(code: CodeKind, found: str) -> None:
    numbers = [number_of(serial) for serial in range(1, 13)]
    printed = pages(sheet([Card(number, "山田 花子") for number in numbers], title="会員カード", code=code))
    assert [page.size for page in printed] == [(2481, 3508), (2481, 3508)]  # A4
    scanned = [each for page in printed for each in zxingcpp.read_barcodes(page)]
    kinds = Counter("qr" if "QR" in str(each.format) else str(each.format).replace(" ", "") for each in scanned)
    assert kinds["qr"] == 12
    assert len(kinds) == 2
    assert next(kind for kind in kinds if kind != "qr").split(".")[-1].startswith(found[:3])
    assert Counter(normalise.card(each.text) for each in scanned) == dict.fromkeys(numbers, 2)


def test_cards_have_the_size_of_a_bank_card_between_their_cut_marks() -> None:
    page = pages(sheet([Card(number_of(1))], title="会員カード", qr=False))[0]
    # The marks in the upper and the left margin, in mm.
    across = darks([page.getpixel((x, round(9.5 * MM))) for x in range(page.width)])
    down = darks([page.getpixel((round(15.4 * MM), y)) for y in range(page.height)])
    assert [round(b - a, 1) for a, b in pairwise(across)] == pytest.approx([85.6, 85.6], abs=0.2)
    assert [round(b - a, 1) for a, b in pairwise(down)] == pytest.approx([54.0] * 5, abs=0.2)
    assert across[0] == pytest.approx(210 - across[-1], abs=0.2)


def darks(pixels: list[int]) -> list[float]:
    """Where dark lines are met, in mm."""
    met = [place for place, pixel in enumerate(pixels) if pixel < 160]
    return [place / MM for index, place in enumerate(met) if index == 0 or place > met[index - 1] + 1]


def test_a_card_says_title_name_and_number_and_long_names_shrink_to_fit() -> None:
    long = "とても長い名前の会員" * 6
    pdf = sheet([Card(number_of(2), long), Card(number_of(1), "髙橋 わかこ")], title="ご縁ストア [*#$")
    text = words(pdf)
    assert "ご縁ストア [*#$" in text
    assert "髙橋 わかこ" in text
    assert long in text.replace("\r\n", "")
    assert grouped(number_of(1)) in text
    # Nothing of the first card reaches over its right edge, nor into its QR code.
    edge = pages(pdf)[0].crop((round(101.5 * MM), round(14 * MM), round(108 * MM), round(67 * MM)))
    assert edge.getextrema() == (255, 255)


def test_the_same_cards_give_the_same_bytes() -> None:
    cards = [Card(number_of(1), "山田 花子")]
    assert sheet(cards, title="会員カード") == sheet(cards, title="会員カード")


@pytest.mark.parametrize(
    ("cards", "options"),
    [
        ([], {}),
        ([Card(number_of(1))] * (CARDS_MAX + 1), {}),
        ([Card("0012345")], {"code": "jan"}),
        ([Card("1" * 40)], {"code": "nw7"}),
        ([Card(number_of(1))], {"code": "qr"}),
        ([Card(number_of(1))], {"title": "あ" * 41}),
    ],
)
def test_what_cannot_be_printed_is_refused(cards: list[Card], options: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        sheet(cards, **{"title": "会員カード", **options})  # type: ignore[arg-type]


def test_without_a_japanese_font_the_refusal_says_what_to_install() -> None:
    assert chosen(["DejaVu Sans", "ipaexgothic"]) == "ipaexgothic"
    with pytest.raises(FontMissing, match="fonts-noto-cjk"):
        chosen(["DejaVu Sans"])
