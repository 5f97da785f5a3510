"""A campaign from a template: choose one, fill in what it asks for, and go on in the editor."""

from __future__ import annotations

from typing import Any

from litestar import Response

from goen.actions import campaigns as actions
from goen.earning.campaigns.templates import TEMPLATES, Filled, fill, parameters
from goen.vocabulary.refusal import InvalidRequest, NotFound
from goen.web.common.visits import Visit
from goen.web.office import editing
from goen.web.office.campaigns import told
from goen.web.office.frame import shown


async def templates(visit: Visit) -> Response[Any]:
    """Every template and what it is for."""
    language = visit.language
    return shown(
        visit, "campaign_templates.html", "campaigns",
        templates=[
            (str(each.__struct_config__.tag), each.name_words.told(language), each.text_words.told(language))
            for each in TEMPLATES
        ],
    )  # fmt: skip


async def begin(visit: Visit) -> Response[Any]:
    """One of them, empty."""
    return await editing.form(visit, _editing(visit), {"template": {"kind": visit.path["kind"]}})


async def shape(visit: Visit) -> Response[Any]:
    """The form, or what it says."""
    return await editing.shape(visit, _editing(visit))


async def save(visit: Visit) -> Response[Any]:
    """The campaign as a draft, in the editor."""

    async def keep(value: Filled, _: editing.Document) -> None:
        for field, _said in value.template.faults():
            raise InvalidRequest(f"template.{field}", editing.NEEDED)
        known = visit.known
        await actions.create(known.database, known.context, fill(value), visit.staff.author, visit.now)

    return await editing.save(
        visit, _editing(visit), keep, lambda document: f"/office/campaigns/{document['code']}/edit"
    )


def _editing(visit: Visit) -> editing.Editing:
    kind, language = visit.path["kind"], visit.language
    chosen = next((each for each in TEMPLATES if each.__struct_config__.tag == kind), None)
    if chosen is None:
        raise NotFound("There is no such template.")
    at = f"/office/campaign-templates/{kind}"

    async def said(visit: Visit, value: Filled) -> dict[str, Any]:
        if list(value.template.faults()):
            return {"campaign": None}
        return await told(visit, fill(value))

    return editing.Editing(
        Filled, "campaigns", "template", at, "/office/campaign-templates", "office/template_look.html", said,
        taken=("campaign_exists",), kept=("template",), submit="go on",
        words={f"{chosen.__name__}.{each.name}": each.text for each in parameters(chosen, language)}
        | {"Filled.template": chosen.name_words.told(language)},
        kind_names={"Filled.template": {kind: chosen.text_words.told(language)}},
    )  # fmt: skip
