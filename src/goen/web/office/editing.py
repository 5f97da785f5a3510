"""The plain editor: one form with every field of a document, beside it what it says, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from litestar import Response

from goen.earning.checks import Problem
from goen.earning.words import Language, problem_text
from goen.vocabulary.refusal import Forbidden, InvalidRequest, Refusal
from goen.web.common.formats import told
from goen.web.common.visits import Visit, moved
from goen.web.office import changes, forms, shapes
from goen.web.office.documents import Wrong, form_values, wrong_with
from goen.web.office.frame import shown

Document = dict[str, Any]
#: What an action says of a field that is missing; forms have their own word for it.
NEEDED = "is required"


class Note(NamedTuple):
    """Something to know of a value: an ``error`` or a ``warning``, at an input, in words."""

    level: str
    field: str
    text: str


class Editing(NamedTuple):
    """What is edited. ``look``: a template that tells the value in words; ``said``: what that needs to know;
    ``without``: fields that the form does not ask for; ``taken``: codes of refusals that mean the code is taken;
    ``asks_code``: a code is asked for that is no field of the document; ``hidden``: what the form
    carries along; ``below``: a template under what the value says; ``submit``: what the button says, by a word of the
    template; ``words``: what fields are called where no template knows; ``kept``: fields whose kind stays as it is;
    ``kind_names``: by field what kinds are called."""

    struct: type[msgspec.Struct]
    here: str
    title: str
    save_at: str
    back: str
    look: str
    said: Callable[[Visit, Any], Awaitable[Mapping[str, Any]]]
    without: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = {}
    samples: Mapping[str, Any] = {}
    taken: tuple[str, ...] = ()
    asks_code: bool = False
    hidden: Mapping[str, Any] = {}
    below: str = ""
    submit: str = "save"
    words: Mapping[str, str] = {}
    kept: tuple[str, ...] = ()
    kind_names: Mapping[str, Mapping[str, str]] = {}


async def form(visit: Visit, editing: Editing, document: Document, problem: Wrong | None = None) -> Response[Any]:
    """The whole page."""
    values = await _values(visit, editing, document, problem)
    return shown(visit, "document_edit.html", editing.here, status=422 if problem else 200, **values)


async def shape(visit: Visit, editing: Editing) -> Response[Any]:
    """The form with a row more or less, or what it says in words."""
    document, asked = _read(visit, editing), visit.form.get("do", "")
    if asked == "look":
        return visit.page("office/document_look.html", **await _values(visit, editing, document, None))
    path = asked.split(":")[1] if asked.count(":") else ""
    changes.change(document, asked, sample=editing.samples.get(path, {}))
    return visit.page("office/document_edit_form.html", **await _values(visit, editing, document, None))


async def save(
    visit: Visit, editing: Editing, keep: Callable[[Any, Document], Awaitable[None]], target: Callable[[Document], str]
) -> Response[Any]:
    """Give the value and its document to ``keep``, or show what is wrong with it."""
    document = _read(visit, editing)
    try:
        await keep(_value(editing, document), document)
    except (msgspec.MsgspecError, InvalidRequest) as error:
        wrong = wrong_with(error)
        place = forms.name_of(editing.struct, document, wrong.field)
        return await form(visit, editing, document, wrong._replace(field=place))
    except Refusal as refusal:
        if isinstance(refusal, Forbidden):
            raise
        taken = refusal.code in editing.taken
        wrong = Wrong("code", "taken", "") if taken else Wrong("", "refused", told(refusal, visit.language))
        return await form(visit, editing, document, wrong)
    return moved(target(document))


def notes(editing: Editing, document: Document, problems: Iterable[Problem], language: Language) -> list[Note]:
    """What checks have found, each at its input."""
    return [
        Note(each.level, forms.name_of(editing.struct, document, each.field), problem_text(each, language))
        for each in problems
    ]


def value_of(visit: Visit, editing: Editing) -> Any:
    """What the form says; raises msgspec.MsgspecError where it says no value of its type."""
    return _value(editing, _read(visit, editing))


def _read(visit: Visit, editing: Editing) -> Document:
    return forms.read(editing.struct, visit.form, visit.known.context.zone, without=editing.without)


def _value(editing: Editing, document: Document) -> Any:
    return msgspec.json.decode(forms.encode({**document, **editing.fixed}), type=editing.struct)


async def _values(visit: Visit, editing: Editing, document: Document, problem: Wrong | None) -> dict[str, Any]:
    value, said = None, dict[str, Any]()
    begun = bool(visit.form)
    try:
        names = {"name": "—", "code": "new"}
        whole = {
            each.encode_name: names[each.encode_name]
            for each, _ in shapes.parts(editing.struct)
            if each.required and each.encode_name in names
        }
        value = _value(editing, whole | {key: each for key, each in document.items() if each != ""})
        said = dict(await editing.said(visit, value))
    except msgspec.MsgspecError as error:
        if problem is None and begun:
            problem = wrong_with(error)
    values = await form_values(visit, editing.struct, document, without=editing.without, problem=problem)
    return values | said | {
        "value": value, "editing": editing, "shape_at": f"{editing.save_at}/form", "document": document,
        "words": editing.words, "kept": editing.kept, "kind_names": editing.kind_names,
        "code_asked": editing.asks_code, "code_given": visit.form.get("code", ""),
    }  # fmt: skip
