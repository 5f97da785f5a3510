"""Standing rules: which there are and what they gave; one with its checks; made, activated, approved, stopped."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response

from goen.actions import standing as actions
from goen.earning.checks import Problem
from goen.earning.standing.errors import UnknownStandingRule
from goen.earning.standing.model import StandingCode, StandingRule, to_json
from goen.earning.words import problem_text
from goen.readings import standing as readings
from goen.shops import standing as store
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.pages import words_of
from goen.web.common.visits import Visit, moved
from goen.web.office import editing, exports, forms
from goen.web.office.frame import shown
from goen.web.office.lists import fits, page_of, sliced

PAGE = 50
ORDERS = ("code", "granted")


async def rules(visit: Visit) -> Response[Any]:
    """All of them with what they gave: by name, in an order."""
    wanted = visit.query.get("q", "").strip()[:200]
    order = "granted" if visit.query.get("order") == "granted" else "code"
    found, after = [], ""
    async with visit.known.database.reading() as connection:
        while True:
            some, cursor = await readings.listed(connection, exports.PIECE, after, visit.now)
            found += [each for each in some if fits(wanted, each.code, each.rule.name, each.rule.name_en)]
            if cursor is None:
                break
            after = cursor
    if order == "granted":
        found.sort(key=lambda each: -each.granted)
    say = words_of(visit.language, "office/standing_words.html")

    def cells(row: readings.Kept) -> list[exports.Cell]:
        zone = visit.known.context.zone
        start, end = (None if at is None else at.astimezone(zone) for at in (row.rule.starts_at, row.rule.ends_at))
        return [
            row.code, row.rule.name, say.kinds[row.rule.kind], say.state_name(row.state), row.rule.points, start, end,
            row.grants, row.granted,
        ]  # fmt: skip

    async def all_of_them(_: str | None) -> tuple[list[readings.Kept], None]:
        return found, None

    if (file := await exports.taken(visit, "standing", all_of_them, cells)) is not None:
        return file
    begin = page_of(visit)
    rows, following = sliced(found, begin, PAGE)
    return shown(
        visit, "standing.html", "standing", rows=rows, following=following, q=wanted, order=order, orders=ORDERS
    )


async def rule(visit: Visit) -> Response[Any]:
    """One of them, whole: the newest version or the one asked for."""
    kept, author = await _kept(visit), visit.staff.author
    return shown(
        visit, "standing_rule.html", "standing", kept=kept, value=kept.rule,
        may_decide=visit.staff.may("standing.decide"),
        # Whoever has made or activated it is not the second person.
        may_approve=author not in (kept.made_by, kept.row.waiting_by), **await _told(visit, kept.code, kept.rule),
    )  # fmt: skip


async def new(visit: Visit) -> Response[Any]:
    """An empty form."""
    return await editing.form(visit, _editing(visit, None), {"when": {"kind": "birthday"}})


async def edit(visit: Visit) -> Response[Any]:
    """The newest version to be changed, or an earlier one to be taken up again."""
    kept = await _kept(visit)
    return await editing.form(visit, _editing(visit, kept.code), forms.decode(to_json(kept.rule)))


async def shape(visit: Visit) -> Response[Any]:
    """The form, or what it says."""
    return await editing.shape(visit, _editing(visit, visit.path.get("code")))


async def save(visit: Visit) -> Response[Any]:
    """Keep a new rule as a draft, or the next version of one."""
    known, code = visit.known, visit.path.get("code")
    asked = visit.form.get("code", "").strip() if code is None else code

    async def keep(value: StandingRule, _: editing.Document) -> None:
        coded(asked, StandingCode)
        if code is None:
            async with known.database.reading() as connection:
                if await store.rule(connection, asked) is not None:
                    raise InvalidRequest("code", "is there already")
        await actions.put(known.database, known.context, asked, value, visit.staff.author, visit.now)

    return await editing.save(visit, _editing(visit, code), keep, lambda _: f"/office/standing/{asked}")


async def activate(visit: Visit) -> Response[Any]:
    """This version gives from now on, or waits for a second person."""
    kept, known = await _kept(visit), visit.known
    await actions.activate(known.database, known.context, kept.code, kept.version, visit.staff.author, visit.now)
    return moved(f"/office/standing/{kept.code}")


async def approve(visit: Visit) -> Response[Any]:
    """A second person has looked at it."""
    await actions.approve(visit.known.database, visit.path["code"], visit.staff.author, visit.now)
    return moved(f"/office/standing/{visit.path['code']}")


async def stop(visit: Visit) -> Response[Any]:
    """It gives no more; said in so many words before."""
    await actions.stop(visit.known.database, visit.path["code"], visit.staff.author, visit.now)
    return moved(f"/office/standing/{visit.path['code']}")


def coded(asked: str, kind: Any) -> None:
    """A code that is asked for beside a document.

    Raises:
        InvalidRequest: it is none.
    """
    try:
        msgspec.convert(asked, kind)
    except msgspec.ValidationError:
        raise InvalidRequest("code", "has letters, digits, . _ and - alone") from None


async def _told(visit: Visit, code: str, value: StandingRule) -> dict[str, Any]:
    """A version in words, and what is to be known before it goes live: as the API tells it."""
    known = visit.known
    examined = await actions.examine(known.database, known.context, code, value, visit.now)
    problems = [*examined.problems, *(Problem("warning", "points", each) for each in examined.law.warnings)]
    if examined.worst.yen is None:
        problems.append(Problem("warning", "limits", "unbounded"))
    return {
        "examined": examined, "problems": problems,
        "findings": [(each.level, problem_text(each, visit.language)) for each in problems],
        "names_by_code": {each.code: each.name for each in known.shops.all()},
    }  # fmt: skip


def _editing(visit: Visit, code: str | None) -> editing.Editing:
    at = "/office/new/standing" if code is None else f"/office/standing/{code}/edit"

    async def said(visit: Visit, value: StandingRule) -> dict[str, Any]:
        told = await _told(visit, code or "new", value)
        written = forms.decode(to_json(value))
        return told | {"notes": editing.notes(made, written, told["problems"], visit.language)}

    made = editing.Editing(
        StandingRule, "standing", "new standing rule" if code is None else "standing rule", at,
        "/office/standing" if code is None else f"/office/standing/{code}", "office/standing_look.html", said,
        samples={"limits": {"measure": "points"}}, asks_code=code is None, submit="draft",
        kept=() if code is None else ("when",),
    )  # fmt: skip
    return made


async def _kept(visit: Visit) -> readings.Kept:
    asked = visit.form.get("version") or visit.query.get("version", "")
    version = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    async with visit.known.database.reading() as connection:
        kept = await readings.kept(connection, visit.path["code"], visit.now, version or None)
    if kept is None:
        raise UnknownStandingRule(visit.path["code"])
    return kept
