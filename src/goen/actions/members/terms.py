"""Terms of membership published, told of, taken back; and members who accept them (rule 55)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from goen.actions.members import record
from goen.actions.members.asks import TermsAsked, TermsSaid
from goen.actions.members.consents import CLOCK_SKEW
from goen.database.pool import Database, Writing
from goen.earning.checks import Problem
from goen.earning.terms import problems
from goen.earning.words import Language, problem_text
from goen.members import terms as store
from goen.members.errors import TermsExist, TermsHold, UnknownTerms
from goen.members.terms import Channel, Document, Draft, Notice, Terms
from goen.shops.model import Principal
from goen.shops.store import audit
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

#: Members on their own pages.
MEMBER = Principal(0, "member", "server")
_CHANNELS: dict[str, Channel] = {"pos": "till", "ec": "web"}
DayOf = Callable[[Instant], date]


def findings(terms: Terms, day_made: date, notice_days: int) -> list[Problem]:
    """What is to be looked at in a version, from the day it was brought in."""
    return problems(terms.holds_from, terms.notice_on, day_made, notice_days, worsening=terms.worsening)


async def publish(
    database: Database, version: str, draft: Draft, *, by: str, now: Instant, today: date, language: Language
) -> Terms:
    """Keep a version; members can read it from its ``notice_on`` on. The same again changes nothing.

    Raises:
        InvalidRequest: its dates contradict one another. TermsExist: the version says something else.
    """
    made = Terms(
        version, draft.holds_from, draft.notice_on or min(today, draft.holds_from), draft.worsening,
        Document(draft.text, draft.title, draft.changes), by, now,
    )  # fmt: skip
    for problem in findings(made, today, 0):
        if problem.level == "error":
            raise InvalidRequest(problem.field, problem_text(problem, language))
    async with database.transaction() as connection:
        await store.lock(connection)
        for known in await store.versions(connection):
            if known.version == version:
                if known.withdrawn_at is None and same(known, draft):
                    return known
                raise TermsExist(version)
        await store.add(connection, made)
        details = {"terms": version, "holds_from": made.holds_from, "notice_on": made.notice_on}
        await audit(connection, at=now, author=by, action="terms.published", details=details)
    return made


def same(known: Terms, draft: Draft) -> bool:
    """Whether these are the terms that are kept: words and dates, as far as the draft names them."""
    return (
        (known.holds_from, known.worsening) == (draft.holds_from, draft.worsening)
        and draft.notice_on in (None, known.notice_on)
        and known.document == Document(draft.text, draft.title, draft.changes)
    )


async def withdraw(database: Database, version: str, *, by: str, now: Instant, today: date) -> None:
    """A version that does not hold yet never will. Twice changes nothing.

    Raises:
        UnknownTerms; TermsHold.
    """
    async with database.transaction() as connection:
        await store.lock(connection)
        terms = await _version(connection, version)
        if terms.withdrawn_at is not None:
            return
        if terms.holds_from <= today:
            raise TermsHold(version)
        await store.withdraw(connection, version, by, now)
        await audit(connection, at=now, author=by, action="terms.withdrawn", details={"terms": version})


async def note_notice(
    database: Database,
    version: str,
    *,
    told_on: date,
    place: str,
    words: str | None,
    by: str,
    now: Instant,
    today: date,
) -> None:
    """Write down where and when members were told of a version.

    Raises:
        UnknownTerms; InvalidRequest: of a day to come.
    """
    if told_on > today:
        raise InvalidRequest("told_on", "lies in the future")
    async with database.transaction() as connection:
        await store.lock(connection)
        await _version(connection, version)
        await store.add_notice(connection, version, Notice(told_on, place, words, by, now))
        details = {"terms": version, "place": place, "told_on": told_on}
        await audit(connection, at=now, author=by, action="terms.told", details=details)


async def accept(
    database: Database, principal: Principal, member_id: int | None, ask: TermsAsked, now: Instant, day_of: DayOf
) -> None:
    """Note that the member has accepted a version. Of one accepted before, the first time stands.

    Raises:
        UnknownMember, MemberWithdrawn; UnknownTerms; InvalidRequest: said in the future.
    """
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        await keep(connection, row.member_id, ask, principal, now, day_of)


async def keep_said(
    connection: Writing, member_id: int, said: TermsSaid, principal: Principal, now: Instant, today: date
) -> None:
    """Write down what was said on joining; nothing where nothing was.

    Raises:
        UnknownTerms.
    """
    if said:
        ask = TermsAsked(None if said is True else said)
        await keep(connection, member_id, ask, principal, now, lambda _: today)


async def keep(
    connection: Writing, member_id: int, ask: TermsAsked, principal: Principal, now: Instant, day_of: DayOf
) -> None:
    """Write an acceptance down in the caller's transaction.

    Raises:
        UnknownTerms; InvalidRequest: said in the future.
    """
    if ask.at is not None and ask.at > now + CLOCK_SKEW:
        raise InvalidRequest("at", "lies in the future")
    said = min(ask.at or now, now)
    versions = await store.versions(connection)
    if ask.version is None:
        found = store.held(versions, day_of(said))
    else:
        found = next((each for each in versions if each.version == ask.version and each.public(day_of(now))), None)
    if found is None:
        raise UnknownTerms(ask.version)
    channel = ask.channel or ("me" if principal == MEMBER else _CHANNELS.get(principal.role, "api"))
    fresh = await store.accept(
        connection, member_id, found.version, accepted_at=said, channel=channel, shop_id=principal.shop_id,
        by=principal.integration, now=now,
    )  # fmt: skip
    if fresh:
        await record.audit(
            connection, member_id, principal.integration, "member.terms_accepted", now, terms=found.version, by=channel
        )
        await record.announce(connection, member_id, "terms", now, fields=[found.version])


async def _version(connection: Writing, version: str) -> Terms:
    for each in await store.versions(connection):
        if each.version == version:
            return each
    raise UnknownTerms(version)
