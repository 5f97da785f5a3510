"""Whatever is typed into whichever form is text on whichever page, and in no spreadsheet a formula.

The forms are those of the office's table of addresses, their inputs those that the pages have, the pages those that
links lead to: what is added later is walked as well.
"""
# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.

from __future__ import annotations

import csv
import html
import io
import re
from html.parser import HTMLParser
from typing import Any

from goen.web.office.table import ROUTES
from web.conftest import csrf_of, employ, signed_in
from web.members import shop, visiting  # noqa: F401 - a fixture

NASTY = "=1+1<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
FORMS = [
    each.path for each in ROUTES
    if each.method == "GET" and "{" not in each.path
    and (each.path.startswith("/office/new/") or each.path.endswith("/edit"))
]  # fmt: skip
#: What an input gets that takes no such text, one after the other.
PLAIN = ("nasty", "10", "2099-01-01", "2099-01-01T10:00", "2099-02-01T10:00", "")
PAGES_MAX = 400


class Inputs(HTMLParser):
    """What the form of a page would send, with texts in place of what can be typed; and what more it can ask for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.typed: list[str] = []
        self.adds: list[str] = []
        self._select, self._inside = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = {key: value or "" for key, value in attributes}
        if tag == "form":
            self._inside = told.get("id") == "editor"
        if not self._inside:
            return
        if asked := re.search(r'"do": "((?:add|kind):[^"]+)"', told.get("hx-vals", "")):
            self.adds.append(asked[1])
        name = told.get("name", "")
        if tag == "select":
            self._select, self.sent[name] = name, ""
        elif tag == "option" and self._select and ("selected" in told or not self.sent[self._select]):
            self.sent[self._select] = told.get("value", "")
        elif tag == "textarea" or (tag == "input" and told.get("type", "text") in ("text", "search")):
            if "num" in told.get("class", "").split():
                self.sent[name] = told.get("value", "")
            else:
                self.sent[name] = NASTY
                self.typed.append(name)
        elif tag == "input" and (told.get("type") != "checkbox" or "checked" in told):
            self.sent[name] = told.get("value", "on")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "form":
            self._inside = False


def sound(page: str, where: str) -> None:
    assert "<script>alert" not in page, where
    assert "<img src=x" not in page, where


async def filled(visitor: Any, path: str) -> str:
    """Fill a form with what is nasty wherever it is taken, and save it; gives where that leads."""
    form = Inputs((await visitor.get(path)).text)
    for asked in dict.fromkeys(form.adds):  # Every kind of row once, so that each input there is has been shown.
        shaped = await visitor.post(f"{path}/form", data=form.sent | {"do": asked}, headers={"HX-Request": "true"})
        assert shaped.status_code == 200, (path, asked)
        sound(shaped.text, f"{path} {asked}")
    if not form.typed:
        return path  # Nothing to type before a row is there; the rows were asked for above.
    sent, tried = dict(form.sent), dict[str, int]()
    for _ in range(80):
        look = await visitor.post(f"{path}/form", data=sent | {"do": "look"}, headers={"HX-Request": "true"})
        sound(look.text, path)
        answer = await visitor.post(path, data=sent)
        sound(answer.text, path)
        if answer.status_code == 303:
            assert NASTY in sent.values(), f"{path} takes no text at all"
            return str(answer.headers["location"])
        assert answer.status_code == 422, (path, answer.status_code)
        [(alert, place_of)] = re.findall(r'role="alert">(.*?href="#([^"]*)".*?)</div>', answer.text, re.S)
        near = (place_of, f"{place_of}+", f"{place_of.rpartition('.')[0]}+")
        wrong = next((each for each in near if each in sent), "")
        assert wrong, (path, alert)
        place = tried.get(wrong, 0)
        assert place < len(PLAIN), (path, wrong)
        sent[wrong], tried[wrong] = PLAIN[place], place + 1
    raise AssertionError(path)


async def test_what_is_typed_into_any_form_is_text_on_every_page(shop: Any) -> None:
    await employ(shop.database, shop.clock)
    member = await shop.member(name=NASTY, address=NASTY)
    await shop.buys(member, "r1", 110_000)
    async with signed_in(shop.application, "owner", shop.clock) as visitor:
        saved = {path: await filled(visitor, path) for path in FORMS}
        note = {
            "csrf": csrf_of(visitor), "points": "1", "reason": "other", "note": NASTY, "key": "k", "sure": "1",
        }  # fmt: skip
        assert (await visitor.post(f"/office/members/{member['id']}/adjust", data=note)).status_code in (200, 303)
        ahead = [*saved.values(), *(each.path for each in ROUTES if each.method == "GET" and "{" not in each.path)]
        seen: set[str] = set()
        shown = exported = 0
        while ahead and len(seen) < PAGES_MAX:
            path = ahead.pop(0).partition("#")[0]
            if path in seen or path.startswith(("/office/live", "/office/sign-")):
                continue
            seen.add(path)
            answer = await visitor.get(path)
            if "text/csv" in answer.headers.get("content-type", ""):
                exported += 1
                for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))):
                    assert not [each for each in row if each.startswith(FORMULAS) and "script" in each], path
            elif "text/html" in answer.headers.get("content-type", ""):
                sound(answer.text, path)
                shown += html.escape("<script>alert") in answer.text
                links = map(html.unescape, re.findall(r'href="(/(?:office|terms)[^"]*)"', answer.text))
                exports = map(html.unescape, re.findall(r'href="(\?[^"]*export=csv-utf8[^"]*)"', answer.text))
                ahead += [path.partition("?")[0] + each for each in exports]
                ahead += [each for each in links if "export=" not in each or "export=csv-utf8" in each]
        assert shown > 2 * len(FORMS), "pages show what was typed"
        assert exported > 5
    async with visiting(shop) as phone:
        for path in ("/me", "/me/points", "/me/benefits", "/me/rewards", "/me/profile", "/rules", "/terms"):
            sound((await phone.get(path)).text, path)
