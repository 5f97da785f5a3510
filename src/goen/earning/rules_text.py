"""The programme's rules as members read them, with examples that the engine itself works out.

Every sentence comes from a setting and every figure of an example from :class:`Engine`, so the text
cannot promise what the engine does not do.
"""

from __future__ import annotations

from goen.earning import rules_en, rules_ja
from goen.earning.evaluate import compile_programme
from goen.earning.programme import Programme
from goen.earning.words import Language


def text(programme: Programme, language: Language) -> str:
    """The rules as a short text: headings on lines of their own, one rule per line below them."""
    engine = compile_programme(programme)
    sections = rules_ja.sections(engine) if language == "ja" else rules_en.sections(engine)
    heading_mark, rule_mark = ("■", "・") if language == "ja" else ("## ", "- ")
    return "\n\n".join(
        "\n".join([heading_mark + heading, *(rule_mark + rule for rule in rules)])
        for heading, rules in sections.items()
    )
