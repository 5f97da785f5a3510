"""The registry key of an identifier: a 64-bit hash that the writer fills."""

from __future__ import annotations

from hashlib import blake2b

#: Where the kind names no shop, its rows carry this one.
NO_SHOP = 0


def identifier_hash(kind: str, shop_id: int, normal: str) -> int:
    """The hash an identifier is registered under: signed 64 bits, the same for ever.

    ``kind`` is card, phone, email, line or ec; ``shop_id`` the web shop of an ``ec`` account, else
    :data:`NO_SHOP`; ``normal`` what ``normalise`` gave. Two identifiers may share a hash: the registry
    compares kind, shop and normal form as well.
    """
    digest = blake2b(f"{kind}\x1f{shop_id}\x1f{normal}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
