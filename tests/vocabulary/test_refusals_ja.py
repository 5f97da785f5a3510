"""Every refusal has its Japanese, and says there what it says in English."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import goen
from goen.api.errors import STATUS
from goen.earning.errors import UseLimit
from goen.ledger.errors import NotEnoughPoints
from goen.vocabulary.refusal import Forbidden, InvalidRequest, Refusal
from goen.vocabulary.refusals_ja import SENTENCES, detail, title

_REASON_FIRST = {
    "ClaimNotPossible", "DrawEntryNotPossible", "HouseholdState", "NotRewarded", "ReferralNotPossible",
    "RewardNotAvailable", "SpendingNotAllowed", "VisitNotPossible",
}  # fmt: skip
_REASON_SECOND = {"CampaignState", "CouponNotUsable", "DrawState", "PurchaseStatus", "StandingRuleState"}
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def classes(of: type[Refusal] = Refusal) -> set[type[Refusal]]:
    for each in pkgutil.walk_packages(goen.__path__, "goen."):
        if each.name != "goen.cli.__main__":
            importlib.import_module(each.name)
    found, todo = {of}, [of]
    while todo:
        new = set(todo.pop().__subclasses__()) - found
        found |= new
        todo += new
    return {each for each in found if each.__module__.startswith("goen.")}


def sentences(row: str) -> tuple[str, ...]:
    found = SENTENCES[row]
    return (found,) if isinstance(found, str) else found


def test_every_code_has_a_japanese_sentence_that_needs_no_field():
    codes = set(STATUS) | {each.code for each in classes()}
    assert not codes - set(SENTENCES)
    for code in codes:
        assert "{" not in sentences(code)[-1], code
    assert not {row.partition(".")[0] for row in SENTENCES} - codes


def test_every_sentence_is_a_japanese_one():
    for row in SENTENCES:
        for each in sentences(row):
            assert each.endswith("。"), row
            assert JAPANESE.search(each), row


def test_every_reason_that_stands_in_the_code_has_a_sentence_of_its_own():
    """The calls of refusals with a reason, read from the sources: ``ClaimNotPossible("too_late", …)``."""
    codes = {each.__name__: each.code for each in classes()}
    seen = set()
    for path in Path(goen.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in codes):
                continue
            name, code = node.func.id, codes[node.func.id]
            narrow = [k.value for k in node.keywords if k.arg == "reason"]
            if name in _REASON_FIRST:
                narrow += node.args[:1]
            if name in _REASON_SECOND:
                narrow += node.args[1:2]
            seen |= {f"{code}.{each.value}" for each in narrow if isinstance(each, ast.Constant)}
    assert len(seen) > 50
    general = {"standing_rule_state.draft"}  # Two sentences of one state: what both mean is said.
    assert not seen - set(SENTENCES) - general


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (NotEnoughPoints(3000, 1250), "利用できるポイントが足りません（必要3,000ポイント、残り1,250ポイント）。"),
        (UseLimit(100, 100, 500), "ポイントは100ポイントから100ポイント単位、このお会計では500ポイントまで使えます。"),
        (Forbidden("Not you.", role="pos"), "この操作は許可されていません（キーの役割：pos）。"),
        (Forbidden("Not you."), "この操作は許可されていません。"),
        (InvalidRequest("lines.0.amount", "is required"), "lines.0.amount：入力が必要です。"),
        (InvalidRequest("", "a purchase has at least one line"), "明細が1行以上必要です。"),
        (InvalidRequest("kind", "Expected `str`, got `int`"), "kind：文字で入力してください。"),
        (
            InvalidRequest("x", "sum to 1,000, but 900 is payable"),
            "x：支払いの合計1,000が、お支払い額900と一致しません。",
        ),
        (InvalidRequest("x", "something never said before"), "x：内容が正しくありません。"),
        (InvalidRequest("rules.0", "店舗を指定してください"), "rules.0：店舗を指定してください。"),
    ],
)
def test_the_figures_of_the_english_sentence_are_in_the_japanese_one(refusal, says):
    assert detail(refusal) == says
    assert JAPANESE.search(title(refusal))


def test_what_a_caller_has_sent_is_never_read_as_a_template():
    hostile = "{0.__class__} {role}"
    assert detail(InvalidRequest(hostile, "is required")) == f"{hostile}：入力が必要です。"
    refusal = next(each for each in classes() if each.__name__ == "UnknownShop")(hostile)
    assert hostile in detail(refusal)
