"""What members can agree to: the purposes with a registered text, and without any mail and text messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from litestar import Response

from goen.actions.members.consents import put_consents
from goen.database.pool import Reading
from goen.members.model import ConsentView, Given, Wording
from goen.readings.family import family
from goen.readings.member_consents import consents_of_family, wordings
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.pages import Language
from goen.web.common.visits import moved
from goen.web.member.visit import SELF, MemberVisit

SOURCE = "members page"
#: Where a retailer has registered no text of its own, these purposes are offered with a text of ours.
STANDARD = ("mail", "sms")
STANDARD_VERSION = "goen-1"
#: Asked for where they are needed, each in its own form.
_ELSEWHERE = frozenset({"household", "notices.push"})


class Offered(NamedTuple):
    """A purpose with the text that stands beside it. ``words`` is None for a text of ours, which templates have;
    ``said`` is the last word on it."""

    kind: str
    version: str
    words: str | None
    said: ConsentView | None

    @property
    def given(self) -> bool:
        return self.said is not None and self.said.given


async def offered(connection: Reading, members: Iterable[int], language: Language) -> list[Offered]:
    """Every purpose that a person can agree to, in the words of today."""
    newest: dict[str, Wording] = {}
    for each in await wordings(connection):  # Newest first; a text in the reader's language wins within its version.
        known = newest.get(each.kind)
        if known is None or (known.version == each.version and each.language == language):
            newest[each.kind] = each
    said = await consents_of_family(connection, list(members))
    kinds = [each for each in newest if each not in _ELSEWHERE]
    kinds += [each for each in STANDARD if each not in newest] if not kinds else []
    kinds += [each for each, last in said.items() if last.given and each not in (*kinds, *_ELSEWHERE)]
    return [
        Offered(kind, newest[kind].version, newest[kind].words, said.get(kind))
        if kind in newest
        else Offered(kind, STANDARD_VERSION, None, said.get(kind))
        for kind in kinds
    ]


async def set_consent(visit: MemberVisit) -> Response[str]:
    """Agree to one purpose, or take it back, with the text that was shown as its proof."""
    kind, given, version = (visit.form.get(each, "") for each in ("kind", "given", "version"))
    async with visit.known.database.reading() as connection:
        members = (await family(connection, visit.member_id)).members
        known = {each.kind: each for each in await offered(connection, members, visit.language)}
    if kind not in known or given not in ("0", "1") or known[kind].version != version:
        raise InvalidRequest("kind", "or its text has changed meanwhile; load the page again")
    said = {kind: Given(given == "1", version, SOURCE)}
    await put_consents(visit.known.database, SELF, visit.member_id, said, visit.now)
    return moved("/me/profile?done=consent#consents")
