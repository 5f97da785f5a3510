"""Who sends notifications, in their own words (RFC 8292): a token signed by the installation's key."""

from __future__ import annotations

import base64
from datetime import timedelta
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from goen.channels.push.encrypt import CURVE, point
from goen.vocabulary.clock import Instant

#: Push services take no token that is good for longer than a day.
GOOD_FOR = timedelta(hours=12)


def new_key() -> bytes:
    """A private key: 32 bytes."""
    return ec.generate_private_key(CURVE).private_numbers().private_value.to_bytes(32, "big")


def public_of(private_key: bytes) -> str:
    """The public key as browsers are given it when they subscribe."""
    return written(point(ec.derive_private_key(int.from_bytes(private_key, "big"), CURVE).public_key()))


class Vapid:
    """Signs for one installation. ``contact``: ``mailto:`` or ``https:``, whom push services may turn to."""

    def __init__(self, private_key: bytes, contact: str) -> None:
        self._key = ec.derive_private_key(int.from_bytes(private_key, "big"), CURVE)
        self._contact = contact
        self._public = public_of(private_key)

    def authorization(self, endpoint: str, now: Instant) -> str:
        """The header for a push service."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + GOOD_FOR).timestamp()),
            "sub": self._contact,
        }
        return f"vapid t={jwt.encode(claims, self._key, algorithm='ES256')}, k={self._public}"


def written(raw: bytes) -> str:
    """Bytes as the Push API writes them: base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read(text: str) -> bytes:
    """The other way.

    Raises:
        ValueError: it is none.
    """
    return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
