"""A member as a request names it becomes what the till and the readings ask the registry for."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from goen.actions.members.asks import NewIdentifier
from goen.actions.members.names import account_by_token, guard_vouching, web_shop
from goen.actions.points.proof import SHOWN, UNSHOWN, Proven
from goen.api.call import Call
from goen.identity.keys import NO_SHOP
from goen.identity.presented import NOBODY, NotRecognised, Presented, presented
from goen.identity.token import claims
from goen.members import store
from goen.members.errors import AmbiguousMember, PinLocked, UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.members.pin import proves
from goen.purchases.model import MemberRef, Proof, Purchase
from goen.readings.member_lookup import member_by
from goen.vocabulary.refusal import InvalidRequest, Refusal


class Named(NamedTuple):
    """A presented member; ``spent`` says that the token or rotating code that named it is good no more: then only
    the first answer may be given again. ``code`` names a rotating code of this moment, which is a proof as well.
    ``unfit`` says why nobody is taken to be named, where the sale is recorded in any case."""

    presented: Presented
    spent: Refusal | None = None
    code: str | None = None
    unfit: Refusal | None = None


class Then(NamedTuple):
    """When a till says that a member was shown to it, and whether it was off line."""

    at: datetime
    offline: bool = False


async def named(
    call: Call, ref: MemberRef, field: str = "member", *, use_token: bool = True, then: Then | None = None
) -> Named:
    """Read a member reference. With ``use_token`` a web shop's token is used up (its ``jti`` serves once).

    A rotating code is one of this moment. By ``then`` a sale that is sent again finds its first answer, and one of a
    till that was off line its member, to earn.

    Raises InvalidRequest, UnknownShop.
    """
    if ref.kind != "ec":
        if ref.token is not None or ref.shop is not None:
            raise InvalidRequest(f"{field}.{'token' if ref.token is not None else 'shop'}", "belongs to kind ec only")
        who = presented(ref.kind, ref.value, member_id_of=member_id_of, field=field)
        return await by_code(call, who, then) if who.kind == "code" else Named(who)
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


async def named_in(call: Call, ask: Purchase, *, use_token: bool = True, then: Then | None = None) -> Named | None:
    """The member of a sale, or None for a guest's. A sale of a till that was off line has happened: what does not tell
    its member leaves it to a guest, where it would refuse another.

    Raises InvalidRequest, UnknownShop.
    """
    if ask.member is None:
        return None
    try:
        who = await named(call, ask.member, use_token=use_token, then=then)
    except NotRecognised as refusal:
        if not ask.offline:
            raise
        if refusal.account is None:
            return Named(NOBODY, unfit=refusal)
        # Sent again after its time, the token still says whose sale it was.
        shop = web_shop(call.services.shops, ask.member.shop, call.principal, "member.shop")
        who = Named(presented("ec", refusal.account, shop.shop_id, member_id_of=member_id_of), unfit=refusal)
    if ask.offline and who.spent is not None:
        return who._replace(spent=None, unfit=who.spent)
    return who


async def by_code(call: Call, who: Presented, then: Then | None) -> Named:
    """Whose device shows this code, as if named by id; nobody's stays as it was presented."""
    devices, offline = call.services.devices, then is not None and then.offline
    shown = None if offline else await devices.shown(who.normal, call.now)
    if shown is not None:
        return Named(_by_number(shown.member_id), code=shown.once)
    member_id = None if then is None else await devices.shown_then(who.normal, then.at)
    if member_id is None:
        return Named(who)
    return Named(_by_number(member_id), None if offline else UnknownMember())


def _by_number(member_id: int) -> Presented:
    return presented("member_id", public_id(member_id), member_id_of=member_id_of)


async def proven(call: Call, proof: Proof | None, who: Named | None) -> Proven:
    """Whether the proof that came with a spend holds (rule 43). A clerk's look is believed and recorded; a rotating
    code that names the member is a proof as well. It says why where it cannot be told: too many wrong PINs, or a name
    that several carry.
    """
    if who is None or who.unfit is not None:
        return UNSHOWN
    try:
        return await _proven(call, proof, who)
    except (PinLocked, AmbiguousMember) as refusal:
        return Proven(False, refused=refusal)


async def _proven(call: Call, proof: Proof | None, who: Named) -> Proven:
    if proof is not None and await _holds(call, proof, who.presented):
        return SHOWN
    if proof is not None and proof.kind == "code":
        shown = await call.services.devices.shown(proof.value, call.now)
        if shown is not None:
            async with call.services.database.reading() as connection:
                holder = await store.survivor_of(connection, shown.member_id)
            if holder == await member_of(call, who.presented):
                return Proven(True, shown.once)
    return UNSHOWN if who.code is None else Proven(True, who.code)


async def _holds(call: Call, proof: Proof, who: Presented) -> bool:
    if proof.kind == "staff":
        return bool(proof.value.strip())
    if proof.kind == "pin":
        member_id = await member_of(call, who)
        return member_id is not None and await proves(call.services.database, member_id, proof.value, call.now)
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
