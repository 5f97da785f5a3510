"""Templates of campaigns over HTTP: what there is to fill in, and a draft from what was."""

from __future__ import annotations

import msgspec

from goen.actions import campaigns as actions
from goen.api.call import Call, Reply
from goen.api.operations import SERVER, Operation
from goen.api.queries import PageQuery, page_of
from goen.api.v1.campaigns import CampaignAnswer, checked
from goen.earning.campaigns.errors import CampaignExists
from goen.earning.campaigns.templates import TEMPLATES, Filled, Parameter, fill, parameters
from goen.vocabulary.refusal import InvalidRequest


class TemplateAnswer(msgspec.Struct, frozen=True):
    """A template and what it asks for."""

    kind: str
    name: str
    text: str
    parameters: list[Parameter]


class TemplatesAnswer(msgspec.Struct, frozen=True):
    """Templates, by kind."""

    items: list[TemplateAnswer]
    next_cursor: str | None = None


def _kind(template: type[msgspec.Struct]) -> str:
    return str(template.__struct_config__.tag)


async def _list(call: Call) -> TemplatesAnswer:
    language, query = call.language, call.decode_query(PageQuery)
    found, cursor = page_of(sorted(TEMPLATES, key=_kind), _kind, query)
    return TemplatesAnswer(
        [
            TemplateAnswer(
                _kind(each), each.name_words.told(language), each.text_words.told(language),
                parameters(each, language),
            )
            for each in found
        ],
        cursor,
    )  # fmt: skip


async def _post(call: Call) -> Reply:
    ask = call.decode(Filled)
    for field, message in ask.template.faults():
        raise InvalidRequest(f"template.{field}", message)
    campaign = fill(ask)
    await actions.create(call.services.database, call.services.context, campaign, call.principal.integration, call.now)
    return Reply.of(await checked(call, ask.code), 201)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET", path="/v1/campaign_templates", summary="Campaigns that only have to be filled in", handler=_list,
        query=PageQuery, answer=TemplatesAnswer, roles=frozenset({"server", "readonly"}), tag="Programme",
    ),
    Operation(
        method="POST", path="/v1/campaign_templates", summary="A new campaign from a template, as a draft",
        handler=_post, request=Filled, answer=CampaignAnswer, status=201, roles=SERVER, refusals=(CampaignExists,),
        tag="Programme",
    ),
)  # fmt: skip
