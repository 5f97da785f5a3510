"""Member numbers: JAN-13 codes with an in-store prefix, so that any scanner reads them (rule 42)."""

from __future__ import annotations

from goen.vocabulary.jan import check_digit

#: 20 to 29 are free for a store's own use (GS1); nobody's goods carry them.
PREFIX = "29"
SERIAL_MAX = 10**10 - 1
# Spreads neighbours over the whole range, one to one, as it shares no factor with 10. So numbers rarely meet
# cards that a retailer printed from 1 upwards, and tell nobody how many members there are.
_SPREAD = 7_368_787_961


def number_of(serial: int) -> str:
    """The number of the n-th member: prefix, ten digits, check digit. 1234 -> ``2930843438747``."""
    assert 0 < serial <= SERIAL_MAX, "ten digits hold every serial"
    digits = f"{PREFIX}{serial * _SPREAD % 10**10:010}"
    return digits + check_digit(digits)
