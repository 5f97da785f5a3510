"""Change what is known of a member."""

from __future__ import annotations

from datetime import date

import msgspec
from msgspec import UNSET

from goen.actions.members import record
from goen.actions.members.asks import Change
from goen.actions.members.person import person_of, search_forms
from goen.database.pool import Database
from goen.members import store
from goen.shops.directory import ShopDirectory
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant


async def change(
    database: Database,
    shops: ShopDirectory,
    principal: Principal,
    member_id: int | None,
    ask: Change,
    now: Instant,
    today: date,
) -> None:
    """Write the fields that are given over those from before; the audit row names them.

    ``today`` is the day where the books are kept.

    Raises:
        InvalidRequest: a birth date or gender that cannot be; UnknownShop; UnknownMember; MemberWithdrawn.
    """
    asked = {name: value for name, value in msgspec.structs.asdict(ask).items() if value is not UNSET}
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        person = person_of(asked, today, row.person)
        shop_id = row.shop_id
        if "shop" in asked:
            shop_id = shops.by_code(asked["shop"]).shop_id if asked["shop"] else None
        changed = [name for name in person.__struct_fields__ if getattr(person, name) != getattr(row.person, name)]
        if shop_id != row.shop_id:
            changed.append("shop")
        if not changed:
            return
        await store.change(connection, row.member_id, person, shop_id, search_forms(person, row.number), now)
        await record.audit(connection, row.member_id, principal.integration, "member.changed", now, fields=changed)
        await record.announce(connection, row.member_id, "changed", now, fields=changed)
