"""The next version of the programme: its rules, or its tiers, as a form beside what members would read by it.

A version is written whole: what a form does not ask for stays as it was in the version that it began from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple

import msgspec
from litestar import Response

from goen.actions.programme import AHEAD, apply_programme
from goen.actions.tiers.preview import PreviewAsk
from goen.earning.catalogue import Version
from goen.earning.checks import validate
from goen.earning.programme import Programme, to_json
from goen.earning.rules_text import sections
from goen.earning.tiers.calendar import evaluation_days
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.visits import Visit
from goen.web.office import editing, forms, tiers

#: Given by the store, and by the books.
_GIVEN = ("version", "currency")
_TIERS = ("tiers", "tier_programmes")
_ELSE = tuple(each.name for each in msgspec.structs.fields(Programme) if each.name not in ("starts_at", *_TIERS))
SAMPLES: dict[str, Any] = {
    "tier_programmes": {"levels": [{}]}, "earning.shops": {"multiplier": 2}, "earning.brands": {"multiplier": 2},
    "earning.tenders": {"multiplier": 2}, "earning.categories": 0,
}  # fmt: skip


class Compared(NamedTuple):
    """The rules under a heading: as they are and as they would be; None where one of both lacks it."""

    heading: str
    rules: list[tuple[str | None, str | None]]

    @property
    def changes(self) -> int:
        return sum(was != will for was, will in self.rules)


def compared(before: Sequence[tuple[str, list[str]]], after: Sequence[tuple[str, list[str]]]) -> list[Compared]:
    """Two texts of rules side by side, in the order of the later one."""
    was, will = dict(before), dict(after)
    return [Compared(each, list(_aligned(was.get(each, []), will.get(each, [])))) for each in {**will, **was}]


def _aligned(before: list[str], after: list[str]) -> Iterator[tuple[str | None, str | None]]:
    for _, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        yield from zip_longest(before[i:j], after[k:m])


async def edit(visit: Visit) -> Response[Any]:
    """The version that starts last, or another one, to begin from."""
    part, base = _part(visit), _base(visit, visit.query.get("version", ""))
    document = _document(base) | {"starts_at": _tomorrow(visit)}
    return await editing.form(visit, _editing(visit, part, base), _asked(part, document))


async def shape(visit: Visit) -> Response[Any]:
    """The form with a row more or less; what it says; or whom its tiers would move."""
    part, base = _part(visit), _base(visit, visit.form.get("base", ""))
    made = _editing(visit, part, base)
    if visit.form.get("do") == "ahead" and part == "tiers":
        return await _ahead(visit, made)
    return await editing.shape(visit, made)


async def save(visit: Visit) -> Response[Any]:
    """Keep it as the next version, unless somebody else has kept one since the form was opened."""
    part, base, known = _part(visit), _base(visit, visit.form.get("base", "")), visit.known
    kept = [base.number]

    async def keep(value: Programme, _: editing.Document) -> None:
        if value.starts_at is not None and value.starts_at < visit.now + AHEAD:
            raise InvalidRequest("starts_at", "lies in the past")
        version = await apply_programme(
            known.database, known.programmes, value, author=visit.staff.author, now=visit.now, newest=_seen(visit)
        )
        kept.append(version.number)

    made = _editing(visit, part, base)
    return await editing.save(visit, made, keep, lambda _: f"/office/programme?version={kept[-1]}")


def _part(visit: Visit) -> str:
    return "tiers" if visit.request.url.path.startswith("/office/tiers") else "programme"


def _editing(visit: Visit, part: str, base: Version) -> editing.Editing:
    document, without = _document(base), _ELSE if part == "tiers" else (*_GIVEN, *_TIERS)

    async def said(visit: Visit, value: Programme) -> dict[str, Any]:
        known, problems = visit.known, validate(value)
        begins = value.starts_at or visit.now + AHEAD
        before = known.programmes.version_at(begins)
        told: list[Compared] | None = None
        if not any(each.level == "error" for each in problems):
            now_read = sections(before.engine.programme, visit.language)
            told = compared(now_read, sections(value, visit.language))
        written = forms.decode(to_json(value))
        # What is unwise in the other form is told there; what is wrong there would keep this one from being saved.
        mine = [each for each in problems if each.level == "error" or each.field.partition(".")[0] not in without]
        return {
            "notes": editing.notes(made, written, mine, visit.language), "told": told, "before": before,
            "begins": begins, "changes": sum(each.changes for each in told or ()), "at_once": value.starts_at is None,
            "later": [v for v in known.programmes.all() if v.starts_at > begins], "part": part,
        }  # fmt: skip

    made = editing.Editing(
        Programme, part, part, f"/office/{part}/edit", f"/office/{part}", "office/programme_look.html", said,
        without=without, fixed={name: document[name] for name in without if name in document}, samples=SAMPLES,
        hidden={"base": base.number, "seen": _seen(visit)}, submit="version",
        below="office/tiers_ahead_form.html" if part == "tiers" else "",
    )  # fmt: skip
    return made


async def _ahead(visit: Visit, made: editing.Editing) -> Response[Any]:
    """Whom the tiers of the form would move on a day, by the sales known now; by ladder."""
    programme = visit.known.context.engine_at(visit.now).programme
    try:
        value: Programme = editing.value_of(visit, made)
    except msgspec.MsgspecError:
        return visit.page("office/tiers_ahead_all.html", found=None, counted=True, problems=True)
    problems = any(each.level == "error" for each in validate(value))
    if problems or not programme.tier_programmes:
        return visit.page("office/tiers_ahead_all.html", found=None, counted=bool(problems), problems=problems)
    today, found = visit.known.context.day_of(visit.now), []
    for code, ladder in value.tier_programmes.items():
        day = tiers.day_of(visit.form.get("ahead_on", "")) or next(evaluation_days(ladder, today), today)
        ask = PreviewAsk(code, draft=ladder, on=day, limit=tiers.SHOWN)
        found.append((ladder.name or code, await tiers.ahead(visit, ask, ladder, value)))
    return visit.page("office/tiers_ahead_all.html", found=found, counted=True, problems=False)


def _document(base: Version) -> dict[str, Any]:
    document: dict[str, Any] = forms.decode(to_json(base.engine.programme))
    return document


def _asked(part: str, document: dict[str, Any]) -> dict[str, Any]:
    names = ("starts_at", *_TIERS) if part == "tiers" else [each for each in document if each not in (*_GIVEN, *_TIERS)]
    return {name: document[name] for name in names if name in document}


def _base(visit: Visit, asked: str) -> Version:
    """The version that the form begins from: the one that is named, else the one that starts last."""
    known = visit.known.programmes
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0
    return known.find(number) or known.all()[0]


def _seen(visit: Visit) -> int:
    """The newest version when the form was opened."""
    seen = visit.form.get("seen", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else visit.known.programmes.last_number


def _tomorrow(visit: Visit) -> str:
    """Rules change at midnight, unless somebody wants otherwise: a day has one programme."""
    zone = visit.known.context.zone
    day = visit.now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time(), zone).isoformat()
