"""What each role may do. One table; pages, commands and their tests are read from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, get_args

Role = Literal["owner", "marketing", "accounting", "manager", "clerk", "auditor"]
Right = Literal[
    "home",
    "members",
    "purchases",
    "points.adjust",
    "approvals",
    "approvals.decide",
    "duplicates",
    "duplicates.decide",
    "programme",
    "programme.decide",
    "campaigns",
    "campaigns.decide",
    "coupons",
    "coupons.decide",
    "rewards",
    "rewards.decide",
    "rewards.orders",
    "standing",
    "standing.decide",
    "tiers",
    "products",
    "imports",
    "shops",
    "terminals",
    "keys",
    "staff",
    "audit",
]

Door = Literal["office", "terminal"]

_ALL: frozenset[Right] = frozenset(get_args(Right))
RIGHTS: Mapping[Role, frozenset[Right]] = {
    "owner": _ALL,
    "marketing": frozenset(
        {
            "home",
            "members",
            "duplicates",
            "duplicates.decide",
            "purchases",
            "programme",
            "campaigns",
            "campaigns.decide",
            "coupons",
            "coupons.decide",
            "rewards",
            "rewards.decide",
            "rewards.orders",
            "standing",
            "standing.decide",
            "tiers",
            "products",
        }
    ),
    "accounting": frozenset(
        {
            "home",
            "members",
            "purchases",
            "programme",
            "campaigns",
            "coupons",
            "rewards",
            "standing",
            "tiers",
            "products",
            "imports",
            "shops",
            "audit",
            "approvals",
            "approvals.decide",
        }
    ),
    "manager": frozenset(
        {
            "home",
            "members",
            "duplicates",
            "duplicates.decide",
            "purchases",
            "points.adjust",
            "approvals",
            "programme",
            "campaigns",
            "coupons",
            "rewards",
            "rewards.orders",
            "standing",
            "tiers",
            "products",
            "shops",
            "terminals",
        }
    ),
    "clerk": frozenset({"home", "purchases"}),
    "auditor": _ALL
    - {
        "points.adjust",
        "approvals.decide",
        "duplicates.decide",
        "programme.decide",
        "campaigns.decide",
        "coupons.decide",
        "rewards.decide",
        "rewards.orders",
        "standing.decide",
        "terminals",
    },
}
#: A password alone does not let these in.
NEEDS_SECOND: frozenset[Role] = frozenset({"owner", "accounting"})
#: Bound to shops of theirs; the others see all.
OF_A_SHOP: frozenset[Role] = frozenset({"manager", "clerk"})

#: Points that one of them gives and takes by hand a day, together; the others who may have no limit.
ADJUSTS_PER_DAY: Mapping[Role, int] = {"manager": 10_000}

PASSWORD_MIN = 12
PIN_DIGITS = (4, 8)
FAILURES_MAX = 5
LOCKED_FOR = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=12)
SESSION_RESTS = timedelta(hours=2)
HALF_LASTS = timedelta(minutes=10)
#: So many attempts per network address in this time, beside the lock of each sign-in.
ATTEMPTS: Mapping[Door, int] = {"office": 30, "terminal": 20}
ATTEMPTS_WINDOW = timedelta(minutes=5)
CODE_LASTS = timedelta(minutes=15)
