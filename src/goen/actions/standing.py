"""Standing rules kept, activated, approved and stopped; codes for check-ins. No version is ever edited."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import msgspec

from goen.actions.campaigns import places_of
from goen.actions.members import record
from goen.actions.points.context import Context
from goen.database.pool import Database, Reading, Writing
from goen.earning.campaigns.checks import WorstCase, needs_approval, validate, worst_case
from goen.earning.campaigns.errors import SecondPersonNeeded
from goen.earning.campaigns.law import Law, law
from goen.earning.checks import Problem
from goen.earning.coupons.codes import code_hash, new_code, shown
from goen.earning.programme import Programme
from goen.earning.standing.errors import StandingRuleState, UnknownStandingRule
from goen.earning.standing.model import StandingRule, from_json, to_json
from goen.earning.words import problem_text
from goen.shops import campaigns, store
from goen.shops import standing as rules
from goen.shops.model import Shop
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

#: A printed code is changed once a month at least (rule 37).
CODE_LONGEST = timedelta(days=31)


class Examined(NamedTuple):
    """What is said before a rule goes live, as of a campaign that is like it."""

    problems: list[Problem]
    worst: WorstCase
    law: Law
    needs_approval: bool


class VisitCode(NamedTuple):
    """A code to be shown or printed."""

    code: str
    expires_at: Instant


async def put(
    database: Database, context: Context, code: str, rule: StandingRule, by: str, now: Instant
) -> bool:  # fmt: skip
    """Keep the next version of a rule, or the first; gives whether it is new. The same again changes nothing.

    What is live stays live until the new version is activated.

    Raises:
        InvalidRequest: it contradicts itself, or is of another kind than the rule has been.
    """
    programme = context.engine_at(now).programme
    for problem in examined_problems(context, code, rule, now):
        if problem.level == "error":
            raise InvalidRequest(problem.field, problem_text(problem, programme.language))
    document = to_json(rule).decode()
    async with database.transaction() as connection:
        new = await rules.add_rule(connection, code, rule.kind)
        row = await _locked(connection, code)
        if row.kind != rule.kind:
            raise InvalidRequest("when.kind", f"has been {row.kind} and stays so; take another code")
        if not new:
            newest = await rules.rule(connection, code)
            if newest is not None and newest.document == document:
                return False
        version = 1 if new else row.newest + 1
        await rules.add_version(connection, code, version, document, by, now)
        await _audit(connection, "standing.put", code, version, by, now)
    return new


def examined_problems(context: Context, code: str, rule: StandingRule, now: Instant) -> list[Problem]:
    """The rule's :func:`problems` under the programme of now."""
    return problems(code, rule, context.engine_at(now).programme)


def problems(code: str, rule: StandingRule, programme: Programme) -> list[Problem]:
    """Contradictions and what the programme does not know: those of a campaign like it."""
    found = validate(rule.as_campaign(code), programme)
    return [msgspec.structs.replace(each, field=each.field.replace("conditions.", "who.")) for each in found]


async def examine(database: Database, context: Context, code: str, rule: StandingRule, now: Instant) -> Examined:
    """Checks of a version as programme, shops and members are now."""
    programme, like = context.engine_at(now).programme, rule.as_campaign(code)
    async with database.reading() as connection:
        members = await campaigns.members_earning(connection)
        live = await rules.live_of_kind(connection, rule.kind)
    worst = worst_case(like, programme, members=members, places=places_of(context), zone=context.zone)
    found = examined_problems(context, code, rule, now)
    others = [other for other, kept in live if other != code and _overlap(rule, from_json(kept))]
    if rule.kind == "birthday" and others:  # A person has one birthday a year, whatever the rules (rule 36).
        found.append(Problem("warning", "when.kind", "one_birthday", {"others": ", ".join(others)}))
    return Examined(found, worst, law(like, programme, {}), needs_approval(programme, worst))


async def activate(
    database: Database, context: Context, code: str, version: int | None, by: str, now: Instant
) -> None:  # fmt: skip
    """A version gives from now on, or waits for a second person's approval. Asked again nothing changes.

    Raises:
        UnknownStandingRule; StandingRuleState: its time is over; InvalidRequest: it contradicts itself by now.
    """
    async with database.reading() as reading:
        kept = await _version(reading, code, version)
    rule = from_json(kept.document)
    if rule.ends_at is not None and rule.ends_at <= now:
        raise StandingRuleState("The rule's time is over; give it another ends_at first.", "ended")
    examined = await examine(database, context, code, rule, now)
    for problem in examined.problems:
        if problem.level == "error":
            language = context.engine_at(now).programme.language
            raise InvalidRequest(problem.field, problem_text(problem, language))
    async with database.transaction() as connection:
        row = await _locked(connection, code)
        if row.live_version == kept.version:
            return
        if examined.needs_approval and by == kept.made_by:
            await rules.set_waiting(connection, code, kept.version, by)
            await _audit(connection, "standing.waits_for_approval", code, kept.version, by, now)
            return
        await rules.set_live(connection, code, kept.version, now)
        await _audit(connection, "standing.activated", code, kept.version, by, now)


async def approve(database: Database, code: str, by: str, now: Instant) -> None:
    """A second person approves the version that waits, and it gives from now on.

    Raises:
        UnknownStandingRule; StandingRuleState: none waits; SecondPersonNeeded: ``by`` has made or activated it.
    """
    async with database.transaction() as connection:
        row = await _locked(connection, code)
        if row.waiting_version is None:
            raise StandingRuleState("No version waits for approval.", "live" if row.live_version else "draft")
        kept = await _version(connection, code, row.waiting_version)
        if by in (kept.made_by, row.waiting_by):
            raise SecondPersonNeeded(code)
        await rules.set_live(connection, code, kept.version, now)
        await _audit(connection, "standing.approved", code, kept.version, by, now)


async def stop(database: Database, code: str, by: str, now: Instant) -> None:
    """The rule gives no more. Asked again nothing changes.

    Raises:
        UnknownStandingRule; StandingRuleState: it was never activated.
    """
    async with database.transaction() as connection:
        row = await _locked(connection, code)
        if row.stopped_at is not None and row.live_version is None:
            return
        if row.live_version is None and row.waiting_version is None:
            raise StandingRuleState("The rule is a draft; there is nothing to stop.", "draft")
        await rules.set_stopped(connection, code, now)
        await _audit(connection, "standing.stopped", code, row.live_version or row.waiting_version or 0, by, now)


async def make_visit_code(
    database: Database, shop: Shop, good_for: timedelta, by: str, now: Instant
) -> VisitCode:  # fmt: skip
    """A code for check-ins in this shop, for a screen or for print; good until it expires (rule 37)."""
    code, expires_at = new_code(), now + good_for
    async with database.transaction() as connection:
        await rules.add_visit_code(connection, code_hash(code), code, shop.shop_id, expires_at, by, now)
    return VisitCode(shown(code), expires_at)


def _overlap(one: StandingRule, other: StandingRule) -> bool:
    """Whether both give at some instant."""
    ends, starts = (one.ends_at, other.ends_at), (other.starts_at, one.starts_at)
    return all(end is None or start is None or start < end for end, start in zip(ends, starts, strict=True))


async def _locked(connection: Writing, code: str) -> rules.StateRow:
    row = await rules.lock(connection, code)
    if row is None:
        raise UnknownStandingRule(code)
    return row


async def _version(connection: Reading, code: str, version: int | None) -> rules.RuleRow:
    row = await rules.rule(connection, code, version)
    if row is None:
        raise UnknownStandingRule(code)
    return row


async def _audit(connection: Writing, action: str, code: str, version: int, by: str, now: Instant) -> None:
    details = {"rule": code, "version": version}
    await store.audit(connection, at=now, author=by, action=action, details=details)


async def make_referral_code(database: Database, member_id: int, now: Instant) -> str:
    """The member's code for referrals; asked twice it stays the same.

    Raises:
        UnknownMember, MemberWithdrawn.
    """
    code = new_code()
    async with database.transaction() as connection:
        await record.opened(connection, member_id)  # Held: of two who ask at once one makes it.
        return await rules.add_referral_code(connection, member_id, code_hash(code), code, now)
