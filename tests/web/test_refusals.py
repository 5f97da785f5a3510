# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.
"""Every form of the office and of the members is driven into refusals: what a Japanese page tells is Japanese."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

from goen.web.member.table import ROUTES as MEMBERS
from goen.web.office.table import ROUTES as OFFICE
from web.conftest import csrf_of, signed_in
from web.members import csrf, shop, visiting  # noqa: F401 - a fixture

#: What people are told: notes, and hints at an input.
_TOLD = re.compile(r'<(p|div|span) class="(?:note bad|hint minus)"[^>]*>(.*?)</\1>', re.DOTALL)
#: Three words of Latin letters in a row are a sentence. Names of things (API, GTIN-13, member_id) are not.
_ENGLISH = re.compile(r"[A-Za-z’']{2,} [a-z’']{1,} [a-z’']{2,}")
#: Sent under every name that a form has: nothing, nonsense, and what is too much.
_SENT = ("", "x", "999999999999999999999", "2026-13-45", "＠" * 600)
_NAMES = (
    "address", "amount", "batch", "birth_date", "category", "code", "codes", "contact", "cost", "count", "email",
    "encoding", "ends_at", "events", "expires_on", "from", "jan", "kana", "kind", "login", "member", "name", "note",
    "number", "password", "phone", "pin", "points", "postal_code", "price", "purchase", "quantity", "reason", "receipt",
    "role", "segment", "shop", "shops", "sku", "starts_at", "terms", "text", "title", "total", "url", "value",
    "version",
)  # fmt: skip


def told(page: str) -> Iterator[str]:
    for found in _TOLD.finditer(page):
        yield " ".join(html.unescape(re.sub(r"<[^>]*>", " ", found[2])).split())


def english(page: str) -> list[str]:
    return [each for each in told(page) if _ENGLISH.search(each)]


def test_the_eye_sees_an_english_sentence_and_no_name() -> None:
    assert english('<div class="note bad" role="alert"><svg/>reason: is <b>required</b> here</div>')
    assert not english('<span class="hint minus">GTIN-13 と member_id：入力が必要です。</span>')


async def walked(visitor: Any, mark: str, paths: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """What all these forms have told, and what of it was English."""
    heard, wrong = list[str](), list[tuple[str, str]]()
    for path in paths:
        for sent in _SENT:
            form = {**dict.fromkeys(_NAMES, sent), "csrf": mark, "key": "k"}
            answer = await visitor.post(re.sub(r"\{[^}]*\}", "1", path), data=form)
            assert answer.status_code < 500, path
            heard += told(answer.text)
            wrong += [(path, each) for each in english(answer.text)]
    return heard, wrong


async def test_no_form_of_the_office_answers_in_english(staffed: Any) -> None:
    paths = [each.path for each in OFFICE if each.method == "POST" and "sign-out" not in each.path]
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        heard, wrong = await walked(visitor, csrf_of(visitor), paths)
    assert not wrong
    assert len(heard) > 2 * len(paths), "most of them were refused, most of the time"


async def test_no_form_of_the_members_answers_in_english(shop: Any) -> None:
    await shop.member()
    ends = ("/me/sign-out", "/me/key")
    async with visiting(shop) as visitor:
        paths = [each.path for each in MEMBERS if each.method == "POST" and each.path not in ends]
        heard, wrong = await walked(visitor, csrf(visitor), paths)
    assert not wrong
    assert len(heard) > 2 * len(paths), "most of them were refused, most of the time"
