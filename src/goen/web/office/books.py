"""What is written down: the programme in words, imports, and the audit trail."""

from __future__ import annotations

from typing import Any

from litestar import Response

from goen.actions.imports.job import all_jobs
from goen.earning.rules_text import sections
from goen.members import terms as store
from goen.readings import recent
from goen.web.common.visits import Visit
from goen.web.office.frame import shown


async def programme(visit: Visit) -> Response[Any]:
    """The version that counts now, as a member reads it, and the others by their dates."""
    programmes, now = visit.known.programmes, visit.now
    current = programmes.version_at(now)
    chosen = current
    if (asked := visit.query.get("version", "")).isascii() and asked.isdigit() and len(asked) < 10:
        chosen = programmes.find(int(asked)) or current
    told = sections(chosen.engine.programme, visit.language)
    async with visit.known.database.reading() as connection:
        terms = await store.versions(connection)
    today = visit.known.context.day_of(now)
    return shown(
        visit, "programme.html", "programme", sections=told, chosen=chosen, current=current,
        versions=programmes.all(), now=now, terms=[(each, store.state_of(each, terms, today)) for each in terms],
    )  # fmt: skip


async def imports(visit: Visit) -> Response[Any]:
    """Files that were brought in, newest first."""
    return shown(visit, "imports.html", "imports", jobs=await all_jobs(visit.known.database))


async def audit(visit: Visit) -> Response[Any]:
    """Who did what, when and why."""
    async with visit.known.database.reading() as connection:
        rows, cursor = await recent.audit(connection, 50, visit.query.get("cursor"))
    values: dict[str, Any] = {"rows": rows, "next_cursor": cursor}
    if visit.fragment:
        return visit.page("office/audit_list.html", **values)
    return shown(visit, "audit.html", "audit", **values)
