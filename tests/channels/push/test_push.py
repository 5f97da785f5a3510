"""Web Push: the standard's own example, who signs, and what push services answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from goen.channels.push.contract import Browser
from goen.channels.push.encrypt import CURVE, PAYLOAD_BYTES_MAX, _derived, encrypted, point, public_key
from goen.channels.push.service import WebPush
from goen.channels.push.vapid import Vapid, new_key, public_of, read, written


def derived(scalar: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(read(scalar), "big"), CURVE)


# RFC 8291, section 5.
THEIRS = derived("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
OURS = derived("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
AUTH = read("BTBZMqHH6r4Tts7J_aSIgg")
SALT = read("DGv6ra1nlYgDCS1FRnbzlw")
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def decrypted(body: bytes) -> bytes:
    """As the browser of the example reads a message."""
    salt, length, here = body[:16], body[20], body[21:86]
    assert (int.from_bytes(body[16:20], "big"), length) == (4096, 65)
    shared = THEIRS.exchange(ec.ECDH(), public_key(here))
    secret = _derived(shared, AUTH, b"WebPush: info\0" + point(THEIRS.public_key()) + here, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    text = AESGCM(key).decrypt(_derived(secret, salt, b"Content-Encoding: nonce\0", 12), body[86:], None)
    assert text[-1] == 2
    return text[:-1]


def browser(endpoint: str = "https://push.example.net/x") -> Browser:
    return Browser(endpoint, point(THEIRS.public_key()), AUTH)


def test_the_example_of_rfc_8291_comes_out_to_the_byte() -> None:
    words = b"When I grow up, I want to be a watermelon"
    assert written(encrypted(words, browser(), ours=OURS, salt=SALT)) == BODY
    assert decrypted(encrypted(words, browser())) == words
    assert encrypted(words, browser()) != encrypted(words, browser())
    assert len(encrypted(b"x" * PAYLOAD_BYTES_MAX, browser())) == 4096


@pytest.mark.parametrize("wrong", [b"", b"\x04" + bytes(64), bytes(65), b"\x04" + b"\xff" * 64])
def test_a_key_that_is_no_point_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        public_key(wrong)


def test_a_token_names_the_service_ends_within_a_day_and_is_signed_by_the_key(clock: Any) -> None:
    key = new_key()
    header = Vapid(key, "mailto:points@example.jp").authorization("https://push.example.net:8443/a/b", clock.now())
    token, told = header.removeprefix("vapid t=").split(", k=")
    assert told == public_of(key)
    claims = jwt.decode(
        token, public_key(read(told)), algorithms=["ES256"], audience="https://push.example.net:8443",
        options={"verify_exp": False},
    )  # fmt: skip
    assert claims["sub"] == "mailto:points@example.jp"
    assert timedelta() < timedelta(seconds=claims["exp"] - clock.now().timestamp()) < timedelta(hours=24)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(201, "sent"), (404, "gone"), (410, "gone"), (429, "again"), (503, "again"), (400, "failed"), (403, "failed")],
)
async def test_what_a_push_service_says_becomes_one_word(clock: Any, status: int, outcome: str) -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(each.split(b":")[1]) for each in head.split(b"\r\n") if each.lower().startswith(b"content-length")
        )
        asked.extend([head, await reader.readexactly(length)])
        writer.write(b"HTTP/1.1 %d x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    push = WebPush(Vapid(new_key(), "mailto:points@example.jp"), "loopback", clock)
    assert await push.send(browser(f"http://127.0.0.1:{port}/x"), b'{"title":"a"}', 60) == outcome
    head = asked[0].lower()
    assert b"content-encoding: aes128gcm" in head
    assert b"ttl: 60" in head
    assert b"authorization: vapid t=" in head
    assert decrypted(asked[1]) == b'{"title":"a"}'
    await push.close()
    guarded = WebPush(Vapid(new_key(), "mailto:points@example.jp"), "public", clock)
    assert await guarded.send(browser(f"http://127.0.0.1:{port}/x"), b"{}", 60) == "again"
    assert len(asked) == 2, "our own network is not reached by an address that a browser chose"
    await guarded.close()
    server.close()
