"""What every page of the office has around it: the menu of what one may see, and how a refusal looks."""

from __future__ import annotations

from typing import Any

from litestar import Response

from goen.staff.rules import Right
from goen.vocabulary.refusal import Refusal
from goen.web.common.visits import Visit

#: Group, then name of the page (also the right it asks for), address and picture.
MENU: tuple[tuple[str, tuple[tuple[Right, str, str], ...]], ...] = (
    (
        "daily",
        (
            ("home", "/office", "home"),
            ("members", "/office/members", "users"),
            ("duplicates", "/office/duplicates", "id-badge-2"),
            ("purchases", "/office/purchases", "receipt-2"),
            ("approvals", "/office/approvals", "user-cog"),
        ),
    ),
    (
        "offers",
        (
            ("programme", "/office/programme", "book-2"),
            ("campaigns", "/office/campaigns", "coin"),
            ("coupons", "/office/coupons", "barcode"),
            ("rewards", "/office/rewards", "gift"),
            ("standing", "/office/standing", "clock"),
            ("tiers", "/office/tiers", "shield-lock"),
        ),
    ),
    (
        "records",
        (
            ("products", "/office/products", "barcode"),
            ("imports", "/office/imports", "file-import"),
            ("shops", "/office/shops", "building-store"),
            ("keys", "/office/keys", "key"),
            ("staff", "/office/staff", "user-cog"),
            ("audit", "/office/audit", "history"),
        ),
    ),
)


def shown(visit: Visit, template: str, here: str, *, status: int = 200, **values: Any) -> Response[str]:
    """A whole page; ``here`` is its place in the menu."""
    menu = [(group, [each for each in items if visit.staff.may(each[0])]) for group, items in MENU]
    names = "・".join(each.name for each in visit.shops()) if visit.staff.shops else ""
    return visit.page(
        f"office/{template}",
        status=status,
        here=here,
        menu=[(group, items) for group, items in menu if items],
        my_shops=names,
        **values,
    )


def refused(visit: Visit, refusal: Refusal, status: int) -> Response[Any]:
    """A refusal in words: as a page, or as a note where a part of a page was asked for."""
    if visit.fragment:
        return visit.page("office/refused_note.html", status=status, refusal=refusal)
    return shown(visit, "refused.html", "", status=status, refusal=refusal)
