"""The programme's rules as members read them, with examples that the engine itself works out.

Every sentence comes from a setting and every figure of an example from :class:`Engine`, so the text
cannot promise what the engine does not do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from goen.earning import rules_en, rules_ja
from goen.earning.campaigns.model import Campaign
from goen.earning.evaluate import compile_programme
from goen.earning.programme import Programme
from goen.earning.words import Language


def sections(programme: Programme, language: Language) -> list[tuple[str, list[str]]]:
    """Headings, each with its rules, one sentence or two a rule."""
    made = rules_ja.sections if language == "ja" else rules_en.sections
    return made(compile_programme(programme))


def offers(campaigns: Iterable[Campaign], language: Language, zone: tzinfo) -> list[str]:
    """Campaigns by name and time. Those for chosen members alone are theirs to hear of, and are left out."""
    told = rules_ja.campaign if language == "ja" else rules_en.campaign
    return [told(each, zone) for each in campaigns if not each.conditions.segments]


def text(programme: Programme, language: Language) -> str:
    """The rules as a short text: headings on lines of their own, one rule per line below them."""
    heading_mark, rule_mark = ("■", "・") if language == "ja" else ("## ", "- ")
    return "\n\n".join(
        "\n".join([heading_mark + heading, *(rule_mark + rule for rule in rules)])
        for heading, rules in sections(programme, language)
    )
