"""One row of a purchases file: what was sold, given back, charged or taken off."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple, cast

from goen.channels.files.cells import (
    PRICE_PLACES,
    Memo,
    flag,
    half_up,
    money_reader,
    percent,
    price_reader,
    quantity,
    text,
)
from goen.channels.files.errors import BadCell, BadFile
from goen.channels.files.mapping import Columns, LineSection
from goen.vocabulary.money import MONEY_LIMIT

ROLES = ("goods", "return", "fee", "discount", "points", "skip")

_ONE = (1000, Decimal(1))
_WHOLE = 10**PRICE_PLACES
_FINE = 1000 * _WHOLE


class Draft(NamedTuple):
    """What one row says; ``amount`` carries the sign of the row."""

    role: str
    back: bool
    amount: int
    quantity: Decimal
    tax_rate: Decimal
    tax_included: bool
    sku: str | None
    name: str | None
    category: str | None
    unit_price: int | None
    discount: int
    cost: int | None
    points: bool


class NoSale(Exception):  # noqa: N818
    """The row is no part of a sale."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


def one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    """Reads a word of a fixed set."""

    def read(word: str) -> str:
        if word not in allowed:
            raise ValueError(f"is none of {', '.join(allowed)}")
        return word

    return read


def not_negative(read: Callable[[str], int]) -> Callable[[str], int]:
    def checked(value: str) -> int:
        number = read(value)
        if number < 0:
            raise ValueError("must not be negative")
        return number

    return checked


def line_reader(columns: Columns, section: LineSection, scale: int) -> Callable[[list[str]], Draft]:
    if section.amount is None and (section.quantity is None or section.unit_price is None):
        raise BadFile("[line] needs amount, or quantity and unit_price")
    money = money_reader(scale)
    at_amount, amounts = columns.column(section.amount, Memo("amount", money, cast("int | None", None)))
    at_quantity, quantities = columns.column(section.quantity, Memo("quantity", quantity, _ONE))
    at_price, prices = columns.column(
        section.unit_price, Memo("unit_price", price_reader(scale), cast("int | None", None))
    )
    at_role, roles = columns.column(section.kind, Memo("kind", one_of(ROLES), "goods"))
    at_sku, skus = columns.column(section.sku, Memo("sku", text, cast("str | None", None)))
    at_name, names = columns.column(section.name, Memo("name", text, cast("str | None", None)))
    at_category, categories = columns.column(section.category, Memo("category", text, cast("str | None", None)))
    at_discount, discounts = columns.column(section.discount, Memo("discount", money, 0))
    at_rate, rates = columns.column(section.tax_rate, Memo("tax_rate", percent, Decimal(10)))
    at_included, included = columns.column(section.tax_included, Memo("tax_included", flag, True))
    at_cost, costs = columns.column(section.cost, Memo("cost", not_negative(money), cast("int | None", None)))
    at_points, earning = columns.column(section.points, Memo("points", flag, True))

    def read(cells: list[str]) -> Draft:
        role = roles[cells[at_role]]
        thousandths, pieces = quantities[cells[at_quantity]]
        amount = amounts[cells[at_amount]]
        price = prices[cells[at_price]]
        if amount is None:
            if role == "skip":
                amount = 0
            elif price is None:
                raise BadCell("amount", "", "must not be empty")
            else:
                product = thousandths * price
                amount = half_up(abs(product), _FINE)
                if amount >= MONEY_LIMIT:
                    raise BadCell("amount", str(amount), "is too large")
                if product < 0:
                    amount = -amount
        back = thousandths < 0 or role == "return"
        discount = abs(discounts[cells[at_discount]])
        if role in {"goods", "return", "fee"}:
            if price is not None and price < 0:
                raise NoSale("negative_price", "a negative price is no sale")
            if amount < 0 and not back:
                raise NoSale(
                    "negative_price",
                    "a negative amount without a negative quantity is neither sale nor return",
                )
            if back and amount == 0 and discount == 0:
                raise NoSale("no_sale", "a negative quantity without a price is a write-off, not a return")
        unit_price = None if price is None or price < 0 or price % _WHOLE else price // _WHOLE
        return Draft(
            role,
            back,
            abs(amount),
            pieces,
            rates[cells[at_rate]],
            included[cells[at_included]],
            skus[cells[at_sku]],
            names[cells[at_name]],
            categories[cells[at_category]],
            unit_price,
            discount,
            costs[cells[at_cost]],
            earning[cells[at_points]],
        )

    return read
