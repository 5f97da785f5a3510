"""Phone numbers in E.164 (rule 44).

Japanese lists write one number in a dozen ways: full width, with the long-vowel mark as a hyphen, with +81, without
its leading zero after a trip through a spreadsheet, with a label before it and an extension behind.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from goen.identity.normalise.plain import DASHES, plain

_EXTENSION = re.compile(r"(?:内線|ext\.?|extension|[x#;]).*$", re.IGNORECASE | re.DOTALL)
_PHONE = re.compile(rf"[^0-9+]{{0,20}}(\+?[0-9\s().\[\]・/_{re.escape(DASHES)}]+)[^0-9]{{0,20}}")
_NOT_DIGITS = re.compile(r"[^0-9]+")
# Numbers of Japan without their leading zero: 050 to 090 (mobile, IP, 0800) have ten digits, others nine.
_JAPANESE = re.compile(r"[5-9]0[0-9]{8}|[1-9][1-9][0-9]{7}")


@lru_cache(maxsize=16_384)
def phone(value: str) -> str | None:
    """E.164 of a phone number, read as one of Japan where it names no country: ``+819012345678``.

    Labels in front (``TEL:``) and extensions behind are dropped. Foreign numbers must be valid; Japanese
    ones must have the right length for their beginning, as new ranges open before the tables know them.
    """
    if value.isascii() and value.isdigit() and value[0] == "0" and _JAPANESE.fullmatch(value, 1):
        return "+81" + value[1:]
    text = _EXTENSION.sub("", plain(value))
    found = _PHONE.fullmatch(text)
    if not found:
        return None
    number = found[1].strip()
    digits = _NOT_DIGITS.sub("", number)
    if number.startswith("+") or digits.startswith("0081"):
        digits = "+" + digits.lstrip("0")
    elif len(digits) in (9, 10) and digits[0] != "0" and _JAPANESE.fullmatch(digits):
        # A spreadsheet took the leading zero.
        return "+81" + digits
    try:
        parsed = phonenumbers.parse(digits, "JP")
    except phonenumbers.NumberParseException:
        return None
    national = str(parsed.national_number)
    if parsed.country_code == 81 and not parsed.italian_leading_zero:
        known = _JAPANESE.fullmatch(national) or phonenumbers.is_valid_number(parsed)
    else:
        known = phonenumbers.is_valid_number(parsed)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if known else None
