"""Whether a text message can reach a phone number, and whether it may be sent there."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv6Address, ip_address

import phonenumbers
from phonenumbers import PhoneNumberType

#: Lines that take no text messages. What the tables do not know yet may be a new mobile range.
_MUTE = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
    PhoneNumberType.PAGER,
}


def takes_texts(phone: str, countries: Collection[int]) -> bool:
    """Whether a text message may go to this number (E.164): a mobile phone in one of these countries (81, …).

    Numbers abroad are a way to run up somebody's bill, so countries are named on purpose.
    """
    parsed = phonenumbers.parse(phone)
    return parsed.country_code in countries and phonenumbers.number_type(parsed) not in _MUTE


def network_of(address: str) -> str | None:
    """Whom an IP address stands for: itself, of IPv6 its /64, which one household has whole; None: no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed)
