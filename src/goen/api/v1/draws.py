"""Draws over HTTP: kept, checked, open, entered, decided; odds in words, and what proves the winners."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from goen.actions import draws as actions
from goen.actions.points.draws import DrawEntryAnswer, DrawEntryAsk, EnterDraw
from goen.actions.points.errors import UnknownPurchase
from goen.api.call import Call, Reply
from goen.api.operations import SERVER, WRITERS, Operation
from goen.api.queries import PageQuery
from goen.api.v1.campaigns import CheckAnswer, Nothing
from goen.api.v1.occasions import shop_of
from goen.api.v1.presenting import named, proven
from goen.api.v1.purchases import MEMBER_REFUSALS, SPENDING_REFUSALS, posted
from goen.earning.campaigns.errors import SecondPersonNeeded
from goen.earning.coupons.errors import UnknownCouponKind
from goen.earning.draws.errors import DrawEntryNotPossible, DrawState, UnknownDraw
from goen.earning.draws.model import DrawCode, PrizeDraw
from goen.earning.draws.rules import problems, total_worth
from goen.earning.draws.words import entrance_text
from goen.earning.words import problem_text
from goen.members.ids import public_id
from goen.readings import draws as readings
from goen.readings import pages
from goen.readings.draws import State
from goen.shops import draws as store


class PrizeLeft(msgspec.Struct, frozen=True):
    """A prize: how many were won, and its chance in the words to be published."""

    code: str
    won: int
    left: int
    text: str


class DrawAnswer(PrizeDraw, frozen=True, kw_only=True):
    """A draw. ``text`` is to be published with it. ``seed_hash`` (SHA-256) seals the seed from the first moment;
    ``seed`` is told when all is decided (``drawn``): then anybody may check the winners. ``total_value``: yen that all
    prizes are worth; ``findings``: errors keep it from going live."""

    code: str
    state: State
    text: list[str]
    standing: list[PrizeLeft]
    tickets: int
    total_value: int
    findings: list[CheckAnswer]
    seed_hash: str | None
    seed: str | None
    live_from: datetime | None
    drawn_at: datetime | None


class DrawsAnswer(msgspec.Struct, frozen=True):
    """Draws by code."""

    items: list[DrawAnswer]
    next_cursor: str | None


class DrawEntriesQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Entries of a draw; ``won``: those alone that have won."""

    won: bool = False


class WonTicket(msgspec.Struct, frozen=True):
    """A ticket that has won."""

    ticket: int
    prize: str


class DrawEntryView(msgspec.Struct, frozen=True):
    """An entry: its tickets are drawn by ``id/1``, ``id/2`` and so on."""

    id: str
    member_id: str
    tickets: int
    entered_at: datetime
    won: list[WonTicket]


class DrawEntriesAnswer(msgspec.Struct, frozen=True):
    """Entries of a draw, by member."""

    items: list[DrawEntryView]
    next_cursor: str | None


async def _put(call: Call) -> DrawAnswer:
    code, draw = call.variable("code", DrawCode), call.decode(PrizeDraw)
    await actions.put(call.services.database, code, draw, call.principal.integration, call.now)
    return await _one(call, code)


async def _get(call: Call) -> DrawAnswer:
    return await _one(call, call.path["code"])


async def _list(call: Call) -> DrawsAnswer:
    asked = call.decode_query(PageQuery)
    async with call.services.database.reading() as connection:
        rows, cursor = await readings.listed(connection, asked.limit, asked.cursor or "", call.now)
    return DrawsAnswer([_told(call, row) for row in rows], cursor)


async def _activate(call: Call) -> DrawAnswer:
    call.decode(Nothing)
    services, code = call.services, call.path["code"]
    await actions.activate(services.database, services.context, code, call.principal.integration, call.now)
    return await _one(call, code)


async def _stop(call: Call) -> DrawAnswer:
    call.decode(Nothing)
    await actions.stop(call.services.database, call.path["code"], call.principal.integration, call.now)
    return await _one(call, call.path["code"])


async def _enter(call: Call) -> Reply:
    ask = call.decode(DrawEntryAsk)
    assert call.idempotency_key is not None
    shop, who = shop_of(call, ask.shop), await named(call, ask.member)
    act = EnterDraw(
        call.path["code"], ask, shop, who.presented, call.idempotency_key, call.principal, call.services.context,
        call.now, proven=await proven(call, ask.proof, who),
    )  # fmt: skip
    act.only_repeats = who.spent or act.only_repeats
    return await posted(call, act)


async def _entries(call: Call) -> DrawEntriesAnswer:
    asked, code = call.decode_query(DrawEntriesQuery), call.path["code"]
    after = None if asked.cursor is None else pages.read(asked.cursor, tuple[int, str])
    async with call.services.database.reading() as connection:
        if await store.draw(connection, code) is None:
            raise UnknownDraw(code)
        rows = await store.entries(connection, code, asked.limit + 1, after, won=asked.won)
    last = rows[asked.limit - 1] if len(rows) > asked.limit else None
    cursor = None if last is None else pages.written((last.member_id, last.entry_id))
    return DrawEntriesAnswer([_entry(row) for row in rows[: asked.limit]], cursor)


def _entry(row: store.EntryRow) -> DrawEntryView:
    won = [WonTicket(*each) for each in readings.wins_of(row)]
    return DrawEntryView(row.entry_id, public_id(row.member_id), row.tickets, row.entered_at, won)


async def _one(call: Call, code: str) -> DrawAnswer:
    async with call.services.database.reading() as connection:
        kept = await readings.kept(connection, code, call.now)
    if kept is None:
        raise UnknownDraw(code)
    return _told(call, kept)


def _told(call: Call, kept: readings.Kept) -> DrawAnswer:
    row, draw, won = kept.row, kept.draw, kept.won
    programme = call.services.context.engine_at(call.now).programme
    findings = [
        CheckAnswer(each.level, each.field, each.code, problem_text(each, call.language))
        for each in problems(draw, programme)
    ]
    chances = readings.chances(draw, call.language)
    return DrawAnswer(
        **{name: getattr(draw, name) for name in PrizeDraw.__struct_fields__},
        code=row.code,
        state=kept.state,
        text=[entrance_text(draw, call.language), *chances.values()],
        standing=[PrizeLeft(x.code, won[x.code], x.count - won[x.code], chances[x.code]) for x in draw.prizes],
        tickets=kept.tickets,
        total_value=total_worth(draw, programme),
        findings=findings,
        seed_hash=row.seed_hash,
        seed=None if row.seed is None else row.seed.hex(),
        live_from=row.live_from,
        drawn_at=row.drawn_at,
    )


def _operation(method: Any, path: str, summary: str, handler: Any, **more: Any) -> Operation:
    usual: dict[str, Any] = {"answer": DrawAnswer, "absent": (UnknownDraw,)}
    more["refusals"] = (*more.get("refusals", ()), UnknownDraw)
    return Operation(method=method, path=path, summary=summary, handler=handler, tag="Draws", **(usual | more))


OPERATIONS: tuple[Operation, ...] = (
    _operation("GET", "/v1/draws", "Draws, by code", _list, query=PageQuery, answer=DrawsAnswer),
    _operation("GET", "/v1/draws/{code}", "A draw with its odds in words, what is left, and its proof", _get),
    _operation(
        "PUT", "/v1/draws/{code}", "Keep a draw as a draft", _put, request=PrizeDraw, roles=SERVER,
        refusals=(DrawState, UnknownCouponKind),
    ),
    _operation(
        "POST", "/v1/draws/{code}/activate", "Publish the terms, seal the seed and open the draw", _activate,
        request=Nothing, roles=SERVER, refusals=(DrawState, SecondPersonNeeded),
    ),
    _operation(
        "POST", "/v1/draws/{code}/stop", "Close a draw before its time", _stop, request=Nothing, roles=SERVER,
        refusals=(DrawState,),
    ),
    _operation(
        "POST", "/v1/draws/{code}/entries", "A member enters a draw", _enter, request=DrawEntryAsk,
        answer=DrawEntryAnswer, status=201, roles=WRITERS, key="idempotency",
        refusals=(DrawEntryNotPossible, UnknownPurchase, *MEMBER_REFUSALS, *SPENDING_REFUSALS),
    ),
    _operation(
        "GET", "/v1/draws/{code}/entries", "Entries of a draw and what they won, for handing out and for checking",
        _entries, query=DrawEntriesQuery, answer=DrawEntriesAnswer, roles=frozenset({"server", "readonly"}),
    ),
)  # fmt: skip
