"""The names side of a paper card's claim: whose the card is while its points move, and nobody's afterwards."""

from __future__ import annotations

from datetime import date, timedelta

from goen.actions.members import record
from goen.actions.members.names import current
from goen.database.pool import Database
from goen.database.queries import load
from goen.identity.keys import NO_SHOP
from goen.identity.presented import Presented
from goen.members import store
from goen.members.model import Identifier
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

_queries = load(__package__)

#: A claim lends its card for less than this, unless it was broken off.
CLAIM_MAX = timedelta(seconds=5)


async def lend(database: Database, member_id: int, card: Presented, value: str, now: Instant) -> Identifier | None:
    """Enter a card that nobody carries under this member; None where somebody carries it already.

    Raises:
        InvalidRequest: it is the member's own number; UnknownMember; MemberWithdrawn.
    """
    assert card.hash is not None
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        if card.normal == row.number:
            raise InvalidRequest("card", "is the member's own number")
        if await store.holders(connection, card.hash, "card", NO_SHOP, card.normal):
            return None
        [identifier_id] = await store.next_identifier_ids(connection, 1)
        lent = Identifier(identifier_id, "card", NO_SHOP, value.strip(), card.normal, card.hash)
        if await store.register(connection, member_id, [lent]):
            return None  # Somebody entered it at this very moment.
        await store.note_identifiers(connection, member_id, [lent], now)
        return lent


async def take_back(database: Database, member_id: int, lent: Identifier, now: Instant) -> None:
    """The claim was refused: the card is nobody's, as before."""
    async with database.transaction() as connection:
        await store.remove_identifier(connection, member_id, lent, now)


async def in_motion(database: Database, card: Presented, now: Instant) -> bool:
    """Whether the carrier of a card may have it for the time of a claim only, or has given it back since."""
    async with database.reading() as connection:
        since = await _queries.carried_since(connection, key_hash=card.hash, normal=card.normal)
    return since is None or now - since < CLAIM_MAX


async def retire(
    database: Database, card: Presented, taker_id: int | None, author: str, now: Instant, today: date
) -> None:
    """The points are booked: nobody is found by the card any more. A provisional member other than the taker, who
    was nothing but this card, goes with it. Doing it twice changes nothing."""
    assert card.hash is not None
    async with database.transaction() as connection:
        for holder in await store.holders(connection, card.hash, "card", NO_SHOP, card.normal):
            await record.bump_account(connection, holder.member_id)
            row = await store.locked(connection, holder.member_id)
            if row is None:
                continue
            if row.status == "provisional" and row.member_id != taker_id:
                hashes = [each.key_hash for each in await current(connection, holder.member_id)]
                await store.remove_identifiers(connection, holder.member_id, hashes, now)
                await store.set_status(connection, holder.member_id, "withdrawn", now, withdrawn_at=now, erase_on=today)
                await record.audit(connection, holder.member_id, author, "member.withdrawn", now, card="claimed")
                await record.announce(connection, holder.member_id, "withdrawn", now)
                continue
            for each in await current(connection, holder.owner_id):
                if each.identifier_id == holder.identifier_id:
                    await store.remove_identifier(connection, holder.owner_id, each, now)
                    await record.audit(
                        connection, holder.member_id, author, "member.card_retired", now,
                        identifier_id=each.identifier_id,
                    )  # fmt: skip
                    await record.announce(connection, holder.member_id, "identifier_removed", now, fields=["card"])
