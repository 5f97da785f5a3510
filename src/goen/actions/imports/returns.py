"""Which sales did returned goods come from?

A line that came back belongs to an earlier sale of the same member with the same goods at the same price of
which enough is still out: the most recent first, one line after the other. What finds none is an unlinked
return (rule 24). The division is kept before its first part is posted, so that a restart divides alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from goen.actions.imports.job import SQL, Job
from goen.actions.points.progress import Progress
from goen.database.pool import Database
from goen.purchases.brought import ReturnLine, ReturnSlip
from goen.purchases.ids import home_of
from goen.purchases.model import Line, Purchase

_document = msgspec.json.Decoder(Purchase).decode
_progress = msgspec.json.Decoder(Progress).decode


class PlannedLine(msgspec.Struct, frozen=True):
    """A line of a sale, or, without a sale, of the slip; and the slip's row it comes from."""

    line: int
    quantity: int | Decimal
    row: int
    amount: int
    tax_rate: int | Decimal = Decimal(10)
    tax_included: bool = True
    category: str | None = None


class Part(msgspec.Struct, frozen=True):
    """What comes back of one sale (``purchase_id``) or of none that is known."""

    purchase_id: str | None
    external_id: str
    lines: tuple[PlannedLine, ...]


Plan = tuple[Part, ...]


@dataclass
class Sold:
    """One line of an earlier sale; ``out`` is how much of it is still with the customer, in thousandths."""

    purchase_id: str
    line: Line
    out: int


async def plan_of(database: Database, job: Job, slip: ReturnSlip, member_id: int | None, sale_id: str | None) -> Plan:
    """The parts of a return. ``sale_id`` is the sale where the file itself knows it; None looks for it.

    Guests' returns are unlinked: nobody can tell whose sales to search.
    """
    if member_id is None and sale_id is None:
        return (_unlinked(slip, slip.lines, slip.external_id),)
    row = slip.lines[0].row
    if member_id is not None:
        async with database.reading() as connection:
            kept = await SQL.plan(connection, member_id=member_id, import_id=job.import_id, row_number=row)
        if kept is not None:
            return msgspec.json.decode(kept, type=Plan)
    plan = divided(slip, await _sold(database, slip, member_id, sale_id))
    if member_id is not None:
        async with database.writing() as connection:
            await SQL.keep_plan(
                connection,
                member_id=member_id,
                import_id=job.import_id,
                row_number=row,
                plan=msgspec.json.encode(plan).decode(),
            )
    return plan


def divided(slip: ReturnSlip, sold: Sequence[Sold]) -> Plan:
    """The slip's lines over what was sold, in the order given; parts in the order of their first line."""
    parts: dict[str, list[PlannedLine]] = {}
    rest: list[ReturnLine] = []
    for line in slip.lines:
        missing = _thousandths(line.quantity)
        taken: list[tuple[str, PlannedLine]] = []
        for one, pieces in _matching(line, missing, sold):
            share = line.amount * pieces // _thousandths(line.quantity)
            missing -= pieces
            taken.append((one.purchase_id, PlannedLine(one.line.line, Decimal(pieces).scaleb(-3), line.row, share)))
            one.out -= pieces
        for purchase_id, planned in taken:
            parts.setdefault(purchase_id, []).append(planned)
        if missing or not line.quantity:
            whole = missing == _thousandths(line.quantity)
            amount = line.amount if whole else line.amount - sum(planned.amount for _, planned in taken)
            rest.append(
                msgspec.structs.replace(
                    line, quantity=line.quantity if whole else Decimal(missing).scaleb(-3), amount=amount
                )
            )
    plan: list[Part] = []
    for purchase_id, lines in parts.items():
        plan.append(Part(purchase_id, _number(slip.external_id, len(plan)), tuple(lines)))
    if rest:
        plan.append(_unlinked(slip, rest, _number(slip.external_id, len(plan))))
    return tuple(plan)


def _matching(line: ReturnLine, missing: int, sold: Sequence[Sold]) -> Iterator[tuple[Sold, int]]:
    """Sold lines of these goods at this price, with how many thousandths each gives."""
    for one in sold:
        if not missing:
            return
        if one.out > 0 and _same_goods(line, one.line) and _same_price(line, one.line):
            pieces = min(missing, one.out)
            missing -= pieces
            yield one, pieces


def _same_goods(back: ReturnLine, sold: Line) -> bool:
    if back.sku is not None and sold.sku is not None:
        return back.sku == sold.sku
    return back.name is not None and back.name == sold.name


def _same_price(back: ReturnLine, sold: Line) -> bool:
    """Price per piece, compared without dividing: what comes back is worth its share of what was charged."""
    came, went = _thousandths(back.quantity), _thousandths(sold.quantity)
    # Either amount may have been rounded by half a minor unit.
    return back.tax_included == sold.tax_included and 2 * abs(back.amount * went - sold.amount * came) < came + went


def _unlinked(slip: ReturnSlip, lines: Sequence[ReturnLine], external_id: str) -> Part:
    planned = tuple(
        PlannedLine(i, x.quantity, x.row, x.amount, x.tax_rate, x.tax_included, x.category)
        for i, x in enumerate(lines, 1)
    )
    return Part(None, external_id, planned)


def _number(external_id: str, index: int) -> str:
    """Each part has a number of its own; the first one that of the receipt."""
    return external_id if index == 0 else f"{external_id}-{index + 1}"


async def _sold(database: Database, slip: ReturnSlip, member_id: int | None, sale_id: str | None) -> list[Sold]:
    goods = sorted({text for line in slip.lines if (text := _searched(line))})
    async with database.reading() as connection:
        if sale_id is not None:
            home = home_of("p", sale_id)
            rows = [row async for row in SQL.sale(connection, purchase_id=sale_id, member_id=home)]
        elif goods:
            rows = [
                row
                async for row in SQL.sales_with(connection, member_id=member_id, before=slip.occurred_at, goods=goods)
            ]
        else:
            rows = []
    sold: list[Sold] = []
    for row in rows:
        progress = _progress(row["progress"]) if row["progress"] else Progress()
        back = {one.line: one for one in progress.returned.lines}
        for line in (progress.revision or _document(row["document"])).lines:
            gone = back.get(line.line)
            out = 0 if gone and gone.done else _thousandths(line.quantity) - (gone.quantity if gone else 0)
            sold.append(Sold(row["purchase_id"], line, out))
    return sold


def _searched(line: ReturnLine) -> str | None:
    """The goods as they stand in a stored document."""
    if line.sku is not None:
        return f'"sku":{msgspec.json.encode(line.sku).decode()}'
    return None if line.name is None else f'"name":{msgspec.json.encode(line.name).decode()}'


def _thousandths(quantity: int | Decimal) -> int:
    return int(quantity * 1000)
