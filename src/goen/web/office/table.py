"""Every address of the office and the right that it asks for. The checks, the menu and a test come from here."""

from __future__ import annotations

from goen.web.common.visits import Route, handlers
from goen.web.office import (
    books,
    campaign_editor,
    campaigns,
    coupons,
    duplicates,
    home,
    members,
    products,
    purchases,
    setup,
    sign_in,
    tiers,
)
from goen.web.office.frame import refused

ROUTES: tuple[Route, ...] = (
    Route("GET", "/office", "home", home.home),
    Route("GET", "/office/figures", "home", home.figures),
    Route("GET", "/office/live", "home", home.live),
    Route("GET", "/office/members", "members", members.search),
    Route("GET", "/office/members/{member_id:str}", "members", members.member),
    Route("GET", "/office/members/{member_id:str}/timeline", "members", members.timeline),
    Route("POST", "/office/members/{member_id:str}/adjust", "points.adjust", members.adjust),
    Route("GET", "/office/duplicates", "duplicates", duplicates.queue),
    Route("GET", "/office/duplicates/{review_id:str}", "duplicates", duplicates.pair),
    Route("GET", "/office/duplicates/{review_id:str}/merge", "duplicates.decide", duplicates.sure),
    Route("POST", "/office/duplicates/{review_id:str}/decide", "duplicates.decide", duplicates.decide),
    Route("GET", "/office/merges/{merge_id:str}/undo", "duplicates.decide", duplicates.undo),
    Route("POST", "/office/merges/{merge_id:str}/undo", "duplicates.decide", duplicates.undo_now),
    Route("GET", "/office/purchases", "purchases", purchases.purchases),
    Route("GET", "/office/purchases/{purchase_id:str}", "purchases", purchases.purchase),
    Route("GET", "/office/programme", "programme", books.programme),
    Route("GET", "/office/campaigns", "campaigns", campaigns.campaigns),
    Route("GET", "/office/campaigns/{code:str}", "campaigns", campaigns.campaign),
    Route("GET", "/office/new/campaign", "campaigns.decide", campaign_editor.new),
    Route("POST", "/office/new/campaign", "campaigns.decide", campaign_editor.create),
    Route("POST", "/office/new/campaign/form", "campaigns.decide", campaign_editor.shape_new),
    Route("GET", "/office/campaigns/{code:str}/edit", "campaigns.decide", campaign_editor.edit),
    Route("POST", "/office/campaigns/{code:str}/edit", "campaigns.decide", campaign_editor.change),
    Route("POST", "/office/campaigns/{code:str}/edit/form", "campaigns.decide", campaign_editor.shape),
    Route("POST", "/office/campaigns/{code:str}/try", "campaigns", campaigns.try_basket),
    Route("POST", "/office/campaigns/{code:str}/activate", "campaigns.decide", campaigns.activate),
    Route("POST", "/office/campaigns/{code:str}/approve", "campaigns.decide", campaigns.approve),
    Route("POST", "/office/campaigns/{code:str}/stop", "campaigns.decide", campaigns.stop),
    Route("GET", "/office/coupons", "coupons", coupons.coupons),
    Route("GET", "/office/coupons/{code:str}", "coupons", coupons.kind),
    Route("POST", "/office/coupons/{code:str}/stop", "coupons.decide", coupons.stop),
    Route("GET", "/office/tiers", "tiers", tiers.tiers),
    Route("GET", "/office/tiers/preview", "tiers", tiers.look_ahead),
    Route("GET", "/office/products", "products", products.products),
    Route("GET", "/office/imports", "imports", books.imports),
    Route("GET", "/office/audit", "audit", books.audit),
    Route("GET", "/office/shops", "shops", setup.shops),
    Route("POST", "/office/terminals", "terminals", setup.make_code),
    Route("GET", "/office/keys", "keys", setup.keys),
    Route("GET", "/office/staff", "staff", setup.staff),
    Route("GET", "/office/design", None, setup.design),
    Route("POST", "/office/sign-out", None, sign_in.sign_out),
)

HANDLERS = (*handlers(ROUTES, refused), *sign_in.HANDLERS)
