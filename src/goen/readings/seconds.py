"""Which standing rules and draws need another person than who made them before they give anything? Read-only."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from goen.database.pool import Reading
from goen.earning.draws import model as draws
from goen.earning.draws.rules import needs_second, problems
from goen.earning.programme import Programme
from goen.earning.standing import model as standing
from goen.shops import draws as draw_store
from goen.shops import standing as standing_store


class Second(NamedTuple):
    """A rule or draw, with who made it, and who asked where somebody did: none of them may let it go live."""

    code: str
    value: standing.StandingRule | draws.PrizeDraw
    made_by: str
    asked_by: str | None = None

    def open_to(self, author: str) -> bool:
        """Whether ``author`` is a second person."""
        return author not in (self.made_by, self.asked_by)


async def waiting_rules(connection: Reading) -> list[Second]:
    """Standing rules that somebody has put up for approval."""
    return [
        Second(row.state.code, standing.from_json(row.document), row.made_by, row.state.waiting_by)
        for row in await standing_store.waiting(connection)
    ]


async def waiting_draws(connection: Reading, programme: Programme, now: datetime) -> list[Second]:
    """Drafts of draws that are complete, have their time before them, and that who wrote them may not make live."""
    found = []
    for row in await draw_store.drafts(connection):
        draw = draws.from_json(row.document)
        sound = draw.ends_at > now and not any(each.level == "error" for each in problems(draw, programme))
        if sound and needs_second(draw, programme):
            found.append(Second(row.code, draw, row.put_by))
    return found
