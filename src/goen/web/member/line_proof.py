"""What a browser keeps of a LINE account that was shown and belongs to no member yet: until somebody joins with it,
or proves by a code which card it goes with."""

from __future__ import annotations

import base64
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import Cookie, State
from msgspec import Meta

from goen.members import codes
from goen.web.common.visits import cookie

_COOKIE = "goen_member_line"

T = TypeVar("T", bound=msgspec.Struct)


class LineProof(msgspec.Struct, frozen=True, array_like=True):
    """A LINE account and the id of what proves it (:func:`goen.actions.members.line.prove`)."""

    user_id: Annotated[str, Meta(min_length=1, max_length=100)]
    name: Annotated[str, Meta(max_length=100)]
    code_id: Annotated[str, Meta(min_length=1, max_length=100)]


def shown(request: Request[Any, Any, State]) -> LineProof | None:
    """The LINE account that waits in this browser; None: none."""
    return unpacked(request, _COOKIE, LineProof)


def keep(request: Request[Any, Any, State], proof: LineProof) -> Cookie:
    """The cookie by which this browser remembers it."""
    return packed(request, _COOKIE, proof, int(codes.PROOF_LIFE.total_seconds()))


def forget(request: Request[Any, Any, State]) -> Cookie:
    """It waits no more."""
    return cookie(request, _COOKIE, "", seconds=0, path="/me", site="lax")


def packed(request: Request[Any, Any, State], name: str, value: msgspec.Struct, seconds: int) -> Cookie:
    """A cookie that comes along when somebody is sent back to us from LINE."""
    text = base64.urlsafe_b64encode(msgspec.json.encode(value)).decode()
    return cookie(request, name, text, seconds=seconds, path="/me", site="lax")


def unpacked(request: Request[Any, Any, State], name: str, kind: type[T]) -> T | None:
    """What such a cookie holds; None: nothing, or something else."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(request.cookies.get(name, "")), type=kind)
    except (ValueError, msgspec.MsgspecError):
        return None
