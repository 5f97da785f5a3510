"""The proof of the books: silent on a ledger that has lived, and loud on every kind of planted damage."""

import asyncio
import itertools
import uuid
from contextlib import asynccontextmanager

import asyncpg
import pytest
from click.testing import CliRunner

from conftest import SettableClock
from goen.actions.proof import INVARIANTS, prove
from goen.cli.verify import verify
from goen.database.pool import open_database
from goen.members.ids import member_id_of
from stories.conftest import opened_retailer
from stories.lively import lively

pytestmark = pytest.mark.xdist_group("invariants")


@pytest.fixture(scope="module")
def lived(server, template):
    """A database that has lived, as a template, and its members."""
    name = f"lived_{uuid.uuid4().hex[:12]}"
    clock = SettableClock()

    async def live():
        superuser = await asyncpg.connect(server.superuser_dsn)
        await superuser.execute(f"create database {name} template {template} owner goen")
        await superuser.close()
        async with opened_retailer(address(server, name), clock) as retailer:
            members = await lively(retailer)
            while await retailer.services.database.readers.fetchval("select count(*) from outbox"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return {what: member_id_of(member["id"]) for what, member in members.items()}

    async def forget():
        superuser = await asyncpg.connect(server.superuser_dsn)
        await superuser.execute(f"drop database if exists {name} with (force)")
        await superuser.close()

    members = asyncio.run(live())
    yield name, members, clock
    asyncio.run(forget())


def address(server, name):
    return f"{server.dsn.rpartition('/')[0]}/{name}"


@asynccontextmanager
async def cloned(server, lived):
    name = f"test_{uuid.uuid4().hex[:16]}"
    superuser = await asyncpg.connect(server.superuser_dsn)
    await superuser.execute(f"create database {name} template {lived[0]} owner goen")
    try:
        yield address(server, name)
    finally:
        await superuser.execute(f"drop database if exists {name} with (force)")
        await superuser.close()


async def proved(dsn, clock, **options):
    async with open_database(dsn) as database:
        return [finding async for finding in prove(database, clock.now(), **options)]


@pytest.mark.parametrize("piece", [1, 2, 25_000])
async def test_a_ledger_that_has_lived_is_right_however_it_is_cut(server, lived, piece):
    async with cloned(server, lived) as dsn:
        assert await proved(dsn, lived[2], piece=piece) == []


#: invariant -> statements, each of which breaks it. {buyer}, {owing} and {sender} are members' numbers.
ONE_LOT = "(member_id, lot_id) = (select member_id, lot_id from lot where {where} order by lot_id limit 1)"
ONE_SALE = "purchase_id = (select purchase_id from purchase where {where} order by recorded_at, purchase_id limit 1)"
DAMAGE = {
    "account_missing": [
        "delete from member_account where member_id = {buyer}",
        "delete from member where member_id = {buyer}",
    ],
    "booked_entries": ["update member_account set booked = booked + 1 where member_id = {buyer}"],
    "booked_lots": [
        "update member_account set booked = booked - 1 where member_id = {buyer}",
        "delete from lot where member_id = {buyer} and open and held = 0",
    ],
    "pending_entries": ["update member_account set pending = pending + 1 where member_id = {buyer}"],
    "held_lots": ["update member_account set held = held + 1 where member_id = {buyer}"],
    "held_holds": [
        "update hold set status = 'released', ended_at = now() where member_id = {buyer} and status = 'open'"
    ],
    "debt_lots": ["update member_account set debt = debt + 1 where member_id = {owing}"],
    "numbers": [
        "update member_account set seq = seq - 1 where member_id = {buyer}",
        "insert into entry select member_id, booked_on + 40, seq, act_id, kind, source, target, points, balance_after,"
        " occurred_at, recorded_at, business_date, shop_id, purchase_id, identifier_id, member_as_presented, reason"
        " from entry where member_id = {buyer} order by seq limit 1",
        "update lot set lot_id = (select min(seq) from entry where member_id = {buyer}) where "
        + ONE_LOT.format(where="member_id = {buyer}"),
    ],
    "lot_missing": [
        "delete from lot where "
        + ONE_LOT.format(where="member_id = {buyer} and lot_id in (select lot_id from lot_move where points < 0)"),
        "delete from lot where " + ONE_LOT.format(where="member_id = {buyer} and held > 0"),
    ],
    "lot_moves": [
        "update lot set remaining = remaining + 1 where " + ONE_LOT.format(where="member_id = {buyer} and open"),
        "delete from lot_move where member_id = {buyer}",
        "update lot_move set points = points - 1 where member_id = {owing}",
    ],
    "lot_holds": [
        "update lot set held = held - 1 where " + ONE_LOT.format(where="member_id = {buyer} and held > 0"),
        "update hold set draws = '[]' where member_id = {buyer} and status = 'open'",
    ],
    "lot_expired": ["update lot set expired = expired - 1 where member_id = {sender} and expired > 0"],
    "lot_state": [
        "alter table lot drop constraint lot_open_check; update lot set open = not open where member_id = {buyer}",
        "alter table lot drop constraint lot_held_check; update lot set held = remaining + 1 where member_id = {buyer}",
        "alter table lot drop constraint lot_sign_check;"
        " update lot set kind = 'debt' where member_id = {sender} and open",
    ],
    "entry_balance": [
        "update entry set balance_after = balance_after + 1 where member_id = {buyer} and kind = 'redeem'",
        "delete from entry where member_id = {buyer} and seq = (select min(seq) from entry where member_id = {buyer})",
        "update entry set balance_after = balance_after + 1 where member_id = {buyer} and target = 'pending'",
    ],
    "entry_act": ["delete from act where act_id = (select min(act_id) from entry where member_id = {buyer})"],
    "act_lots": [
        "update lot_move set act_id = act_id + 1 where member_id = {buyer}",
        "update entry set points = points + 1 where member_id = {sender} and seq = 1",
        "insert into entry select member_id, booked_on, 10000, act_id, 'adjust', 'adjusted', 'points', 5,"
        " balance_after + 5, occurred_at, recorded_at, business_date, null, null, null, member_as_presented, null"
        " from entry where member_id = {sender} order by seq desc limit 1",
    ],
    "hold_state": [
        "update hold set captured = 1 where member_id = {buyer} and status = 'released'",
        "update hold set captured = points + 1 where member_id = {buyer} and status = 'captured'",
        "update hold set ended_at = null where member_id = {buyer} and status <> 'open'",
        "update hold set points = points + 1 where member_id = {buyer} and status = 'open'",
        "update hold set act_id = 0 where member_id = {buyer}",
    ],
    "sale_missing": ["delete from purchase where " + ONE_SALE.format(where="member_id = {buyer}")],
    "sale_act": ["update purchase set act_id = 0 where " + ONE_SALE.format(where="member_id = {buyer}")],
    "sale_earned": [
        "update purchase set progress = jsonb_set(progress::jsonb, '{{confirmed}}', '1')::json where "
        + ONE_SALE.format(where="member_id = {buyer}"),
        "update entry set points = points + 1 where member_id = {buyer} and kind = 'earn' and target = 'points'",
    ],
    "sale_pending": [
        "update purchase set progress = jsonb_set(progress::jsonb, '{{pending}}', '1')::json where "
        + ONE_SALE.format(where="member_id = {buyer}")
    ],
    "sale_used": [
        "update entry set points = points + 1 where member_id = {owing} and kind = 'redeem'",
        "update entry set points = points - 1 where member_id = {buyer} and kind = 'redeem' and purchase_id > ''",
        "delete from entry where member_id = {buyer} and kind = 'return_used'",
    ],
    "sale_draws": [
        "update purchase set progress = jsonb_set(progress::jsonb, '{{draws}}', '[]')::json"
        " where member_id = {buyer} and progress::json -> 'draws' is not null",
        "update purchase set progress = jsonb_set(progress::jsonb, '{{owed}}', '1')::json where "
        + ONE_SALE.format(where="member_id = {buyer}"),
    ],
    "sale_hold": [
        "update hold set points = points + 1 where member_id = {buyer} and status = 'open' and purchase_id is not null",
        "update purchase set progress = jsonb_set(progress::jsonb, '{{hold}}', 'true')::json"
        " where member_id = {buyer} and status = 'completed' and (decision::json ->> 'used')::int > 0",
    ],
    "return_exceeds": [
        "update purchase_return set refund = refund + 1 where member_id = {buyer} and purchase_id is not null",
        "update purchase_return set used_restored = used_restored + 1 where member_id = {buyer}",
        "update purchase_return set earned_reversed = earned_reversed + 1 where member_id = {buyer}",
        "update purchase set progress = jsonb_set(progress::jsonb, '{{returned,money}}', '99999999')::json"
        " where member_id = {buyer} and progress::json -> 'returned' -> 'money' is not null",
        "update purchase_return set refund = refund + 1 where member_id < 0",
    ],
    "claim": [
        "delete from purchase_claim where member_id = {buyer}",
        "update purchase set claimed_by = {sender} where claimed_by = {buyer}",
        "update purchase set claimed_by = null where claimed_by = {buyer}",
    ],
    "merged_empty": [
        "update member_account set pending = 1 where member_id = {merged}",
        "update hold set status = 'open', ended_at = null where member_id = {merged} and status = 'moved'",
        "update lot set open = true, remaining = 1 where "
        + ONE_LOT.format(where="member_id = {merged} and kind <> 'debt'"),
    ],
    "merged_into": [
        "update member set survivor_id = null where member_id = {merged}",
        "update member set status = 'active' where member_id = {merged}",
        "update member set lot_shift = 3 where member_id = {buyer}",
        "update member set survivor_id = {merged}, status = 'merged' where member_id = {sender}",
    ],
    "merge_open": [
        "update member set merged_in = 0 where member_id = {survivor}",
        "update member_merge set undone_at = now() where member_id = {merged}",
        "update member_merge set undone_at = null where member_id = {parted}",
    ],
    "merge_pair": [
        "update entry set points = points + 1 where member_id = {merged} and kind = 'merge_out' and source = 'points'",
        "delete from entry where member_id = {parted} and kind = 'merge_in'",
        "delete from member_merge where member_id = {merged}",
        "update member_merge set act_id = 0 where member_id = {parted}",
    ],
    "limit_draws": [
        "update limit_account set drawn = drawn + 1 where anchor = {buyer}",
        "delete from limit_account where anchor = {buyer}",
        "delete from limit_draw where anchor = {buyer}",
    ],
    "coupon_uses": [
        "delete from coupon_use",
        "update limit_account set drawn = drawn + 1 where code like 'coupon:%/uses/code'",
        "delete from limit_account where code like 'coupon:%/uses/code'",
        "insert into coupon_use select member_id, act_id + 100000, code, code_hash, what, kind, version, purchase_id,"
        " presented_id, shop_id, amount, at from coupon_use",
    ],
    "coupon_void": ["update coupon set void_at = now(), void_uses = 0"],
    "stamps_drawn": [
        "delete from stamp",
        "update limit_account set drawn = drawn + 1 where code like 'campaign:%/stamps'",
        "delete from limit_account where code like 'campaign:%/cards'",
        "update stamp set filled = array[7, 8]",
    ],
    "offer_limits": [
        "update limit_account set drawn = 0 where code = 'campaign:off/uses/all'",
        "update limit_account set drawn = drawn - 1 where code = 'campaign:off/yen/day+member'",
        "insert into offer_use select member_id, act_id + 100000, campaign, version, what, purchase_id, shop_id,"
        " amount, gifts, at from offer_use where what = 'use'",
    ],
    "reward_stock": [
        "delete from reward_order where status = 'ordered'",
        "update reward_order set status = 'ordered' where status = 'cancelled'",
        "update limit_account set drawn = drawn + 1 where code = 'reward_stock:towel'",
    ],
    "standing_grant": [
        "delete from standing_grant where code = 'hello'",
        "update standing_grant set points = points + 1 where code = 'hello'",
        "update entry set kind = 'bonus' where member_id = {sender} and kind = 'adjust'",
    ],
    "draw_stock": [
        "delete from prize_win",
        "update limit_account set drawn = drawn + 1 where code = 'draw_stock:lot/p'",
    ],
    "transit": [
        "update entry set points = points - 1 where member_id = {sender} and kind = 'transfer_out'",
        "delete from entry where member_id = {buyer} and kind = 'transfer_in'",
    ],
    "act_key": [
        "delete from act_key where subject = (select min(purchase_id) from purchase where member_id = {buyer})",
        "delete from act_key where member_id = {buyer} and keep_until is not null",
    ],
    "key_act": ["delete from act where member_id = {buyer} and kind = 'hold'"],
    "key_sale": ["update act_key set subject = 'p_1_zz' where member_id = {buyer} and subject like 'p%'"],
    "identifier": [
        "delete from identifier_key where member_id = {buyer}",
        "update identifier_key set normal = normal || '0' where member_id = {buyer}",
        "update identifier_key set exclusive = false where member_id = {buyer}",
        "update member_identifier set removed_at = now() where member_id = {buyer}",
    ],
    "feed": [
        "delete from feed where position = 5",
        "delete from feed where position = (select max(position) from feed)",
        "update feed_head set position = position + 1",
        "update feed_head set purged_through = 3",
    ],
    "document_key": [
        "update act_key set key_check = key_check + 1 where member_id = {buyer} and subject like 'p%'",
        "update act_key set act_id = act_id + 1 where member_id = {buyer} and subject like 'r%'",
        "update purchase set document = replace(document::text, '55000', '56000')::json where member_id = {buyer}",
        "update purchase set external_id = external_id || 'x' where member_id = {buyer}",
    ],
    "identifier_key": ["update identifier_key set key_hash = key_hash + 1 where member_id = {buyer}"],
    "tier_measure": [
        "update tier_measure set points = points + 1 where points > 0",
        "update tier_measure set net = net - 1 where net > 0",
        "delete from tier_measure",
    ],
    "household": [
        "update member set pool_id = null where pool_id is not null",
        "update member set pool_spend = not pool_spend where pool_id is not null",
        "update household_member set state = 'left' where head",
        "update member set status = 'withdrawn' where household",
        "insert into household_member (member_id, household_id, joining, head, may_spend, state, invited_at)"
        " select member_id, 1, 1, false, false, 'joined', now() from household_member where head",
    ],
    "append_only": [
        "grant update on entry to goen_app",
        "grant update (points) on lot_move to goen_app",
        "grant delete on act to goen_app",
        "grant truncate on purchase_return to goen_app",
        "grant update on act_key to public",
        "grant insert on entry_default to goen_app",
    ],
}  # fmt: skip


def test_every_invariant_has_a_sentence_and_damage_that_breaks_it():
    assert INVARIANTS.keys() == DAMAGE.keys()


@pytest.mark.parametrize(
    ("invariant", "number"), [(name, n) for name, harm in DAMAGE.items() for n in range(len(harm))]
)
async def test_planted_damage_is_found_and_named(server, lived, invariant, number):
    _, members, clock = lived
    async with cloned(server, lived) as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute(DAMAGE[invariant][number].format(**members))
        await connection.close()
        found = [finding for finding in await proved(dsn, clock) if finding.invariant == invariant]
    assert found
    assert all(finding.detail for finding in found)
    if "{" in DAMAGE[invariant][number].replace("{{", "") and invariant not in ("claim", "transit", "merge_pair"):
        assert {finding.anchor for finding in found} <= set(members.values())
        assert all(finding.subject.startswith("m_") for finding in found)


def test_goen_verify_lists_what_is_wrong_and_fails(server, lived, monkeypatch):
    async def damaged():
        async with cloned(server, lived) as dsn:
            monkeypatch.setenv("GOEN_DATABASE_URL", dsn)
            right = await asyncio.to_thread(CliRunner().invoke, verify)
            connection = await asyncpg.connect(dsn)
            await connection.execute(DAMAGE["lot_moves"][1].format(**lived[1]))
            await connection.close()
            return right, await asyncio.to_thread(CliRunner().invoke, verify)

    right, wrong = asyncio.run(damaged())
    assert right.exit_code == 0, right.output
    assert right.output.count("\nok") + right.output.startswith("ok") == len(INVARIANTS)
    assert "The books are right." in right.output
    assert wrong.exit_code == 1
    assert "lot_moves: m_" in wrong.output
    assert "FAILED" in wrong.output
    assert "ok      feed: the feed has no gap" in wrong.output


async def test_a_proof_runs_beside_a_lively_ledger(server, lived):
    """Acts committed in the middle of a proof are no findings: each question sees one moment."""
    clock = lived[2]
    async with cloned(server, lived) as dsn, opened_retailer(dsn, clock) as retailer:
        retailer._numbers = itertools.count(10_000)
        done = asyncio.create_task(lively_again(retailer))
        found = []
        while not done.done():
            found += [finding async for finding in prove(retailer.services.database, clock.now(), piece=1)]
        await done
    assert found == []


async def lively_again(retailer):
    member = await retailer.member(identifiers=[])
    for _ in range(40):
        await retailer.buys(110_000, member)
        await retailer.buys(1100, member, use_points=500)
