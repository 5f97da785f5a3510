"""Numbers, points, money and dates as pages write them: ``1,234 P``, ``¥1,234``, ``2026/11/22 (日)``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from goen.earning.words import money_text
from goen.vocabulary import refusals_ja
from goen.vocabulary.refusal import Refusal
from goen.vocabulary.requests_ja import wrong

Language = Literal["ja", "en"]
_DAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
MINUS = "−"


def number(value: int) -> str:
    """``1,234``; below zero with a true minus."""
    return f"{value:,}".replace("-", MINUS)


def signed(value: int) -> str:
    """``+1,234``, ``−1,234``, ``±0``."""
    return "±0" if not value else f"{value:+,}".replace("-", MINUS)


def points(value: int) -> str:
    """``1,234 P``, never broken over lines."""
    return f"{number(value)}\u00a0P"


def money(value: int, currency: str, language: Language) -> str:
    """``¥1,234`` on pages in either language."""
    if currency == "JPY":
        return f"{MINUS if value < 0 else ''}¥{abs(value):,}"
    return money_text(value, currency, language)


def day(value: date, language: Language) -> str:
    """``2026/11/22 (日)``."""
    return f"{value:%Y/%m/%d}\u00a0({_DAYS[language][value.weekday()]})"


def moment(value: datetime, zone: ZoneInfo, language: Language) -> str:
    """Day and time of the books."""
    local = value.astimezone(zone)
    return f"{day(local.date(), language)} {local:%H:%M}"


def told(refusal: Refusal, language: str) -> str:
    """What was refused and why, to people."""
    return refusals_ja.detail(refusal, on_a_page=True) if language == "ja" else refusal.detail


def filters(language: Language) -> dict[str, Any]:
    """For templates; those that need more take it as an argument."""
    return {
        "number": number,
        "signed": signed,
        "points": points,
        "money": lambda value, currency="JPY": money(value, currency, language),
        "day": lambda value: day(value, language),
        "told": lambda refusal: told(refusal, language),
        "wrong": lambda message: wrong(message) if language == "ja" else message,
        "moment": lambda value, zone: moment(value, zone, language),
    }
