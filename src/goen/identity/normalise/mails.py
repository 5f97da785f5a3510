"""Mail addresses: one width and case for comparing and sending, and a key that tells one mailbox (rule 44)."""

from __future__ import annotations

import re

from goen.identity.normalise.plain import plain

_LOCAL = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}")
_DOMAIN = re.compile(r"(?:[^\W_]+(?:-+[^\W_]+)*\.)+[^\W_]+(?:-+[^\W_]+)*")
_LENGTH_MAX = 254
_LABEL = re.compile(r"mailto:", re.IGNORECASE)


def email(value: str) -> str | None:
    """A mail address in one width and case. The form is for comparing and for sending.

    Consecutive dots, and dots at either end, are kept: Japanese carriers issued such addresses.
    """
    local, at, domain = _LABEL.sub("", plain(value), count=1).lower().rpartition("@")
    domain = domain.replace("。", ".")
    address = f"{local}@{domain}"
    good = at and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain) and len(address) <= _LENGTH_MAX
    return address if good else None


def match_key(address: str) -> str:
    """What tells whether two normal addresses reach one mailbox: Gmail's dots and plus parts folded.

    For comparing only, never for sending and never as an identifier's normal form.
    """
    local, _, domain = address.partition("@")
    if domain in ("gmail.com", "googlemail.com"):
        return f"{local.partition('+')[0].replace('.', '')}@gmail.com"
    return address
