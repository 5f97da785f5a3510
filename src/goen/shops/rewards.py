"""The only place that touches the tables of rewards, their codes and orders, the till's own statements aside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from goen.database.pool import Reading, Writing
from goen.database.queries import load

_queries = load(__package__, "rewards.sql")


class RewardRow(NamedTuple):
    """A reward; ``document`` is JSON that only :mod:`goen.earning` understands. ``codes`` were put in, ``ordered`` are
    orders that stand."""

    code: str
    document: str
    changed_at: datetime
    changed_by: str
    codes: int
    ordered: int


class OrderRow(NamedTuple):
    """An order; ``address`` is JSON, ``document`` that of the reward as it is now."""

    member_id: int
    order_id: str
    reward: str
    status: str
    points: int
    money: int
    delivery: str
    coupon: str | None
    address: str | None
    tracking: str | None
    ordered_at: datetime
    changed_at: datetime
    shop_id: int | None
    pool_id: int | None
    gift_code: str | None
    document: str

    @property
    def anywhere(self) -> bool:
        """Whether it is picked up in whichever shop the member comes to."""
        return self.shop_id is None and self.delivery == "pickup"


async def put(connection: Writing, code: str, anchor: int, document: str, by: str, now: datetime) -> None:
    """Keep a reward as it is to be had from now on. ``anchor``: where its stock is counted, always the same."""
    await _queries.put_reward(connection, code=code, anchor=anchor, document=document, by=by, now=now)


async def lock(connection: Writing, code: str) -> str | None:
    """A reward's document, held until the end of the transaction; None where there is none."""
    row = await _queries.lock_reward(connection, code=code)
    return None if row is None else row["document"]


async def reward(connection: Reading, code: str) -> RewardRow | None:
    row = await _queries.reward(connection, code=code)
    return None if row is None else RewardRow(*row)


async def rewards(connection: Reading, after: str, rows: int) -> list[RewardRow]:
    return [RewardRow(*row) async for row in _queries.rewards(connection, after=after, rows=rows)]


async def add_codes(connection: Writing, code: str, values: Sequence[str]) -> int:
    """Codes to be given away; gives how many were new."""
    return int(await _queries.add_codes(connection, reward=code, values=list(values)))


async def order(connection: Reading, member_id: int, order_id: str) -> OrderRow | None:
    row = await _queries.order_of(connection, member_id=member_id, order_id=order_id)
    return None if row is None else OrderRow(*row)


async def orders_of(
    connection: Reading, members: Sequence[int], rows: int, before: tuple[datetime, str] | None
) -> list[OrderRow]:
    """Orders of a person under all names, newest first, older than ``before``."""
    at, order_id = before or (None, None)
    found = _queries.orders_of(connection, members=list(members), before=at, before_id=order_id, rows=rows)
    return [OrderRow(*row) async for row in found]


async def waiting(
    connection: Reading, status: str, rows: int, after: tuple[datetime, str] | None, *, newest: bool = False,
    wanted: str = "", members: Sequence[int] = (), shops: Collection[int] = (),
) -> list[OrderRow]:  # fmt: skip
    """Orders of a status, oldest or ``newest`` first, past ``after``. ``wanted``: a number, a tracking number, or part
    of a reward's code or name; orders of ``members`` fit as well. ``shops``: those of these and the :attr:`anywhere`
    ones; none given, all."""
    at, order_id = after or (None, None)
    listed = _queries.orders_latest if newest else _queries.orders_waiting
    found = listed(
        connection, status=status, after=at, after_id=order_id, rows=rows, wanted=wanted, members=list(members),
        shops=list(shops) or None,
    )  # fmt: skip
    return [OrderRow(*row) async for row in found]


async def move(connection: Writing, found: OrderRow, status: str, now: datetime, tracking: str | None = None) -> bool:
    """An order goes on to the next status; False where it has moved meanwhile."""
    moved = await _queries.move_order(
        connection, member_id=found.member_id, order_id=found.order_id, from_status=found.status, to_status=status,
        now=now, tracking=tracking,
    )  # fmt: skip
    return moved is not None


async def taken(connection: Reading, members: Sequence[int]) -> dict[str, int]:
    """How many of each reward a person has under all names, cancelled orders aside."""
    return {row["reward"]: row["taken"] async for row in _queries.taken(connection, members=list(members))}
