"""The OpenAPI 3.1 document, made from the table of operations and the types it names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Any, get_args

import msgspec
from msgspec import inspect

from goen.api.errors import (
    STATUS,
    InternalError,
    MissingIdempotencyKey,
    PayloadTooLarge,
    RateLimited,
    Unauthorized,
    UnsupportedMediaType,
    status_of,
)
from goen.api.operations import EVERY_ROLE, Operation
from goen.database.errors import DatabaseUnavailable
from goen.vocabulary.refusal import Forbidden, InvalidRequest, Refusal

Document = dict[str, Any]

ABOUT = (
    "One member and one points balance for all stores and web shops.\n\n"
    "Points and money are integers (money in the currency's minor unit), times RFC 3339 with offset, ids opaque. "
    "Unknown fields in a request are refused by name; clients ignore unknown fields in answers. "
    "A sale carries an `external_id` that is unique for its shop for ever; other writes that move points carry "
    "an `Idempotency-Key`. Asking again with the same content gives the first answer, byte for byte, with "
    "`Idempotent-Replayed: true`; other content under the same key is 409 `conflict`."
)


class FieldProblem(msgspec.Struct, frozen=True):
    """One wrong field: its path (``lines.0.amount``) and what is wrong with it."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every error (RFC 9457). ``code`` is stable; further fields depend on it (``/docs/problems``)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[FieldProblem] = []


def shared_refusals(operation: Operation) -> tuple[type[Refusal], ...]:
    """What the frame itself may refuse before this operation's handler runs, or whatever it does."""
    with_body = () if operation.method in ("GET", "DELETE") else (PayloadTooLarge, UnsupportedMediaType)
    with_key = (MissingIdempotencyKey,) if operation.key in ("idempotency", "unless_preview") else ()
    always = (Unauthorized, Forbidden, RateLimited, InvalidRequest, InternalError, DatabaseUnavailable)
    return (*always, *with_body, *with_key)


def document(operations: Sequence[Operation], version: str) -> Document:
    """The whole document as plain values, ready to be encoded."""
    types = [t for each in operations for named in (each.request, each.answer, each.query) for t in _parts(named)]
    schemas, components = msgspec.json.schema_components([Problem, *types], ref_template="#/components/schemas/{name}")
    _dated(types, components)
    known = dict(zip(map(_identity, [Problem, *types]), schemas, strict=True))
    paths: Document = {}
    for operation in operations:
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _operation(operation, known, components)
    for query in {each.query for each in operations if each.query is not None}:
        components.pop(known[_identity(query)]["$ref"].rpartition("/")[2], None)
    whole: Document = _numbers({
        "openapi": "3.1.0",
        "info": {
            "title": "Goen",
            "version": version,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for each in operations)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key: `goen keys create`."}
            },
            "headers": {
                "X-Request-Id": {"description": "Name it when you ask for help.", "schema": {"type": "string"}}
            },
        },
    })  # fmt: skip
    return whole


def _operation(operation: Operation, known: Mapping[Any, Any], components: Mapping[str, Any]) -> Document:
    roles = sorted(operation.roles)
    told: Document = {
        "operationId": operation_id(operation),
        "summary": operation.summary,
        "tags": [operation.tag],
        "description": f"Roles: {', '.join(roles)}." if operation.roles != EVERY_ROLE else "Every role.",
        "x-goen-roles": roles,
        "parameters": _parameters(operation, known, components),
        "responses": _responses(operation, known),
    }
    if operation.public:
        told["description"] += " Answers without a key, too."
        told["security"] = [{"key": []}, {}]
    if operation.request is not None:
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(operation.request, known)}},
        }
    return told


def operation_id(operation: Operation) -> str:
    """A name for generated clients: ``POST /v1/purchases/{id}/returns`` is ``post_purchases_id_returns``."""
    words = re.findall(r"\w+", operation.path.removeprefix("/v1"))
    return "_".join([operation.method.lower(), *words])


def _parameters(operation: Operation, known: Mapping[Any, Any], components: Mapping[str, Any]) -> list[Any]:
    parameters: list[Document] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    if operation.query is not None:
        schema = components[known[_identity(operation.query)]["$ref"].rpartition("/")[2]]
        required = schema.get("required", ())
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": field}
            for name, field in schema["properties"].items()
        ]
    if operation.key != "none":
        parameters.append({
            "name": "Idempotency-Key",
            "in": "header",
            "required": operation.key == "idempotency",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
        })  # fmt: skip
    return parameters


def _responses(operation: Operation, known: Mapping[Any, Any]) -> Document:
    success: Document = {"description": "Done.", "headers": {"X-Request-Id": _REQUEST_ID}}
    if operation.answer is not None:
        success["content"] = {operation.content_type: {"schema": _schema(operation.answer, known)}}
    elif operation.content_type != "application/json":
        success["content"] = {operation.content_type: {"schema": {"type": "string"}}}
    statuses = [operation.status, 201] if operation.creates else [operation.status]
    responses: Document = {str(status): success for status in statuses}
    for status, classes in sorted(refusals_by_status(operation).items()):
        responses[str(status)] = {
            "description": "\n".join(f"- `{each.code}`: {_first_line(each)}" for each in classes),
            "headers": {"X-Request-Id": _REQUEST_ID},
            "content": {
                "application/problem+json": {
                    "schema": {
                        "allOf": [
                            known[_identity(Problem)],
                            {"properties": {"code": {"enum": [each.code for each in classes]}}},
                        ]
                    }
                }
            },
        }
    return responses


_REQUEST_ID = {"$ref": "#/components/headers/X-Request-Id"}


def refusals_by_status(operation: Operation) -> dict[int, list[type[Refusal]]]:
    """Every refusal an operation may answer, by status; each code once."""
    found: dict[int, dict[str, type[Refusal]]] = {}
    for each in (*operation.refusals, *operation.absent, *shared_refusals(operation)):
        statuses = {status_of(each.__new__(each), operation.method, operation.absent)}
        if each in operation.absent and operation.request is not None:
            statuses.add(STATUS[each.code])  # The body may name another of the kind.
        for status in statuses:
            found.setdefault(status, {}).setdefault(each.code, each)
    return {status: list(classes.values()) for status, classes in found.items()}


def _first_line(refusal: type[Refusal]) -> str:
    lead = (refusal.__doc__ or "").strip().split("\n\n", 1)[0]
    return " ".join(lead.split()).replace("``", "`")


def _parts(named: Any) -> tuple[Any, ...]:
    """The types of one place: none, one, or those of a union (``A | B``), which msgspec describes one by one."""
    if named is None:
        return ()
    return get_args(named) if isinstance(named, UnionType) else (named,)


def _schema(named: Any, known: Mapping[Any, Any]) -> Any:
    """How one place refers to its type or types."""
    parts = [known[_identity(part)] for part in _parts(named)]
    return parts[0] if len(parts) == 1 else {"anyOf": parts}


def _identity(type: Any) -> Any:
    """A dictionary key for a type; annotated ones are told apart by how they are written."""
    try:
        hash(type)
    except TypeError:
        return repr(type)
    return type


def _dated(types: Sequence[Any], components: Mapping[str, Any]) -> None:
    """Say ``date-time`` wherever a field is a time: msgspec leaves it out where any offset will do."""
    done: set[type] = set()

    def walk(info: inspect.Type, schema: Mapping[str, Any] | dict[str, Any]) -> None:
        if isinstance(info, inspect.DateTimeType) and isinstance(schema, dict):
            schema.setdefault("format", "date-time")
        elif isinstance(info, inspect.UnionType):
            texts = [each for each in schema.get("anyOf", ()) if each.get("type") == "string" and "format" not in each]
            for each in info.types:
                if not isinstance(each, inspect.DateTimeType | inspect.NoneType):
                    walk(each, {})
                elif isinstance(each, inspect.DateTimeType) and texts:
                    walk(each, texts[0])
        elif isinstance(info, inspect.ListType | inspect.VarTupleType):
            walk(info.item_type, schema.get("items", {}))
        elif isinstance(info, inspect.DictType):
            walk(info.value_type, schema.get("additionalProperties", {}))
        elif isinstance(info, inspect.StructType) and info.cls not in done:
            done.add(info.cls)
            properties = components.get(info.cls.__name__, {}).get("properties", {})
            for field in info.fields:
                walk(field.type, properties.get(field.encode_name, {}))

    for info in inspect.multi_type_info(types):
        walk(info, {})


def _numbers(value: Any) -> Any:
    """Decimals are numbers on our wire; msgspec would describe them as texts, and ``int | Decimal`` as two things."""
    if isinstance(value, dict):
        decimal = {"type": "string", "format": "decimal"}
        if [{"type": "integer"}, decimal] == value.get("anyOf"):
            value = decimal | {key: inner for key, inner in value.items() if key != "anyOf"}
        if value.get("format") == "decimal":
            plain = {key: inner for key, inner in value.items() if key != "format"}
            if isinstance(default := plain.get("default"), str):
                plain["default"] = float(default)
            return {**plain, "type": "number"}
        return {key: _numbers(inner) for key, inner in value.items()}
    return [_numbers(inner) for inner in value] if isinstance(value, list) else value


def problem_codes(operations: Iterable[Operation]) -> list[tuple[str, str, str]]:
    """Every code with its statuses (``404, 422``) and its sentence, for the page of problems; in order of status."""
    found: dict[str, tuple[set[int], str]] = {}
    for operation in operations:
        for status, classes in refusals_by_status(operation).items():
            for each in classes:
                found.setdefault(each.code, (set(), _first_line(each)))[0].add(status)
    return [
        (code, ", ".join(map(str, sorted(statuses))), sentence.replace("`", ""))
        for code, (statuses, sentence) in sorted(found.items(), key=lambda each: (min(each[1][0]), each[0]))
    ]
