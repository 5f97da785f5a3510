"""A document as a form, and a form as a document: whatever the type of a document says becomes an input.

Campaigns, coupons, rewards, tiers and the programme are frozen structs. :func:`fields` describes an input for every
field of one, :func:`read` makes the document of what was sent. What an input cannot say is shown as JSON and goes back
as JSON, so nothing of a document is lost on its way through a form. Nothing is judged here: what does not fit stays in
the document as it was typed, and the type itself refuses it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import NODEFAULT, UNSET
from msgspec import inspect as of

from goen.web.office.changes import ROWS_MAX
from goen.web.office.shapes import Kind, Shape, parts, shape_of

Json = Any
Form = Mapping[str, str]
_SEPARATORS = str.maketrans("、，\n\r\t", ",,,,,")
#: Decimals go through as they were written.
encode = msgspec.json.Encoder(decimal_format="number").encode
decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Row(NamedTuple):
    """One of a list. ``tag``: its kind where there are several; ``key``: its name in a mapping; ``raw``: as JSON."""

    path: str
    tag: str
    key: str
    fields: list[Field]
    raw: str


class Field(NamedTuple):
    """An input. ``name`` is where it is in the document (``conditions.amount_min``), ``word`` what it is called in
    (``Conditions.amount_min``). ``value`` is what the input shows: a text, a truth, a list of texts, or fields."""

    name: str
    word: str
    kind: Kind
    value: Any = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    most: int | None = None
    usual: str = ""

    @property
    def said(self) -> bool:
        """Whether anything stands here that would not be so by itself."""
        match self.kind:
            case "group":
                return any(each.said for each in self.value)
            case "flag":
                return self.value is not (self.usual == "True")
            case "moment":
                return bool(self.value[0])
            case "choice":
                return str(self.value) not in ("", self.usual)
        return bool(self.value)


def fields(
    struct: type[msgspec.Struct], document: Json, zone: ZoneInfo, under: str = "", *, without: Collection[str] = ()
) -> list[Field]:
    """An input for each field of ``struct``, with what ``document`` has there. Times are shown in ``zone``."""
    document = document if isinstance(document, dict) else {}
    return [
        _field(struct.__name__, each, shape, document.get(each.encode_name, UNSET), zone, under)
        for each, shape in parts(struct)
        if each.encode_name not in without
    ]


def read(
    struct: type[msgspec.Struct], form: Form, zone: ZoneInfo, under: str = "", *, without: Collection[str] = ()
) -> dict[str, Json]:
    """The document that the inputs of :func:`fields` say; a field that was left empty is not in it."""
    found: dict[str, Json] = {}
    for each, shape in parts(struct):
        if each.encode_name not in without:
            value = _read(shape, form, under + each.encode_name, zone)
            # A text that says something by itself is not made empty: its input shows what it says then.
            if value is not UNSET and not (value == "" and each.default not in (NODEFAULT, "", None)):
                found[each.encode_name] = value
    return found


def name_of(struct: type[msgspec.Struct], document: Json, path: str) -> str:
    """The input of a place in a document: ``tiers.gold.name`` is ``tiers.0.value.name``, as gold is the first."""
    first, _, rest = path.partition(".")
    shape = next((shape for each, shape in parts(struct) if each.encode_name == first), None)
    if shape is None or not rest or not isinstance(document, dict):
        return path
    return f"{first}.{_name_in(shape, document.get(first), rest)}"


def _name_in(shape: Shape, value: Json, path: str) -> str:
    match shape.kind, value:
        case "group", dict():
            return name_of(shape.item, value, path)
        case "one", {"kind": str(tag)} if tag in shape.tags:
            return name_of(shape.tags[tag], value, path)
        case "rows", list():
            place, _, rest = path.partition(".")
            row = value[int(place)] if place.isdecimal() and int(place) < len(value) else None
            cls = shape.tags.get(row.get("kind", "")) if shape.tags and isinstance(row, dict) else shape.item
            return f"{place}.{name_of(cls, row, rest)}" if rest and cls is not None else path
        case "map", dict():
            for number, (key, each) in enumerate(value.items()):
                if path == key:
                    return str(number)
                if path.startswith(f"{key}."):
                    return f"{number}.value.{_name_in(shape_of(shape.item), each, path[len(key) + 1 :])}"
    return path


# Out to the inputs --------------------------------------------------------------------------------


def _field(owner: str, told: of.Field, shape: Shape, value: Json, zone: ZoneInfo, under: str) -> Field:
    name, word = under + told.encode_name, f"{owner}.{told.encode_name}"
    usual = told.default if told.default not in (NODEFAULT, None, ()) else ""
    if value is UNSET or value is None:
        value = _plain(told.default) if shape.kind in ("choice", "flag", "choices", "map", "rows", "group") else None
        if told.default_factory is not NODEFAULT and shape.kind == "map":
            value = {}
    field = Field(name, word, shape.kind, choices=shape.choices, required=told.required, most=shape.most)
    if shape.kind in ("choice", "maybe"):
        field = field._replace(choices=("", *shape.choices) if shape.optional else shape.choices, usual=str(usual))
    elif shape.kind in ("number", "decimal", "text", "flag") and isinstance(usual, int | str | Decimal):
        field = field._replace(usual=str(usual))
    shown = _shown(shape, value, zone, name)
    if shape.kind == "map":  # What a mapping has under its names is called after the mapping.
        shown = [
            row._replace(fields=[f._replace(word=f"{word}.value") if f.word == "map.value" else f for f in row.fields])
            for row in shown
        ]
    return field._replace(value=shown)


def _plain(default: Any) -> Json:
    return None if default is NODEFAULT else decode(encode(default))


def _shown(shape: Shape, value: Json, zone: ZoneInfo, name: str) -> Any:
    match shape.kind:
        case "group":
            return fields(shape.item, value, zone, f"{name}.")
        case "rows":
            rows = value if isinstance(value, list) else []
            return [_row(shape, each, zone, f"{name}.{place}") for place, each in enumerate(rows)]
        case "one":
            return _row(shape, value, zone, name) if value is not None else None
        case "map":
            pairs = value.items() if isinstance(value, dict) else ()
            return [_pair(shape, key, each, zone, f"{name}.{place}") for place, (key, each) in enumerate(pairs)]
        case "flag":
            return value is True
        case "maybe":
            return {True: "yes", False: "no"}.get(value, "") if isinstance(value, bool) else ""
        case "choices":
            return [str(each) for each in value] if isinstance(value, list) else []
        case "tokens":
            return [_token(shape, each) for each in value] if isinstance(value, list) else []
        case "moment":
            return _local(value, zone)
        case "json":
            return "" if value is None else value if isinstance(value, str) else encode(value).decode()
    return "" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)


def _row(shape: Shape, value: Json, zone: ZoneInfo, path: str) -> Row:
    tag = str(value.get("kind", "")) if isinstance(value, dict) and shape.tags else ""
    cls = shape.tags.get(tag) if shape.tags else shape.item
    raw = value if isinstance(value, str) else encode(value).decode()
    return Row(path, tag, "", [] if cls is None else fields(cls, value, zone, f"{path}."), raw)


def _pair(shape: Shape, key: str, value: Json, zone: ZoneInfo, path: str) -> Row:
    inner = shape_of(shape.item)
    owner = inner.item.__name__ if inner.kind == "group" else "map"
    told = of.Field("value", "value", shape.item)
    field = _field(owner, told, inner, UNSET if value is None else value, zone, f"{path}.")
    return Row(path, "", key, field.value if inner.kind == "group" else [field], "")


def _token(shape: Shape, value: Json) -> str:
    """A text as it is; what is no text, and a text that looks like none, as JSON."""
    if shape.item != "any":
        return str(value)
    return value if isinstance(value, str) and isinstance(_scalar(value), str) else encode(value).decode()


def _scalar(text: str) -> Json:
    try:
        value = decode(text)
    except msgspec.DecodeError:
        return text
    return value if isinstance(value, bool | int | Decimal | str) else text


def _local(value: Json, zone: ZoneInfo) -> tuple[str, str]:
    """A moment for its input, in the zone of the books and to a thousandth of a second; and as it is kept."""
    if not isinstance(value, str) or not value:
        return "", ""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value, value
    local = moment.astimezone(zone) if moment.tzinfo else moment
    written = local.replace(tzinfo=None).isoformat(timespec="milliseconds" if local.microsecond else "seconds")
    return written.removesuffix(":00") if len(written) == 19 else written, value


# In from the inputs -------------------------------------------------------------------------------


def _read(shape: Shape, form: Form, name: str, zone: ZoneInfo) -> Json:
    raw = form.get(name, "").strip()
    match shape.kind:
        case "group":
            found = read(shape.item, form, zone, f"{name}.")
            return UNSET if shape.optional and not _says(found) else found
        case "rows":
            return [_read_row(shape, form, path, zone) for path in _paths(form, name)]
        case "one":
            return _read_row(shape, form, name, zone) if name in form else UNSET
        case "map":
            return {
                form.get(f"{path}.key", "").strip(): _read_value(shape, form, path, zone) for path in _paths(form, name)
            }
        case "flag":
            return name in form
        case "maybe":
            return UNSET if not raw else raw == "yes"
        case "choices":
            # Their order may count: those that were chosen before stay in theirs.
            chosen = [each for each in shape.choices if f"{name}:{each}" in form]
            return sorted(
                chosen,
                key=lambda each: int(form[f"{name}:{each}"][:3]) if form[f"{name}:{each}"][:3].isdecimal() else 999,
            )
        case "tokens":
            return _tokens(shape, form, name)
        case "number":
            return UNSET if not raw else _whole(raw)
        case "decimal":
            return UNSET if not raw else _decimal(raw)
        case "moment":
            return UNSET if not raw else _moment(raw, form.get(f"{name}.was", ""), zone)
        case "json":
            return UNSET if not raw else _json(raw)
        case "text":
            return raw.replace("\r\n", "\n") if raw or not shape.optional else UNSET
    return raw or UNSET


def _says(found: Json) -> bool:
    """Whether anything at all stands in a document."""
    if isinstance(found, dict):
        return any(_says(each) for each in found.values())
    return not (found is None or found is False or found in ("", []))


def _paths(form: Form, name: str) -> list[str]:
    """The rows of a list that were sent, in their order."""
    numbers = {key[len(name) + 1 :] for key in form if key.startswith(f"{name}.") and key[len(name) + 1 :].isdigit()}
    return [f"{name}.{each}" for each in sorted((n for n in numbers if n.isascii() and len(n) < 6), key=int)[:ROWS_MAX]]


def _read_row(shape: Shape, form: Form, path: str, zone: ZoneInfo) -> Json:
    if (raw := form.get(f"{path}.json")) is not None:
        return _json(raw.strip())
    if not shape.tags:
        return read(shape.item, form, zone, f"{path}.")
    tag = form.get(path, "")
    cls = shape.tags.get(tag)
    return {"kind": tag, **({} if cls is None else read(cls, form, zone, f"{path}."))}


def _read_value(shape: Shape, form: Form, path: str, zone: ZoneInfo) -> Json:
    inner = shape_of(shape.item)
    value = _read(inner, form, f"{path}.value", zone)
    return None if value is UNSET else value


def _tokens(shape: Shape, form: Form, name: str) -> list[Json]:
    kept = [form[key] for key in _numbered(form, name)]
    typed = form.get(f"{name}+", "").translate(_SEPARATORS).split(",")
    texts = dict.fromkeys([*kept, *(each.strip() for each in typed if each.strip())])
    if shape.item == "any":
        return [_scalar(each) for each in texts]
    return [_whole(each) if shape.item == "number" else each for each in texts]


def _numbered(form: Form, name: str) -> Iterator[str]:
    keys = [key for key in form if key.startswith(f"{name}:") and key[len(name) + 1 :].isdigit()]
    return iter(sorted(keys, key=lambda key: int(key[len(name) + 1 :])))


def _digits(raw: str) -> str:
    """Digits as people type them: full-width ones, with separators and signs of money."""
    plain = unicodedata.normalize("NFKC", raw).replace(",", "").replace("−", "-")
    return plain.strip().lstrip("¥\\").removesuffix("%").removesuffix("円").removesuffix("P").strip()


def _whole(raw: str) -> Json:
    try:
        return int(_digits(raw))
    except ValueError:
        return raw


def _decimal(raw: str) -> Json:
    try:
        value = Decimal(_digits(raw))
    except InvalidOperation:
        return raw
    return value if value.is_finite() else raw


def _moment(raw: str, was: str, zone: ZoneInfo) -> str:
    if was and _local(was, zone)[0] == raw:
        return was
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return raw
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


def _json(raw: str) -> Json:
    try:
        return decode(raw)
    except msgspec.DecodeError:
        return raw
