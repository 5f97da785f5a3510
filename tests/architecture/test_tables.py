"""Tables that must be complete: every refusal has a status and words, every vendored file its digest."""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

import goen
from goen.api.errors import STATUS
from goen.vocabulary.refusal import Refusal
from goen.web.common.pages import WEB, _words

#: Above the API on the map: told to operators, before or without any server.
ABOVE = ("goen.cli", "goen.settings", "goen.main")


def refusals() -> set[type[Refusal]]:
    """Every refusal in the package; importing it whole first."""
    for module in pkgutil.walk_packages(goen.__path__, "goen."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: set[type[Refusal]] = set()
    todo = [Refusal]
    while todo:
        for each in todo.pop().__subclasses__():
            if each.__module__.startswith("goen.") and each not in found:
                found.add(each)
                todo.append(each)
    return found


def test_every_refusal_has_a_status_and_a_sentence() -> None:
    for refusal in refusals():
        assert re.fullmatch(r"[a-z_]+", refusal.code)
        assert refusal.code in STATUS or refusal.__module__.startswith(ABOVE), f"{refusal.__qualname__}: {refusal.code}"
        assert (refusal.__doc__ or "").strip(), refusal.__qualname__


def test_every_status_belongs_to_a_refusal() -> None:
    assert set(STATUS) - {each.code for each in refusals()} - {"refused"} == set()


def test_templates_and_problems_have_japanese_words() -> None:
    japanese = _words("ja")
    for template in WEB.rglob("*.html"):
        for words in re.findall(r"_\('((?:[^'\\]|\\.)*)'", template.read_text(encoding="utf-8")):
            assert words in japanese, f"{template.name}: {words}"
    for code in STATUS:
        if code not in {"refused", "schema_refused", "server_too_old", "data_folder_refused", "installation_differs"}:
            assert f"problem {code}" in japanese, code


def test_pages_have_no_inline_script_or_style() -> None:
    for template in WEB.rglob("*.html"):
        if template.name == "disclosure.html":
            continue  # A document to hand over: it stands alone, and no page of ours shows it.
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text), template.name


@pytest.mark.parametrize(
    ("vendor", "licences"),
    [
        (WEB / "vendor", {"MIT", "Apache-2.0", "BSD-0-Clause", "BSD-3-Clause"}),
        (Path(__file__).parents[1] / "vendor", {"MPL-2.0"}),  # What tests alone use.
    ],
    ids=["shipped", "tests"],
)
def test_vendored_files_are_those_of_their_packages(vendor: Path, licences: set[str]) -> None:
    manifest = json.loads((vendor / "manifest.json").read_text())
    digests = json.loads((vendor / "digests.json").read_text())
    named = {
        f"{package}/{file}"
        for package, about in manifest.items()
        for file in (*about["files"], *about.get("built", ()))
    }
    kept = {str(path.relative_to(vendor)) for path in vendor.rglob("*") if path.is_file() and path.parent != vendor}
    assert named == kept == set(digests)
    for file, digest in digests.items():
        assert hashlib.sha256((vendor / file).read_bytes()).hexdigest() == digest, file
    assert {about["licence"] for about in manifest.values()} <= licences
    for package, about in manifest.items():
        # A package without a file of its licence says it in the first lines of its code.
        head = (vendor / package / about["files"][0]).read_text(encoding="utf-8")[:500]
        assert (vendor / package / "LICENSE").exists() or re.search("Licensed under (the )?MIT", head), package
