"""Sign in by a LINE account that a member has linked, and remember that one was shown until it is linked.

That LINE vouches for the account is made sure of at the edge (:mod:`goen.channels.line.login`).
"""

from __future__ import annotations

from goen.actions.members import record
from goen.actions.members.codes import SignedIn
from goen.database.pool import Database
from goen.identity.keys import NO_SHOP, identifier_hash
from goen.members import codes, store
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant


async def sign_in(database: Database, principal: Principal, user_id: str, now: Instant) -> SignedIn | None:
    """Who is signed in by this LINE account; None: nobody has it."""
    async with database.transaction() as connection:
        held = await store.holders(connection, identifier_hash("line", NO_SHOP, user_id), "line", NO_SHOP, user_id)
        if not held:
            return None
        who = SignedIn(held[0].member_id, held[0].owner_id)
        await record.audit(connection, who.holder_id, principal.integration, "member.signed_in", now, by="line")
        return who


async def prove(database: Database, user_id: str, now: Instant) -> str:
    """Keep that somebody has logged in by this LINE account; gives the id that proves it, once and for half an hour,
    as the token of an identifier of kind ``line``."""
    code_id, code = codes.new_id(), codes.new_code()
    subject = codes.subject_of("contact", "line", user_id)
    async with database.writing() as connection:
        await codes.add(connection, code_id, subject, code, now)
        proves_until = await codes.confirm(connection, code_id, subject, code, now)
    assert proves_until is not None, "nobody else knows the code"
    return code_id
