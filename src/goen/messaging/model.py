"""Values of messaging."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, NamedTuple

Kind = Literal["expiring", "coupon", "earned"]
Channel = Literal["mail", "sms", "push"]
Language = Literal["ja", "en"]
KINDS: tuple[Kind, ...] = ("expiring", "coupon", "earned")


class Hours(NamedTuple):
    """From the one hour of the shop's day to the other notices may be sent; equal ones: always."""

    first: int
    end: int


class Due(NamedTuple):
    """A last day that members are to be told of, and the threshold that it has come to."""

    on: date
    days: int


class Waiting(NamedTuple):
    """A notice taken to be sent. ``target``: the contact it may go to now, None where the person has left, taken the
    agreement back or has no contact any more. ``details`` as :mod:`goen.messaging.words` reads them."""

    member_id: int
    notice_id: int
    kind: Kind
    channel: Channel
    details: dict[str, Any]
    tries: int
    late: bool
    target: str | None
    language: str | None


class Subscription(NamedTuple):
    """A browser that takes notifications of these kinds."""

    member_id: int
    handle: int
    endpoint: str
    p256dh: bytes
    auth: bytes
    language: Language
    kinds: tuple[Kind, ...]
