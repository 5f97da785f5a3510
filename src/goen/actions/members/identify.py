"""Add, remove and verify the names a member is known by."""

from __future__ import annotations

from goen.actions.members import record
from goen.actions.members.asks import NewIdentifier
from goen.actions.members.codes import Contact
from goen.actions.members.names import current, guard_retired, identifiers_of
from goen.database.pool import Database, Writing
from goen.identity.presented import Presented
from goen.members import codes, store
from goen.members.errors import CodeNotValid, IdentifierTaken, UnknownIdentifier
from goen.members.model import IDENTIFYING, Identifier, Row
from goen.shops.directory import ShopDirectory
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import Forbidden, InvalidRequest

_IDENTIFIERS_MAX = 100


async def add_identifier(
    database: Database,
    shops: ShopDirectory,
    principal: Principal,
    member_id: int | None,
    ask: NewIdentifier,
    now: Instant,
) -> int:
    """Add one identifier; gives its number. One that the member has already stays as it is.

    Raises:
        IdentifierTaken: another active member has it; CardRetired; InvalidRequest; UnknownShop; UnknownMember;
            MemberWithdrawn.
    """
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        [new] = await identifiers_of(connection, [ask], shops, principal, now, "")
        had = await _names(connection, row)
        for owner_id, each in had:
            if (each.kind, each.shop_id, each.normal) == (new.kind, new.shop_id, new.normal):
                if new.verified_at is not None and each.verified_at is None:
                    await _verified(connection, principal, row, owner_id, each, now)
                return each.identifier_id
        if len(had) >= _IDENTIFIERS_MAX:
            raise InvalidRequest("", f"a member has {_IDENTIFIERS_MAX} identifiers at most")
        if await store.add_identifiers(connection, row.member_id, [new], now):
            raise IdentifierTaken(new.kind, "value")
        await guard_retired(connection, [new])
        await _written_down(connection, principal, row, "identifier_added", new, now)
        return new.identifier_id


async def remove_identifier(
    database: Database,
    principal: Principal,
    member_id: int | None,
    identifier_id: int | None,
    now: Instant,
) -> None:
    """Take an identifier away; it is free for others at once. A web shop may take away its own accounts.

    Raises:
        UnknownIdentifier; Forbidden: not this key's to remove; InvalidRequest: the member number itself;
        UnknownMember; MemberWithdrawn.
    """
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        owner_id, found = await _found(connection, row, identifier_id)
        if principal.role == "ec" and (found.kind != "ec" or found.shop_id != principal.shop_id):
            raise Forbidden("A web shop may remove its own accounts only.", role=principal.role)
        numbers = {row.number, *(await store.merged_into(connection, row.member_id)).values()}
        if found.kind == "card" and found.normal in numbers:
            raise InvalidRequest("identifier_id", "the member number stays as long as the member does")
        await store.remove_identifier(connection, owner_id, found, now)
        await _written_down(connection, principal, row, "identifier_removed", found, now)


async def verify_contact(
    database: Database,
    principal: Principal,
    member_id: int | None,
    identifier_id: int | None,
    now: Instant,
) -> None:
    """Note that the member has shown a phone or mail to be theirs; from now on it is theirs alone to sign in.

    Others may go on carrying it unverified, as families do.

    Raises:
        IdentifierTaken: another member holds it verified; InvalidRequest: not a contact; UnknownIdentifier;
        UnknownMember; MemberWithdrawn.
    """
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        owner_id, found = await _found(connection, row, identifier_id)
        if found.kind in IDENTIFYING:
            raise InvalidRequest("identifier_id", "only a phone number or mail address is verified")
        if found.verified_at is None:
            await _verified(connection, principal, row, owner_id, found, now)


async def _verified(
    connection: Writing, principal: Principal, row: Row, owner_id: int, found: Identifier, now: Instant
) -> None:
    if not await store.verify(connection, owner_id, found, now):
        raise IdentifierTaken(found.kind, "value")
    await _written_down(connection, principal, row, "contact_verified", found, now)


async def _names(connection: Writing, row: Row) -> list[tuple[int, Identifier]]:
    """The member's names and those of members merged into it, each with under whom it stands."""
    owners = (row.member_id, *await store.merged_into(connection, row.member_id))
    return [(owner_id, each) for owner_id in owners for each in await current(connection, owner_id)]


async def _found(connection: Writing, row: Row, identifier_id: int | None) -> tuple[int, Identifier]:
    for owner_id, each in await _names(connection, row):
        if each.identifier_id == identifier_id:
            return owner_id, each
    raise UnknownIdentifier


async def _written_down(
    connection: Writing, principal: Principal, row: Row, what: str, identifier: Identifier, now: Instant
) -> None:
    await record.audit(
        connection, row.member_id, principal.integration, f"member.{what}", now,
        kind=identifier.kind, identifier_id=identifier.identifier_id,
    )  # fmt: skip
    await record.announce(connection, row.member_id, what, now, fields=[identifier.kind])


def link_subject(member_id: int, account: Presented) -> bytes:
    """What a code about linking this account to this member is about."""
    return codes.subject_of("link", member_id, account.shop_id, account.normal)


async def contacts_on_file(database: Database, member_id: int | None) -> list[Contact]:
    """Where a member can be sent a code: proven contacts first, then in the order they were added.

    Raises:
        UnknownMember, MemberWithdrawn.
    """
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        had = [each for each in await current(connection, row.member_id) if each.kind in ("phone", "email")]
    had.sort(key=lambda each: each.verified_at is None)
    return [Contact("phone" if each.kind == "phone" else "email", each.normal) for each in had]


async def link_account(
    database: Database,
    shops: ShopDirectory,
    principal: Principal,
    member_id: int | None,
    account: Presented,
    code_id: str,
    code: str,
    now: Instant,
) -> None:
    """Add a web shop's account to the member, who has the code that was sent to the address on file.

    Raises:
        CodeNotValid; IdentifierTaken; UnknownMember; MemberWithdrawn.
    """
    subject = link_subject(member_id or 0, account)
    async with database.writing() as connection:
        if await codes.confirm(connection, code_id, subject, code, now) is None:
            raise CodeNotValid
    ask = NewIdentifier("ec", account.normal, shops.by_id(account.shop_id).code)
    await add_identifier(database, shops, principal, member_id, ask, now)
