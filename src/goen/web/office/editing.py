"""The plain editor: one form with every field of a document, beside it what it says, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec
from litestar import Response

from goen.vocabulary.refusal import InvalidRequest, Refusal
from goen.web.common.visits import Visit, moved
from goen.web.office import forms
from goen.web.office.documents import Wrong, form_values, wrong_with
from goen.web.office.frame import shown

Document = dict[str, Any]


class Editing(NamedTuple):
    """What is edited. ``look``: a template that tells the value in words; ``said``: what that needs to know;
    ``without``: fields that the form does not ask for; ``taken``: codes of refusals that mean the code is taken;
    ``asks_code``: a code is asked for that is no field of the document."""

    struct: type[msgspec.Struct]
    here: str
    title: str
    save_at: str
    back: str
    look: str
    said: Callable[[Visit, Any], Mapping[str, Any]]
    without: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = {}
    samples: Mapping[str, Any] = {}
    taken: tuple[str, ...] = ()
    asks_code: bool = False


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
    forms.change(document, asked, sample=editing.samples.get(path, {}))
    return visit.page("office/document_edit_form.html", **await _values(visit, editing, document, None))


async def save(
    visit: Visit, editing: Editing, keep: Callable[[Any, Document], Awaitable[None]], target: Callable[[Document], str]
) -> Response[Any]:
    """Give the value and its document to ``keep``, or show what is wrong with it."""
    document = _read(visit, editing)
    try:
        await keep(_value(editing, document), document)
    except (msgspec.MsgspecError, InvalidRequest) as error:
        return await form(visit, editing, document, wrong_with(error))
    except Refusal as refusal:
        if refusal.code not in editing.taken:
            raise
        return await form(visit, editing, document, Wrong("code", "taken", ""))
    return moved(target(document))


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
            key: names[key] for key in names if key in {each.encode_name for each, _ in forms.parts(editing.struct)}
        }
        value = _value(editing, whole | {key: each for key, each in document.items() if each != ""})
        said = dict(editing.said(visit, value))
    except msgspec.MsgspecError as error:
        if problem is None and begun:
            problem = wrong_with(error)
    values = await form_values(visit, editing.struct, document, without=editing.without, problem=problem)
    return values | said | {
        "value": value, "editing": editing, "shape_at": f"{editing.save_at}/form", "document": document,
        "code_asked": editing.asks_code, "code_given": visit.form.get("code", ""),
    }  # fmt: skip
