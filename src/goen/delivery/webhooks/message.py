"""What an endpoint receives: a JSON body and the three headers of Standard Webhooks."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC

from standardwebhooks import Webhook

from goen.delivery.feed import Event
from goen.vocabulary import ids
from goen.vocabulary.clock import Instant

SECRET_BYTES = 32


def new_secret() -> str:
    """A fresh signing secret, ``whsec_`` and base 64; shown once to who made the endpoint."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def message_id(endpoint_id: int, position: int) -> str:
    """The same for every attempt of one event at one endpoint, so that the receiver can tell a repeat."""
    return f"msg_{ids.encode(endpoint_id)}_{position}"


def body_of(event: Event) -> bytes:
    """``{"type", "timestamp", "data"}``; the same bytes at every attempt."""
    at = event.recorded_at.isoformat()
    return f'{{"type":"{event.topic}","timestamp":"{at}","data":{event.body}}}'.encode()


def headers_for(secret: str, identity: str, body: bytes, now: Instant) -> list[tuple[bytes | str, bytes | str]]:
    """The headers of one attempt. The time is that of the attempt: receivers refuse old ones."""
    now = now.astimezone(UTC)  # The library takes the clock face for UTC whatever the zone says.
    return [
        ("content-type", "application/json"),
        ("user-agent", "Goen-Webhooks"),
        ("webhook-id", identity),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", Webhook(secret).sign(identity, now, body.decode())),
    ]
