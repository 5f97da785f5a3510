"""Where does a standing rule stand, and what has it given?"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from goen.database.pool import Reading
from goen.earning.standing.model import StandingRule, from_json
from goen.shops import standing as store

State = Literal["draft", "waiting", "scheduled", "live", "ended", "stopped"]


class Kept(NamedTuple):
    """A version of a rule. ``grants`` and ``granted``: how often the rule gave, and how many points in all."""

    code: str
    rule: StandingRule
    version: int
    made_by: str
    made_at: datetime
    row: store.StateRow
    state: State
    grants: int
    granted: int


async def kept(connection: Reading, code: str, now: datetime, version: int | None = None) -> Kept | None:
    """One rule: its newest version, or the one that is asked for."""
    row = await store.rule(connection, code, version)
    if row is None:
        return None
    return _kept(row, (await store.totals(connection, [code]))[code], now)


async def listed(connection: Reading, limit: int, after: str, now: datetime) -> tuple[list[Kept], str | None]:
    """Rules by code, each with its newest version, and the code to go on after."""
    rows = await store.rules(connection, after, limit + 1)
    totals = await store.totals(connection, [row.state.code for row in rows])
    following = rows[limit - 1].state.code if len(rows) > limit else None
    return [_kept(row, totals[row.state.code], now) for row in rows[:limit]], following


def _kept(row: store.RuleRow, given: tuple[int, int], now: datetime) -> Kept:
    rule = from_json(row.document)
    return Kept(
        row.state.code, rule, row.version, row.made_by, row.made_at, row.state, _state(rule, row.state, now), *given
    )


def _state(rule: StandingRule, state: store.StateRow, now: datetime) -> State:
    """As of the version that is shown; its times count."""
    if state.waiting_version is not None:
        return "waiting"
    if state.live_version is None:
        return "draft" if state.stopped_at is None else "stopped"
    if rule.ends_at is not None and rule.ends_at <= now:
        return "ended"
    return "scheduled" if rule.starts_at is not None and rule.starts_at > now else "live"
