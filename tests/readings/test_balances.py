"""What is read is what a spend is judged by: reads and the till agree at every moment, without any job."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from goen.actions.till.act import Act, Wants
from goen.actions.till.books import Books, by_number
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Rows
from goen.ledger.errors import LotsNotLoaded
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of
from stories.conftest import opened_retailer
from stories.lively import lively

replace = msgspec.structs.replace


@pytest.fixture
async def retailer(database, clock):
    async with opened_retailer(database.dsn, clock) as opened:
        yield opened


class Look(Act):
    """An act that only looks."""

    kind = "look"

    def __init__(self, member_id):
        self.wants = Wants(members=(by_number(member_id),), all_lots=True)


async def at_the_till(services, member_id):
    """Available, pending and held as an act at the till would find them."""
    now = services.clock.now()
    books = Books(now, services.context.day_of(now))
    async with services.database.reading() as connection:
        await books.read(connection, [Look(member_id)], ())
        holder = books.root(member_id)  # Of a merged member the survivor.
        try:
            journal = Desk(books, Rows(), 0).journal(holder)
        except LotsNotLoaded as wanted:
            await books.load_lots(connection, holder, wanted.lot_ids)
            journal = Desk(books, Rows(), 0).journal(holder)
    return journal.available, journal.pending, journal.held


async def test_reads_and_the_till_agree_at_every_moment(retailer):
    services = retailer.services
    members = [member_id_of(member["id"]) for member in (await lively(retailer)).values()]
    buyer = members[0]
    body = {"member": {"kind": "member_id", "value": "m_1"}, "points": 3, "shop": "web", "expires_in": 86_400}
    for expires_in in (60, 86_400 * 20):
        answer = await retailer.act("/v1/holds", body | {"expires_in": expires_in})
        assert answer.status_code == 201, answer.text
    seen = set()
    for step in [0, 1, 60, 3600, 86_400, *[86_400 * 20] * 25]:
        retailer.clock.advance(seconds=step)
        for member_id in members:
            read = await services.balances.standing(member_id)
            found = (read.available, read.pending, read.held)
            assert found == await at_the_till(services, member_id), (retailer.clock.now(), member_id)
            if member_id == buyer:
                seen.add(found)
    assert len(seen) > 3, "time alone should have changed the balance"


async def test_many_at_once_are_what_each_is_alone(retailer):
    services = retailer.services
    members = [member_id_of(member["id"]) for member in (await lively(retailer)).values()]
    alone = {member_id: await services.balances.standing(member_id) for member_id in members}
    asked = [*members, 999_999, *members[::-1], 2**62] * 20
    together = await asyncio.gather(*(services.balances.standing(m) for m in asked), return_exceptions=True)
    for member_id, found in zip(asked, together, strict=True):
        if member_id in alone:
            assert found == alone[member_id]
        else:
            assert isinstance(found, UnknownMember)


async def test_whoever_was_told_of_a_sale_reads_it(retailer):
    """However many read at the same time, no answer is older than its question."""
    members = [await retailer.member() for _ in range(4)]

    async def buys_and_reads(member, times):
        for n in range(1, times + 1):
            sale = await retailer.buys(1100, member)
            balance = await retailer.balance(member)
            assert balance["available"] == sale["balance"]["available"] == 10 * n

    async def reads(member):
        while not done:
            await retailer.balance(member)

    done = False
    readers = [asyncio.create_task(reads(member)) for member in members * 8]
    await asyncio.gather(*(buys_and_reads(member, 25) for member in members))
    done = True
    await asyncio.gather(*readers)


async def test_the_past_does_not_change(retailer):
    services = retailer.services
    members = [member_id_of(member["id"]) for member in (await lively(retailer)).values()]
    at = retailer.clock.now()
    then = {member_id: await services.balances.of(member_id) for member_id in members}
    retailer.clock.advance(seconds=1)
    for member_id in members:
        await retailer.buys(11_000, {"id": f"m_{member_id}"})
    retailer.clock.advance(days=30)
    for member_id in members:
        # Where one stands on tiers is told of today alone.
        past, present = await services.balances.then(member_id, at), then[member_id]
        assert replace(past, tier=None) == replace(present, tier=None)
        before = await services.balances.then(member_id, at - timedelta(days=365))
        assert (before.available, before.pending, before.held) == (0, 0, 0)
