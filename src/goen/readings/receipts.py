"""Small questions about purchases that an edge asks before it acts."""

from __future__ import annotations

from goen.database.pool import Reading
from goen.purchases.ids import home_of


async def shop_of_purchase(connection: Reading, purchase_id: str) -> int | None:
    """The number of the shop that recorded this purchase; None where there is none of this id."""
    home = home_of("p", purchase_id)
    if home is None:
        return None
    found: int | None = await connection.fetchval(
        "select shop_id from purchase where member_id = $1 and purchase_id = $2", home, purchase_id
    )
    return found
