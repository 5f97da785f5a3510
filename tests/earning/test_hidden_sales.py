"""Hidden sales, as pure rules: whom each admits, which lines it keeps, and what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest

from earning.builders import engine, line
from earning.test_campaigns import ARTICLES, NOON, STORE, WEB, ZONE, campaign
from goen.earning import Facts
from goen.earning.campaigns.checks import validate
from goen.earning.campaigns.cost import needs_approval, worst_case
from goen.earning.campaigns.hidden import closed_to
from goen.earning.campaigns.law import law
from goen.earning.campaigns.running import Running
from goen.earning.campaigns.scene import Place, Scene
from goen.earning.programme import CampaignTerms, Programme

EFFECT = {"kind": "hidden_sale"}
SKU_A = {"skus": ["A"]}
LINES = [line(1, 1100, sku="A"), line(2, 2200, sku="B", category="本")]
GOLD, NOBODY = Facts(tier="gold"), Facts()


def closed(*made: Any, facts: Facts = NOBODY, place: Place = WEB) -> dict[str, tuple[str, tuple[int, ...]]]:
    """By campaign why it does not admit, and the lines it keeps."""
    scene = Scene.of(place, NOON, NOON.astimezone(ZONE).date(), ZONE)
    found = closed_to(Running(engine(), made, 1).hidden, LINES, ARTICLES, scene, facts)
    return {each.miss.rule[9:]: (each.miss.reason, each.lines) for each in found}


def sale_of(code: str = "c", **when: Any) -> Any:
    return campaign(code, EFFECT, when={"products": SKU_A} | when)


ADMITS = [
    ({}, NOBODY, WEB, None),
    ({}, Facts(guest=True), WEB, ("needs_member", (1,))),
    ({"tiers": ["gold"]}, GOLD, WEB, None),
    ({"tiers": ["gold"]}, NOBODY, WEB, ("not_this_tier", (1,))),
    ({"segments": ["vip"]}, Facts(segments=("vip",)), WEB, None),
    ({"segments": ["vip"]}, NOBODY, WEB, ("not_in_segment", (1,))),
    ({"birth_months": [12]}, Facts(birth_month=1), WEB, ("not_birth_month", (1,))),
    ({"nth_purchase": [3]}, Facts(purchases=1), WEB, ("not_nth_purchase", (1,))),
    ({"hours": [{"from": "20:00", "to": "22:00"}]}, GOLD, WEB, ("not_this_hour", (1,))),
    ({"dates": [{"from": "2030-01-01"}]}, GOLD, WEB, ("not_this_day", (1,))),
    # Where it is not held, everybody may buy the goods.
    ({"channels": ["ec"], "tiers": ["gold"]}, NOBODY, STORE, None),
    ({"channels": ["ec"], "tiers": ["gold"]}, NOBODY, WEB, ("not_this_tier", (1,))),
    ({"products": {"categories": ["本"]}, "tiers": ["gold"]}, NOBODY, WEB, ("not_this_tier", (2,))),
    ({"products": {"skus": ["Z"]}, "tiers": ["gold"]}, NOBODY, WEB, None),
]


@pytest.mark.parametrize(("when", "facts", "place", "told"), ADMITS)
def test_whom_it_admits_and_what_it_keeps(when, facts, place, told):
    assert closed(sale_of(**when), facts=facts, place=place).get("c") == told


def test_goods_of_two_sales_are_for_whom_either_admits():
    gold, vip = sale_of("gold", tiers=["gold"]), sale_of("vip", segments=["vip"])
    assert closed(gold, vip, facts=GOLD) == {}
    assert set(closed(gold, vip)) == {"gold", "vip"}
    wider = campaign("wide", EFFECT, when={"products": {"skus": ["A", "B"]}, "segments": ["vip"]})
    assert closed(gold, wider, facts=GOLD) == {"wide": ("not_in_segment", (2,))}


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"effects": [EFFECT], "when": {"tiers": ["gold"]}}, "hidden_sale_of_what"),
        ({"effects": [EFFECT, {"kind": "points", "points": 1}], "when": {"products": SKU_A}}, "hidden_sale_apart"),
        ({"effects": [EFFECT], "when": {"products": SKU_A}, "max_points": 5}, "hidden_sale_apart"),
        ({"effects": [EFFECT], "when": {"products": SKU_A, "amount_min": 1}}, "hidden_sale_asks_who"),
        ({"effects": [EFFECT], "when": {"products": SKU_A, "coupons": True}}, "hidden_sale_asks_who"),
        ({"effects": [EFFECT], "when": {"products": SKU_A, "tenders": ["cash"]}}, "hidden_sale_asks_who"),
        ({"effects": [EFFECT], "when": {"products": SKU_A}}, None),
    ],
)
def test_contradictions(fields, fault):
    found = {each.code for each in validate(campaign(**fields), Programme()) if each.level == "error"}
    assert found == (set() if fault is None else {fault})


def test_it_costs_nothing_and_is_no_premium():
    careful = Programme(campaigns=CampaignTerms(approval_above=1, points_usable="others"))
    worst = worst_case(sale_of(), careful, members=10, places=[STORE, WEB], zone=ZONE)
    assert (worst.points, worst.yen, worst.per_sale, worst.bound) == (0, 0, 0, None)
    assert not needs_approval(careful, worst)
    assert law(sale_of(), careful, {}).premiums == "discount"
