"""Ready retailers: each a folder of documents to start from, read as the API's own types.

``programme.toml`` (tiers with it), ``coupons.toml``, ``campaigns.toml``, ``standing.toml``, ``terms.toml``, and
``examples.toml``: sample baskets with what they earn. A kind of document is a line of :func:`read`; a folder without
its file has none of it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from goen.earning.campaigns.model import Campaign
from goen.earning.coupons.model import CouponKind
from goen.earning.programme import Code, Programme
from goen.earning.standing.model import StandingCode, StandingRule
from goen.members.terms import Document, TermsVersion
from goen.purchases.model import Line

T = TypeVar("T")

FOLDER = Path(__file__).parent
NAMES = ("apparel", "grocery", "cosmetics")
#: The documents of the demo retailer (``goen up --demo``).
DEMO = FOLDER / "demo"


class Wording(Document, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Terms of membership without dates: they hold from the day on which they are loaded."""

    version: TermsVersion


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product of the examples, with what campaigns look at (``PUT /v1/products``)."""

    sku: Code
    name: str
    clearance: bool = False
    tags: tuple[str, ...] = ()


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of an example, tax included."""

    sku: Code
    amount: int
    quantity: int = 1
    tax_rate: int = 10
    category: str | None = None

    def line(self, number: int) -> Line:
        """The same as a purchase has it."""
        return Line(
            line=number, sku=self.sku, amount=self.amount, quantity=Decimal(self.quantity),
            tax_rate=Decimal(self.tax_rate), category=self.category,
        )  # fmt: skip


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A basket of a member (of a tier, born in a month) at a moment, the points it ``earns`` and its ``stamps``."""

    says: str
    at: datetime
    lines: tuple[Item, ...]
    earns: int
    stamps: int = 0
    tier: str | None = None
    birth_month: int | None = None
    channel: Literal["store", "ec"] = "store"


class _Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    example: tuple[Example, ...] = ()
    product: tuple[Product, ...] = ()


#: ``[birthday]`` and what stands in it is the standing rule of that code.
_Standing = dict[StandingCode, StandingRule]


class Ready(NamedTuple):
    """A retailer's documents. ``standing``: standing rules by code; ``terms`` is None where there is no such file."""

    programme: Programme
    coupons: tuple[CouponKind, ...]
    campaigns: tuple[Campaign, ...]
    standing: dict[str, StandingRule]
    terms: Wording | None
    examples: tuple[Example, ...]
    products: tuple[Product, ...]


class BadFolder(Exception):  # noqa: N818 - the world's mistake, not ours.
    """The folder has no ``programme.toml``, or a document in it is not as it should be; ``str()`` says which."""


def folder_of(name: str) -> Path:
    """The folder of a ready retailer by its name, or of one's own by its path."""
    return FOLDER / name if name in NAMES else Path(name)


def read(folder: Path) -> Ready:
    """Everything in a retailer's folder.

    Raises:
        BadFolder: names the file and, in it, the field that is wrong.
    """
    if not (folder / "programme.toml").is_file():
        raise BadFolder(f"{folder} has no programme.toml; ready ones are {', '.join(NAMES)}")
    terms = _document(folder / "terms.toml", Wording | None)
    examples = _document(folder / "examples.toml", _Examples) or _Examples()
    return Ready(
        _document(folder / "programme.toml", Programme),
        _list(folder / "coupons.toml", "coupon", CouponKind),
        _list(folder / "campaigns.toml", "campaign", Campaign),
        _document(folder / "standing.toml", _Standing | None) or {},
        terms,
        examples.example,
        examples.product,
    )


def _list(file: Path, name: str, kind: type[T]) -> tuple[T, ...]:
    found: Mapping[str, tuple[T, ...]] = _document(file, dict[Literal[name], tuple[kind, ...]]) or {}  # type: ignore[valid-type]
    return found.get(name, ())


def _document(file: Path, kind: Any) -> Any:
    if not file.is_file():
        return None
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal), kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BadFolder(f"{file}: {error}") from None
