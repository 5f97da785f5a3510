"""Identifiers as asked become identifiers as kept: normalised, vouched for, with their registry hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from goen.actions.members.asks import NewIdentifier
from goen.actions.till.act import Key, key_of
from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.identity.keys import NO_SHOP, identifier_hash
from goen.identity.presented import WORDS, Presented, presented
from goen.identity.token import claims
from goen.members import codes, store
from goen.members.errors import CardRetired
from goen.members.ids import member_id_of
from goen.members.model import IDENTIFYING, Identifier
from goen.shops.directory import ShopDirectory
from goen.shops.model import Principal, Shop
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import Forbidden, InvalidRequest

_queries = load(__package__)


async def account_by_token(connection: Writing, token: str, shop: Shop, now: Instant, field: str = "token") -> str:
    """The account that a web shop's token vouches for; the token is used up.

    Raises:
        InvalidRequest: it is not valid, or was shown before.
    """
    shown = claims(token, secret=shop.linking_secret, shop=shop.code, now=now, field=field)
    expires_at = datetime.fromtimestamp(shown.expires_at, UTC)
    if not await store.use_token(connection, shop.shop_id, shown.jti, expires_at):
        raise InvalidRequest(field, "was used before; ask the web shop for a new one")
    return shown.account


def web_shop(shops: ShopDirectory, code: str | None, principal: Principal, field: str) -> Shop:
    """The web shop of an ``ec`` account; a web shop's own key need not name it.

    Raises:
        InvalidRequest: none is named, or it is not a web shop.
        UnknownShop: there is none of this code.
    """
    code = code or (principal.shop if principal.role == "ec" else None)
    if code is None:
        raise InvalidRequest(field, "is required for an account of a web shop")
    shop = shops.by_code(code)
    if shop.kind != "ec":
        raise InvalidRequest(field, "is not a web shop")
    return shop


def guard_vouching(principal: Principal, shop: Shop, field: str) -> None:
    """A plain account is believed from the shop's own key and from keys of our side.

    Raises:
        InvalidRequest: this key needs the shop's token instead.
    """
    if not (principal.role in ("server", "readonly") or principal.may_write(shop.shop_id)):
        raise InvalidRequest(field, f"is required: only {shop.code} itself vouches for a plain account")


async def identifiers_of(
    connection: Writing,
    asked: Sequence[NewIdentifier],
    shops: ShopDirectory,
    principal: Principal,
    now: Instant,
    place: str,
) -> list[Identifier]:
    """The identifiers to keep, in the order asked, numbered. ``place`` with ``{}`` names each in refusals.

    Raises:
        InvalidRequest: malformed, given twice, not vouched for, or a token that does not hold.
        UnknownShop: of an ``ec`` account.
        Forbidden: ``verified`` by a key that may not say so.
    """
    # An id token of LINE was read at the edge, which may ask LINE for its keys: a token of ``line`` that arrives here
    # is the id of what the edge has kept of it until now (:func:`goen.actions.members.line.prove`).
    kept: list[Identifier] = []
    seen: set[tuple[str, str, int]] = set()
    for index, (each, identifier_id) in enumerate(
        zip(asked, await store.next_identifier_ids(connection, len(asked)), strict=True)
    ):
        field = place.format(index)
        if each.verified and principal.role != "server":
            raise Forbidden("Only a server key may say that a contact is verified.", role=principal.role)
        name = await _presented(connection, each, shops, principal, now, field)
        proven = each.kind not in IDENTIFYING and each.token is not None
        if proven or (each.kind == "line" and each.token is not None):
            await _use_proof(connection, each.kind, name.normal, each.token or "", now, field)
        if name[:3] in seen:
            raise InvalidRequest(f"{field}value", "is given twice")
        seen.add(name[:3])
        assert name.hash is not None
        kept.append(
            Identifier(
                identifier_id,
                each.kind,
                name.shop_id,
                (each.value or name.normal).strip(),
                name.normal,
                name.hash,
                now if proven or (each.verified and each.kind not in IDENTIFYING) else None,
            )
        )
    return kept


async def _use_proof(connection: Writing, kind: str, normal: str, code_id: str, now: Instant, field: str) -> None:
    if not await codes.use(connection, code_id, codes.subject_of("contact", kind, normal), now):
        raise InvalidRequest(f"{field}token", "proves nothing: confirm a new code for this contact")


async def _presented(
    connection: Writing,
    asked: NewIdentifier,
    shops: ShopDirectory,
    principal: Principal,
    now: Instant,
    field: str,
) -> Presented:
    value, shop_id = asked.value, NO_SHOP
    if asked.kind == "ec":
        shop = web_shop(shops, asked.shop, principal, f"{field}shop")
        shop_id = shop.shop_id
        if asked.token is not None:
            value = await account_by_token(connection, asked.token, shop, now, f"{field}token")
            if asked.value not in (None, value):
                raise InvalidRequest(f"{field}value", "is not the token's account")
        else:
            guard_vouching(principal, shop, f"{field}token")
    elif asked.token is not None and asked.kind == "card":
        raise InvalidRequest(f"{field}token", f"belongs to no {WORDS[asked.kind]}")
    return presented(asked.kind, value, shop_id, member_id_of=member_id_of, field=field.rstrip("."))


async def current(connection: Writing, member_id: int) -> list[Identifier]:
    """The identifiers a member has now."""
    return [
        Identifier(key_hash=identifier_hash(row["kind"], row["shop_id"], row["normal"]), **row)
        for row in await store.identifiers(connection, member_id)
    ]


def card_key(normal: str) -> Key:
    """The key under which a paper card's claim stands at the till, for ever: it is there once the card is retired."""
    return key_of("card", "claim", normal)


async def retired(connection: Reading, normal: str) -> bool:
    """Whether a paper card was claimed and serves no more."""
    key = card_key(normal)
    rows = _queries.cards_retired(connection, key_hashes=[key.key_hash], key_checks=[key.key_check])
    return bool([row["n"] async for row in rows])


async def retired_among(connection: Writing, cards: Sequence[Identifier]) -> set[int]:
    """The numbers of those of these cards that were claimed and serve no more."""
    keys = [card_key(each.normal) for each in cards]
    hashes, checks = [key.key_hash for key in keys], [key.key_check for key in keys]
    if not cards:
        return set()
    rows = _queries.cards_retired(connection, key_hashes=hashes, key_checks=checks)
    return {cards[row["n"] - 1].identifier_id async for row in rows}


async def guard_retired(connection: Writing, identifiers: Sequence[Identifier]) -> None:
    """Refuse cards that were retired. To be asked once they are entered: a claim holds its card until it is done.

    Raises:
        CardRetired.
    """
    if await retired_among(connection, [each for each in identifiers if each.kind == "card"]):
        raise CardRetired
