"""JAN (EAN) numbers: the check digit, and the prefixes that a store may use for itself (rule 42)."""

from __future__ import annotations


def check_digit(digits: str) -> str:
    """The check digit of JAN and EAN for the digits before it: weights 1 and 3 in turn, 3 the last."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def is_valid(number: str, length: int = 13) -> bool:
    """Whether this is a JAN of ``length`` digits (13 or 8) with the right check digit."""
    return len(number) == length and number.isascii() and number.isdigit() and number[-1] == check_digit(number[:-1])


def in_store(number: str) -> bool:
    """Whether a JAN-13 begins with 20 to 29, which GS1 leaves to each store: member cards, and nobody's goods."""
    return is_valid(number) and number[0] == "2"
