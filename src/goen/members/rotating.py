"""Rotating codes: twenty digits that a member's device shows for thirty seconds, made without a network (rule 43).

``50`` + the device's handle (ten digits) + eight digits of a time-based one-time password (RFC 6238, HMAC-SHA-256) of
the device's own secret. Nobody can make one without the secret; a picture of one is worth nothing a minute later.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

#: No card number of a JAN and no phone number has twenty digits.
PREFIX = "50"
HANDLE_DIGITS = 10
DIGITS = 8
STEP_SECONDS = 30
#: Clocks of phones and servers differ a little: so many steps to either side.
DRIFT_STEPS = 1
#: The clock of a till that was off line may be wrong by more, and such a sale only earns.
OFFLINE_STEPS = 20


class Rotating(NamedTuple):
    """A code taken apart; of which step it is, only the device's secret tells."""

    handle: int
    digits: str


def read(value: str) -> Rotating | None:
    """Take a scanned code apart; None where it is none. Full-width digits and blanks are let pass."""
    plain = "".join(str(int(each)) if each.isdecimal() else each for each in value if not each.isspace())
    if len(plain) != len(PREFIX) + HANDLE_DIGITS + DIGITS or not plain.startswith(PREFIX) or not plain.isdecimal():
        return None
    return Rotating(int(plain[len(PREFIX) : -DIGITS]), plain[-DIGITS:])


def written(handle: int, digits: str) -> str:
    """The code as it is shown and scanned."""
    return f"{PREFIX}{handle:0{HANDLE_DIGITS}}{digits}"


def secret_of(salt: bytes, key: bytes) -> bytes:
    """A device's secret: 32 bytes, from what the database keeps and what only the installation knows."""
    return hmac.digest(key, b"goen rotating code 1" + salt, sha256)


def step_at(moment: datetime) -> int:
    """The time step of a moment."""
    return int(moment.timestamp()) // STEP_SECONDS


def digits_at(secret: bytes, step: int) -> str:
    """The password of a step, by RFC 4226's truncation."""
    digest = hmac.digest(secret, step.to_bytes(8, "big", signed=True), sha256)
    place = digest[-1] & 0xF
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, digits: str, steps: Iterable[int]) -> int | None:
    """Which of these steps the password is of; None: of none. Takes as long whichever it is."""
    found = None
    for step in steps:
        if hmac.compare_digest(digits_at(secret, step), digits):
            found = step
    return found


def around(moment: datetime, drift: int) -> range:
    """The steps within ``drift`` of a moment."""
    return range(step_at(moment) - drift, step_at(moment) + drift + 1)
