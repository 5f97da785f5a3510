"""What a batch of acts wants to see, read with a few set-based statements, and what the acts leave of it.

Without a lock the books are a guess that the commit checks (versions); read *carefully* the accounts are
locked first, in member order, and the acts' own keys are looked up, so that nothing is left to chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from goen.actions.till.act import Act, Key, Stored, Wants
from goen.actions.till.circumstances import Circumstances
from goen.actions.till.facts import FactsNotLoaded, LimitAccount
from goen.actions.till.posting import HoldState, PurchaseState
from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.identity.presented import Presented
from goen.ledger.model import Account, Ending, Lot
from goen.purchases.ids import home_of

_SQL = load(__package__)


class Person(NamedTuple):
    """Who was presented, where the points are a household's: the rates are the person's own."""

    member_id: int
    number: str
    tier: str | None
    name: str | None


class Found(NamedTuple):
    """A member behind an identifier: who was presented, and, where merged or in a household, who holds the points now.

    ``shift``: what leads from the presented member's lot numbers to those of the books (0 where not merged).
    ``shared``: the name is carried by several who are one by now. ``may_spend``: whether who was presented may take
    points of those books.
    """

    member_id: int
    presented_id: int
    identifier_id: int | None
    verified: bool
    shift: int = 0
    shared: bool = False
    may_spend: bool = True
    person: Person | None = None

    @property
    def who(self) -> int:
        """Which person it is, where merged the survivor: two of one household share its books and are two."""
        return self.member_id if self.person is None else self.person.member_id

    @property
    def owner(self) -> int:
        """Whose a claimed sale becomes: who was presented, or the household."""
        return self.presented_id if self.person is None else self.member_id


class MemberFacts(NamedTuple):
    """What decisions read of a member."""

    member_id: int
    number: str
    status: str
    tier: str | None
    name: str | None
    pin_hash: str | None
    merged_in: int = 0
    pool_id: int | None = None


#: Of a member's own books, where ``member_id`` would lead on to the household's.
OWN = "own"


def by_number(member_id: int) -> Presented:
    """The books under our own number, a household's person included: what a row names is not looked through."""
    return Presented(OWN, "", member_id=member_id)


class Books:
    """The state a batch works on. Filled by :meth:`read`, moved on by the acts as they are decided."""

    def __init__(self, now: datetime, today: date) -> None:
        self.now = now
        self.today = today
        self.found: dict[Presented, list[Found]] = {}
        #: Of everybody who was read: in whose books the points are, and what leads from its lot numbers to theirs.
        self.places: dict[int, tuple[int, int]] = {}
        #: Of everybody who was read: the household whose points they may spend now, or None.
        self.pools: dict[int, int | None] = {}
        self.members: dict[int, MemberFacts] = {}
        self.accounts: dict[int, Account] = {}
        self.lots: dict[int, dict[int, Lot]] = {}
        self.complete: set[int] = set()
        self.purchases: dict[str, PurchaseState] = {}
        self.receipts: dict[Key, str] = {}
        self.holds: dict[str, HoldState] = {}
        self.due_holds: dict[int, list[HoldState]] = {}
        self.limits: dict[LimitAccount, int] = {}
        self.stored: dict[Key, Stored] = {}
        #: What acts of this batch drew on limits that nobody has read yet: all that is read counts it.
        self.unread_draws: dict[LimitAccount, int] = {}
        self.circumstances = Circumstances()
        #: Campaigns draw on no limit any more: too many others reached for the last of one (architecture, 5).
        self.limits_closed = False
        #: Of members into whom others are merged: those others.
        self.aliases: dict[int, list[int]] = {}
        #: Lots that stand in the books of somebody merged in, and what had expired of them there.
        self.borrowed: dict[tuple[int, int], int] = {}
        self.seen: dict[Key, Any] = {}

    async def read(self, connection: Writing, acts: Sequence[Act], suspects: Sequence[Act]) -> None:
        """Read what ``acts`` want, and whether ``suspects`` were done before."""
        if suspects:
            await self.read_keys(connection, suspects)
        wants = [act.wants for act in acts]
        if receipts := list({key for want in wants for key in want.receipts}):
            hashes, checks = [k.key_hash for k in receipts], [k.key_check for k in receipts]
            for row in await connection.fetch(_SQL.receipts.sql, hashes, checks):
                if row["subject"]:
                    self.receipts[receipts[row["n"] - 1]] = row["subject"]
        await self._read_members(connection, {m for want in wants for m in want.members})
        purchases = {p for want in wants for p in want.purchases} | set(self.receipts.values())
        if purchases:
            rows = await connection.fetch(_SQL.purchases.sql, *_homes("p", purchases))
            self.purchases = {row["purchase_id"]: PurchaseState(*row) for row in rows}
        hold_ids = {h for want in wants for h in want.holds}
        owners = {m for p in self.purchases.values() for m in (p.pool_id, p.owner)} | set(_homes("h", hold_ids)[0])
        await self._read_members(connection, {by_number(m) for m in owners if m and m not in self.places})
        # After the accounts, whose versions guard them: a hold that ends in between is then seen as ended.
        await self._read_holds(connection, hold_ids)
        await self._read_due_holds(connection)
        await self._read_lots(connection, acts)
        await self._read_limits(connection, wants)
        await self.circumstances.read(connection, wants, self._people)
        for act in acts:
            if act.looks:
                self.seen[act.key] = await act.look(connection, self)

    async def load_facts(self, connection: Reading, wanted: FactsNotLoaded) -> None:
        """What an act turned out to ask for."""
        await self.circumstances.load(connection, wanted)
        if wanted.limits:
            asked = await self._with_aliases(connection, {anchor for anchor, *_ in wanted.limits}, wanted.limits)
            await self._read_accounts(connection, asked - self.limits.keys())

    def root(self, member_id: int) -> int:
        """Who holds the points of a member that was read: itself, or whom it was merged into."""
        return self.places.get(member_id, (member_id, 0))[0]

    def holder(self, sale: PurchaseState) -> int | None:
        """In whose books a sale's points are: its household's, its owner's, or after a merge the survivor's."""
        return sale.pool_id or (self.root(sale.owner) if sale.owner else None)

    def put(self, row: Any) -> tuple[MemberFacts, Account]:
        """Take in a member's facts and account (member_id, number, status, tier, name, pin_hash, merged_in, booked,
        pending, held, debt, seq, version, active_on) that an act has read by itself."""
        facts = MemberFacts(*row[:7])
        account = Account(facts.member_id, *row[7:])
        self.members[facts.member_id], self.accounts[facts.member_id] = facts, account
        return facts, account

    async def read_more(self, connection: Reading, purchases: Iterable[str]) -> None:
        """Read sales that an act found by itself, and their owners."""
        wanted = {i for i in purchases if i not in self.purchases}
        if wanted:
            rows = await connection.fetch(_SQL.purchases.sql, *_homes("p", wanted))
            self.purchases.update({row["purchase_id"]: PurchaseState(*row) for row in rows})
        owners = {p.pool_id or p.owner for p in self.purchases.values()}
        await self._read_members(connection, {by_number(m) for m in owners if m and m not in self.places})

    async def load_lots(self, connection: Writing, member_id: int, lot_ids: Iterable[int]) -> None:
        """Every open lot of a member and the named closed ones; what acts of this batch changed stays."""
        lot_ids = list(lot_ids)
        rows = await connection.fetch(_SQL.all_lots.sql, [member_id], [member_id] * len(lot_ids), lot_ids)
        known = self.lots.setdefault(member_id, {})
        for row in rows:
            known.setdefault(row["lot_id"], Lot(*row))
        if missing := [i for i in lot_ids if i not in known]:
            for row in await connection.fetch(_SQL.borrowed_lots.sql, [member_id] * len(missing), missing):
                if row["lot_id"] not in known:
                    known[row["lot_id"]] = Lot(*row)
                    self.borrowed[member_id, row["lot_id"]] = row["expired"]
        self.complete.add(member_id)

    def has_lots(self, member_id: int, lot_ids: Iterable[int]) -> bool:
        """Whether every open lot of a member was read, and the named closed ones."""
        return member_id in self.complete and self.lots.get(member_id, {}).keys() >= set(lot_ids)

    async def moved(self, connection: Writing) -> bool:
        """Whether an account has changed since it was read."""
        read = [(a.member_id, a.version) for a in self.accounts.values()]
        members, versions = [m for m, _ in read], [v for _, v in read]
        return bool(await connection.fetchval(_SQL.moved.sql, members, versions))

    async def read_keys(self, connection: Writing, suspects: Sequence[Act]) -> bool:
        """Look up whether these acts were done before; True if any was."""
        keys = [act.key for act in suspects]
        hashes, checks = [k.key_hash for k in keys], [k.key_check for k in keys]
        taken = await connection.fetch(_SQL.keys_taken.sql, hashes, checks)
        for row in taken:
            self.stored[keys[row["n"] - 1]] = Stored(
                row["kind"], row["digest"], row["request"].encode(), row["status"], row["answer"].encode(),
                row["subject"],
            )  # fmt: skip
        return bool(taken)

    async def _read_members(self, connection: Writing, wanted: Iterable[Presented]) -> None:
        wanted = [p for p in wanted if p.hash is not None or p.member_id]
        if not wanted:
            return
        rows = await connection.fetch(
            _SQL.members_presented.sql,
            [p.hash for p in wanted],
            [p.kind for p in wanted],
            [p.shop_id for p in wanted],
            [p.normal for p in wanted],
            [p.member_id for p in wanted],
            self.today,
        )
        for row in rows:
            (n, presented_id, shift, identifier_id, verified, member_id, number, status, tier, name, pin_hash,
             merged_in, booked, pending, held, debt, seq, version, active_on, may_spend, pool_id, person_id,
             person_number, person_tier, person_name, dead, *ends) = row  # fmt: skip
            person = None if person_id is None else Person(person_id, person_number, person_tier, person_name)
            self.found.setdefault(wanted[n - 1], []).append(
                Found(member_id, presented_id, identifier_id, bool(verified), shift, may_spend=may_spend, person=person)
            )
            if person is None or presented_id == member_id:  # A household is not where a person was merged to.
                self.places[presented_id] = (member_id, shift)
            self.pools[presented_id] = (pool_id if person is None else member_id) if may_spend else None
            self.members[member_id] = MemberFacts(member_id, number, status, tier, name, pin_hash, merged_in, pool_id)
            ending = () if ends[0] is None else tuple(map(Ending, *ends))
            self.accounts[member_id] = Account(
                member_id, booked, pending, held, debt, seq, version, active_on, dead, ending
            )

    async def _read_holds(self, connection: Writing, wanted: Iterable[str]) -> None:
        """Holds where they are now: at home, or where merges took them. An order's hold is with the order's holder."""
        places = {(place, i) for home, i in zip(*_homes("h", wanted), strict=True) for place in {home, self.root(home)}}
        for sale in self.purchases.values():
            holder = self.holder(sale)
            if holder and sale.status != "completed":
                places.add((holder, _hold_of(sale)))
        gone: dict[str, HoldState] = {}
        for _ in range(2):
            if not places:
                return
            rows = await connection.fetch(_SQL.holds.sql, *map(list, zip(*places, strict=True)))
            for row in rows:
                state = HoldState(*row)
                (gone if state.status == "moved" else self.holds)[state.hold_id] = state
            # One that went back to its own side when a merge was undone.
            lost = [hold for i, hold in gone.items() if i not in self.holds]
            unread = {h.member_as_presented for h in lost} - self.places.keys()
            await self._read_members(connection, {by_number(m) for m in unread})
            places = {(self.root(hold.member_as_presented), hold.hold_id) for hold in lost}

    async def _read_due_holds(self, connection: Writing) -> None:
        holding = [m for m, account in self.accounts.items() if account.held]
        if holding:
            for row in await connection.fetch(_SQL.due_holds.sql, holding, self.now):
                self.due_holds.setdefault(row["member_id"], []).append(HoldState(*row))

    async def _read_lots(self, connection: Writing, acts: Sequence[Act]) -> None:
        spenders: set[int] = set()
        whole: set[int] = {m for m, account in self.accounts.items() if account.debt} | self.due_holds.keys()
        for act in acts:
            want = act.wants
            if not (want.spends or want.all_lots):
                continue
            named = {f.member_id for p in want.members for f in self.found.get(p, ())}
            named |= {h for i in self._purchases_of(act) if (h := self.holder(self.purchases[i]))}
            named |= {self.holds[i].member_id for i in want.holds if i in self.holds}
            (whole if want.all_lots else spenders).update(named)
        if whole:
            for row in await connection.fetch(_SQL.all_lots.sql, list(whole), [], []):
                self.lots.setdefault(row["member_id"], {})[row["lot_id"]] = Lot(*row)
            self.complete |= whole
        if spenders := spenders - whole:
            count: dict[int, int] = {}
            for row in await connection.fetch(_SQL.first_lots.sql, list(spenders), self.today):
                self.lots.setdefault(row["member_id"], {})[row["lot_id"]] = Lot(*row)
                count[row["member_id"]] = count.get(row["member_id"], 0) + 1
            # Fewer than asked for: these are all that can be spent.
            self.complete |= {m for m in spenders if count.get(m, 0) < FIRST_LOTS}

    async def _read_limits(self, connection: Writing, wants: Sequence[Wants]) -> None:
        asked = {
            (member_id, code, period)
            for want in wants
            for code, period in want.limits
            for presented in want.members
            for found in self.found.get(presented, ())
            for member_id in (found.member_id, found.who)
        }
        asked |= {
            (member_id, code, period)
            for want in wants
            for code, period in want.limits
            for purchase in want.purchases
            if (sale := self.purchases.get(purchase)) is not None and sale.owner
            for member_id in (self.holder(sale) or 0, self.root(sale.owner))
        }
        asked |= await self._with_aliases(connection, {m for m, *_ in asked if self._merged(m)}, asked)
        asked |= {key for want in wants for key in want.shared}
        if asked:
            await self._read_accounts(connection, asked)

    def _merged(self, member_id: int) -> bool:
        """Whether others may be merged into this member; of a household's people nothing was read."""
        return member_id not in self.members or self.members[member_id].merged_in > 0

    async def _with_aliases(
        self, connection: Reading, members: set[int], keys: Iterable[LimitAccount]
    ) -> set[LimitAccount]:
        """These limit accounts, and the same of everybody merged into ``members``."""
        if unread := [m for m in members if m > 0 and m not in self.aliases]:
            self.aliases.update((m, []) for m in unread)
            for row in await connection.fetch(_SQL.aliases.sql, unread):
                self.aliases[row["survivor_id"]].append(row["member_id"])
        return {(one, code, period) for m, code, period in keys for one in (m, *self.aliases.get(m, ()))}

    async def _read_accounts(self, connection: Reading, keys: Iterable[LimitAccount]) -> None:
        keys = list(keys)
        self.limits.update(dict.fromkeys(keys, 0))
        for row in await connection.fetch(_SQL.limits.sql, *map(list, zip(*keys, strict=True))):
            self.limits[row["anchor"], row["code"], row["period"]] = row["drawn"]
        for key in keys if self.unread_draws else ():
            self.limits[key] += self.unread_draws.pop(key, 0)

    def draw(self, key: LimitAccount, amount: int) -> None:
        """So much more is drawn on a limit."""
        known = self.limits if key in self.limits else self.unread_draws
        known[key] = known.get(key, 0) + amount

    def _people(self, want: Wants) -> set[int]:
        """Who was presented, as the persons that they are by now."""
        return {found.who for presented in want.members for found in self.found.get(presented, ())}

    def _purchases_of(self, act: Act) -> list[str]:
        ids = [*act.wants.purchases, *(self.receipts[k] for k in act.wants.receipts if k in self.receipts)]
        return [i for i in ids if i in self.purchases]


#: How many lots ``first_lots`` reads of a member.
FIRST_LOTS = 16


async def lock_accounts(connection: Writing, members: Iterable[int]) -> None:
    """Lock accounts in member order until the transaction ends."""
    await connection.fetch(_SQL.lock_accounts.sql, sorted(set(members)))


async def write(
    connection: Writing,
    arguments: tuple[object, ...],
    more: Sequence[tuple[Any, ...]] = (),
    tiers: tuple[object, ...] | None = None,
) -> None:
    """One call writes the batch; outside a transaction it commits by itself.

    ``more``: statements with their arguments, for what only merges leave; all of it is one commit then.
    ``tiers``: what sales count for tiers and whom they raise, written by the same call."""
    query = _SQL.post_batch.sql
    if tiers is not None:
        query, arguments = _SQL.post_batch_and_tiers.sql, (*arguments, *tiers)
    if not more:
        await connection.fetchval(query, *arguments)
        return
    async with connection.transaction():
        await connection.fetchval(query, *arguments)
        for statement, *values in more:
            await connection.execute(statement, *values)


def _homes(prefix: str, public_ids: Iterable[str]) -> tuple[list[int], list[str]]:
    pairs = [(home, i) for i in public_ids if (home := home_of(prefix, i)) is not None]
    return [home for home, _ in pairs], [i for _, i in pairs]


def _hold_of(purchase: PurchaseState) -> str:
    """The hold of an order has the order's own number, and its home with the holder, who may have claimed it; a
    cancelled one may be revived and hold again."""
    return purchase.purchase_id.replace("p_", "h_", 1)
