"""Which terms of membership hold, which are to come, and what has a member accepted?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from goen.database.pool import Reading
from goen.members import terms as store
from goen.members.terms import Acceptance, Notice, Terms
from goen.vocabulary.clock import business_day

#: What the log calls Goen's own pages.
PAGES = "pages"


class Shown(NamedTuple):
    """The terms that hold (None: there are none), and those to come that can be read already, the next one first."""

    holds: Terms | None
    to_come: list[Terms]


class Standing(NamedTuple):
    """What members can read, and what one of them has accepted, the last first."""

    shown: Shown
    accepted: list[Acceptance]

    @property
    def asked(self) -> Terms | None:
        """The terms that hold and that the member has not accepted; None: nothing is to be asked."""
        holds = self.shown.holds
        return None if holds is None or any(each.version == holds.version for each in self.accepted) else holds


async def shown(connection: Reading, today: date) -> Shown:
    """What members can read today."""
    versions = await store.versions(connection)
    return Shown(store.held(versions, today), store.to_come(versions, today))


async def standing(connection: Reading, members: Sequence[int], today: date) -> Standing:
    """The same beside what these members, who are one person, have accepted."""
    return Standing(await shown(connection, today), await store.accepted(connection, members))


async def log_of(connection: Reading, terms: Terms, today: date, zone: ZoneInfo) -> list[Notice]:
    """Where members were told of a version by today, in order: on our own pages from ``notice_on`` on (or since it was
    brought in, where that was later), and wherever somebody has written down."""
    on = max(terms.notice_on, business_day(terms.made_at, zone))
    over = None if terms.withdrawn_at is None else business_day(terms.withdrawn_at, zone)
    ours = (
        [Notice(on, PAGES, None, terms.made_by, terms.made_at)] if on <= today and (over is None or on <= over) else []
    )
    return sorted([*ours, *await store.notices(connection, terms.version)], key=lambda each: each.told_on)
