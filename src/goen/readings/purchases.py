"""What was sold, and what became of it since: rows as kept, for the edges to show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from goen.database.pool import Reading
from goen.database.queries import load
from goen.purchases.ids import home_of
from goen.readings import pages
from goen.readings.family import Family

_queries = load(__package__, "purchases.sql")


class ReturnFacts(NamedTuple):
    """A document of returned goods. ``document`` is JSON text, as asked."""

    purchase_id: str
    return_id: str
    shop_id: int
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    booked_on: date
    refund: int
    earned_reversed: int
    pending_reversed: int
    used_restored: int
    expired_lost: int
    shortage: int
    document: str


class PurchaseRow(NamedTuple):
    """A sale as kept. ``document``, ``decision`` and ``progress`` are JSON texts; the last is null for a guest's.

    ``holder``, ``number`` and ``tier`` are the member whose points it concerns, null for a guest sale; ``owner`` is who
    was presented or claimed it, and may have been merged into the holder since.
    """

    member_id: int
    purchase_id: str
    shop_id: int
    external_id: str
    status: str
    occurred_at: datetime
    business_date: date
    recorded_at: datetime
    booked_on: date
    total: int
    payable: int
    confirms_on: date | None
    document: str
    decision: str
    progress: str | None
    claimed_at: datetime | None
    holder: int | None
    number: str | None
    tier: str | None
    owner: int | None


class PurchaseFacts(NamedTuple):
    """A sale and what came back of it."""

    row: PurchaseRow
    returns: Sequence[ReturnFacts]


class HoldFacts(NamedTuple):
    """A hold as it stands: ``expired`` from its time on, whether or not a job has ended it."""

    hold_id: str
    shop_id: int
    reference: str | None
    points: int
    captured: int
    status: str
    expires_at: datetime | None
    holder: int
    number: str
    tier: str | None


class Span(NamedTuple):
    """From when to when, both included: days of business, or instants of the sales."""

    first_day: date | None = None
    last_day: date | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None


async def purchase(connection: Reading, purchase_id: str) -> PurchaseFacts | None:
    """One sale by its id; None where there is none."""
    home = home_of("p", purchase_id)
    found = [] if home is None else await _whole(connection, [(home, purchase_id)])
    return found[0] if found else None


async def by_receipt(connection: Reading, key_hash: int, key_check: int) -> PurchaseFacts | None:
    """The sale that stands under a receipt's key; None where there is none."""
    purchase_id: str | None = await _queries.by_receipt(connection, key_hash=key_hash, key_check=key_check)
    return None if purchase_id is None else await purchase(connection, purchase_id)


async def of_shops(connection: Reading, purchase_ids: Iterable[str], shops: Collection[int]) -> set[str]:
    """Those of these sales that were made in these shops; ``shops`` empty: all."""
    homes = {each: home for each in purchase_ids if (home := home_of("p", each)) is not None}
    if not shops:
        return set(homes)
    rows = await connection.fetch(_queries.of_shops.sql, list(homes.values()), list(homes), list(shops))
    return {row["purchase_id"] for row in rows}


async def of_member(
    connection: Reading, member: Family, span: Span, limit: int, cursor: str | None
) -> tuple[list[PurchaseFacts], str | None]:
    """A member's sales, claimed ones among them, newest first, and the cursor after them.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    before_at, before_id = pages.read(cursor, tuple[datetime, str]) if cursor else (None, None)
    rows = await connection.fetch(
        _queries.purchase_ids.sql, member.homes, member.members, *span, before_at, before_id, limit + 1
    )
    page = rows[:limit]
    found = await _whole(connection, [(row["member_id"], row["purchase_id"]) for row in page])
    more = len(rows) > limit
    return found, pages.written((page[-1]["occurred_at"], page[-1]["purchase_id"])) if more else None


async def hold(connection: Reading, hold_id: str, now: datetime) -> HoldFacts | None:
    """One hold by its id; None where there is none."""
    home = home_of("h", hold_id)
    row = None if home is None else await _queries.hold(connection, home=home, hold_id=hold_id, now=now)
    return None if row is None else HoldFacts(*row.values())


async def _whole(connection: Reading, places: Sequence[tuple[int, str]]) -> list[PurchaseFacts]:
    """Sales with their returns, in the order given."""
    ids = [purchase_id for _, purchase_id in places]
    rows = await connection.fetch(_queries.purchases_by_id.sql, [home for home, _ in places], ids)
    found = [PurchaseRow(*row) for row in rows]
    homes = {row.member_id for row in found} | {row.owner for row in found if row.owner is not None}
    returns: defaultdict[str, list[ReturnFacts]] = defaultdict(list)
    for row in await connection.fetch(_queries.returns_of.sql, list(homes), ids) if found else ():
        returns[row["purchase_id"]].append(ReturnFacts(*row))
    return [PurchaseFacts(row, returns[row.purchase_id]) for row in found]
