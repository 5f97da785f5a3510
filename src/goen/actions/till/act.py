"""What an act is to the till: a key, what it wants to see, and a decision made of what it saw.

The till reads what all acts of a batch want at once, lets each decide against what the ones before it
left, writes everything in one commit, and answers. ``decide`` is pure: it may run several times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

import msgspec

from goen.actions.till.facts import Span
from goen.identity.presented import Presented
from goen.vocabulary.refusal import Refusal

if TYPE_CHECKING:
    from goen.actions.till.books import Books
    from goen.actions.till.desk import Desk
    from goen.database.pool import Reading

T = TypeVar("T", bound=msgspec.Struct)

#: Idempotency keys are kept for 400 days (api.md); documents' own ids for ever.
KEY_DAYS = 400


class Key(NamedTuple):
    """A business key as the registry knows it: 128 bits of (scope, kind, key), in two halves."""

    key_hash: int
    key_check: int
    keep_until: date | None = None


def key_of(scope: str, kind: str, key: str, keep_until: date | None = None) -> Key:
    """The registry key of a document (scope ``shop:<id>``) or of an ``Idempotency-Key`` (``integration:<name>``)."""
    digest = blake2b(f"{scope}\x1f{kind}\x1f{key}".encode(), digest_size=16).digest()
    return Key(
        int.from_bytes(digest[:8], "big", signed=True),
        int.from_bytes(digest[8:], "big", signed=True),
        keep_until,
    )


def digest_of(request: bytes) -> int:
    """64 bits of a canonical request: equal requests are equal here; a difference is told field by field."""
    return int.from_bytes(blake2b(request, digest_size=8).digest(), "big", signed=True)


class Wants(msgspec.Struct, frozen=True):
    """What must be read before an act can decide.

    ``members``: as presented. ``purchases``: public ids; ``receipts``: keys of purchases known by receipt only.
    ``holds``: public ids. ``limits``: (code, period) of the members, and of those whose purchases are wanted.
    ``spends``: the lots first in spending order are needed; ``all_lots``: every open one is likely to be.
    What live campaigns ask for: ``history`` of earlier purchases and ``traits`` of the members, products by
    ``skus``, ``shared`` limit accounts (anchor, code, period). ``coupons`` by code, at the sale's moment. ``tiers``:
    where the members stand on these ladders, and what they have bought since a day. ``stamps``: their stamp cards.
    """

    members: tuple[Presented, ...] = ()
    purchases: tuple[str, ...] = ()
    receipts: tuple[Key, ...] = ()
    holds: tuple[str, ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    spends: bool = False
    all_lots: bool = False
    history: bool = False
    traits: bool = False
    skus: tuple[str, ...] = ()
    shared: tuple[tuple[int, str, str], ...] = ()
    coupons: tuple[tuple[str, datetime], ...] = ()
    tiers: tuple[Span, ...] = ()
    stamps: bool = False


class Stored(msgspec.Struct, frozen=True):
    """What an earlier act with the same key left: the request as stored and the answer, byte for byte."""

    kind: str
    digest: int
    request: bytes
    status: int
    answer: bytes
    subject: str | None


class Answer(msgspec.Struct, frozen=True):
    """What the caller is told: a status, the body's bytes, and whether they are those of an earlier act."""

    status: int
    body: bytes
    replayed: bool = False


class Act:
    """Base of all acts at the till. Subclasses set ``kind``, fill ``key`` and ``wants``, and decide."""

    kind: ClassVar[str]
    key: Key
    wants: Wants
    #: Acts with a token in common are never in two batches at once in this process.
    token: int | str | None = None
    integration: str
    author: str | None = None
    #: Whether the act has more to read than it can say in ``wants``; see :meth:`look`.
    looks: ClassVar[bool] = False
    #: Set where only the first answer may be given again, and why a fresh act is refused.
    only_repeats: Refusal | None = None

    async def look(self, connection: Reading, books: Books) -> Any:
        """Read what the act alone needs, after all that ``wants`` names; :meth:`Desk.seen` gives it back. Under the
        same guard as the rest: the versions of the accounts."""
        raise NotImplementedError  # pragma: no cover - abstract

    def decide(self, desk: Desk) -> Decided:
        """Decide against what the desk shows. Pure; raises a Refusal, which takes no key."""
        raise NotImplementedError  # pragma: no cover - abstract

    def asked(self, desk: Desk) -> msgspec.Struct:
        """The request as it is compared: members by our id, secrets left out."""
        raise NotImplementedError  # pragma: no cover - abstract

    def request(self, desk: Desk) -> bytes:
        """What :meth:`asked` gives, as it is stored; equal requests have equal bytes."""
        return canonical(self.asked(desk))

    def differing(self, desk: Desk, earlier: Stored) -> list[str]:
        """Where the request stored under the key differs from this one; see :func:`differing`."""
        return differing(earlier.request, self.asked(desk))


class Decided(msgspec.Struct, frozen=True):
    """The outcome of a decision: status and body of the answer, and the subject it made (purchase, hold …)."""

    status: int
    body: bytes
    subject: str | None = None
    #: False where a table of its own keeps the request (a purchase's document).
    store_request: bool = True
    #: The canonical request where deciding has encoded it already.
    request: bytes | None = None
    #: The member under whom the act is filed; below zero a guest's stand-in.
    member_id: int = 0


#: A request, or a part of one, as it is stored.
canonical = msgspec.json.Encoder().encode


def differing(stored: bytes | str, asked: T, written_out: Callable[[T], T] = lambda each: each) -> list[str]:
    """Paths (``lines.0.amount``) at which a stored request differs from this one, compared as values:
    order of keys, white space, written-out defaults and ways to write a number do not matter. ``written_out`` fills in
    those defaults that no type tells."""
    return list(_differing(written_out(msgspec.json.decode(stored, type=type(asked))), written_out(asked), ""))


def _differing(left: Any, right: Any, path: str) -> Iterator[str]:
    if isinstance(left, msgspec.Struct) and type(left) is type(right):
        for name, shown in zip(left.__struct_fields__, left.__struct_encode_fields__, strict=True):
            if name not in _MEMBERS or not same_member(getattr(left, name), getattr(right, name)):
                # Named as callers name it: what stands beside the body of a request is ours.
                inner = path if name == "body" else f"{path}.{shown}".lstrip(".")
                yield from _differing(getattr(left, name), getattr(right, name), inner)
    elif isinstance(left, tuple) and isinstance(right, tuple) and len(left) == len(right):
        for i, (a, b) in enumerate(zip(left, right, strict=True)):
            yield from _differing(a, b, f"{path}.{i}")
    elif left != right:
        yield path


#: Fields that name members.
_MEMBERS = frozenset({"member", "sender", "receiver", "source", "survivor"})


def same_member(left: Any, right: Any) -> bool:
    """A named member that cannot be told any more (value "?") is taken for the one of the first time."""
    return left == right or (left is not None and right is not None and "?" in (left.value, right.value))


def members_of(stored: bytes | str) -> dict[str, str]:
    """The fields of a stored request that name members, with our ids for them."""
    request = msgspec.json.decode(stored)
    named = {name: request[name] for name in sorted(_MEMBERS & request.keys()) if request[name] is not None}
    return {name: who["value"] for name, who in named.items() if who["value"] != "?"}
