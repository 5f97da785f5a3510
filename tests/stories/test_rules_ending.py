"""Rule 18 on receipts: what ends next, and when, of exactly what the sale leaves."""

from datetime import date, timedelta

from stories.words import at, cancels, gives, lots, programme, sweep, takes_back


def told(answer):
    """What a receipt says of points that end, as (day, points); None where it says nothing."""
    found = [line for line in answer["receipt"] if line.startswith("有効期限")]
    return tuple(found[0].split()[1:]) if found else None


async def left(retailer, member):
    """The same from the open lots: who asks them may not be told otherwise than the receipt."""
    today = retailer.clock.now().astimezone().date()
    held = (await retailer.balance(member))["held"]
    assert not held, "lots do not tell what is held of them"
    ends = {}
    for lot in await lots(retailer, member):
        if lot["kind"] != "debt" and lot["expires_on"]:
            day = date.fromisoformat(lot["expires_on"])
            if today <= day <= today + timedelta(days=30):
                ends[day] = ends.get(day, 0) + lot["points"]
    if not ends:
        return None
    first = min(ends)
    return f"{first.month}/{first.day}", f"{ends[first]:,}P"


async def test_a_receipt_says_what_ends_within_30_days_and_nothing_before(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "days", "days": 31})
    assert told(await retailer.buys(11_000, member)) is None
    retailer.clock.advance(days=1)
    second = await retailer.buys(1_100, member)
    assert told(second) == ("12/23", "100P") == await left(retailer, member)
    quote = await retailer.server.post("/v1/quotes", json=retailer.sale(1_100, member))
    assert told(quote.json()) == ("12/23", "100P")
    again = await retailer.server.get(f"/v1/purchases/{second['id']}")
    assert told(again.json()) == ("12/23", "100P")
    assert told(await retailer.buys(1_100)) is None


async def test_the_receipt_counts_what_the_sale_itself_spends_and_gives(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "days", "days": 20})
    await retailer.buys(11_000, member)
    retailer.clock.advance(days=2)
    await retailer.buys(5_500, member)
    assert told(await retailer.buys(1_000, member, use_points=40)) == ("12/12", "60P") == await left(retailer, member)
    spent = await retailer.buys(1_000, member, use_points=60)
    assert told(spent) == ("12/14", "66P") == await left(retailer, member)
    back = await takes_back(retailer, spent)
    assert told(back) == ("12/12", "60P") == await left(retailer, member)


async def test_many_lots_of_one_day_are_one_sum_even_where_few_were_read(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "month_end", "months": 1})
    for _ in range(20):
        await retailer.buys(1_100, member)
    at(retailer, "2026-12-01")
    assert told(await retailer.buys(1_000, member, use_points=3)) == ("12/31", "197P") == await left(retailer, member)
    items = [retailer.sale(1_000, member, use_points=5) for _ in range(3)]
    batch = await retailer.server.post("/v1/purchases/batch", json={"items": items})
    assert [told(each["body"])[1] for each in batch.json()["items"]] == ["192P", "187P", "182P"]


async def test_a_sliding_date_moves_before_it_is_told(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "sliding", "months": 1, "activity": ["earn"]})
    for _ in range(18):
        await retailer.buys(1_100, member)
    at(retailer, "2026-12-10")
    sold = await retailer.buys(1_100, member)
    assert told(sold) is None  # The one date is 31 days ahead.
    assert await left(retailer, member) is None
    at(retailer, "2026-12-11")
    spends = await retailer.buys(1_000, member, use_points=10)
    assert told(spends) == await left(retailer, member)


async def test_limited_points_that_end_first_are_told_first_and_dead_ones_never(retailer):
    member = await retailer.member()
    await gives(retailer, member, 50, kind="limited", expires_on="2026-11-25")
    await gives(retailer, member, 70, kind="limited", expires_on="2026-11-28")
    assert told(await retailer.buys(1_100, member)) == ("11/25", "50P")
    at(retailer, "2026-11-26")
    assert told(await retailer.buys(1_100, member)) == ("11/28", "70P")
    await sweep(retailer)
    assert told(await retailer.buys(1_100, member)) == ("11/28", "70P") == await left(retailer, member)


async def test_what_an_order_sets_aside_is_not_told_as_ending(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "days", "days": 10})
    await retailer.buys(11_000, member)
    order = await retailer.buys(5_500, member, shop="web", status="placed", use_points=30)
    assert told(order) == ("12/2", "70P")
    assert told(await cancels(retailer, order)) == ("12/2", "100P")
