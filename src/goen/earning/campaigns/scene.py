"""What campaigns are told of a sale beside its document: where, when, what the goods are, what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Place(NamedTuple):
    """The shop of a sale. ``kind`` is its channel: ``store`` or ``ec``."""

    shop: str
    kind: str
    region: str | None = None


class Scene(NamedTuple):
    """Place and time of a sale: the instant, the shop's business date, the minute of the local clock."""

    place: Place
    moment: datetime
    day: date
    minute: int

    @staticmethod
    def of(place: Place, moment: datetime, day: date, zone: ZoneInfo) -> Scene:
        """The scene of an instant, with the clock of this zone."""
        local = moment.astimezone(zone)
        return Scene(place, moment, day, local.hour * 60 + local.minute)


class Article(NamedTuple):
    """A product as far as campaigns look at it."""

    category: str | None = None
    brand: str | None = None
    maker: str | None = None
    tags: frozenset[str] = frozenset()
    clearance: bool = False


#: Nothing is known of the product.
UNKNOWN = Article()


class LimitKey(NamedTuple):
    """A limit account: ``shared`` by all members, or the member's own."""

    shared: bool
    code: str
    period: str


class Draw(NamedTuple):
    """What an award draws on an account that may not be drawn beyond ``ceiling``."""

    rule: str
    key: LimitKey
    amount: int
    ceiling: int


#: What is drawn on an account so far.
Drawn = Callable[[LimitKey], int]


def nothing_drawn(_: LimitKey) -> int:
    """Limits nobody has drawn on."""
    return 0
