"""Random programmes and baskets, kept plain so that a failing example reads well."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


@st.composite
def programmes(draw: Any) -> dict[str, Any]:
    """Programmes generous enough that points matter, in all modes of expiry, return and rounding."""
    expiry = draw(
        st.sampled_from(
            [
                {"mode": "days", "days": 3},
                {"mode": "months", "months": 1},
                {"mode": "month_end", "months": 12},
                {"mode": "fiscal_year", "years": 0},
                {"mode": "sliding", "months": 1},
                {"mode": "sliding", "months": 2, "activity": ["purchase", "use"], "slide_to": "end_of_month_before"},
                {"mode": "none"},
            ]
        )
    )
    value = draw(st.sampled_from([1, 1, 0.5, 2]))
    return {
        "earning": {
            "unit_amount": draw(st.sampled_from([1, 7, 100])),
            "unit_points": draw(st.sampled_from([1, 3])),
            "rounding": draw(st.sampled_from(["floor", "half_up", "ceil"])),
            "place": draw(st.sampled_from(["sale", "rate", "line", "unit"])),
            "base": draw(st.sampled_from(["tax_excluded", "tax_included"])),
            "point_paid": draw(st.sampled_from(["excluded", "included"])),
            "categories": {"food": 0.5},
            "thresholds": draw(st.sampled_from([[], [{"code": "big", "amount": 3000, "points": 100}]])),
        },
        "point_value": value,
        "use": {
            "postage": draw(st.booleans()),
            "excluded_categories": draw(st.sampled_from([[], ["food"]])),
            # Half a yen is nobody's: points worth less than one are used in twos.
            **({"min": 2, "unit": 2} if value < 1 else {}),
        },
        "expiry": expiry,
        "returns": {
            "expired_used": draw(st.sampled_from(["lost", "grace"])),
            "partial": draw(st.sampled_from(["points_last", "pro_rata"])),
            "shortage": draw(st.sampled_from(["debt", "debt", "money", "refuse"])),
            "thresholds": draw(st.sampled_from(["take_back", "keep"])),
        },
        "provisional_days": draw(st.sampled_from([0, 2])),
        "claim_window_days": 5,
    }


def lines() -> st.SearchStrategy[list[dict[str, Any]]]:
    """One to four lines of whole, broken or no quantity, with and without tax."""
    line = st.fixed_dictionaries(
        {
            "amount": st.integers(0, 3000),
            "quantity": st.sampled_from([1, 1, 2, 3, 0.75, 0]),
            "tax_rate": st.sampled_from([10, 10, 8, 0]),
            "tax_included": st.booleans(),
            "category": st.sampled_from(["food", "goods"]),
            "points": st.sampled_from([True, True, False]),
        }
    )
    return st.lists(line, min_size=1, max_size=4).map(lambda found: [{"line": n, **x} for n, x in enumerate(found, 1)])


def baskets() -> st.SearchStrategy[dict[str, Any]]:
    """The priced part of a sale, some with a discount on the whole of it."""

    def priced(parts: tuple[list[dict[str, Any]], int, int]) -> dict[str, Any]:
        found, postage, discount = parts
        discount = min(discount, sum(line["amount"] for line in found))
        discounts = [{"amount": discount}] if discount else []
        return {"lines": found, "postage": postage, "discounts": discounts}

    return st.tuples(lines(), st.sampled_from([0, 0, 500]), st.sampled_from([0, 0, 333])).map(priced)


#: How much of what is payable is paid with points.
SHARES = st.sampled_from([0, 0, 0.3, 0.8, 1])
