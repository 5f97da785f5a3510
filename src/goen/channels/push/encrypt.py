"""Encryption for one browser (RFC 8291, with one record of RFC 8188): the push service carries it and reads nothing."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from goen.channels.push.contract import Browser

RECORD_BYTES = 4096
#: What push services carry at least, less header, tag and delimiter.
PAYLOAD_BYTES_MAX = 3993
AUTH_BYTES = 16
CURVE = ec.SECP256R1()


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as browsers write it: 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def public_key(p256dh: bytes) -> ec.EllipticCurvePublicKey:
    """A browser's public key.

    Raises:
        ValueError: it is no point of P-256.
    """
    if len(p256dh) != 65 or p256dh[0] != 4:
        raise ValueError("not an uncompressed point of P-256")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh)
    except InvalidKey as error:
        raise ValueError("not a point of P-256") from error


def encrypted(
    payload: bytes, browser: Browser, *, ours: ec.EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """The body of a push request. ``ours`` and ``salt`` are drawn anew for each message; the standard's example gives
    its own."""
    assert len(payload) <= PAYLOAD_BYTES_MAX, "notices are short"
    ours = ours or ec.generate_private_key(CURVE)
    salt = salt or secrets.token_bytes(16)
    here = point(ours.public_key())
    shared = ours.exchange(ec.ECDH(), public_key(browser.p256dh))
    secret = _derived(shared, browser.auth, b"WebPush: info\0" + browser.p256dh + here, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(here)]) + here
    return header + AESGCM(key).encrypt(nonce, payload + b"\x02", None)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
