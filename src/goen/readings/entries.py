"""What moved on a member's points account, newest first, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.purchases.ids import made
from goen.readings import pages
from goen.readings.family import Family
from goen.shops.directory import ShopDirectory
from goen.vocabulary.refusal import InvalidRequest

Language = Literal["ja", "en"]
_queries = load(__package__, "entries.sql")
_LAST = 2**63 - 1


class EntryView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One movement. ``points`` is signed; ``balance_after`` the booked balance it left."""

    id: str
    kind: str
    points: int
    balance_after: int
    occurred_at: datetime
    recorded_at: datetime
    booked_on: date
    shop: str | None
    text: str
    purchase_id: str | None = None


class Movement(NamedTuple):
    """A movement as the ledger keeps it; ``source`` or ``target`` is the member's points account."""

    seq: int
    kind: str
    source: str
    target: str
    points: int
    balance_after: int
    occurred_at: datetime
    recorded_at: datetime
    booked_on: date
    shop_id: int | None
    purchase_id: str | None
    reason: str | None


class Page(NamedTuple):
    """Some movements, and the cursor after them; None at the end."""

    items: Sequence[EntryView]
    next_cursor: str | None


async def entries(
    connection: Reading, member_id: int, limit: int, cursor: str | None, shops: ShopDirectory, language: Language
) -> Page:
    """One page of a member's movements.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    before = pages.read(cursor, int) if cursor else _LAST
    if not 0 < before <= _LAST:
        raise InvalidRequest("cursor", "is not a cursor of this list")
    rows = await connection.fetch(_queries.entries.sql, member_id, before, limit + 1)
    found = [Movement(*row) for row in rows]
    more = len(found) > limit
    items = [_view(member_id, each, shops, language) for each in found[:limit]]
    return Page(items, pages.written(found[limit - 1].seq) if more else None)


async def entries_of(
    connection: Reading, one: Family, limit: int, cursor: str | None, shops: ShopDirectory, language: Language
) -> Page:
    """One page of the movements of a member and of those merged into it, each with the balance of its own books.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    if len(one.members) == 1:
        return await entries(connection, one.root, limit, cursor, shops, language)
    # A cursor from before the merge has a number alone; the list starts anew.
    before: Any = pages.read(cursor, Any) if cursor else 0
    place = (None, 0, 0) if isinstance(before, int) else pages.read(cursor or "", tuple[datetime, int, int])
    rows = await connection.fetch(_queries.entries_of_several.sql, one.members, *place, limit + 1)
    found = [(row["member_id"], Movement(*row[:-1])) for row in rows]
    items = [_view(member_id, each, shops, language) for member_id, each in found[:limit]]
    if len(found) <= limit:
        return Page(items, None)
    member_id, last = found[limit - 1]
    return Page(items, pages.written((last.recorded_at, member_id, last.seq)))


async def sums(connection: Reading, member_id: int, language: Language) -> list[tuple[int, str]]:
    """What each kind of movement came to, with words, in the order they first occurred; the sum is booked."""
    found: dict[str, int] = {}
    for kind, confirmed, points in await connection.fetch(_queries.sums.sql, member_id):
        name = kind_text("earn" if confirmed else kind, language)
        found[name] = found.get(name, 0) + points
    return [(points, name) for name, points in found.items()]


def _view(member_id: int, entry: Movement, shops: ShopDirectory, language: Language) -> EntryView:
    sign = 1 if entry.target == "points" else -1
    shop = None if entry.shop_id is None else shops.by_id(entry.shop_id)
    return EntryView(
        made("e", member_id, entry.seq),
        entry.kind,
        sign * entry.points,
        entry.balance_after,
        entry.occurred_at,
        entry.recorded_at,
        entry.booked_on,
        shop.code if shop else None,
        entry_text(entry, shop.name if shop else None, language),
        entry.purchase_id,
    )


_KINDS: dict[str, tuple[str, str]] = {
    "earn": ("ポイント付与", "Points earned"),
    "confirmed": ("仮ポイントの確定", "Pending points confirmed"),
    "redeem": ("ポイント利用", "Points used"),
    "expire": ("有効期限切れによる失効", "Expired"),
    "unexpire": ("失効の取り消し", "Expiry taken back"),
    "adjust": ("ポイント調整", "Adjustment"),
    "return_earned": ("返品・キャンセルによる付与の取り消し", "Earned points taken back"),
    "return_used": ("返品・キャンセルによる利用ポイントの返還", "Used points given back"),
    "transfer_in": ("ポイントの受け取り", "Points received"),
    "transfer_out": ("ポイントの譲渡", "Points sent"),
    "merge_in": ("会員統合による引き継ぎ", "Taken over from a merged membership"),
    "merge_out": ("会員統合による移行", "Moved to the surviving membership"),
    "coupon": ("クーポン特典", "Coupon points"),
    "bonus": ("ボーナスポイント", "Bonus points"),
}
_ADJUSTED: dict[str, tuple[str, str]] = {
    "goodwill": ("お詫び・サービス", "goodwill"),
    "correction": ("訂正", "correction"),
    "migration": ("旧システムからの移行", "migration"),
    "promotion": ("販促", "promotion"),
    "other": ("その他", "other"),
}
#: What standing rules and draws give for, by the first word of the entry's reason.
BONUSES: dict[str, tuple[str, str]] = {
    "birthday": ("お誕生日特典", "birthday"),
    "welcome": ("入会特典", "welcome"),
    "visit": ("来店ポイント", "visit"),
    "referral": ("お友だち紹介特典", "referral"),
    "review": ("レビュー投稿特典", "review"),
    "survey": ("アンケート回答特典", "survey"),
    "win_back": ("おかえりなさい特典", "welcome back"),
    "draw": ("抽選の賞品", "prize of a draw"),
}


def kind_text(kind: str, language: Language) -> str:
    """A kind of movement as people say it."""
    return _KINDS.get(kind, (kind, kind))[language == "en"]


def entry_text(entry: Movement, shop: str | None, language: Language) -> str:
    """One movement as a short sentence: ``ポイント付与（渋谷店）``."""
    kind = entry.kind
    if kind == "earn" and entry.source == "pending":
        kind = "confirmed"
    elif kind == "expire" and entry.target == "points":
        kind = "unexpire"
    about = shop
    if kind == "adjust" and entry.reason in _ADJUSTED:
        about = _ADJUSTED[entry.reason][language == "en"]
    elif kind == "redeem" and (entry.reason or "").startswith("draw:"):
        about = ("抽選への応募", "entry in a draw")[language == "en"]
    elif kind == "bonus" and (given := BONUSES.get((entry.reason or "").partition(":")[0])) is not None:
        about = given[language == "en"] if shop is None else f"{given[language == 'en']} {shop}"
    text = kind_text(kind, language)
    if about is None:
        return text
    return f"{text}（{about}）" if language == "ja" else f"{text} ({about})"
