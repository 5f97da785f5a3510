"""Terms of membership as pages show them: headings and paragraphs."""

from __future__ import annotations

import re
from typing import NamedTuple

from goen.members.terms import Language, Terms

#: A line by itself that begins an article: 第3条（…）, 附則, ■ …; where there is none of these, 3. …
_ARTICLE = re.compile(r"^(第[0-9０-９一二三四五六七八九十百]+[条章]|附則|■).{0,60}$")
_NUMBERED = re.compile(r"^[0-9]+\. .{0,60}[^.。]$")


class Words(NamedTuple):
    """Terms in one language: their title, what is different, and the text as (heading, paragraphs)."""

    version: str
    terms: Terms
    title: str | None
    changes: str | None
    articles: list[tuple[str, list[str]]]


def words_of(terms: Terms, language: Language) -> Words:
    """The terms as a page shows them."""
    articles: list[tuple[str, list[str]]] = [("", [])]
    lines = [line.strip() for line in (terms.words("text", language) or "").splitlines() if line.strip()]
    begins = _ARTICLE if any(map(_ARTICLE.match, lines)) else _NUMBERED
    for line in lines:
        if begins.match(line):
            articles.append((line.lstrip("■ "), []))
        else:
            articles[-1][1].append(line)
    return Words(
        terms.version, terms, terms.words("title", language), terms.words("changes", language),
        [each for each in articles if any(each)],
    )  # fmt: skip
