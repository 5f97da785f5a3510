"""Note what a member agreed to or took back. Nothing is overwritten: the last word holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from goen.actions.members import record
from goen.database.pool import Database, Writing
from goen.members import store
from goen.members.errors import UnknownWording, WordingExists
from goen.members.model import Given, Wording
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

#: A shop's clock may be ahead of ours by so much.
CLOCK_SKEW = timedelta(minutes=5)


def as_given(asked: Mapping[str, bool | Given]) -> dict[str, Given]:
    """A plain true or false is a consent without proof."""
    return {kind: Given(each) if isinstance(each, bool) else each for kind, each in asked.items()}


async def put_consents(
    database: Database,
    principal: Principal,
    member_id: int | None,
    asked: Mapping[str, bool | Given],
    now: Instant,
) -> None:
    """Add to the member's consents (rules 55 to 57).

    Raises:
        UnknownMember, MemberWithdrawn.
        UnknownWording: the purpose's texts are registered, and this version is none of them.
        InvalidRequest: said in the future.
    """
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        await keep(connection, row.member_id, as_given(asked), principal.integration, now)
        await record.announce(connection, row.member_id, "consents", now, fields=sorted(asked))


async def keep(connection: Writing, member_id: int, given: Mapping[str, Given], author: str, now: Instant) -> None:
    """Write consents down in the caller's transaction, once their proof holds.

    Raises:
        UnknownWording, InvalidRequest.
    """
    for kind, each in given.items():
        if each.at is not None and each.at > now + CLOCK_SKEW:
            raise InvalidRequest(f"consents.{kind}.at", "lies in the future")
    if unknown := await store.unknown_wordings(connection, list(given), [each.wording for each in given.values()]):
        raise UnknownWording(unknown[0])
    await store.add_consents(connection, member_id, given, author, now)


async def put_wording(
    database: Database, principal: Principal, kind: str, version: str, language: str, words: str, now: Instant
) -> None:
    """Register the text that members are shown. A version never changes: another text is another version.

    Raises:
        WordingExists: the version has another text in this language.
    """
    wording = Wording(kind, version, language, words, principal.integration, now)
    async with database.transaction() as connection:
        if not await store.add_wording(connection, wording):
            raise WordingExists(kind, version)
