"""How the type of a document's field is asked for in a form: by a number, a choice, a list with rows, and so on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import inspect as of

Kind = Literal[
    "number", "decimal", "text", "flag", "maybe", "choice", "choices", "tokens", "date", "moment", "group", "rows",
    "one", "map", "json",
]  # fmt: skip


class Shape(NamedTuple):
    """How a type is asked for. ``item``: of what its rows are; ``tags``: the kinds of them by their tag."""

    kind: Kind
    optional: bool
    choices: tuple[str, ...] = ()
    item: Any = None
    tags: Mapping[str, Any] = {}
    of_text: bool = False
    many: bool = False
    most: int | None = None


@cache
def parts(struct: type[msgspec.Struct]) -> tuple[tuple[of.Field, Shape], ...]:
    """The fields of a struct as its type tells them, and how each is asked for."""
    told = of.type_info(struct)
    assert isinstance(told, of.StructType)
    return tuple((each, shape_of(each.type)) for each in told.fields)


def shape_of(told: Any) -> Shape:
    if isinstance(told, of.Metadata):
        return shape_of(told.type)
    if isinstance(told, of.UnionType):
        return _union(told)
    match told:
        case of.BoolType():
            return Shape("flag", optional=False)
        case of.IntType():
            return Shape("number", optional=False)
        case of.DecimalType() | of.FloatType():
            return Shape("decimal", optional=False)
        case of.LiteralType(values=values) if all(isinstance(each, str) for each in values):
            return Shape("choice", optional=False, choices=tuple(map(str, values)))
        case of.StrType(max_length=most):
            return Shape("text", optional=False, most=most)
        case of.DateType():
            return Shape("date", optional=False)
        case of.DateTimeType():
            return Shape("moment", optional=False)
        case of.StructType(cls=cls):
            return Shape("group", optional=False, item=cls)
        case of.VarTupleType(item_type=item) | of.ListType(item_type=item):
            return _list(shape_of(item))
        case of.DictType(key_type=of.StrType() | of.Metadata() | of.LiteralType(), value_type=value):
            return Shape("map", optional=False, item=value)
    return Shape("json", optional=False)


def _list(item: Shape) -> Shape:
    match item.kind:
        case "choice":
            return Shape("choices", optional=False, choices=item.choices)
        case "text" | "number":
            return Shape("tokens", optional=False, item=item.kind)
        case "json" if item.of_text:
            return Shape("tokens", optional=False, item="any")
        case "group":
            return Shape("rows", optional=False, item=item.item)
        case "one":
            return Shape("rows", optional=False, tags=item.tags)
    return Shape("json", optional=False)


def _union(told: of.UnionType) -> Shape:
    rest = [each for each in told.types if not isinstance(each, of.NoneType)]
    optional = len(rest) < len(told.types)
    if len(rest) == 1:
        shape = shape_of(rest[0])
        if shape.kind == "flag":
            return Shape("maybe", optional=True)
        return shape._replace(optional=optional)
    if rest and all(isinstance(each, of.StructType) and each.tag for each in rest):
        return Shape(
            "one", optional, tags={str(each.tag): each.cls for each in rest if isinstance(each, of.StructType)}
        )
    plain = all(isinstance(each, of.StrType | of.IntType | of.FloatType | of.BoolType) for each in rest)
    return Shape("json", optional, of_text=plain)
