"""The site: which page lives where, its static files, and what pages may know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, MediaType, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.static_files import create_static_files_router

from goen.web.common.pages import STRICT, WEB, page
from goen.web.front import docs, home
from goen.web.front.surroundings import Surroundings

__all__ = ["Surroundings", "pages"]

_KEPT = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}


def pages(surroundings: Surroundings) -> Litestar:
    """All pages as one ASGI application."""
    return Litestar(
        [
            *home.HANDLERS,
            *docs.HANDLERS,
            _files("/static", WEB / "front" / "static"),
            _files("/vendor", WEB / "vendor"),
        ],
        state=State({"surroundings": surroundings}),
        exception_handlers={HTTPException: _wrong},
        openapi_config=None,
        logging_config=None,
    )


def _files(address: str, folder: Path) -> Any:
    return create_static_files_router(address, [folder], after_request=_kept, include_in_schema=False, name=address)


def _kept(response: Response[Any]) -> Response[Any]:
    response.headers.update(_KEPT)
    return response


def _wrong(request: Request[Any, Any, State], error: HTTPException) -> Response[Any]:
    """A page for people, a problem for programs."""
    if "text/html" in request.headers.get("accept", ""):
        answer: Response[Any] = page(request, "wrong.html", status=error.status_code)
        answer.status_code = error.status_code
        return answer
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    problem = {
        "type": f"/docs/problems#{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": error.status_code,
        "code": code,
        "request_id": request.scope.get("request_id"),
        "detail": "There is nothing at this address for this method. /docs lists what there is.",
    }
    return Response(
        msgspec.json.encode(problem),
        status_code=error.status_code,
        media_type=MediaType.JSON,
        headers={**STRICT, "content-type": "application/problem+json"},
    )
