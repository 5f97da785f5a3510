"""Terms of membership in the office: a version written, looked at and published; told of, taken back (rule 55)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Response
from msgspec import Meta

from goen.actions.members import terms as actions
from goen.earning.words import problem_text
from goen.members import terms as store
from goen.members.errors import UnknownTerms
from goen.members.terms import Document, Draft, Language, Terms, TermsVersion
from goen.readings import terms as readings
from goen.vocabulary.clock import business_day
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.terms import words_of
from goen.web.common.visits import Visit, moved
from goen.web.office import editing
from goen.web.office.frame import shown
from goen.web.office.standing import coded

Title = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=100_000)]
LANGUAGES: tuple[Language, ...] = ("ja", "en")


class TermsForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A draft of terms as it is typed: its words language by language. An empty text is none."""

    holds_from: date
    notice_on: date | None = None
    worsening: bool = False
    title_ja: Title = ""
    text_ja: Text = ""
    changes_ja: Text = ""
    title_en: Title = ""
    text_en: Text = ""
    changes_en: Text = ""

    def words(self, which: str) -> dict[Language, str]:
        found = {language: getattr(self, f"{which}_{language}").strip() for language in LANGUAGES}
        return {language: text for language, text in found.items() if text}

    def draft(self) -> Draft:
        """The draft.

        Raises:
            InvalidRequest: it has no text.
        """
        text = self.words("text")
        if not text:
            raise InvalidRequest("text_ja", editing.NEEDED)
        title, changes = self.words("title") or None, self.words("changes") or None
        return Draft(self.holds_from, text, self.notice_on, self.worsening, title, changes)


async def new(visit: Visit) -> Response[Any]:
    """A form that begins with the words of the version that holds last, or of the one that is named."""
    async with visit.known.database.reading() as connection:
        versions = await store.versions(connection)
    like = visit.query.get("like", "")
    base = next((each for each in versions if each.version == like), versions[0] if versions else None)
    document: dict[str, Any] = {"notice_on": visit.known.context.day_of(visit.now).isoformat()}
    if base is not None:
        for which, words in (("title", base.document.title), ("text", base.document.text)):
            document |= {f"{which}_{language}": text for language, text in (words or {}).items()}
    return await editing.form(visit, _editing(), document)


async def shape(visit: Visit) -> Response[Any]:
    """What the form says, as a member would read it."""
    return await editing.shape(visit, _editing())


async def publish(visit: Visit) -> Response[Any]:
    """Keep the version; members can read it from its day of notice on."""
    version, known = visit.form.get("code", "").strip(), visit.known

    async def keep(value: TermsForm, _: editing.Document) -> None:
        coded(version, TermsVersion)
        await actions.publish(
            known.database, version, value.draft(), by=visit.staff.author, now=visit.now,
            today=known.context.day_of(visit.now), language=visit.language,
        )  # fmt: skip

    return await editing.save(visit, _editing(), keep, lambda _: f"/office/terms/{version}")


async def terms(visit: Visit) -> Response[Any]:
    """One version, whether members can read it yet or not, with where they were told of it."""
    known, today = visit.known, visit.known.context.day_of(visit.now)
    async with known.database.reading() as connection:
        versions = await store.versions(connection)
        one = next((each for each in versions if each.version == visit.path["version"]), None)
        if one is None:
            raise UnknownTerms(visit.path["version"])
        notices = await readings.log_of(connection, one, today, known.context.zone)
    return shown(
        visit, "terms.html", "programme", one=one, state=store.state_of(one, versions, today), notices=notices,
        readable=one.public(today), today=today, told=_told(one),
        findings=_findings(visit, one, business_day(one.made_at, known.context.zone)),
    )  # fmt: skip


async def withdraw(visit: Visit) -> Response[Any]:
    """A version that does not hold yet never will."""
    version, today = visit.path["version"], visit.known.context.day_of(visit.now)
    await actions.withdraw(visit.known.database, version, by=visit.staff.author, now=visit.now, today=today)
    return moved(f"/office/terms/{version}")


async def note_notice(visit: Visit) -> Response[Any]:
    """Write down where members were told of it."""
    version, form, today = visit.path["version"], visit.form, visit.known.context.day_of(visit.now)
    place = form.get("place", "").strip()
    if not 0 < len(place) <= 100:
        raise InvalidRequest("place", "is a text of 1 to 100 characters")
    try:
        told_on = date.fromisoformat(form.get("told_on", ""))
    except ValueError:
        raise InvalidRequest("told_on", "is a day") from None
    await actions.note_notice(
        visit.known.database, version, told_on=told_on, place=place,
        words=form.get("words", "").strip()[:20_000] or None, by=visit.staff.author, now=visit.now, today=today,
    )  # fmt: skip
    return moved(f"/office/terms/{version}")


def _told(one: Terms) -> list[tuple[Language, Any]]:
    """The words in each language that there are any in."""
    return [(language, words_of(one, language)) for language in LANGUAGES if language in one.document.text]


def _findings(visit: Visit, one: Terms, made: date) -> list[tuple[str, str]]:
    promised = visit.known.context.engine_at(visit.now).programme.terms.notice_days
    return [(each.level, problem_text(each, visit.language)) for each in actions.findings(one, made, promised)]


def _editing() -> editing.Editing:
    async def said(visit: Visit, value: TermsForm) -> dict[str, Any]:
        today = visit.known.context.day_of(visit.now)
        notice = value.notice_on or min(today, value.holds_from)
        document = Document(value.words("text"), value.words("title") or None, value.words("changes") or None)
        one = Terms("—", value.holds_from, notice, value.worsening, document, visit.staff.author, visit.now)
        promised = visit.known.context.engine_at(visit.now).programme.terms.notice_days
        problems = actions.findings(one, today, promised)
        return {
            "one": one, "told": _told(one), "findings": _findings(visit, one, today),
            "notes": [editing.Note(each.level, each.field, problem_text(each, visit.language)) for each in problems],
        }  # fmt: skip

    return editing.Editing(
        TermsForm, "programme", "new terms", "/office/new/terms", "/office/programme", "office/terms_look.html", said,
        taken=("terms_exist",), asks_code=True, submit="publish",
    )  # fmt: skip
