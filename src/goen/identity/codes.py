"""Card numbers drawn as scanners read them: JAN-13, JAN-8, CODE128, NW-7 and QR, as SVG and PNG (rule 42).

Libraries encode; both pictures are drawn from the modules here, so that a code looks the same on the member's page, in
the office and on a printed card. What a scanner reads back is the value, through :func:`goen.identity.normalise.card`
for NW-7, whose start and stop letters some scanners send.
"""

from __future__ import annotations

import re
import struct
import zlib
from html import escape
from typing import Literal, NamedTuple, get_args

import segno
from barcode.codabar import CODABAR
from barcode.codex import Code128
from barcode.ean import EuropeanArticleNumber8, EuropeanArticleNumber13

from goen.vocabulary.jan import is_valid
from goen.vocabulary.refusal import InvalidRequest

CodeKind = Literal["jan", "code128", "nw7", "qr"]
KINDS: tuple[CodeKind, ...] = get_args(CodeKind)

_CODE128 = re.compile(r"[\x20-\x7e]{1,48}")
_NW7 = re.compile(r"[0-9$:/.+-]{1,48}")
_FRAMED = re.compile(r"[A-D][0-9$:/.+-]{1,48}[A-D]")
_QR_LENGTH_MAX = 500
_TEXT_MODULES_MM = 3.2


class Symbol(NamedTuple):
    """A drawn value. ``rows`` are modules from top to bottom, ``1`` dark; a bar code has one row, stretched.

    ``quiet`` modules stay light on every side it needs; ``module_mm`` is the width a printed module has.
    """

    kind: CodeKind
    value: str
    rows: tuple[str, ...]
    quiet: int
    module_mm: float

    @property
    def is_square(self) -> bool:
        """Whether it is a QR code, read in two directions."""
        return len(self.rows) > 1

    @property
    def width_mm(self) -> float:
        """Printed width with its quiet zones."""
        return (len(self.rows[0]) + 2 * self.quiet) * self.module_mm


def symbol(kind: CodeKind, value: str) -> Symbol:
    """Encode a card number.

    ``jan`` takes 13 or 8 digits with their check digit. ``nw7`` gets ``A`` as start and stop letter unless it has its
    own. ``qr`` takes any text of up to 500 characters, drawn with error correction M.

    Raises:
        InvalidRequest: the value cannot be drawn as such a code; the words say why.
    """
    if kind == "jan":
        if is_valid(value):
            return Symbol(kind, value, (EuropeanArticleNumber13(value).build()[0],), quiet=11, module_mm=0.33)
        if is_valid(value, 8):
            return Symbol(kind, value, (EuropeanArticleNumber8(value).build()[0],), quiet=7, module_mm=0.33)
        raise InvalidRequest("value", "is no JAN: 13 or 8 digits, the last one their check digit")
    if kind == "code128":
        if not _CODE128.fullmatch(value):
            raise InvalidRequest("value", "cannot be drawn as CODE128: 1 to 48 plain letters, digits and signs")
        return Symbol(kind, value, (Code128(value).build()[0],), quiet=10, module_mm=0.25)
    if kind == "nw7":
        framed = value if _FRAMED.fullmatch(value) else f"A{value}A"
        if not _FRAMED.fullmatch(framed):
            raise InvalidRequest("value", "cannot be drawn as NW-7: 1 to 48 digits and the signs -$:/.+")
        # A narrow bar is two modules wide, a wide one five.
        return Symbol(kind, value, (CODABAR(framed, narrow=2, wide=5).build()[0],), quiet=20, module_mm=0.1)
    if not value or len(value) > _QR_LENGTH_MAX:
        raise InvalidRequest("value", f"cannot be drawn as QR: 1 to {_QR_LENGTH_MAX} characters")
    matrix = segno.make_qr(value, error="m").matrix
    return Symbol(kind, value, tuple("".join(str(int(dark)) for dark in row) for row in matrix), quiet=4, module_mm=0.6)


class Picture(NamedTuple):
    """A picture as a page serves it."""

    content_type: str
    body: bytes


def picture(kind: CodeKind, value: str, form: Literal["svg", "png"] = "svg") -> Picture:
    """The code of a card number, ready to be served: SVG in its printed size with the value below, or a PNG.

    Raises:
        InvalidRequest: as :func:`symbol`.
    """
    drawn = symbol(kind, value)
    return Picture("image/svg+xml", svg(drawn).encode()) if form == "svg" else Picture("image/png", png(drawn))


def svg(drawn: Symbol, *, height_mm: float = 15, text: bool = True) -> str:
    """The symbol as an SVG document in its printed size, black on white.

    ``height_mm`` is that of the bars; a QR code is as high as it is wide. ``text`` writes the value below bars.
    """
    width = len(drawn.rows[0]) + 2 * drawn.quiet
    if drawn.is_square:
        bars, below = float(len(drawn.rows) + 2 * drawn.quiet), 0.0
        path = "".join(_runs(row, drawn.quiet, drawn.quiet + place, 1) for place, row in enumerate(drawn.rows))
    else:
        bars = height_mm / drawn.module_mm
        below = _TEXT_MODULES_MM / drawn.module_mm if text else 0.0
        path = _runs(drawn.rows[0], drawn.quiet, 0, bars)
    value = escape(drawn.value)
    words = (
        f'<text x="{width / 2:g}" y="{bars + below * 0.9:g}" font-size="{below:g}" font-family="monospace" '
        f'text-anchor="middle">{value}</text>'
        if below
        else ""
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bars + below:g}" '
        f'width="{width * drawn.module_mm:g}mm" height="{(bars + below) * drawn.module_mm:g}mm" role="img">'
        f'<title>{value}</title><path fill="#fff" d="M0 0h{width}v{bars + below:g}H0z"/>'
        f'<path fill="#000" shape-rendering="crispEdges" d="{path}"/>{words}</svg>'
    )


def _runs(row: str, left: int, top: float, height: float) -> str:
    """The dark runs of a row of modules as one path."""
    return "".join(
        f"M{left + run.start():g} {top:g}h{run.end() - run.start():g}v{height:g}h-{run.end() - run.start():g}z"
        for run in re.finditer("1+", row)
    )


def png(drawn: Symbol, *, module_px: int = 3, height_px: int = 120) -> bytes:
    """The symbol as a PNG of one bit per pixel, without text. ``height_px`` is that of bars; QR codes are square."""
    width = (len(drawn.rows[0]) + 2 * drawn.quiet) * module_px
    lines = [_packed("0" * drawn.quiet + row + "0" * drawn.quiet, module_px) for row in drawn.rows]
    if drawn.is_square:
        light = [_packed("0" * (len(drawn.rows[0]) + 2 * drawn.quiet), module_px)] * drawn.quiet
        lines = [line for line in (*light, *lines, *light) for _ in range(module_px)]
    else:
        lines *= height_px
    header = struct.pack(">IIBBBBB", width, len(lines), 1, 0, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + line for line in lines), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _packed(modules: str, module_px: int) -> bytes:
    """A line of pixels, eight to a byte, 1 light."""
    pixels = "".join(("0" if module == "1" else "1") * module_px for module in modules)
    padded = pixels.ljust(-(-len(pixels) // 8) * 8, "1")
    return int(padded, 2).to_bytes(len(padded) // 8, "big")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
