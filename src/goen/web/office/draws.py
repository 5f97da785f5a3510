"""Draws: which there are, with odds in words and what was won; made, opened, closed; winners, and their proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Response

from goen.actions import draws as actions
from goen.earning.checks import Problem
from goen.earning.draws.errors import UnknownDraw
from goen.earning.draws.model import DrawCode, PrizeDraw, to_json
from goen.earning.draws.rules import needs_second, problems, total_worth
from goen.earning.draws.words import entrance_text
from goen.earning.words import problem_text
from goen.readings import draws as readings
from goen.readings import pages, recent
from goen.shops import draws as store
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.visits import Visit, moved
from goen.web.office import editing, exports, forms
from goen.web.office.frame import shown
from goen.web.office.lists import fits, page_of, sliced
from goen.web.office.standing import coded

PAGE = 50
WINNERS = 50
#: An entry that has won, who entered, and a prize of theirs.
Win = tuple[store.EntryRow, recent.Who | None, int, str]


async def draws(visit: Visit) -> Response[Any]:
    """All of them: by name, or the soonest end first."""
    wanted = visit.query.get("q", "").strip()[:200]
    order = "end" if visit.query.get("order") == "end" else "code"
    found, after = [], ""
    async with visit.known.database.reading() as connection:
        while True:
            some, cursor = await readings.listed(connection, exports.PIECE, after, visit.now)
            found += [each for each in some if fits(wanted, each.row.code, each.draw.name, each.draw.name_en)]
            if cursor is None:
                break
            after = cursor
    if order == "end":
        found.sort(key=lambda each: each.draw.ends_at)
    rows, following = sliced(found, page_of(visit), PAGE)
    return shown(
        visit, "draws.html", "standing", rows=rows, following=following, q=wanted, order=order, orders=("code", "end")
    )


async def draw(visit: Visit) -> Response[Any]:
    """One of them: what is published with it, its checks, what was won and by whom."""
    kept = await _kept(visit)

    async def won(cursor: str | None) -> tuple[Sequence[Win], str | None]:
        return await _won(visit, kept.row.code, cursor, exports.PIECE)

    def cells(win: Win) -> Sequence[exports.Cell]:
        entry, who, ticket, prize = win
        name = None if who is None or not visit.staff.may("members") else who.name
        at = entry.entered_at.astimezone(visit.known.context.zone)
        return (
            kept.draw.prize(prize).named(visit.language), None if who is None else who.number, name, at,
            entry.entry_id, ticket,
        )  # fmt: skip

    file = await exports.taken(
        visit, "draw_winners", won, cells, whose=lambda win: None if win[1] is None else win[1].id
    )
    if file is not None:
        return file
    winners, cursor = await _won(visit, kept.row.code, visit.query.get("cursor"), WINNERS)
    visit.saw({each[1].id for each in winners if each[1] is not None})
    author, row = visit.staff.author, kept.row
    programme = visit.known.context.engine_at(visit.now).programme
    told = _told(visit, kept.draw)
    return shown(
        visit, "draw.html", "standing", kept=kept, value=kept.draw, winners=winners, next_cursor=cursor,
        seed=None if row.seed is None else row.seed.hex(), may_decide=visit.staff.may("standing.decide"),
        second=needs_second(kept.draw, programme) and author == row.put_by, **told,
    )  # fmt: skip


async def check(visit: Visit) -> Response[Any]:
    """The draw done again from its seed."""
    kept = await _kept(visit)
    proof = await readings.proved(visit.known.database, kept) if kept.state == "drawn" else None
    return visit.page("office/draw_check.html", proof=proof)


async def new(visit: Visit) -> Response[Any]:
    """An empty form."""
    begun = {"method": "instant", "entrance": {"kind": "day"}, "prizes": [{"gives": {"kind": "points"}}]}
    return await editing.form(visit, _editing(None), begun)


async def edit(visit: Visit) -> Response[Any]:
    """A draft to be changed."""
    kept = await _kept(visit)
    return await editing.form(visit, _editing(kept.row.code), forms.decode(to_json(kept.draw)))


async def shape(visit: Visit) -> Response[Any]:
    """The form, or what it says."""
    return await editing.shape(visit, _editing(visit.path.get("code")))


async def save(visit: Visit) -> Response[Any]:
    """Keep a draft, also one that may not go live as it is."""
    known, code = visit.known, visit.path.get("code")
    asked = visit.form.get("code", "").strip() if code is None else code

    async def keep(value: PrizeDraw, _: editing.Document) -> None:
        coded(asked, DrawCode)
        if code is None:
            async with known.database.reading() as connection:
                if await store.draw(connection, asked) is not None:
                    raise InvalidRequest("code", "is there already")
        await actions.put(known.database, asked, value, visit.staff.author, visit.now)

    return await editing.save(visit, _editing(code), keep, lambda _: f"/office/draws/{asked}")


async def activate(visit: Visit) -> Response[Any]:
    """Its terms are published and its seed is sealed."""
    known, code = visit.known, visit.path["code"]
    await actions.activate(known.database, known.context, code, visit.staff.author, visit.now)
    return moved(f"/office/draws/{code}")


async def stop(visit: Visit) -> Response[Any]:
    """It takes no more entries; said in so many words before."""
    await actions.stop(visit.known.database, visit.path["code"], visit.staff.author, visit.now)
    return moved(f"/office/draws/{visit.path['code']}")


def _told(visit: Visit, value: PrizeDraw) -> dict[str, Any]:
    """What is published with it, and what keeps it from going live."""
    programme = visit.known.context.engine_at(visit.now).programme
    found: list[Problem] = list(problems(value, programme))
    return {
        "entrance": entrance_text(value, visit.language), "chances": readings.chances(value, visit.language),
        "total": total_worth(value, programme), "problems": found,
        "findings": [(each.level, problem_text(each, visit.language)) for each in found],
        "names_by_code": {each.code: each.name for each in visit.known.shops.all()},
    }  # fmt: skip


def _editing(code: str | None) -> editing.Editing:
    at = "/office/new/draw" if code is None else f"/office/draws/{code}/edit"

    async def said(visit: Visit, value: PrizeDraw) -> dict[str, Any]:
        told = _told(visit, value)
        written = forms.decode(to_json(value))
        return told | {"notes": editing.notes(made, written, told["problems"], visit.language)}

    made = editing.Editing(
        PrizeDraw, "standing", "new draw" if code is None else "draw", at,
        "/office/draws" if code is None else f"/office/draws/{code}", "office/draw_look.html", said,
        samples={"prizes": {"gives": {"kind": "points"}}}, asks_code=code is None, submit="draft",
    )  # fmt: skip
    return made


async def _won(visit: Visit, code: str, cursor: str | None, limit: int) -> tuple[list[Win], str | None]:
    after = pages.read(cursor, tuple[int, str]) if cursor else None
    async with visit.known.database.reading() as connection:
        rows = await store.entries(connection, code, limit + 1, after, won=True)
        people = await recent.who(connection, [row.member_id for row in rows[:limit]])
    wins = [(row, people.get(row.member_id), *won) for row in rows[:limit] for won in readings.wins_of(row)]
    return wins, pages.written((rows[limit - 1].member_id, rows[limit - 1].entry_id)) if len(rows) > limit else None


async def _kept(visit: Visit) -> readings.Kept:
    async with visit.known.database.reading() as connection:
        kept = await readings.kept(connection, visit.path["code"], visit.now)
    if kept is None:
        raise UnknownDraw(visit.path["code"])
    return kept
