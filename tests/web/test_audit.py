"""The audit trail in words: whatever the code writes down has a name that people read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goen.readings.recent import AuditRow
from goen.web.common.pages import LANGUAGES, Language, _environment
from web.conftest import csrf_of, signed_in
from web.test_front import buy

SOURCE = Path(__file__).parents[2] / "src/goen"
WRITERS = {"audit", "_audit", "note", "_note", "note_audit", "_written", "_written_down"}
_ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
#: Actions that are put together from parts, by what stands in the source.
PUT_TOGETHER = {
    "f'member.{status}'": {"member.frozen", "member.active", "member.provisional"},
    "f'member.{what}'": {"member.identifier_added", "member.identifier_removed"},
    "f'{REASON}.points'": {"household.points"},
    "f'reward.{status}'": {"reward.shipped", "reward.done"},
}
#: Details that stand under "As kept" alone: ids, what was asked as a whole, and evidence.
FOR_MACHINES = {
    "integration", "adjustment_id", "transfer_id", "key_id", "key_ids", "identifier_id", "household_id", "merge_id",
    "claim_id", "extension_id", "endpoint", "endpoint_id", "survivor", "source", "other", "to", "run", "evidence",
    "outcome", "request", "asked", "order_id",
}  # fmt: skip


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((SOURCE / "actions").rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def calls(module: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in WRITERS:
                yield node


def actions() -> set[str]:
    """Every action that the source writes into the audit."""
    found: set[str] = set()
    for path, module in modules():
        strings = {
            node.value for node in ast.walk(module)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ACTION.fullmatch(node.value)
        }  # fmt: skip
        # Those that stand in the call, and those that a name or a condition before it holds.
        written = {text for call in calls(module) for node in ast.walk(call) for text in _texts(node)}
        found |= strings & written
        for call in calls(module):
            for node in (*call.args, *(each.value for each in call.keywords)):
                if isinstance(node, ast.JoinedStr):
                    assert ast.unparse(node) in PUT_TOGETHER, f"{path}: name what {ast.unparse(node)} comes to"
                    found |= PUT_TOGETHER[ast.unparse(node)]
                elif isinstance(node, ast.Name) and node.id in ("action", "what", "DISABLED"):
                    found |= {text for value in _assigned(module, node.id) for text in _texts(value)}
    for path in (SOURCE / "actions").rglob("*.sql"):
        statements = re.findall(
            r"insert into audit\b.*?'([a-z_]+\.[a-z_]+)'", path.read_text(encoding="utf-8"), re.DOTALL
        )
        found |= set(statements)
    return found


def _texts(node: ast.AST) -> set[str]:
    return {
        each.value for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and _ACTION.fullmatch(each.value)
    }  # fmt: skip


def _assigned(module: ast.Module, name: str) -> Iterator[ast.AST]:
    for node in ast.walk(module):
        if isinstance(node, ast.Assign):
            targets = [each for target in node.targets for each in ast.walk(target)]
            if any(isinstance(each, ast.Name) and each.id == name for each in targets):
                yield node.value


def details() -> set[str]:
    """The names of what is written down beside the action."""
    found: set[str] = set()
    for _, module in modules():
        for node in (*calls(module), *_assigned(module, "details")):
            for each in ast.walk(node):
                if isinstance(each, ast.Dict):
                    found |= {key.value for key in each.keys if isinstance(key, ast.Constant)}
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "audit":
                beside = {"action", "author", "at", "now", "details", "reason"}
                found |= {each.arg for each in node.keywords if each.arg and each.arg not in beside}
    return {each for each in found if each != "evidence"} | {"import"}


def words(language: Language) -> Any:
    return _environment(language).get_template("office/audit_words.html").make_module({"lang": language})


def test_what_the_source_audits_is_found() -> None:
    found = actions()
    assert found >= {
        "points.adjusted", "programme.applied", "shop.added", "shop.changed", "campaign.approved", "coupon.voided",
        "coupon_kind.stopped", "member.tier_given", "tiers.run_asked", "household.spending_ended", "household.points",
        "member.enrolled", "member.removed", "member.frozen", "webhook_endpoint.disabled", "cards.numbered",
    }  # fmt: skip
    assert details() >= {"version", "starts_at", "campaign", "register_by", "identifiers", "platform", "tier", "points"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_action_that_is_audited_has_a_name(language: Language) -> None:
    told = {code: words(language).action(code) for code in sorted(actions())}
    assert [code for code, name in told.items() if name == code] == []
    if language == "ja":
        assert [code for code, name in told.items() if not re.search(r"[ぁ-んァ-ヶ一-龠]", name)] == []
    assert len(set(told.values())) == len(told), "each its own"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_detail_has_a_name_or_is_for_machines(language: Language) -> None:
    for name in sorted(details()):
        row = AuditRow(1, None, "test", "x.y", None, None, {name: 1 if name == "probability" else "2026-11-22"}, None)  # type: ignore[arg-type]
        told = words(language).told(row)
        assert ('class="detail"' in told) != (name in FOR_MACHINES), name
        if 'class="detail"' in told and language == "ja" and name != "pin":
            assert re.search(r'class="detail">[^<]*[ぁ-んァ-ヶ一-龠][^<]*:', told), (name, told)


async def test_the_trail_reads_as_sentences(staffed: Any) -> None:
    await buy(staffed, 1)
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        member = (await staffed.server.get("/v1/members?kind=card&value=CARD-0001")).json()["items"][0]["id"]
        form = {
            "csrf": csrf_of(visitor),
            "points": "5",
            "reason": "goodwill",
            "note": "お詫び",
            "key": "k",
            "sure": "1",
        }
        assert (await visitor.post(f"/office/members/{member}/adjust", data=form)).status_code == 200
        await staffed.server.post(f"/v1/members/{member}/freeze", json={"reason": "紛失の届け出"})
        page = (await visitor.get("/office/audit")).text
    rows = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    assert any("ポイント調整" in row and "お詫び" in row and "ポイント: 5\u00a0P" in row for row in rows)
    assert any("会員の利用停止" in row and "紛失の届け出" in row for row in rows)
    assert any("スタッフ登録" in row and "役割: 店長" in row for row in rows)
    assert not re.search(r'class="detail">(?!PIN)[a-z_]+:', page)
