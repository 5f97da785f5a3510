"""Rows of a purchases file → receipts.

Consecutive rows that agree in the mapping's ``rows_by`` are one receipt, so memory stays constant. A
receipt stands or falls as a whole: where one of its rows cannot be read, all are refused. Rows that are
no part of a sale (a negative price, a write-off without a price) are refused alone. Negative quantities
are returns; a receipt of both kinds becomes a sale and a return.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import tzinfo
from operator import itemgetter
from typing import cast

from goen.channels.files.cells import Memo, day_reader, money_reader, points, text, time_reader
from goen.channels.files.errors import BadCell, BadFile
from goen.channels.files.lines import Draft, NoSale, line_reader, not_negative, one_of
from goen.channels.files.mapping import Columns, Mapping
from goen.channels.files.members import member_reader
from goen.channels.files.readers import Row, Table
from goen.purchases.brought import Receipt, Refuse, Refused, ReturnLine, ReturnSlip
from goen.purchases.model import Line, OrderDiscount, Purchase

#: A receipt of more rows is refused: the purchase document takes no more lines.
LINES_MAX = 1000
COUPONS_MAX = 50

_BETWEEN = re.compile("[,;、，；]")

NOT_TRADED = "by its state this was no sale (cancelled, not finished, or no trade in goods)"
NOTHING_CHARGED = "nothing was charged: a movement of stock, not a sale"
STATUSES = ("completed", "placed", "returned", "no_sale")


def read_receipts(
    table: Table,
    mapping: Mapping,
    refuse: Refuse,
    *,
    zone: tzinfo,
    shop: str | None = None,
    after_row: int = 0,
) -> Iterator[Receipt]:
    """The receipts of a file, in its order; what cannot be used goes to ``refuse``.

    ``zone`` is where times without an offset are local, ``shop`` the code to use in place of the
    mapping's. Rows up to ``after_row`` are passed over (a restart). Raises :class:`BadFile` before the
    first receipt where the mapping does not fit the file.
    """
    finish = _Finisher(table, mapping, refuse, zone, shop)
    key_of = _key(table, mapping)

    def groups() -> Iterator[list[Row]]:
        group: list[Row] = []
        current: object = None
        overflow = False
        for number, cells in table.rows(refuse):
            if number <= after_row:
                continue
            key = key_of(number, cells)
            if key != current:
                if group:
                    yield group
                group, current, overflow = [], key, False
            group.append((number, cells))
            if overflow or len(group) > LINES_MAX:
                overflow = True
                for row, content in group:
                    refuse(
                        Refused(
                            row,
                            tuple(content),
                            "too_many_lines",
                            f"the receipt has more than {LINES_MAX} rows",
                        )
                    )
                group = []
        if group:
            yield group

    return (receipt for group in groups() if (receipt := finish(group)) is not None)


def _key(table: Table, mapping: Mapping) -> Callable[[int, list[str]], object]:
    assert mapping.receipt is not None
    columns = Columns(table, absent_columns=False)
    positions = [columns.position(name) for name in mapping.receipt.rows_by]
    if not positions:
        return lambda number, _: number
    pick = itemgetter(*positions)
    return lambda _, cells: pick(cells)


class _Finisher:
    """Turns the rows of one receipt into a :class:`Receipt`, or refuses them."""

    def __init__(self, table: Table, mapping: Mapping, refuse: Refuse, zone: tzinfo, shop: str | None) -> None:
        section, lines, file = mapping.receipt, mapping.line, mapping.file
        assert section is not None
        assert lines is not None
        columns = Columns(table, absent_columns=file.absent_columns)
        if section.shop is None and shop is None:
            raise BadFile("the file does not say the shop: name it (--shop)")
        money = not_negative(money_reader(file.scale))
        nothing = cast("str | None", None)
        self._refuse = refuse
        self._line = line_reader(columns, lines, file.scale)
        self._member = member_reader(columns, mapping.member)
        shops = columns.field(section.shop, Memo("shop", text, BadCell)) if shop is None else None
        self._shop: Callable[[int, list[str]], str] = shops or (lambda _, __: shop or "")
        self._external_id = columns.field(section.external_id, Memo("external_id", text, BadCell))
        self._occurred_at = columns.field(
            section.occurred_at, Memo("occurred_at", time_reader(zone, file.date_format), BadCell)
        )
        self._completed_at = columns.field(
            section.completed_at, Memo("completed_at", time_reader(zone, file.date_format), None)
        )
        self._business_date = columns.field(
            section.business_date, Memo("business_date", day_reader(file.date_format), None)
        )
        self._terminal = columns.field(section.terminal, Memo("terminal", text, nothing))
        self._staff = columns.field(section.staff, Memo("staff", text, nothing))
        self._return_of = columns.field(section.return_of, Memo("return_of", text, nothing))
        self._status = columns.field(section.status, Memo("status", one_of(STATUSES), "completed"))
        self._postage = columns.field(section.postage, Memo("postage", money, 0))
        self._discount = columns.field(section.discount, Memo("discount", money, 0))
        amount = money_reader(file.scale)
        self._total = columns.field(section.total, Memo("total", amount, cast("int | None", None)))
        self._payable = columns.field(section.payable, Memo("payable", amount, cast("int | None", None)))
        self._use_points = columns.field(section.use_points, Memo("use_points", points, 0))
        self._coupons = columns.field(section.coupons, Memo("coupons", _codes, cast("tuple[str, ...]", ())))
        self._history = section.points == "history"

    def __call__(self, rows: list[Row]) -> Receipt | None:
        drafts: list[Draft] = []
        kept: list[Row] = []
        bad: dict[int, str] = {}
        for row in rows:
            number, cells = row
            cells.append("")
            try:
                drafts.append(self._line(cells))
                kept.append(row)
            except BadCell as problem:
                bad[number] = str(problem)
            except NoSale as other:
                self._refuse(Refused(number, tuple(cells[:-1]), other.code, other.words))
        if kept and not bad:
            try:
                return self._receipt(kept, drafts)
            except BadCell as problem:
                bad[kept[0][0]] = str(problem)
        for number, cells in kept:
            if number not in bad:
                words = f"row {next(iter(bad))} of the same receipt was refused"
                self._refuse(Refused(number, tuple(cells[:-1]), "receipt_refused", words))
        for number, cells in rows:
            if number in bad:
                self._refuse(Refused(number, tuple(cells[:-1]), "bad_cell", bad[number]))
        return None

    def _receipt(self, rows: list[Row], drafts: list[Draft]) -> Receipt | None:
        number, cells = rows[0]
        status = self._status(number, cells)
        if status == "no_sale":
            self._none(rows, NOT_TRADED)
            return None
        shop = self._shop(number, cells)
        external_id = self._external_id(number, cells)
        occurred_at = self._occurred_at(number, cells)
        business_date = self._business_date(number, cells)
        terminal = self._terminal(number, cells)
        staff = self._staff(number, cells)
        member = self._member(number, cells, shop)
        lines: list[Line] = []
        back: list[ReturnLine] = []
        discounts: list[OrderDiscount] = []
        use_points = charged = 0
        for (row, _), draft in zip(rows, drafts, strict=True):
            role = draft.role
            if role == "goods" or role == "fee" or role == "return":  # noqa: PLR1714 - quicker than a set, and hot.
                if draft.back:
                    back.append(_returned(row, draft))
                    continue
                charged += draft.amount + draft.discount
                lines.append(
                    Line(
                        len(lines) + 1,
                        draft.amount,
                        draft.quantity,
                        draft.tax_rate,
                        draft.tax_included,
                        draft.sku,
                        draft.name,
                        draft.category,
                        draft.unit_price,
                        draft.discount,
                        draft.cost,
                        draft.points and role == "goods" and not self._history,
                    )
                )
            elif role == "discount":
                discounts.append(OrderDiscount(draft.amount, draft.name or ""))
            elif role == "points":
                use_points += draft.amount
        sale: Purchase | None = None
        completed_at = self._completed_at(number, cells)
        if lines and not charged:
            if not back:
                self._none(rows, NOTHING_CHARGED)
                return None
            split = list(zip(rows, drafts, strict=True))
            self._none([row for row, draft in split if not draft.back], NOTHING_CHARGED)
            rows = [row for row, draft in split if draft.back]
        elif lines:
            use_points += self._use_points(number, cells)
            if use_points < 0:
                raise BadCell("use_points", str(use_points), "must not be negative on a sale")
            if discount := self._discount(number, cells):
                discounts.append(OrderDiscount(discount))
            total = None if back else self._charged(number, cells, use_points)
            if self._history and use_points:
                discounts.append(OrderDiscount(use_points, "ポイント利用"))
                total = None if total is None else total - use_points
                use_points = 0
            coupons = self._coupons(number, cells)
            if status == "completed" and completed_at is not None:
                status = "placed"
            if status == "completed" or status == "returned":  # noqa: PLR1714
                completed_at = None
            sale = Purchase(
                shop,
                external_id,
                occurred_at,
                tuple(lines),
                business_date,
                terminal,
                staff,
                "placed" if status == "placed" else "completed",
                member,
                tuple(discounts),
                self._postage(number, cells),
                total,
                use_points=use_points,
                coupons=coupons,
                # It has happened: points that are missing become debt, a coupon that should not have been taken is
                # counted as such, the sale is not refused.
                offline=use_points > 0 or bool(coupons),
            )
        elif not back:
            self._none(rows, "the receipt has no goods")
            return None
        slip: ReturnSlip | None = None
        return_of = self._return_of(number, cells)
        if status == "returned":
            back, return_of = [_all_of(line, number) for line in lines], external_id
        if back:
            slip = ReturnSlip(
                shop, external_id, occurred_at, business_date, terminal, staff, member, tuple(back), return_of
            )
        return Receipt(rows, sale, completed_at if sale else None, slip)

    def _charged(self, number: int, cells: list[str], use_points: int) -> int | None:
        """The total before points, from a total or from what was payable after points."""
        total = self._total(number, cells)
        payable = self._payable(number, cells)
        if total is None and payable is not None:
            total = payable + use_points
        if total is not None and total < 0:
            raise BadCell("total", str(total), "must not be negative on a sale")
        return total

    def _none(self, rows: list[Row], words: str) -> None:
        for number, cells in rows:
            self._refuse(Refused(number, tuple(cells[:-1]), "no_sale", words))


def _codes(cell: str) -> tuple[str, ...]:
    """Codes of coupons, each once; at most as many as a purchase takes."""
    codes = tuple(dict.fromkeys(_BETWEEN.sub(" ", text(cell)).split()))
    if len(codes) > COUPONS_MAX:
        raise ValueError(f"has more than {COUPONS_MAX} coupons")
    return codes


def _returned(row: int, draft: Draft) -> ReturnLine:
    return ReturnLine(
        row,
        draft.quantity,
        draft.amount,
        draft.tax_rate,
        draft.tax_included,
        draft.sku,
        draft.name,
        draft.category,
    )


def _all_of(line: Line, row: int) -> ReturnLine:
    return ReturnLine(
        row, line.quantity, line.amount, line.tax_rate, line.tax_included, line.sku, line.name, line.category
    )
