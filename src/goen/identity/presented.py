"""From a member as presented to what the registry is asked for. Pure; the till calls it for every sale."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from goen.identity.keys import NO_SHOP, identifier_hash
from goen.identity.normalise import normalise
from goen.vocabulary.refusal import InvalidRequest


class NotRecognised(InvalidRequest):
    """What was shown names nobody: a value that cannot be of its kind, or a token that does not hold. ``account``:
    whose token it is where only its time is over."""

    def __init__(self, field: str, message: str, account: str | None = None) -> None:
        super().__init__(field, message)
        self.account = account


class Presented(NamedTuple):
    """One way of naming a member, ready for the registry.

    Found by ``member_id`` for the kind of that name (0 where the text is no id: nobody has it), by
    ``hash`` with kind, shop and normal form for identifiers. A rotating ``code`` has neither.
    """

    kind: str
    normal: str
    shop_id: int = NO_SHOP
    hash: int | None = None
    member_id: int | None = None


def presented(
    kind: str,
    value: str | None,
    shop_id: int | None = None,
    *,
    member_id_of: Callable[[str], int | None],
    field: str = "member",
) -> Presented:
    """Normalise a reference ``{kind, value, shop}``. ``shop_id`` matters for ``ec`` alone.

    ``member_id_of`` reads a public id; ``field`` is the reference's place in the request, for the words.

    Raises:
        InvalidRequest: no value, or no shop for an ``ec`` account.
        NotRecognised: a value that cannot be of its kind.
    """
    if not value:
        raise InvalidRequest(f"{field}.value".lstrip("."), "is required")
    if kind == "member_id":
        return Presented(kind, value, member_id=member_id_of(value) or 0)
    if kind == "code":
        return Presented(kind, value)
    if kind != "ec":
        shop_id = NO_SHOP
    elif shop_id is None:
        raise InvalidRequest(f"{field}.shop".lstrip("."), "is required for an account of a web shop")
    normal = normalise(kind, value)
    if normal is None:
        raise NotRecognised(f"{field}.value".lstrip("."), f"cannot be a {WORDS[kind]}")
    assert shop_id is not None
    return Presented(kind, normal, shop_id, identifier_hash(kind, shop_id, normal))


#: Stands for somebody of whom nothing can be told.
NOBODY = Presented("member_id", "", member_id=0)

WORDS = {
    "card": "card number",
    "phone": "phone number",
    "email": "mail address",
    "line": "LINE user id",
    "ec": "web shop account",
}
"""What people call each kind of identifier."""
