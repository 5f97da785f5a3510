"""Rewards: the catalogue, codes of others, and the orders of members: sent, handed over, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Response

from goen.actions import rewards as actions
from goen.actions.points.rewards import Address, CancelRewardOrder, RewardCancelAsk
from goen.earning.rewards.errors import UnknownReward
from goen.earning.rewards.model import Reward, RewardCode
from goen.members.ids import member_id_of
from goen.readings import pages, recent
from goen.shops import rewards as store
from goen.shops.model import Principal
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.pages import words_of
from goen.web.common.visits import Visit, moved
from goen.web.office import editing, exports, forms
from goen.web.office.frame import shown
from goen.web.office.lists import fits, page_of, sliced
from goen.web.office.members import named as named_members

PAGE = 50
CODES_MAX = 10_000
ORDERS = ("code", "cheap", "ordered", "end")
STATUSES = ("ordered", "shipped", "done", "cancelled")


async def rewards(visit: Visit) -> Response[Any]:
    """The catalogue: by name, in an order."""
    query = visit.query
    wanted = query.get("q", "").strip()[:200]
    order = query.get("order", "") if query.get("order", "") in ORDERS else "code"
    rows: list[tuple[store.RewardRow, Reward, int | None]] = []
    after = ""
    async with visit.known.database.reading() as connection:
        while found := await store.rewards(connection, after, exports.PIECE):
            after = found[-1].code
            rows += [(row, _reward(row.document), left_of(row)) for row in found]
    rows = [row for row in rows if fits(wanted, row[0].code, row[1].name, row[1].name_en)]
    if order == "end":
        rows.sort(key=lambda row: row[1].ends_at or datetime.max.replace(tzinfo=UTC))
    elif order != "code":
        rows.sort(key=lambda row: row[1].points if order == "cheap" else -row[0].ordered)
    some, following = sliced(rows, page_of(visit), PAGE)
    return shown(visit, "rewards.html", "rewards", rows=some, following=following, q=wanted, order=order, orders=ORDERS)


async def reward(visit: Visit) -> Response[Any]:
    """One of them."""
    row, added = await _row(visit), visit.query.get("added", "")
    return shown(
        visit, "reward.html", "rewards", row=row, value=_reward(row.document), left=left_of(row),
        added=int(added) if added.isascii() and added.isdigit() and len(added) < 6 else None,
    )  # fmt: skip


def left_of(row: store.RewardRow) -> int | None:
    """How many can still be ordered; None: as many as are asked for."""
    one = _reward(row.document)
    stock = row.codes if one.delivery == "code" else one.stock
    return None if stock is None else max(0, stock - row.ordered)


async def new(visit: Visit) -> Response[Any]:
    """An empty form."""
    return await editing.form(visit, _editing(None), {"delivery": "pickup"})


async def edit(visit: Visit) -> Response[Any]:
    """A reward as it is to be had now."""
    row = await _row(visit)
    return await editing.form(visit, _editing(row.code), forms.decode(row.document))


async def shape(visit: Visit) -> Response[Any]:
    """The form, or what it says."""
    return await editing.shape(visit, _editing(visit.path.get("code")))


async def save(visit: Visit) -> Response[Any]:
    """Keep it from now on; a new one under a code that nobody has."""
    code = visit.path.get("code")
    asked = visit.form.get("code", "").strip() if code is None else code

    async def keep(value: Reward, _: dict[str, Any]) -> None:
        try:
            msgspec.convert(asked, RewardCode)
        except msgspec.ValidationError:
            raise InvalidRequest("code", "has letters, digits, . _ and - alone") from None
        if code is None:
            async with visit.known.database.reading() as connection:
                if await store.reward(connection, asked) is not None:
                    raise InvalidRequest("code", "is there already")
        await actions.put(visit.known.database, asked, value, visit.staff.author, visit.now)

    return await editing.save(visit, _editing(code), keep, lambda _: f"/office/rewards/{asked}")


async def add_codes(visit: Visit) -> Response[Any]:
    """Codes of others, one in each line."""
    row = await _row(visit)
    values = list(dict.fromkeys(line.strip() for line in visit.form.get("codes", "").splitlines() if line.strip()))
    if not 0 < len(values) <= CODES_MAX or any(len(each) > 200 for each in values):
        raise InvalidRequest("codes", f"are 1 to {CODES_MAX} lines of at most 200 characters")
    added = await actions.add_codes(visit.known.database, row.code, values, visit.staff.author, visit.now)
    return moved(f"/office/rewards/{row.code}?added={added}")


async def orders(visit: Visit) -> Response[Any]:
    """Orders of a status, oldest first or newest; of a number, a tracking number, a reward or a member. Where they go
    is shown to those who send them."""
    asked = visit.query.get("status", "")
    status, may = asked if asked in STATUSES else "ordered", visit.staff.may("rewards.orders")
    known, wanted = visit.known, visit.query.get("q", "").strip()[:200]
    newest = visit.query.get("order") == "newest"
    whose: list[int] = []
    if wanted:
        async with known.database.reading() as connection:
            people_named = await named_members(connection, wanted)
        visit.saw([each.id for each in people_named])
        whose = [number for each in people_named if (number := member_id_of(each.id)) is not None]

    async def page(cursor: str | None, limit: int = exports.PIECE) -> tuple[Sequence[store.OrderRow], str | None]:
        after = pages.read(cursor, tuple[datetime, str]) if cursor else None
        async with known.database.reading() as connection:
            rows = await store.waiting(
                connection, status, limit + 1, after, newest=newest, wanted=wanted, members=whose,
                shops=visit.staff.shops,
            )  # fmt: skip
        last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit], None if last is None else pages.written((last.ordered_at, last.order_id))

    say, shops = words_of(visit.language, "office/export_words.html"), {s.shop_id: s.name for s in known.shops.all()}

    def cells(row: tuple[store.OrderRow, recent.Who | None]) -> Sequence[exports.Cell]:
        each, member = row
        to = _address(each) if may else None
        where = (None,) * 4 if to is None else (to.name, to.postal_code, to.address, to.phone)
        return (
            each.ordered_at.astimezone(known.context.zone), each.order_id, _reward(each.document).named(visit.language),
            say.order_states[each.status], None if member is None else member.number, each.points, each.money,
            None if each.shop_id is None else shops.get(each.shop_id), say.deliveries.get(each.delivery, each.delivery),
            *where, each.tracking,
        )  # fmt: skip

    async def with_people(cursor: str | None) -> tuple[Sequence[tuple[store.OrderRow, recent.Who | None]], str | None]:
        rows, following = await page(cursor)
        async with known.database.reading() as connection:
            people = await recent.who(connection, [each.member_id for each in rows])
        return [(each, people.get(each.member_id)) for each in rows], following

    file = await exports.taken(
        visit, "reward_orders", with_people, cells, whose=lambda row: None if row[1] is None else row[1].id
    )
    if file is not None:
        return file
    rows, cursor = await page(visit.query.get("cursor"), PAGE)
    async with known.database.reading() as connection:
        people = await recent.who(connection, [each.member_id for each in rows])
    visit.saw({each.id for each in people.values()})
    return shown(
        visit, "reward_orders.html", "rewards", rows=rows, next_cursor=cursor, state=status, q=wanted,
        order="newest" if newest else "oldest", may=may, people=people,
        names={each.reward: _reward(each.document).named(visit.language) for each in rows},
        addresses={each.order_id: _address(each) for each in rows if may and each.address},
    )  # fmt: skip


async def ship(visit: Visit) -> Response[Any]:
    """It is on its way."""
    tracking = visit.form.get("tracking", "").strip()[:200] or None
    return await _moved(visit, "shipped", tracking)


async def hand_over(visit: Visit) -> Response[Any]:
    """The member has it."""
    return await _moved(visit, "done", None)


async def cancel(visit: Visit) -> Response[Any]:
    """Everything back, once however often it is sent."""
    row = await _guarded(visit)
    act = CancelRewardOrder(
        row.order_id, row.member_id, row.pool_id, RewardCancelAsk(), f"office:{row.order_id}", _principal(visit),
        visit.known.context, visit.now,
    )  # fmt: skip
    await visit.known.till.post(act)
    return moved("/office/reward-orders?status=cancelled")


async def _moved(visit: Visit, status: str, tracking: str | None) -> Response[Any]:
    row = await _guarded(visit, anywhere=status == "done")
    await actions.move(visit.known.database, row.order_id, status, _principal(visit), visit.now, tracking)
    return moved(f"/office/reward-orders?status={status}")


async def _guarded(visit: Visit, *, anywhere: bool = False) -> store.OrderRow:
    """The order, of a shop of one's own; what was ordered in none is headquarters', but for what is handed over in
    whichever shop the member comes to."""
    row = await actions.found(visit.known.database, visit.path["order_id"])
    if not (anywhere and row.anywhere):
        visit.guard_shop(row.shop_id or 0)
    return row


def _principal(visit: Visit) -> Principal:
    return Principal(0, visit.staff.author, "server")


async def _row(visit: Visit) -> store.RewardRow:
    async with visit.known.database.reading() as connection:
        row = await store.reward(connection, visit.path["code"])
    if row is None:
        raise UnknownReward(visit.path["code"])
    return row


def _editing(code: str | None) -> editing.Editing:
    at = "/office/new/reward" if code is None else f"/office/rewards/{code}/edit"

    async def said(visit: Visit, _: Any) -> dict[str, Any]:
        return {"names_by_code": {each.code: each.name for each in visit.known.shops.all()}}

    return editing.Editing(
        Reward, "rewards", "new reward" if code is None else "reward", at,
        "/office/rewards" if code is None else f"/office/rewards/{code}", "office/reward_look.html", said,
        asks_code=code is None,
    )  # fmt: skip


def _reward(document: str) -> Reward:
    return msgspec.json.decode(document, type=Reward)


def _address(row: store.OrderRow) -> Address | None:
    return None if row.address is None else msgspec.json.decode(row.address, type=Address)
