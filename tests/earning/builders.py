"""Purchases and programmes in one line, and strategies for random ones."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from goen.earning import Facts, Programme, compile_programme
from goen.earning.basket import usable
from goen.earning.programme import Boost, Earning, Returns, Threshold, Tier, Use
from goen.purchases.model import Line, OrderDiscount, Purchase

WHEN = datetime.fromisoformat("2026-11-22T12:34:56+09:00")


def line(number: int, amount: int, **fields: Any) -> Line:
    for name in ("quantity", "tax_rate"):
        if name in fields:
            fields[name] = Decimal(str(fields[name]))
    return Line(line=number, amount=amount, **fields)


def sale(*lines: Line | int, discount: int = 0, **fields: Any) -> Purchase:
    """A sale; a bare number is a line of that amount, one piece, 10 % tax included."""
    discounts = (OrderDiscount(amount=discount),) if discount else ()
    made = tuple(
        line(position, each) if isinstance(each, int) else each for position, each in enumerate(lines, start=1)
    )
    return Purchase(
        shop=fields.pop("shop", "shibuya"),
        external_id="r-1",
        occurred_at=WHEN,
        lines=made,
        discounts=discounts,
        **fields,
    )


def engine(**settings: Any):
    """An engine; earning, use and returns settings by their own names, the rest as given."""
    parts: dict[str, Any] = {}
    for name, kind in (("earning", Earning), ("use", Use), ("returns", Returns)):
        given = {key: settings.pop(key) for key in list(settings) if key in kind.__struct_fields__}
        parts[name] = kind(**given)
    return compile_programme(Programme(**parts, **settings))


_categories = st.sampled_from([None, "食品", "酒", "たばこ"])

lines = st.lists(
    st.builds(
        lambda amount, milli, rate, included, points, category: {
            "amount": amount, "quantity": Decimal(milli).scaleb(-3), "tax_rate": Decimal(rate),
            "tax_included": included, "points": points, "category": category,
        },
        st.one_of(st.integers(0, 3_000), st.integers(0, 10**7)),
        st.one_of(st.sampled_from([0, 1000, 2000, 3000, 10_000]), st.integers(0, 30_000)),
        st.sampled_from([0, 8, 10]), st.booleans(), st.integers(0, 4).map(bool), _categories,
    ),
    min_size=1, max_size=6,
).map(lambda rows: tuple(Line(line=n, **row) for n, row in enumerate(rows, start=1)))  # fmt: skip

programmes = st.builds(
    lambda percent, base, rounding, place, paid, lower, coupons, many, kept, partial, value, mode, postage: (
        Programme(
            earning=Earning(
                unit_amount=100 if many else 30, unit_points=1 if many else 3, percent=percent, base=base,
                rounding=rounding, place=place, point_paid=paid, discounts_lower_base=lower,
                coupons_lower_base=coupons,
                categories={"酒": Decimal("0.5"), "食品": Decimal(2), "たばこ": Decimal(0)} if many else {},
                shops={"shibuya": Boost(Decimal("1.5"), mode)} if many else {},
                thresholds=(Threshold("big", 5_000, 500),),
            ),
            point_value=value,
            use=Use(unit=2, min=2, excluded_categories=("たばこ",) if many else (), postage=postage),
            returns=Returns(partial=partial, thresholds=kept),
            tiers={"gold": Tier("ゴールド", Decimal(2), mode)},
        )
    ),
    st.sampled_from([None, Decimal(1), Decimal("0.75")]),
    st.sampled_from(["tax_excluded", "tax_included"]),
    st.sampled_from(["floor", "half_up", "ceil"]),
    st.sampled_from(["sale", "rate", "line", "unit"]),
    st.sampled_from(["excluded", "included"]),
    st.booleans(), st.booleans(), st.booleans(),
    st.sampled_from(["take_back", "keep"]),
    st.sampled_from(["points_last", "pro_rata"]),
    st.sampled_from([Decimal(1), Decimal("0.5"), Decimal(3)]),
    st.sampled_from(["add", "replace"]),
    st.booleans(),
)  # fmt: skip


@st.composite
def purchases(draw: st.DrawFn, made: Programme) -> tuple[Purchase, int]:
    """A valid random purchase under ``made`` and the yen its coupons take off."""
    unit = compile_programme(made)
    bought = sale(*draw(lines), postage=draw(st.sampled_from([0, 0, 550])))
    undiscounted = unit.evaluate(bought).total - bought.postage
    discount = draw(st.one_of(st.just(0), st.integers(0, undiscounted)))
    coupons = draw(st.one_of(st.just(0), st.integers(0, undiscounted - discount)))
    total = draw(st.one_of(st.none(), st.integers(0, 2 * undiscounted + 100)))
    bought = sale(*bought.lines, postage=bought.postage, discount=discount, total=total)
    decided = unit.evaluate(bought, Facts(coupon_reduction=coupons))
    spendable = sum(share.net for share in decided.lines if share.spendable)
    most = usable(unit.value, made.use, spendable + (decided.postage if made.use.postage else 0), decided.total)
    points = draw(st.one_of(st.just(0), st.just(most), st.integers(0, most // 2).map(lambda half: half * 2)))
    return sale(*bought.lines, postage=bought.postage, discount=discount, total=total, use_points=points), coupons


_goods = st.sampled_from([None, {"categories": ["食品", "酒"]}, {"categories": ["酒"]}, {"price_min": 500}])
_effects = st.one_of(
    st.builds(
        lambda mode, times: {"kind": "rate", "mode": mode, "multiplier": times},
        st.sampled_from(["multiply", "add", "replace"]),
        st.sampled_from([1.5, 2, 3]),
    ),
    st.builds(
        lambda mode, percent: {"kind": "rate", "mode": mode, "percent": percent},
        st.sampled_from(["add", "replace"]),
        st.sampled_from([0.5, 3, 12.5]),
    ),
    st.builds(
        lambda points, per: {"kind": "points", "points": points, "per": per},
        st.integers(1, 500),
        st.sampled_from(["sale", "line", "unit"]),
    ),
    st.builds(
        lambda low, points, of: {
            "kind": "steps", "of": of,
            "steps": [{"from": low, "points": points}, {"from": low * 5, "points": points * 3}],
        },
        st.integers(1, 3000), st.integers(1, 300), st.sampled_from(["amount", "quantity"]),
    ),
    st.builds(
        lambda amount, points, most: {"kind": "every", "amount": amount, "points": points, "times_max": most},
        st.integers(100, 3000), st.integers(1, 50), st.sampled_from([None, 1, 3]),
    ),
    st.builds(
        lambda full, points, of, every: {"kind": "stamps", "full": full, "points": points, "of": of, "every": every},
        st.integers(2, 4), st.integers(1, 300), st.sampled_from(["sale", "line", "quantity", "amount"]),
        st.sampled_from([1, 2, 700]),
    ),
)  # fmt: skip
_stackings = st.builds(
    lambda priority, group, exclusive, consumes: {
        "priority": priority, "group": group, "exclusive": exclusive, "consumes_lines": consumes,
    },
    st.integers(-2, 2), st.sampled_from([None, None, "g"]), st.sampled_from([False, False, False, True]), st.booleans(),
)  # fmt: skip

campaigns = st.lists(
    st.builds(
        lambda effects, goods, floor, stacking, limits, cap, grant: {
            "effects": effects,
            "conditions": {"products": goods, "amount_min": floor},
            "stacking": stacking,
            "limits": limits,
            "max_points": cap,
            "grant": grant,
        },
        st.lists(_effects, min_size=1, max_size=2).filter(lambda each: [x["kind"] for x in each].count("stamps") < 2),
        _goods,
        st.sampled_from([None, None, 2000]),
        _stackings,
        st.lists(
            st.builds(
                lambda measure, most: {"measure": measure, "most": most},
                st.sampled_from(["points", "yen"]),
                st.integers(1, 300),
            ),
            max_size=1,
        ),
        st.sampled_from([None, None, 120]),
        st.sampled_from([{}, {"kind": "limited", "days": 7}]),
    ),
    min_size=1,
    max_size=4,
).map(lambda made: [{"code": f"c{n}", "name": f"c{n}", **each} for n, each in enumerate(made)])
"""Random campaigns as JSON would bring them; their codes are c0, c1 …"""

_price_effects = st.one_of(
    st.builds(lambda yen: {"kind": "discount", "yen": yen}, st.integers(1, 5000)),
    st.builds(
        lambda percent, most: {"kind": "discount", "percent": percent, "most": most},
        st.sampled_from([0.5, 7, 10, 100]), st.sampled_from([None, 33, 500]),
    ),
    st.builds(lambda most: {"kind": "free_postage", "most": most}, st.sampled_from([None, 300])),
    st.builds(lambda sku: {"kind": "gift", "name": "タオル", "sku": sku}, st.sampled_from([None, "A"])),
    st.builds(lambda percent: {"kind": "member_price", "percent": percent}, st.sampled_from([3, 12.5])),
    st.builds(lambda price: {"kind": "member_price", "prices": {"A": price}}, st.integers(0, 900)),
)  # fmt: skip

price_campaigns = st.lists(
    st.builds(
        lambda effects, goods, floor, stacking, limits: {
            "effects": effects, "conditions": {"products": goods, "amount_min": floor}, "stacking": stacking,
            "limits": limits,
        },
        st.lists(_price_effects, min_size=1, max_size=2), _goods, st.sampled_from([None, None, 2000]),
        _stackings.map(lambda each: {**each, "consumes_lines": False}),  # They give no points that use lines up.
        st.lists(
            st.builds(
                lambda measure, most: {"measure": measure, "most": most},
                st.sampled_from(["uses", "yen"]), st.integers(1, 300),
            ),
            max_size=1,
        ),
    ),
    min_size=1, max_size=4,
).map(lambda made: [{"code": f"p{n}", "name": f"p{n}", **each} for n, each in enumerate(made)])  # fmt: skip
"""Random campaigns that change the price; their codes are p0, p1 …"""
