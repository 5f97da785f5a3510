"""Static files: read once, kept packed in memory, named with their digest so that browsers keep them for good."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from mimetypes import guess_type
from pathlib import Path
from typing import Any, NamedTuple

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException

WEB = Path(__file__).parents[1]
#: Folders by the first part of their address; a file of the same name in an earlier one wins.
FOLDERS = {
    "static": tuple(WEB / surface / "static" for surface in ("front", "common", "office", "terminal", "member")),
    "vendor": (WEB / "vendor",),
}
_FOR_GOOD = "public, max-age=31536000, immutable"
#: Without its digest a file may be another one tomorrow: browsers ask whether it still is the same.
_ASK = "no-cache"


class Asset(NamedTuple):
    """A file as it is sent."""

    raw: bytes
    packed: bytes
    digest: str
    media_type: str


@cache
def asset(folder: str, name: str) -> Asset | None:
    """The file of this name; None where there is none."""
    for place in FOLDERS[folder]:
        path = (place / name).resolve()
        if path.is_relative_to(place.resolve()) and path.is_file() and not path.name.startswith("."):
            raw = path.read_bytes()
            kind = guess_type(path.name)[0] or "application/octet-stream"
            if kind.startswith("text/") or kind in ("application/javascript", "application/json"):
                kind += "; charset=utf-8"
            return Asset(raw, gzip.compress(raw, 9, mtime=0), hashlib.sha256(raw).hexdigest()[:16], kind)
    return None


def address(path: str) -> str:
    """``/static/goen.css`` with its digest behind it."""
    _, folder, name = path.split("/", 2)
    found = asset(folder, name)
    assert found is not None, f"no file for {path}"
    return f"{path}?v={found.digest}"


@cache
def icon(name: str) -> str:
    """An icon as SVG to stand in a page, hidden from readers: the words beside it say what it means."""
    found = asset("vendor", f"@tabler/icons/icons/outline/{name}.svg")
    assert found is not None, f"no icon {name}"
    paths = [line.strip() for line in found.raw.decode().splitlines() if line.strip().startswith("<path")][1:]
    return (
        '<svg class="icon" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" '
        f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{"".join(paths)}</svg>'
    )


def _handler(folder: str) -> Any:
    @get(f"/{folder}/{{name:path}}", include_in_schema=False, sync_to_thread=True, name=folder)
    def send(request: Request[Any, Any, State]) -> Response[bytes]:
        found = asset(folder, str(request.path_params["name"]).lstrip("/"))
        if found is None:
            raise NotFoundException
        headers = {
            "cache-control": _FOR_GOOD if request.query_params.get("v") == found.digest else _ASK,
            "etag": f'"{found.digest}"',
            "x-content-type-options": "nosniff",
            "vary": "accept-encoding",
        }
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(b"", status_code=304, headers=headers)
        packed = "gzip" in request.headers.get("accept-encoding", "") and len(found.packed) < len(found.raw)
        if packed:
            headers["content-encoding"] = "gzip"
        return Response(found.packed if packed else found.raw, media_type=found.media_type, headers=headers)

    return send


HANDLERS = tuple(_handler(folder) for folder in FOLDERS)
