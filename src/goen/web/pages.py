"""The site: which page lives where, its static files, and what pages may know."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from litestar import Litestar, MediaType, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, InternalServerException

from goen.web import member, office, terminal
from goen.web.common import assets
from goen.web.common.pages import STRICT, page
from goen.web.common.surroundings import Surroundings
from goen.web.front import docs, home

log = structlog.get_logger("goen.web")

__all__ = ["Surroundings", "pages"]


def pages(surroundings: Surroundings) -> Litestar:
    """All pages as one ASGI application."""
    return Litestar(
        [
            *home.HANDLERS,
            *docs.HANDLERS,
            *assets.HANDLERS,
            *office.HANDLERS,
            *terminal.HANDLERS,
            *member.HANDLERS,
        ],
        state=State({"surroundings": surroundings}),
        exception_handlers={HTTPException: _wrong, Exception: _failed},
        openapi_config=None,
        logging_config=None,
    )


_SENTENCES = {
    "not_found": "There is nothing at this address for this method. /docs lists what there is.",
    "method_not_allowed": "There is nothing at this address for this method. /docs lists what there is.",
    "internal_error": "Something went wrong on our side; the request id finds it.",
}


def _failed(request: Request[Any, Any, State], error: Exception) -> Response[Any]:
    """A mistake of ours: the log has it, the visitor a page that says so."""
    log.error("page_failed", path=request.url.path, request_id=request.scope.get("request_id"), exc_info=error)
    return _wrong(request, InternalServerException())


def _wrong(request: Request[Any, Any, State], error: HTTPException) -> Response[Any]:
    """A page for people, a problem for programs."""
    if "text/html" in request.headers.get("accept", ""):
        answer: Response[Any] = page(request, "wrong.html", status=error.status_code)
        answer.status_code = error.status_code
        return answer
    code = {404: "not_found", 405: "method_not_allowed", 500: "internal_error"}.get(
        error.status_code, "invalid_request"
    )
    problem = {
        "type": f"/docs/problems#{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": error.status_code,
        "code": code,
        "request_id": request.scope.get("request_id"),
        "detail": _SENTENCES.get(code, "This did not work."),
    }
    return Response(
        msgspec.json.encode(problem),
        status_code=error.status_code,
        media_type=MediaType.JSON,
        headers={**STRICT, "content-type": "application/problem+json"},
    )
