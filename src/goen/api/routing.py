"""From method and path to an operation: a dictionary for plain paths, a tree of segments for templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from goen.api.operations import Operation
from goen.vocabulary.refusal import NotFound

Methods = dict[str, Operation]
_NONE: dict[str, str] = {}


class _Branch:
    """One level of the tree: literal segments, else a variable."""

    __slots__ = ("literal", "methods", "names", "variable")

    def __init__(self) -> None:
        self.literal: dict[str, _Branch] = {}
        self.variable: _Branch | None = None
        self.methods: Methods = {}
        self.names: dict[str, tuple[str, ...]] = {}


class Found(NamedTuple):
    """Where a path leads. ``operation`` is None where only other methods (``allowed``) live there."""

    operation: Operation | None
    variables: dict[str, str]
    allowed: tuple[str, ...]


class Router:
    """Made once from the table of operations. A literal segment wins over a variable."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._plain: dict[str, Methods] = {}
        self._tree = _Branch()
        for operation in operations:
            methods = self._plain.setdefault(operation.path, {})
            if "{" in operation.path:
                del self._plain[operation.path]
                methods = self._planted(operation)
            assert operation.method not in methods, f"{operation.method} {operation.path} is listed twice"
            methods[operation.method] = operation

    def _planted(self, operation: Operation) -> Methods:
        branch, names = self._tree, []
        for segment in operation.path.split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                branch.variable = branch.variable or _Branch()
                branch = branch.variable
            else:
                branch = branch.literal.setdefault(segment, _Branch())
        branch.names[operation.method] = tuple(names)
        return branch.methods

    def find(self, method: str, path: str, raw_path: bytes) -> Found | None:
        """What answers here; None where nothing lives.

        ``path`` is decoded, ``raw_path`` as sent: a variable may hold an encoded slash.

        Raises:
            NotFound: a variable is not UTF-8 or holds U+0000, which names nothing.
        """
        methods = self._plain.get(path)
        if methods is not None:
            return Found(methods.get(method), _NONE, tuple(methods))
        segments = raw_path.partition(b"?")[0].decode("latin-1").split("/")
        if (hit := _walk(self._tree, segments, 0, [])) is None:
            return None
        branch, values = hit
        operation = branch.methods.get(method)
        names = branch.names.get(method, ())
        variables = {name: _text(value) for name, value in zip(names, values, strict=False)}
        return Found(operation, variables, tuple(branch.methods))


def _walk(branch: _Branch, segments: list[str], depth: int, values: list[str]) -> tuple[_Branch, list[str]] | None:
    if depth == len(segments):
        return (branch, values) if branch.methods else None
    segment = segments[depth]
    literal = branch.literal.get(segment)
    if literal is not None and (hit := _walk(literal, segments, depth + 1, values)) is not None:
        return hit
    if branch.variable is not None and segment:
        return _walk(branch.variable, segments, depth + 1, [*values, segment])
    return None


def _text(value: str) -> str:
    if "%" not in value:
        return value
    try:
        text = unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise NotFound("This address names nothing: it is not text in UTF-8.")
    return text
