"""Numbers for cards that are printed before anybody has them."""

from __future__ import annotations

from goen.database.pool import Database
from goen.identity.keys import NO_SHOP, identifier_hash
from goen.members import store
from goen.members.intake import next_member_ids
from goen.members.number import number_of
from goen.shops.store import audit
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

NUMBERS_MAX = 1_000


async def reserve_numbers(database: Database, count: int, author: str, now: Instant) -> list[str]:
    """So many card numbers that no member has, and none ever gets but by being handed the card.

    They come from the sequence that numbers members, so an enrolment never meets one. A number that an old printed
    card carries by chance is passed over.

    Raises:
        InvalidRequest: fewer than one or more than a thousand at once.
    """
    if not 0 < count <= NUMBERS_MAX:
        raise InvalidRequest("count", f"is 1 to {NUMBERS_MAX}")
    free: list[str] = []
    async with database.transaction() as connection:
        while len(free) < count:
            serials = await next_member_ids(connection, count - len(free))
            numbers = [number_of(serial) for serial in serials]
            hashes = {number: identifier_hash("card", NO_SHOP, number) for number in numbers}
            taken = await store.registered(connection, "card", list(hashes.values()), numbers)
            free += [number for number in numbers if number not in taken]
        details = {"count": count, "first": free[0], "last": free[-1]}
        await audit(connection, at=now, author=author, action="cards.numbered", details=details)
    return free
