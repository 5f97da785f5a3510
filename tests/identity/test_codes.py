"""Codes are drawn so that a reader we did not write reads them back, from the PNG and from the SVG."""

from __future__ import annotations

import io
import re
import string
from xml.etree import ElementTree

import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from goen.identity import normalise
from goen.identity.codes import KINDS, CodeKind, Symbol, picture, png, svg, symbol
from goen.members.number import number_of
from goen.vocabulary.jan import check_digit, in_store, is_valid
from goen.vocabulary.refusal import InvalidRequest

FORMATS = {"jan": "EAN", "code128": "Code128", "nw7": "Codabar", "qr": "QRCode"}


def read(picture: Image.Image, kind: str) -> str:
    """The one code that a scanner finds in a picture, which must be of this kind."""
    found = zxingcpp.read_barcodes(picture)
    assert len(found) == 1, [(each.format, each.text) for each in found]
    assert str(found[0].format).replace(" ", "").replace("-", "").split(".")[-1].startswith(FORMATS[kind]), found[
        0
    ].format
    text: str = found[0].text
    return text


def from_png(drawn: Symbol) -> Image.Image:
    return Image.open(io.BytesIO(png(drawn))).convert("L")


def from_svg(drawn: Symbol, scale: int = 4) -> Image.Image:
    """Paint the rectangles of the SVG's second path; what a browser would show, without one."""
    root = ElementTree.fromstring(svg(drawn, text=False))
    _, _, width, height = (float(each) for each in root.attrib["viewBox"].split())
    picture = Image.new("L", (int(width * scale), int(height * scale)), 255)
    draw = ImageDraw.Draw(picture)
    path = root.findall("{http://www.w3.org/2000/svg}path")[1].attrib["d"]
    for x, y, wide, high in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-[\d.]+z", path):
        left, top = float(x) * scale, float(y) * scale
        draw.rectangle((left, top, left + float(wide) * scale - 1, top + float(high) * scale - 1), fill=0)
    return picture


@pytest.mark.parametrize(
    ("kind", "value", "scanned"),
    [
        ("jan", "2900000012349", "2900000012349"),
        ("jan", number_of(1), number_of(1)),
        ("jan", "49123456", "49123456"),
        ("code128", "0012345", "0012345"),
        ("code128", "GOEN-0042/b", "GOEN-0042/b"),
        ("nw7", "0012345678", "0012345678"),
        ("nw7", "B0012345C", "0012345"),
        ("qr", "2900000012349", "2900000012349"),
        ("qr", "https://example.jp/m/ご縁", "https://example.jp/m/ご縁"),
    ],
)
def test_rule_42_what_is_drawn_is_read_back(kind: CodeKind, value: str, scanned: str) -> None:
    drawn = symbol(kind, value)
    for drawing in (from_png(drawn), from_svg(drawn)):
        text = read(drawing, kind)
        # Some scanners send NW-7's letters, and some do not; either way it is the same card.
        assert normalise.card(text) == normalise.card(scanned)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 10**10 - 1))
def test_rule_42_every_member_number_scans(serial: int) -> None:
    number = number_of(serial)
    assert in_store(number)
    for kind in ("jan", "code128", "nw7", "qr"):
        assert normalise.card(read(from_png(symbol(kind, number)), kind)) == number


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=string.digits + string.ascii_letters + "-/. ", min_size=1, max_size=20).filter(str.strip))
def test_rule_42_any_plain_text_scans_as_code128(value: str) -> None:
    assert read(from_png(symbol("code128", value)), "code128") == value


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=string.digits, min_size=4, max_size=20))
def test_rule_42_leading_zeros_survive_nw7(value: str) -> None:
    assert normalise.card(read(from_png(symbol("nw7", value)), "nw7")) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("jan", "2900000012340"),
        ("jan", "290000001234"),
        ("jan", "２９０００００１２３４９"),
        ("jan", ""),
        ("code128", ""),
        ("code128", "山田"),
        ("code128", "1" * 49),
        ("nw7", "12AB"),
        ("nw7", ""),
        ("qr", ""),
        ("qr", "1" * 501),
    ],
)
def test_what_cannot_be_drawn_is_refused(kind: CodeKind, value: str) -> None:
    with pytest.raises(InvalidRequest):
        symbol(kind, value)


def test_the_svg_has_the_printed_size_and_escapes_its_text() -> None:
    root = ElementTree.fromstring(svg(symbol("jan", "2900000012349"), height_mm=10, text=False))
    assert root.attrib["width"] == "38.61mm"  # 95 modules and two quiet zones of 11, 0.33 mm each
    assert root.attrib["height"] == "10mm"
    assert "<b>" not in svg(symbol("code128", "<b>"))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_served_as_what_they_are(kind: CodeKind) -> None:
    number = number_of(7)
    assert picture(kind, number).content_type == "image/svg+xml"
    assert ElementTree.fromstring(picture(kind, number).body)[0].text == number
    served = picture(kind, number, "png")
    assert served.content_type == "image/png"
    assert Image.open(io.BytesIO(served.body)).format == "PNG"


def test_rule_42_prefixes_of_the_store() -> None:
    assert in_store("2900000012349")
    assert in_store("200000000000" + check_digit("200000000000"))
    assert not in_store("4006381333931")
    assert not is_valid("4006381333931", 8)
