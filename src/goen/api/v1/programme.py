"""The points programme over HTTP: the version that counts now, and making the next one."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from goen.actions.programme import apply_programme
from goen.api.call import Call, Reply
from goen.api.decoding import read
from goen.api.operations import SERVER, Operation
from goen.earning.catalogue import Version
from goen.earning.programme import Programme, from_json, to_builtins
from goen.earning.rules_text import text
from goen.vocabulary.refusal import NotFound


class ProgrammeAnswer(Programme, frozen=True, kw_only=True):
    """A version of the programme, and its rules as members read them."""

    text: str


class ProgrammeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another version than the one that counts now."""

    version: Annotated[int, Meta(ge=1)] | None = None


async def _get(call: Call) -> Reply:
    asked = call.decode_query(ProgrammeQuery).version
    programmes = call.services.programmes
    version = programmes.find(asked) if asked else programmes.version_at(call.now)
    if version is None:
        raise NotFound("There is no such version of the programme.", version=asked)
    return _told(version, call)


async def _put(call: Call) -> Reply:
    version = await apply_programme(
        call.services.database,
        call.services.programmes,
        read(call.body or b"{}", from_json),
        author=call.principal.integration,
        now=call.now,
    )
    return _told(version, call)


def _told(version: Version, call: Call) -> Reply:
    programme = version.engine.programme
    answer: dict[str, Any] = to_builtins(programme)
    answer["text"] = text(programme, call.language)
    return Reply(200, msgspec.json.encode(answer))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/programme",
        summary="The programme that counts now",
        handler=_get,
        query=ProgrammeQuery,
        answer=ProgrammeAnswer,
        refusals=(NotFound,),
        tag="Programme",
    ),
    Operation(
        method="PUT",
        path="/v1/programme",
        summary="A new version of the programme, from starts_at (at least 2 seconds ahead)",
        handler=_put,
        request=Programme,
        answer=ProgrammeAnswer,
        roles=SERVER,
        tag="Programme",
    ),
)
