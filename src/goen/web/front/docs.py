"""The API's documents: browsable, and the list of everything it may refuse."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State

from goen.web.common.pages import STRICT, page

# The documents' script sets styles of its own; everything else stays as strict as elsewhere.
_BROWSER = {
    **STRICT,
    "content-security-policy": STRICT["content-security-policy"].replace(
        "style-src 'self'", "style-src 'self' 'unsafe-inline'"
    ),
}


@get("/docs", include_in_schema=False)
async def _docs(request: Request[Any, Any, State]) -> Response[str]:
    return page(request, "docs.html", headers=_BROWSER)


@get("/docs/problems", include_in_schema=False)
async def _problems(request: Request[Any, Any, State], state: State) -> Response[str]:
    return page(request, "problems.html", problems=state.surroundings.problems)


HANDLERS = (_docs, _problems)
