"""The documents are true: links lead somewhere, commands and settings exist, and the tour does what it prints."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from goen.api.decoding import decoded
from goen.api.table import OPERATIONS
from goen.cli import COMMANDS, main
from goen.earning.programme import Earning, Expiry, Joining, Programme, Returns, Use
from goen.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TOURS = ("README.md", "README.ja.md")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), f"{named(page)} links to {target}"
        assert found.is_relative_to(ROOT), f"{named(page)} links out of the repository: {target}"
        if anchor and found.suffix == ".md":
            assert anchor in _anchors(found), f"{named(page)} links to {target}; there is no such heading"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_page_of_the_docs_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    listed = {(ROOT / "docs" / target).resolve() for target in _LINK.findall(index) if ":" not in target}
    missing = [named(page) for page in PAGES if page.is_relative_to(ROOT / "docs") and page not in listed]
    assert missing == ["docs/README.md"]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_and_option_exists(page: Path) -> None:
    for line in _commands(page.read_text(encoding="utf-8")):
        words = line.split()
        command: click.Command = main
        context = click.Context(main)
        while isinstance(command, click.Group) and words and re.fullmatch(r"[a-z]+", words[0]):
            found = command.get_command(context, words[0])
            assert found is not None, f"{named(page)}: goen {line}"
            command, words = found, words[1:]
        options = {name for parameter in command.params for name in parameter.opts}
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", " ".join(words)):
            assert option in options | {"--help"}, f"{named(page)}: goen {line} has no {option}"


def _commands(text: str) -> Iterator[str]:
    """``goen …`` in code blocks and in `code`, without comments, pipes and what a shell adds."""
    blocks = [body for kind, body in _FENCE.findall(text) if kind in ("sh", "bash")]
    blocks += re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))
    for block in blocks:
        for found in re.findall(r"(?:^|[\s(])goen ([a-z][^\n|#;&)>]*)", block, re.MULTILINE):
            yield found.strip()


def test_every_command_answers_help() -> None:
    for name in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "goen.cli", name, "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Usage: ")


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    known = {f"GOEN_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    #: Not settings: the names of the demo's keys in its file.
    keys = {"GOEN_SERVER_KEY", "GOEN_POS_KEY", "GOEN_EC_KEY"}
    for page in PAGES:
        said = set(re.findall(r"GOEN_[A-Z_]+[A-Z]", page.read_text(encoding="utf-8")))
        assert said <= known | keys, f"{named(page)}: {sorted(said - known - keys)}"
    for tour in TOURS:
        assert known <= set(re.findall(r"GOEN_[A-Z_]+[A-Z]", (ROOT / tour).read_text(encoding="utf-8")))


def test_every_field_of_the_programme_is_documented() -> None:
    text = (ROOT / "docs/concepts/rules.md").read_text(encoding="utf-8")
    parts: dict[str, Any] = {"earning": Earning, "use": Use, "expiry": Expiry, "returns": Returns, "joining": Joining}
    fields = [name for name in Programme.__struct_fields__ if name not in (*parts, "version", "starts_at")]
    fields += [f"{part}.{name}" for part, struct in parts.items() for name in struct.__struct_fields__]
    assert [field for field in fields if f"`{field}`" not in text] == []


def test_the_reference_is_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools/reference", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_address_in_the_docs_exists() -> None:
    known = {(each.method, re.sub(r"{\w+}", "*", each.path)) for each in OPERATIONS}
    for page in PAGES:
        for method, path in re.findall(
            r"`(GET|POST|PUT|PATCH|DELETE) (/v1/[^`\s?]+)", page.read_text(encoding="utf-8")
        ):
            assert (method, re.sub(r"{\w+}", "*", path)) in known, f"{named(page)}: {method} {path}"


@pytest.mark.parametrize(
    ("page", "method", "path", "body"),
    [
        pytest.param(page, *found, id=f"{named(page)} {found[0]} {found[1]}")
        for page in PAGES
        for found in re.findall(
            r"`(POST|PUT|PATCH) (/v1/[^`\s]+)`[^\n]*\n\n```json\n(.*?)^```",
            page.read_text(encoding="utf-8"),
            re.MULTILINE | re.DOTALL,
        )
    ],
)
def test_every_body_in_the_docs_is_one_that_the_api_reads(page: Path, method: str, path: str, body: str) -> None:
    (operation,) = [each for each in OPERATIONS if (each.method, each.path) == (method, path)]
    decoded(body.encode(), operation.request)


# The tour ----------------------------------------------------------------------------------------


@contextmanager
def serving(environment: dict[str, str], log: Path) -> Iterator[str]:
    """``goen serve`` on a free port; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "goen.cli", "serve", "--port", str(port)]
    with log.open("wb") as sink:
        server = subprocess.Popen(command, env=environment, stdout=sink, stderr=sink)
    try:
        address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{address}/readyz"):
                    break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        yield address
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour calls curl: apt-get install curl")
@pytest.mark.parametrize("readme", TOURS)
def test_the_tour_does_what_it_prints(readme: str, database: Any, tmp_path: Path) -> None:
    blocks = _FENCE.findall((ROOT / readme).read_text(encoding="utf-8"))
    steps = [(i, body) for i, (kind, body) in enumerate(blocks) if kind == "bash"]
    printed = {i: blocks[i + 1][1] for i, _ in steps if blocks[i + 1 : i + 2] and blocks[i + 1][0] == "text"}
    assert len(printed) >= 8, "a tour shows what each step prints"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GOEN_DATABASE_URL": database.dsn,
        "LC_ALL": "C.UTF-8",
    }
    with serving(environment, tmp_path / "serve.log") as address:
        script = "set -eu\n" + "".join(f"{body}\necho '=== {i}'\n" for i, body in steps)
        script = script.replace("http://127.0.0.1:8000", address)
        done = subprocess.run(
            ["bash", "-c", script],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    outputs = dict(zip([i for i, _ in steps], re.split(r"^=== \d+\n", done.stdout, flags=re.MULTILINE), strict=False))
    for i, expected in printed.items():
        pattern = ".*".join(map(re.escape, expected.split("…")))
        assert re.fullmatch(pattern, outputs[i], re.DOTALL), f"step {i} printed:\n{outputs[i]}\nnot:\n{expected}"
