"""Documents as forms: whatever a document says comes back from its form; what was typed wrong is refused by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from goen.earning.campaigns import model
from goen.earning.coupons.model import CouponKind
from goen.earning.programme import Programme
from goen.earning.programme import from_json as programme_of
from goen.earning.rewards.model import Reward
from goen.web.office import changes, forms
from goen.web.office.forms import Field, Row
from web.test_offers import EFFECTS, KINDS, LADDER, WHOLE

TOKYO = ZoneInfo("Asia/Tokyo")


def sent(fields: list[Field]) -> dict[str, str]:
    """What a browser sends of these inputs untouched."""
    form: dict[str, str] = {}
    for each in fields:
        match each.kind:
            case "group":
                form |= sent(each.value)
            case "rows" | "map":
                for row in each.value:
                    form |= of_row(row, each.kind == "map")
            case "one":
                form |= {} if each.value is None else of_row(each.value, False)
            case "flag":
                form |= {each.name: "on"} if each.value else {}
            case "choices":
                form |= {f"{each.name}:{chosen}": str(place) for place, chosen in enumerate(each.value)}
            case "tokens":
                form |= {f"{each.name}:{place}": token for place, token in enumerate(each.value)} | {
                    f"{each.name}+": ""
                }
            case "moment":
                form |= {each.name: each.value[0], f"{each.name}.was": each.value[1]}
            case _:
                form[each.name] = each.value
    return form


def of_row(row: Row, mapping: bool) -> dict[str, str]:
    named = {f"{row.path}.key": row.key} if mapping else {}
    if row.tag == "unheard-of":
        return {row.path: row.tag, f"{row.path}.json": row.raw}
    return {row.path: row.tag or "1", **named, **sent(row.fields)}


def through(struct: Any, document: Any) -> Any:
    return forms.read(struct, sent(forms.fields(struct, document, TOKYO)), TOKYO)


CAMPAIGN = model.Campaign("c", "名前", EFFECTS[-10:], name_en="Name", conditions=WHOLE)
FULL = forms.decode(model.to_json(CAMPAIGN)) | {
    "starts_at": "2026-11-01T00:00:00Z", "ends_at": "2027-03-31T23:59:59.123456+09:00", "max_points": 500,
    "grant": {"kind": "limited", "days": 0}, "stacking": {"group": "季節", "priority": -5, "exclusive": True},
    "limits": [{"measure": "yen", "most": 50_000, "per": ["shop", "month"]}, {"measure": "uses", "most": 3}],
    "funder": "maker-a",
}  # fmt: skip


def test_a_whole_campaign_comes_back_as_it_was() -> None:
    back = through(model.Campaign, FULL)
    assert model.from_json(forms.encode(back)) == model.from_json(forms.encode(FULL))
    assert back["ends_at"] == FULL["ends_at"]  # To the millionth, though no input shows it.


@pytest.mark.parametrize("told", [(), (True,), (1,), (1.5,), ("1",), ("true", "雨, 雪")])
def test_what_a_signal_is_keeps_its_type(told: Any) -> None:
    conditions = model.Conditions(signals=(model.SignalIs("rain", told, 1.0 if not told else None),))
    document = forms.decode(msgspec.json.encode(conditions))
    back = through(model.Conditions, document)
    assert msgspec.json.decode(forms.encode(back), type=model.Conditions) == conditions


def test_an_effect_that_the_form_does_not_know_is_kept_whole() -> None:
    strange = {"kind": "unheard-of", "from": {"deep": [1, {"a": None}]}, "x": 1.50}
    document = FULL | {"effects": [FULL["effects"][0], strange]}
    assert through(model.Campaign, document)["effects"][1] == strange


@pytest.mark.parametrize("effect", KINDS)
def test_a_coupon_comes_back_as_it_was(effect: Any) -> None:
    kind = CouponKind("k", "クーポン", effect, public_code="HARU300", conditions=WHOLE)
    document = forms.decode(msgspec.json.Encoder(decimal_format="number").encode(kind))
    assert msgspec.json.decode(forms.encode(through(CouponKind, document)), type=CouponKind) == kind


def test_what_is_left_empty_is_not_in_the_document_and_nought_is() -> None:
    nought = {"products": {"price_min": 0}, "channels": [], "amount_min": 0}
    back = through(model.Conditions, nought)
    assert (back["products"]["price_min"], back["amount_min"]) == (0, 0)
    assert "not_products" not in back


def test_rewards_and_a_programme_come_back_as_they_were() -> None:
    reward = Reward("タオル", 500, "ship", description="1行目\n2行目", stock=3, tiers=("gold",))
    assert msgspec.convert(through(Reward, forms.decode(forms.encode(reward))), Reward) == reward
    programme = programme_of(
        msgspec.json.encode(
            {
                "point_value": 0.5, "tiers": {"gold": {"name": "ゴールド", "multiplier": 1.5}, "silver": {}},
                "tier_programmes": {"rank": msgspec.to_builtins(LADDER)}, "earning": {
                    "categories": {"たばこ": 0}, "shops": {"web": {"multiplier": 2, "mode": "replace"}},
                    "thresholds": [{"code": "t", "amount": 5000, "points": 100}], "discounts_lower_base": False,
                    "precedence": ["shop", "tier", "tender", "brand"],
                },
            }
        )
    )  # fmt: skip
    back = through(Programme, forms.decode(msgspec.json.Encoder(decimal_format="number").encode(programme)))
    assert programme_of(forms.encode(back)) == programme


def test_numbers_are_read_as_people_type_them_and_what_is_none_is_left_to_the_type() -> None:
    form = {
        "effects.0": "points",
        "effects.0.points": "１，２００",
        "name": " n ",
        "max_points": "many",
        "limits.0": "1",
    }
    found = forms.read(model.Campaign, form, TOKYO)
    assert found["effects"] == [{"kind": "points", "points": 1200}]
    assert found["max_points"] == "many"
    assert found["limits"] == [{"per": []}]
    assert "conditions" in found
    with pytest.raises(msgspec.ValidationError):
        model.from_json(forms.encode(found | {"code": "c"}))
    rate = forms.read(model.RateEffect, {"multiplier": "1.50", "percent": "2％"}, TOKYO)
    assert rate == {"multiplier": Decimal("1.50"), "percent": Decimal(2)}


def test_rows_come_go_and_move() -> None:
    document: Any = {"effects": [{"kind": "rate"}], "conditions": {}}
    changes.change(document, "add:effects:steps", sample={"steps": [{}]})
    changes.change(document, "up:effects:1")
    assert [each["kind"] for each in document["effects"]] == ["steps", "rate"]
    changes.change(document, "add:effects.0.steps:", sample={})
    changes.change(document, "add:conditions.hours:")
    assert document == {
        "effects": [{"kind": "steps", "steps": [{}, {}]}, {"kind": "rate"}],
        "conditions": {"hours": [{}]},
    }
    changes.change(document, "drop:effects:0")
    for nothing in ("drop:effects:7", "up:effects:0", "drop:none:0", "add:effects.9.steps:", "", "x", "drop:effects:²"):
        before = forms.encode(document)
        changes.change(document, nothing)
        assert forms.encode(document) == before, nothing
    ladders: Any = {"tier_programmes": {"rank": {"levels": []}}}
    changes.change(ladders, "add:tier_programmes.0.value.levels:", sample={"reach": 0})
    assert ladders == {"tier_programmes": {"rank": {"levels": [{"reach": 0}]}}}


def test_what_differs_makes_a_patch() -> None:
    old = {"a": 1, "b": {"c": 1, "d": 2}, "e": [1], "f": 1}
    assert changes.patch(old, {"a": 1, "b": {"c": 1}, "e": [1, 2], "g": {}}) == {
        "b": {"d": None},
        "e": [1, 2],
        "f": None,
        "g": {},
    }
    one, less, other = {"kind": "a", "x": 1}, {"kind": "a"}, {"kind": "b", "y": 1}
    assert changes.patch({"e": one}, {"e": less}, whole=("e",)) == {"e": {"kind": "a", "x": None}}
    assert changes.patch({"e": one}, {"e": other}, whole=("e",)) == {"e": other}
    assert changes.patch({"e": one}, {"e": other}) == {"e": {"kind": "b", "y": 1, "x": None}}
