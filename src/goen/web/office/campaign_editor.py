"""A campaign made or changed: a form of its document, told in words and checked while it is filled in."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response

from goen.actions import campaigns as actions
from goen.earning.campaigns.errors import CampaignExists, UnknownCampaign
from goen.earning.campaigns.model import Campaign, from_json, to_json
from goen.readings import campaigns as readings
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.visits import Visit, moved
from goen.web.office import changes, forms
from goen.web.office.campaigns import told
from goen.web.office.documents import Wrong, form_values, wrong_with
from goen.web.office.frame import shown

#: What a new row begins with.
SAMPLES: dict[str, Any] = {"limits": {"measure": "points"}}
NEW = {"effects": [{"kind": "rate", "mode": "multiply", "multiplier": 2}]}
_GIVEN = ("version",)


async def new(visit: Visit) -> Response[Any]:
    """An empty form, or a copy of another campaign under a code that is to be said."""
    document: dict[str, Any] = dict(NEW)
    if like := visit.query.get("like", ""):
        kept = await _kept(visit, like, None)
        document = _plain(kept.campaign) | {"code": ""}
    return await _form(visit, document, None, 0)


async def edit(visit: Visit) -> Response[Any]:
    """The newest version to be changed, or an earlier one to be taken up again; saved, it is the next version."""
    code, asked = visit.path["code"], visit.query.get("version", "")
    version = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    kept = await _kept(visit, code, version or None)
    return await _form(visit, _plain(kept.campaign), code, kept.newest)


async def shape_new(visit: Visit) -> Response[Any]:
    """The form of a new campaign with a row more or less, or what it says in words."""
    return await _shaped(visit, None)


async def shape(visit: Visit) -> Response[Any]:
    """The same for a version of one that there is."""
    return await _shaped(visit, visit.path["code"])


async def create(visit: Visit) -> Response[Any]:
    """Keep a new campaign as a draft."""
    document = forms.read(Campaign, visit.form, visit.known.context.zone, without=_GIVEN)
    problem = None
    try:
        campaign = _campaign(document)
        await actions.create(visit.known.database, visit.known.context, campaign, visit.staff.author, visit.now)
    except (msgspec.MsgspecError, InvalidRequest) as error:
        problem = wrong_with(error)
    except CampaignExists:
        problem = Wrong("code", "taken", "")
    if problem is not None:
        return await _form(visit, document, None, 0, problem)
    return moved(f"/office/campaigns/{campaign.code}")


async def change(visit: Visit) -> Response[Any]:
    """Keep the next version of a campaign, unless somebody else has kept one since the form was opened."""
    code, seen = visit.path["code"], _seen(visit)
    before = _plain((await _kept(visit, code, None)).campaign)
    document = forms.read(Campaign, visit.form, visit.known.context.zone, without=(*_GIVEN, "code"))
    problem, known = None, visit.known
    try:
        _campaign(document | {"code": code})
        changed = changes.patch(before, document | {"code": code})
        await actions.change(known.database, known.context, code, changed, visit.staff.author, visit.now, newest=seen)
    except (msgspec.MsgspecError, InvalidRequest) as error:
        problem = wrong_with(error)
    if problem is not None:
        return await _form(visit, document, code, seen, problem)
    return moved(f"/office/campaigns/{code}")


async def _shaped(visit: Visit, code: str | None) -> Response[Any]:
    without = _GIVEN if code is None else (*_GIVEN, "code")
    document = forms.read(Campaign, visit.form, visit.known.context.zone, without=without)
    asked = visit.form.get("do", "")
    if asked == "look":
        values = await _values(visit, document, code, None)
        return visit.page("office/campaign_look.html", **values)
    path = asked.split(":")[1] if asked.count(":") else ""
    changes.change(document, asked, sample=SAMPLES.get(path, {}))
    return visit.page("office/campaign_form.html", **await _form_page(visit, document, code, _seen(visit), None))


async def _form(
    visit: Visit, document: dict[str, Any], code: str | None, seen: int, problem: Wrong | None = None
) -> Response[Any]:
    values = await _form_page(visit, document, code, seen, problem)
    return shown(visit, "campaign_edit.html", "campaigns", status=422 if problem else 200, **values)


async def _form_page(
    visit: Visit, document: dict[str, Any], code: str | None, seen: int, problem: Wrong | None
) -> dict[str, Any]:
    save_at = "/office/new/campaign" if code is None else f"/office/campaigns/{code}/edit"
    values = await _values(visit, document, code, problem)
    return values | {
        "save_at": save_at,
        "shape_at": f"{save_at}/form",
        "code": code,
        "seen": seen,
        "document": document,
    }


async def _values(visit: Visit, document: dict[str, Any], code: str | None, problem: Wrong | None) -> dict[str, Any]:
    """The form, and what the document says so far; of one that nobody has begun, nothing is wrong yet."""
    values = dict.fromkeys(("campaign", "examined"), None)
    try:
        # A code and a name are asked for at the end; the rest is told before.
        campaign = _campaign({"name": "—", **document} | {"code": code or document.get("code") or "new"})
        values |= await told(visit, campaign)
    except msgspec.MsgspecError as error:
        if problem is None and (visit.form or document.get("code")):
            problem = wrong_with(error)
    without = _GIVEN if code is None else (*_GIVEN, "code")
    return values | await form_values(visit, Campaign, document, without=without, problem=problem)


def _campaign(document: dict[str, Any]) -> Campaign:
    return from_json(forms.encode(document))


def _plain(campaign: Campaign) -> dict[str, Any]:
    found: dict[str, Any] = forms.decode(to_json(campaign))
    found.pop("version", None)
    return found


def _seen(visit: Visit) -> int:
    """The newest version when the form was opened."""
    seen = visit.form.get("seen", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0


async def _kept(visit: Visit, code: str, version: int | None) -> readings.Kept:
    async with visit.known.database.reading() as connection:
        kept = await readings.kept(connection, visit.known.context.campaigns, code, visit.now, version)
    if kept is None:
        raise UnknownCampaign(code)
    return kept
