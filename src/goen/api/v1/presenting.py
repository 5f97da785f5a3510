"""A member as a request names it becomes what the till and the readings ask the registry for."""

from __future__ import annotations

from typing import NamedTuple

from goen.actions.members.asks import NewIdentifier
from goen.actions.members.names import account_by_token, guard_vouching, web_shop
from goen.api.call import Call
from goen.identity.keys import NO_SHOP
from goen.identity.presented import Presented, presented
from goen.identity.token import claims
from goen.members import store
from goen.members.ids import member_id_of
from goen.members.pin import proves
from goen.purchases.model import MemberRef, Proof
from goen.readings.member_lookup import member_by
from goen.vocabulary.refusal import InvalidRequest, Refusal


class Named(NamedTuple):
    """A presented member; ``spent`` says that the token that named it was shown before: then only the first
    answer may be given again."""

    presented: Presented
    spent: Refusal | None = None


async def named(call: Call, ref: MemberRef, field: str = "member", *, use_token: bool = True) -> Named:
    """Read a member reference. With ``use_token`` a web shop's token is used up (its ``jti`` serves once).

    Raises InvalidRequest, UnknownShop.
    """
    if ref.kind != "ec":
        if ref.token is not None or ref.shop is not None:
            raise InvalidRequest(f"{field}.{'token' if ref.token is not None else 'shop'}", "belongs to kind ec only")
        return Named(presented(ref.kind, ref.value, member_id_of=member_id_of, field=field))
    shop = web_shop(call.services.shops, ref.shop, call.principal, f"{field}.shop")
    if ref.token is None:
        guard_vouching(call.principal, shop, f"{field}.token")
        return Named(presented("ec", ref.value, shop.shop_id, member_id_of=member_id_of, field=field))
    account = claims(
        ref.token, secret=shop.linking_secret, shop=shop.code, now=call.now, field=f"{field}.token"
    ).account
    if ref.value not in (None, account):
        raise InvalidRequest(f"{field}.value", "is not the token's account")
    who = presented("ec", account, shop.shop_id, member_id_of=member_id_of, field=field)
    if not use_token:
        return Named(who)
    async with call.services.database.writing() as connection:
        try:
            await account_by_token(connection, ref.token, shop, call.now, f"{field}.token")
        except InvalidRequest as refusal:
            return Named(who, refusal)
    return Named(who)


async def proven(call: Call, proof: Proof | None, who: Presented | None) -> bool:
    """Whether the proof that came with a spend holds (rule 43). A clerk's look is believed and recorded.

    :raises PinLocked: too many wrong PINs.
    """
    if proof is None or who is None:
        return False
    match proof.kind:
        case "staff":
            return bool(proof.value.strip())
        case "pin":
            member_id = await member_of(call, who)
            return member_id is not None and await proves(call.services.database, member_id, proof.value, call.now)
        case "code":
            # Rotating codes come with the members' own app; until a member has one, none holds.
            return False


async def member_of(call: Call, who: Presented) -> int | None:
    """The number of the person so named; None where nobody is. Raises AmbiguousMember."""
    async with call.services.database.reading() as connection:
        member_id = await member_by(connection, who)
        return None if member_id is None else await store.survivor_of(connection, member_id)


def member_path(call: Call) -> Presented:
    """The member of a path ``/v1/members/{id}/…``."""
    return Presented("member_id", "", NO_SHOP, None, member_id_of(call.path["id"]) or 0)


async def line_user(call: Call, token: str, nonce: str | None, value: str | None, field: str) -> str:
    """The LINE user that an id token vouches for; ``field`` is the reference's place in the request, with its dot.

    Raises InvalidRequest, LineMissing.
    """
    user = await call.services.line.user_of(token, call.now, nonce=nonce, field=f"{field}token")
    if value not in (None, user):
        raise InvalidRequest(f"{field}value", "is not the token's user")
    return user


async def with_line_user(call: Call, asked: NewIdentifier, field: str) -> NewIdentifier:
    """An identifier with its id token of LINE read: the user id in the token's place. Others pass as they are.

    Raises InvalidRequest, LineMissing.
    """
    if asked.kind != "line" or asked.token is None:
        return asked
    user = await line_user(call, asked.token, asked.nonce, asked.value, field)
    return NewIdentifier("line", user)
