"""What a batch of acts wants to see, read with a few set-based statements, and what the acts leave of it.

Without a lock the books are a guess that the commit checks (versions); read *carefully* the accounts are
locked first, in member order, and the acts' own keys are looked up, so that nothing is left to chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from goen.actions.till.act import Act, Key, Stored, Wants
from goen.actions.till.posting import HoldState, PurchaseState
from goen.database.pool import Writing
from goen.database.queries import load
from goen.earning.campaigns.scene import Article
from goen.identity.presented import Presented
from goen.ledger.model import Account, Lot
from goen.purchases.ids import home_of

_SQL = load(__package__)


class Found(NamedTuple):
    """A member behind an identifier: who was presented, and, where merged, who holds the points now."""

    member_id: int
    presented_id: int
    identifier_id: int | None
    verified: bool


class MemberFacts(NamedTuple):
    """What decisions read of a member."""

    member_id: int
    number: str
    status: str
    tier: str | None
    name: str | None
    pin_hash: str | None


class History(NamedTuple):
    """A member's purchases that were neither cancelled nor wholly returned: in all, in web shops, the last day."""

    purchases: int = 0
    web: int = 0
    last_on: date | None = None

    def with_one(self, channel: str, day: date) -> History:
        """One more purchase, in a store or web shop (``ec``)."""
        return History(
            self.purchases + 1, self.web + (channel == "ec"), day if self.last_on is None else max(day, self.last_on)
        )


class Traits(NamedTuple):
    """What campaigns ask of a member beside the tier."""

    birth_month: int | None
    segments: tuple[str, ...]


class FactsNotLoaded(Exception):  # noqa: N818 - a signal to the till
    """An act asks for what its wants did not name, because only its purchase told; it is read and asked again."""

    def __init__(
        self,
        *,
        members: Iterable[int] = (),
        skus: Iterable[str] = (),
        limits: Iterable[tuple[int, str, str]] = (),
    ) -> None:
        super().__init__("facts not loaded")
        self.members = list(members)
        self.skus = list(skus)
        self.limits = list(limits)


def by_number(member_id: int) -> Presented:
    """A member named by our own number."""
    return Presented("member_id", "", member_id=member_id)


class Books:
    """The state a batch works on. Filled by :meth:`read`, moved on by the acts as they are decided."""

    def __init__(self, now: datetime, today: date) -> None:
        self.now = now
        self.today = today
        self.found: dict[Presented, list[Found]] = {}
        self.members: dict[int, MemberFacts] = {}
        self.accounts: dict[int, Account] = {}
        self.lots: dict[int, dict[int, Lot]] = {}
        self.complete: set[int] = set()
        self.purchases: dict[str, PurchaseState] = {}
        self.receipts: dict[Key, str] = {}
        self.holds: dict[str, HoldState] = {}
        self.due_holds: dict[int, list[HoldState]] = {}
        self.limits: dict[tuple[int, str, str], int] = {}
        self.stored: dict[Key, Stored] = {}
        self.history: dict[int, History] = {}
        self.traits: dict[int, Traits] = {}
        #: By sku; None where there is no such product.
        self.articles: dict[str, Article | None] = {}
        #: Campaigns draw on no limit any more: too many others reached for the last of one (architecture, 5).
        self.limits_closed = False

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
        homes, hold_ids = _homes("h", {h for want in wants for h in want.holds})
        if purchases:
            rows = await connection.fetch(_SQL.purchases.sql, *_homes("p", purchases))
            self.purchases = {row["purchase_id"]: PurchaseState(*row) for row in rows}
            orders = [p for p in self.purchases.values() if p.holder and p.status != "completed"]
            homes += [p.holder for p in orders if p.holder]
            hold_ids += [_hold_of(p) for p in orders]
        owners = {p.holder for p in self.purchases.values()} | set(homes)
        await self._read_members(connection, {by_number(m) for m in owners if m and m not in self.accounts})
        # After the accounts, whose versions guard them: a hold that ends in between is then seen as ended.
        if hold_ids:
            rows = await connection.fetch(_SQL.holds.sql, homes, hold_ids)
            self.holds = {row["hold_id"]: HoldState(*row) for row in rows}
        await self._read_due_holds(connection)
        await self._read_lots(connection, acts)
        await self._read_limits(connection, wants)
        await self._read_facts(connection, wants)

    async def load_facts(self, connection: Writing, wanted: FactsNotLoaded) -> None:
        """What an act turned out to ask for."""
        if wanted.members:
            await self._read_histories(connection, wanted.members)
            await self._read_traits(connection, wanted.members)
        if wanted.skus:
            await self._read_articles(connection, wanted.skus)
        if wanted.limits:
            await self._read_accounts(connection, wanted.limits)

    async def load_lots(self, connection: Writing, member_id: int, lot_ids: Iterable[int]) -> None:
        """Every open lot of a member and the named closed ones; what acts of this batch changed stays."""
        lot_ids = list(lot_ids)
        rows = await connection.fetch(_SQL.all_lots.sql, [member_id], [member_id] * len(lot_ids), lot_ids)
        known = self.lots.setdefault(member_id, {})
        for row in rows:
            known.setdefault(row["lot_id"], Lot(*row))
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
            (n, presented_id, identifier_id, verified, member_id, number, status, tier, name, pin_hash,
             booked, pending, held, debt, seq, version, active_on, dead) = row  # fmt: skip
            self.found.setdefault(wanted[n - 1], []).append(
                Found(member_id, presented_id, identifier_id, bool(verified))
            )
            self.members[member_id] = MemberFacts(member_id, number, status, tier, name, pin_hash)
            self.accounts[member_id] = Account(member_id, booked, pending, held, debt, seq, version, active_on, dead)

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
            named |= {h for i in self._purchases_of(act) if (h := self.purchases[i].holder)}
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
            (found.member_id, code, period)
            for want in wants
            for code, period in want.limits
            for presented in want.members
            for found in self.found.get(presented, ())
        }
        asked |= {
            (holder, code, period)
            for want in wants
            for code, period in want.limits
            for purchase in want.purchases
            if purchase in self.purchases and (holder := self.purchases[purchase].holder)
        }
        asked |= {key for want in wants for key in want.shared}
        if asked:
            await self._read_accounts(connection, asked)

    async def _read_accounts(self, connection: Writing, keys: Iterable[tuple[int, str, str]]) -> None:
        keys = list(keys)
        self.limits.update(dict.fromkeys(keys, 0))
        for row in await connection.fetch(_SQL.limits.sql, *map(list, zip(*keys, strict=True))):
            self.limits[row["anchor"], row["code"], row["period"]] = row["drawn"]

    async def _read_facts(self, connection: Writing, wants: Sequence[Wants]) -> None:
        """What live campaigns ask of members and products; most batches ask for nothing."""
        for name, read in (("history", self._read_histories), ("traits", self._read_traits)):
            asking = {
                found.member_id
                for want in wants
                if getattr(want, name)
                for presented in want.members
                for found in self.found.get(presented, ())
            }
            if asking:
                await read(connection, list(asking))
        if skus := {sku for want in wants for sku in want.skus}:
            await self._read_articles(connection, list(skus))

    async def _read_histories(self, connection: Writing, members: list[int]) -> None:
        self.history |= {row[0]: History(*row[1:]) for row in await connection.fetch(_SQL.histories.sql, members)}

    async def _read_traits(self, connection: Writing, members: list[int]) -> None:
        rows = await connection.fetch(_SQL.traits.sql, members)
        self.traits |= {row[0]: Traits(row[1], tuple(row[2])) for row in rows}

    async def _read_articles(self, connection: Writing, skus: list[str]) -> None:
        self.articles.update(dict.fromkeys(skus))
        for sku, category, brand, maker, tags, clearance in await connection.fetch(_SQL.articles.sql, skus):
            self.articles[sku] = Article(category, brand, maker, frozenset(tags), clearance)

    def _purchases_of(self, act: Act) -> list[str]:
        ids = [*act.wants.purchases, *(self.receipts[k] for k in act.wants.receipts if k in self.receipts)]
        return [i for i in ids if i in self.purchases]


#: How many lots ``first_lots`` reads of a member.
FIRST_LOTS = 16


async def lock_accounts(connection: Writing, members: Iterable[int]) -> None:
    """Lock accounts in member order until the transaction ends."""
    await connection.fetch(_SQL.lock_accounts.sql, sorted(set(members)))


async def write(connection: Writing, arguments: tuple[object, ...]) -> None:
    """One call writes the batch; outside a transaction it commits by itself."""
    await connection.fetchval(_SQL.post_batch.sql, *arguments)


def _homes(prefix: str, public_ids: Iterable[str]) -> tuple[list[int], list[str]]:
    pairs = [(home, i) for i in public_ids if (home := home_of(prefix, i)) is not None]
    return [home for home, _ in pairs], [i for _, i in pairs]


def _hold_of(purchase: PurchaseState) -> str:
    """The hold of an order has the order's own number, and its home with the holder, who may have claimed it; a
    cancelled one may be revived and hold again."""
    return purchase.purchase_id.replace("p_", "h_", 1)
