"""Who works here, and who may serve at a shop's terminals?"""

from __future__ import annotations

from goen.database.pool import Reading
from goen.staff import store
from goen.staff.model import StaffRow
from goen.staff.store import Clerk


async def everybody(connection: Reading) -> list[StaffRow]:
    """All who work or worked here."""
    return await store.everybody(connection)


async def clerks(connection: Reading, shop_id: int) -> list[Clerk]:
    """Who may serve at this shop's terminals."""
    return await store.clerks(connection, shop_id)
