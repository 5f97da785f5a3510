"""The model: what is compared, in which levels, and the weights found for them without labels.

Fellegi-Sunter by Splink. A comparison looks at one thing two records may share, in levels from "the same" down
to "different"; each level has m (how often it occurs between two records of one person) and u (how often between
strangers). u comes from random pairs, m from expectation maximisation over several blockings, the prior from
deterministic rules. The SQL of the levels is kept to what DuckDB and Spark both read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from goen.identity.matching.readings import LARGE_KANA

Script = Literal["japanese", "latin"]

#: Raised whenever levels or columns change: a model of another version is trained anew.
MODEL_VERSION = 1


@dataclass(frozen=True)
class Level:
    """One outcome of a comparison. ``sql`` is true for it; ``tf`` a column whose rarity adds to its weight."""

    code: str
    sql: str
    tf: str | None = None


@dataclass(frozen=True)
class Comparison:
    """One thing that is compared; ``columns`` must be filled for it to make sense. The last level is "different"."""

    name: str
    columns: tuple[str, ...]
    unknown: str
    levels: tuple[Level, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes by Splink's number of the level: 0 is "different", -1 (unknown) has none."""
        return ("different", *(level.code for level in reversed(self.levels)))


def _missing(column: str) -> str:
    return f"{column}_l is null or {column}_r is null"


def _same(column: str) -> str:
    return f"{column}_l = {column}_r"


def _close(column: str, length: int, edits: int = 1) -> str:
    return (
        f"length({column}_l) >= {length} and length({column}_r) >= {length}"
        f" and levenshtein({column}_l, {column}_r) <= {edits}"
    )


def _collapsed(column: str) -> str:
    for large, small in LARGE_KANA:
        column = f"replace({column}, '{large}', '{small}')"
    return column


_STARTS = (
    "(length(given_reading_l) >= 3 and given_reading_r like given_reading_l || '%') or "
    "(length(given_reading_r) >= 3 and given_reading_l like given_reading_r || '%')"
)
_MAYBE = "maybe_l like '% ' || given_reading_r || ' %' or maybe_r like '% ' || given_reading_l || ' %'"
_SWAPPED = "given_reading_l = family_reading_r and family_reading_l = given_reading_r"

_OTHER_KANJI = "given_l <> given_r"
GIVEN_JAPANESE = Comparison(
    "given",
    ("given_reading", "given"),
    f"({_missing('given')}) and ({_missing('given_reading')}) and ({_missing('whole')})"
    f" and not coalesce({_MAYBE}, false)",
    (
        Level("written", "given_l = given_r or whole_l = whole_r", "given"),
        # Read alike but written with other kanji: a slip of the pen, or somebody else.
        Level("homophone", f"given_folded_l = given_folded_r and {_OTHER_KANJI}", "given_folded"),
        Level("reading", "given_reading_l = given_reading_r or whole_reading_l = whole_reading_r", "given_reading"),
        Level(
            "alike",
            f"given_folded_l = given_folded_r or (({_MAYBE}) and not coalesce({_OTHER_KANJI}, false))",
            "given_folded",
        ),
        Level("short", _STARTS),
        Level(
            "near", f"({_close('given_folded', 4)}) or {_collapsed('given_folded_l')} = {_collapsed('given_folded_r')}"
        ),
    ),
)
GIVEN_LATIN = Comparison(
    "given",
    ("given_reading",),
    _missing("given_reading"),
    (
        Level("reading", _same("given_reading"), "given_reading"),
        Level("swapped", _SWAPPED),
        Level("near", f"({_close('given_reading', 4)}) or ({_close('given_reading', 7, 2)})"),
        Level("short", _STARTS),
    ),
)
FAMILY_JAPANESE = Comparison(
    "family",
    ("family_reading", "family"),
    f"({_missing('family')}) and ({_missing('family_reading')})",
    (
        Level("written", _same("family"), "family"),
        Level("reading", _same("family_reading"), "family_reading"),
        Level("near", f"family_folded_l = family_folded_r or ({_close('family_folded', 5)})"),
    ),
)
FAMILY_LATIN = Comparison(
    "family",
    ("family_reading",),
    _missing("family_reading"),
    (
        Level("reading", _same("family_reading"), "family_reading"),
        Level("swapped", _SWAPPED),
        Level("near", f"({_close('family_reading', 4)}) or ({_close('family_reading', 7, 2)})"),
    ),
)
BIRTH = Comparison(
    "birth",
    ("birth",),
    _missing("birth"),
    (
        Level("same", _same("birth"), "birth"),
        Level(
            "near",
            "levenshtein(birth_l, birth_r) <= 1 or "
            "birth_l = substr(birth_r, 1, 5) || substr(birth_r, 9, 2) || '-' || substr(birth_r, 6, 2)",
        ),
        Level(
            "partly",
            "levenshtein(birth_l, birth_r) <= 2",
        ),
    ),
)
SEX = Comparison("sex", ("sex",), _missing("sex"), (Level("same", _same("sex")),))
PHONE = Comparison(
    "phone",
    ("phone",),
    _missing("phone"),
    (Level("same", _same("phone"), "phone"), Level("near", _close("phone", 10))),
)
EMAIL = Comparison(
    "email",
    ("email",),
    _missing("email"),
    (
        Level("same", _same("email"), "email"),
        Level(
            "near",
            f"({_close('email', 10, 2)}) or (length(email_l) >= 10 and"
            " substr(email_l, 1, position('@' in email_l)) = substr(email_r, 1, position('@' in email_r)))",
        ),
    ),
)
ADDRESS = Comparison(
    "address",
    ("postcode", "town", "number"),
    f"({_missing('town')}) and ({_missing('postcode')})",
    (
        Level("house", "(town_l = town_r or postcode_l = postcode_r) and number_l = number_r", "number"),
        Level("town", "town_l = town_r or postcode_l = postcode_r", "town"),
    ),
)
CITY = Comparison(
    "city",
    ("city",),
    _missing("city"),
    (Level("same", _same("city"), "city"), Level("near", _close("city", 4, 2))),
)

COMPARISONS: Mapping[Script, tuple[Comparison, ...]] = {
    "japanese": (GIVEN_JAPANESE, FAMILY_JAPANESE, BIRTH, SEX, PHONE, EMAIL, ADDRESS, CITY),
    "latin": (GIVEN_LATIN, FAMILY_LATIN, BIRTH, SEX, PHONE, EMAIL, ADDRESS, CITY),
}


#: m and u stay inside these, so that no single level ever decides alone.
LEVEL_MIN, LEVEL_MAX = 1e-7, 1 - 1e-4
#: A column filled for a smaller part of the records is not compared.
FILLED_MIN = 0.005


def usable(comparison: Comparison, filled: Mapping[str, float]) -> bool:
    """Whether a comparison makes sense where each column is filled for this part of the records."""
    return max(filled[column] for column in comparison.columns) >= FILLED_MIN


class Model(msgspec.Struct, frozen=True):
    """Weights as found. Plain numbers by comparison and level: any engine that Splink knows can use them."""

    script: Script
    records: int
    """How many records it was learned from; 0: the shipped one."""
    prior: float
    """The chance that two records at random are one person."""
    levels: dict[str, dict[str, tuple[float, float]]]
    """m and u by comparison and level."""
    rarity: bool = True
    """Whether rare values weigh more (term frequencies): not in a list too short to know what is rare."""
    version: int = MODEL_VERSION

    def over(self, prior: float, records: int) -> Model:
        """The same weights for a list too short to learn from."""
        return msgspec.structs.replace(self, prior=prior, records=records, rarity=False)

    @classmethod
    def learned(
        cls, script: Script, prior: float, records: int, saved: Mapping[str, Any], comparisons: Sequence[Comparison]
    ) -> Model:
        """The weights in what Splink saved; where it could not learn a level, the shipped ones stand in."""
        found = {each["output_column_name"]: each["comparison_levels"] for each in saved["comparisons"]}
        levels = {}
        for comparison in comparisons:
            shipped = DEFAULTS[script].levels[comparison.name]
            learned = {each["label_for_charts"]: each for each in found[comparison.name]}
            pairs = {}
            for code in comparison.codes:
                level, (m, u) = learned.get(code, {}), shipped[code]
                pairs[code] = (level.get("m_probability") or m, level.get("u_probability") or u)
            levels[comparison.name] = _proper(pairs)
        return cls(script, records, prior, {**DEFAULTS[script].levels, **levels})

    def settings(self, comparisons: Sequence[Comparison], blocks: Sequence[str], *, trained: bool) -> dict[str, Any]:
        """The settings of a Splink linker; ``trained`` puts the weights in. ``blocks`` are columns of keys."""
        return {
            "link_type": "dedupe_only",
            "unique_id_column_name": "unique_id",
            "source_dataset_column_name": "source",
            "probability_two_random_records_match": self.prior,
            "comparisons": [self._comparison(each, trained) for each in comparisons],
            "blocking_rules_to_generate_predictions": [{"blocking_rule": f"l.{key} = r.{key}"} for key in blocks],
            "retain_matching_columns": True,
            "retain_intermediate_calculation_columns": True,
            "additional_columns_to_retain": ["record"],
            "em_convergence": 0.001,
            "max_iterations": 30,
        }

    def _comparison(self, comparison: Comparison, trained: bool) -> dict[str, Any]:
        levels: list[dict[str, Any]] = [
            {"sql_condition": comparison.unknown, "label_for_charts": "unknown", "is_null_level": True}
        ]
        for level in (*comparison.levels, Level("different", "ELSE")):
            one: dict[str, Any] = {"sql_condition": level.sql, "label_for_charts": level.code}
            if level.tf and self.rarity:
                one |= {"tf_adjustment_column": level.tf, "disable_tf_exact_match_detection": True}
            if trained:
                one["m_probability"], one["u_probability"] = self.levels[comparison.name][level.code]
            levels.append(one)
        return {"output_column_name": comparison.name, "comparison_levels": levels}


def _proper(pairs: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Bounded, and each of m and u a distribution over the levels."""
    m_sum, u_sum = (sum(pair[side] for pair in pairs.values()) for side in (0, 1))
    return {
        code: (min(max(m / m_sum, LEVEL_MIN), LEVEL_MAX), min(max(u / u_sum, LEVEL_MIN), LEVEL_MAX))
        for code, (m, u) in pairs.items()
    }


_SHARED = {
    "birth": {"same": (0.9, 1e-4), "near": (0.05, 1.5e-3), "partly": (0.02, 0.016), "different": (0.03, 0.982)},
    "sex": {"same": (0.98, 0.5), "different": (0.02, 0.5)},
    "phone": {"same": (0.7, 1e-5), "near": (0.02, 1e-5), "different": (0.28, 0.99998)},
    "email": {"same": (0.75, 1e-5), "near": (0.08, 3e-5), "different": (0.17, 0.99996)},
    "address": {"house": (0.7, 2e-5), "town": (0.15, 1e-3), "different": (0.15, 0.99898)},
    "city": {"same": (0.8, 0.03), "near": (0.05, 0.01), "different": (0.15, 0.96)},
}
#: What stands in where a list is too short to learn from, or never shows a level.
DEFAULTS: Mapping[Script, Model] = {
    "japanese": Model(
        "japanese",
        0,
        1e-4,
        {
            "given": {
                "written": (0.55, 3e-4), "homophone": (0.02, 3e-4), "reading": (0.22, 1e-3), "alike": (0.04, 3e-4),
                "short": (0.03, 5e-4), "near": (0.02, 2e-3), "different": (0.12, 0.9949),
            },
            "family": {
                "written": (0.88, 4e-3), "reading": (0.06, 1e-3), "near": (0.02, 2e-3), "different": (0.04, 0.993),
            },
            **_SHARED,
        },
    ),
    "latin": Model(
        "latin",
        0,
        1e-4,
        {
            "given": {
                "reading": (0.6, 4e-3), "swapped": (0.03, 3e-4), "near": (0.15, 2e-3), "short": (0.02, 1e-3),
                "different": (0.2, 0.9927),
            },
            "family": {
                "reading": (0.65, 2e-3), "swapped": (0.03, 3e-4), "near": (0.15, 2e-3), "different": (0.17, 0.9957),
            },
            **_SHARED,
        },
    ),
}  # fmt: skip
