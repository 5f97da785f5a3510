"""The words of notices, in the reader's language: a title, a short body, and how a mail ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from goen.messaging.model import Kind, Language

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Words(NamedTuple):
    """``link`` is the page of the member's own that tells more."""

    title: str
    body: str
    link: str


def words_of(kind: Kind, details: Mapping[str, Any], language: Language, name: str) -> Words:
    """A notice in words. ``details``: ``points``, ``on`` (a day) and ``left`` (days) of points that end; ``until`` (a
    day, or absent) of a coupon; ``points`` and ``shop`` (its name) of points earned. ``name``: the programme's."""
    english = language == "en"
    if kind == "expiring":
        points, day, left = details["points"], date.fromisoformat(details["on"]), details["left"]
        if english:
            when = "today" if not left else "tomorrow" if left == 1 else f"in {left} days"
            body = f"{points:,} P can be used through {_day(day, language)} ({when})."
            return Words(_titled("Points are about to expire", name, language), body, "/me/points")
        when = "本日まで" if not left else f"あと{left}日"
        body = f"{points:,}Pの有効期限は{_day(day, language)}（{when}）です。"
        return Words(_titled("ポイントの有効期限のお知らせ", name, language), body, "/me/points")
    if kind == "coupon":
        until = date.fromisoformat(details["until"][:10]) if details.get("until") else None
        if english:
            body = "A new coupon is yours." + (f" Use it through {_day(until, language)}." if until else "")
            return Words(_titled("A coupon for you", name, language), body, "/me/benefits")
        body = "新しいクーポンが届きました。" + (f"有効期限は{_day(until, language)}です。" if until else "")
        return Words(_titled("クーポンのお知らせ", name, language), body, "/me/benefits")
    points, shop = details["points"], details["shop"]
    if english:
        return Words(_titled("Points earned", name, language), f"{points:,} P at {shop}.", "/me")
    return Words(_titled("ポイントが貯まりました", name, language), f"{shop}で{points:,}Pを獲得しました。", "/me")


def mail_text(words: Words, language: Language, name: str) -> str:
    """A notice as the text of a mail: who sends it, and how it is stopped (rule 57)."""
    if language == "en":
        who = f"{name} members' programme" if name else "Members' programme"
        return (
            f"{words.body}\n\nOn your member's page you see all your points and until when they can be used."
            f"\n\n--\n{who}\nTo stop these notices, change “What I agree to” on your member's page."
        )
    who = f"{name} 会員プログラム" if name else "会員プログラム"
    return (
        f"{words.body}\n\nポイントの残高と有効期限の一覧は、会員ページでご確認いただけます。"
        f"\n\n--\n{who}\n配信の停止は、会員ページの「同意していること」からお手続きください。"
    )


def _titled(title: str, name: str, language: Language) -> str:
    if not name:
        return title
    return f"{name}: {title}" if language == "en" else f"【{name}】{title}"


def _day(day: date, language: Language) -> str:
    if language == "en":
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日"
