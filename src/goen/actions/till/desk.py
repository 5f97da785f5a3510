"""What one act sees while it decides, and where it puts what it decided.

A desk is a draft over the batch's books: nothing it holds reaches them unless the decision stands, so a
refusal leaves no trace. Everything here is in memory and synchronous.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import msgspec

from goen.actions.till.act import Key
from goen.actions.till.books import Books, Found, MemberFacts
from goen.actions.till.circumstances import Circumstances, Risen
from goen.actions.till.facts import FactsNotLoaded, LimitAccount
from goen.actions.till.posting import HoldState, PurchaseState, ReturnRow, Rows, Stamp
from goen.earning.campaigns.stamps import Stamped
from goen.earning.tiers.measure import Measured
from goen.earning.tiers.rules import Standing, Verdict
from goen.identity.presented import Presented
from goen.ledger.journal import Journal
from goen.ledger.model import Account, Lot
from goen.ledger.recorded import Recorded
from goen.ledger.steps import About, written
from goen.members.errors import AmbiguousMember, MemberWithdrawn, UnknownMember
from goen.members.ids import public_id
from goen.members.masks import name_masked
from goen.members.model import Candidate
from goen.purchases.model import MemberRef

#: A named member whom nobody can tell (any more).
UNRESOLVED = MemberRef("member_id", "?")
#: An event's number is its act's times this, and its own in the act; SQL that makes events says the same.
EVENTS_MAX = 4096
_encode = msgspec.json.encode


class NextBatch(Exception):  # noqa: N818 - a signal to the till
    """The act touches a row that is new in this very batch; it is decided again in the next one."""


#: Tells of a hold that had run out, whichever act came upon it.
Freed: TypeAlias = "Callable[[Desk, HoldState], None]"


class Desk:
    """One act's view of the books and its draft of what to write."""

    __slots__ = (
        "_alone",
        "_audits",
        "_books",
        "_borrowed",
        "_claims",
        "_climbed",
        "_counted",
        "_events",
        "_freed",
        "_holds",
        "_journals",
        "_late",
        "_limits",
        "_measures",
        "_new_holds",
        "_new_purchases",
        "_purchases",
        "_returns",
        "_risen",
        "_rows",
        "_shared",
        "_stamped",
        "_statements",
        "act_id",
        "now",
        "today",
        "unknown",
    )  # fmt: skip

    def __init__(self, books: Books, rows: Rows, act_id: int, freed: Freed = lambda _, __: None) -> None:
        """``freed`` is told of holds that had run out when their books were opened."""
        self.now: datetime = books.now
        self.today: date = books.today
        self.act_id = act_id
        self.unknown: list[Presented] = []
        self._books = books
        self._rows = rows
        self._journals: dict[int, tuple[Journal, Stamp | None]] = {}
        self._purchases: dict[str, PurchaseState] = {}
        self._new_purchases: dict[str, PurchaseState] = {}
        self._holds: dict[str, HoldState] = {}
        self._new_holds: dict[str, HoldState] = {}
        self._claims: list[tuple[Any, ...]] = []
        self._returns: list[ReturnRow] = []
        self._limits: list[tuple[Any, ...]] = []
        self._counted: list[tuple[int, str, date]] = []
        self._events: list[tuple[Any, ...]] = []
        self._audits: list[tuple[Any, ...]] = []
        self._alone: set[int] = set()
        self._shared: set[int] = set()
        self._statements: list[tuple[Any, ...]] = []
        self._stamped: list[tuple[int, Stamped]] = []
        self._borrowed: list[tuple[int, int, int]] = []
        self._measures: dict[str, tuple[Any, ...]] = {}
        self._climbed: list[tuple[int, date, Measured]] = []
        self._risen: list[Risen] = []
        self._freed = freed
        self._late: set[int] = set()

    # Seeing ----------------------------------------------------------------------------------

    def find(self, presented: Presented) -> tuple[Found, MemberFacts]:
        """The one member behind an identifier.

        :raises UnknownMember: nobody carries it.
        :raises AmbiguousMember: several do, and not exactly one of them holds it verified.
        :raises MemberWithdrawn: the member has left.
        """
        found = self._books.found.get(presented)
        if not found:
            raise UnknownMember
        if len(found) > 1:
            found = _one_each(found)
        if len(found) > 1:
            holding = [f for f in found if f.verified]
            if len(holding) != 1:
                raise AmbiguousMember([self._candidate(f) for f in found])
            found = holding
        if found[0].shared:
            self._shared.add(found[0].member_id)
        member = self.facts(found[0].member_id)
        if member.status == "withdrawn":
            raise MemberWithdrawn(public_id(member.member_id))
        if (person := found[0].person) is not None:
            member = member._replace(tier=person.tier)
        if (who := found[0].who) in self.circumstances.risen:
            member = member._replace(tier=self.circumstances.risen[who])
        return found[0], member

    def _candidate(self, found: Found) -> Candidate:
        """One of several who fit; of a household its person, whom the clerk can ask for."""
        if (person := found.person) is not None:
            return Candidate(public_id(person.member_id), person.number, name_masked(person.name))
        member = self._books.members[found.member_id]
        return Candidate(public_id(member.member_id), member.number, name_masked(member.name))

    def place(self, member_id: int) -> tuple[int, int]:
        """In whose books a member's points are, and what leads from its lot numbers to theirs."""
        return self._books.places.get(member_id, (member_id, 0))

    def holding(self, purchase: PurchaseState) -> tuple[int | None, int]:
        """In whose books a sale's points are, None while a guest's; and what leads from its lot numbers to theirs."""
        if purchase.pool_id is not None:
            return purchase.pool_id, 0
        return self.place(purchase.owner) if purchase.owner else (None, 0)

    def may_spend(self, presented_id: int, pool_id: int) -> bool:
        """Whether who was presented with a sale of a household may take points of the household now."""
        return self._books.pools.get(presented_id) == pool_id

    def named(self, presented: Presented) -> MemberRef:
        """A member as a request is stored and compared: by the id of who was presented, so that neither another
        identifier nor a merge since makes it another request; "?" where nobody can be told (any more), and ``unknown``
        tells of whom."""
        try:
            return MemberRef("member_id", public_id(self.find(presented)[0].presented_id))
        except (UnknownMember, AmbiguousMember, MemberWithdrawn) as refusal:
            if presented.kind == "member_id":  # Ours needs nobody to be told by.
                return MemberRef(
                    "member_id", public_id(presented.member_id) if presented.member_id else presented.normal
                )
            if isinstance(refusal, UnknownMember):
                self.unknown.append(presented)
            return UNRESOLVED

    def facts(self, member_id: int) -> MemberFacts:
        """A member whose number came from our own rows."""
        if member_id in self._rows.sealed:
            raise NextBatch
        return self._books.members[member_id]

    def journal(self, member_id: int) -> Journal:
        """The member's books, open for this act. Holds that have run out are freed before anything else."""
        drafted = self._journals.get(member_id)
        if drafted is not None:
            return drafted[0]
        if member_id in self._rows.sealed:
            raise NextBatch
        books = self._books
        kind = Recorded if books.members[member_id].merged_in else Journal
        journal = kind(
            books.accounts[member_id],
            books.lots.get(member_id, {}),
            complete=member_id in books.complete,
            act_id=self.act_id,
            today=self.today,
        )
        self._journals[member_id] = (journal, None)
        for hold in books.due_holds.get(member_id, ()):
            state = self.hold(hold.hold_id) or hold
            if state.status == "open":
                journal.record(About(state.hold_id))
                journal.release(state.drawn)
                state = state._replace(status="expired")
                self.change_hold(state)
                self._freed(self, state)
        return journal

    def receipt(self, key: Key) -> str | None:
        """The purchase that stands under a receipt."""
        return self._books.receipts.get(key)

    def purchase(self, purchase_id: str) -> PurchaseState | None:
        if purchase_id in self._rows.new_purchases:
            raise NextBatch
        return self._purchases.get(purchase_id) or self._books.purchases.get(purchase_id)

    def hold(self, hold_id: str) -> HoldState | None:
        if hold_id in self._rows.new_holds:
            raise NextBatch
        return self._holds.get(hold_id) or self._books.holds.get(hold_id)

    def drawn(self, anchor: int, code: str, period: str) -> int:
        """What is drawn on a limit so far, by the member and by those merged into it."""
        limits, aliases = self._books.limits, self._books.aliases.get(anchor, ())
        return sum(limits.get((one, code, period), 0) for one in (anchor, *aliases))

    def drawn_alone(self, anchor: int, code: str, period: str) -> int:
        """What is drawn on a limit under this very anchor."""
        return self._books.limits.get((anchor, code, period), 0)

    def limit(self, anchor: int, code: str, period: str) -> int:
        """What is drawn on a campaign's limit, this act's own draws and those of members merged in included.

        :raises FactsNotLoaded: nobody has read it yet.
        """
        if (anchor, code, period) not in self._books.limits:
            raise FactsNotLoaded(limits=[(anchor, code, period)])
        family = (anchor, *self._books.aliases.get(anchor, ()))
        mine: list[int] = [x[4] for x in self._limits if x[0] in family and x[1] == code and x[2] == period]
        return self.drawn(anchor, code, period) + sum(mine)

    @property
    def limits_closed(self) -> bool:
        """Whether campaigns have to do without limits that others reach for as well."""
        return self._books.limits_closed

    @property
    def circumstances(self) -> Circumstances:
        """What rules ask of people and products, acts of this batch before this one included."""
        return self._books.circumstances

    def needs_limits(self, accounts: Sequence[LimitAccount]) -> None:
        """These accounts are about to be looked at.

        :raises FactsNotLoaded: nobody has read some of them yet; all at once is one statement.
        """
        if missing := [key for key in accounts if key not in self._books.limits]:
            raise FactsNotLoaded(limits=missing)

    def seen(self, key: Key) -> Any:
        """What the act of this key has read by itself."""
        return self._books.seen[key]

    # Merges ----------------------------------------------------------------------------------

    def alone(self, *members: int) -> None:
        """Nobody else in this batch works on these members, before or after."""
        if any(m in self._rows.touched or m in self._rows.sealed for m in members):
            raise NextBatch
        self._alone.update(members)

    def open_books(self, member_id: int, account: Account, lots: Mapping[int, Lot]) -> Journal:
        """Books that the act read by itself, whole."""
        journal = Journal(account, lots, complete=True, act_id=self.act_id, today=self.today)
        self._journals[member_id] = (journal, None)
        return journal

    def borrowed(self, member_id: int, lots: Sequence[int], expired: Sequence[int]) -> None:
        """Of these lots so much had expired in other books."""
        self._borrowed += zip([member_id] * len(lots), lots, expired, strict=True)

    def write_more(self, statement: str, *values: Any) -> None:
        """A statement of the same commit, after everything else."""
        self._statements.append((statement, *values))

    # Writing ---------------------------------------------------------------------------------

    def stamp(self, member_id: int, stamp: Stamp) -> None:
        """Say when, where and by whom this member's entries came about."""
        self._journals[member_id] = (self.journal(member_id), stamp)

    def add_purchase(self, purchase: PurchaseState) -> None:
        self._new_purchases[purchase.purchase_id] = purchase

    def change_purchase(self, purchase: PurchaseState) -> None:
        self._purchases[purchase.purchase_id] = purchase

    def add_hold(self, hold: HoldState) -> None:
        self._new_holds[hold.hold_id] = hold

    def change_hold(self, hold: HoldState) -> None:
        self._holds[hold.hold_id] = hold

    def add_claim(self, member_id: int, purchase: PurchaseState) -> None:
        self._claims.append((member_id, purchase.purchase_id, purchase.member_id, self.act_id))

    def add_return(self, row: ReturnRow) -> None:
        self._returns.append(row)

    def draw_limit(self, anchor: int, code: str, period: str, amount: int, ceiling: int) -> None:
        """Draw on a limit account, or give back with a negative amount; guarded again at commit."""
        self._limits.append((anchor, code, period, self.act_id, amount, ceiling))

    def count_purchase(self, person: int, channel: str, day: date) -> None:
        """The person has bought once more; later acts of the batch see it."""
        self._counted.append((person, channel, day))

    def stamp_card(self, person: int, stamped: Stamped) -> None:
        """The person has been given stamps, or has lost some; later acts of the batch see it."""
        self._stamped.append((person, stamped))

    def count_for_tiers(
        self, owner: int, person: int, purchase: PurchaseState, now: Measured, before: Measured
    ) -> None:
        """What a sale counts for tiers as it stands after this act, and stood before; it is the owner's, and counts
        for the person."""
        version = purchase.version + (purchase.purchase_id not in self._new_purchases)
        self._measures[purchase.purchase_id] = (owner, purchase.business_date, purchase.purchase_id, version, *now)
        self._climbed.append((person, purchase.business_date, now.minus(before)))

    def raise_tier(self, person: int, code: str, first: bool, standing: Standing, to: Verdict, measure: int) -> None:
        """The person has another tier from now on."""
        self._risen.append((person, code, first, standing, to, measure))

    def came_late(self, person: int) -> None:
        """A sale of this person came after the evaluation day that should have counted it; the worker repeats that."""
        self._late.add(person)

    def tell(self, topic: str, member_id: int, shop_id: int | None, body: Mapping[str, Any]) -> None:
        """An event for the feed, committed with the act. Never personal data."""
        number = self.act_id * EVENTS_MAX + len(self._events)
        assert len(self._events) < EVENTS_MAX, "more events than an act has numbers for"
        self._events.append((member_id, number, topic, shop_id, _encode(body).decode()))

    def note(
        self,
        anchor: int,
        author: str,
        action: str,
        reason: str | None,
        note: str | None,
        details: Mapping[str, Any],
    ) -> None:
        """An audit row: who changed what by hand, and why."""
        self._audits.append((anchor, author, action, reason, note, _encode(details).decode()))

    def accept(self) -> None:
        """The decision stands: the draft becomes the batch's books and rows."""
        books, rows = self._books, self._rows
        rows.sealed |= self._alone
        rows.statements += self._statements
        rows.borrowed += self._borrowed
        for member_id, (journal, stamp) in self._journals.items():
            if books.borrowed:
                self._take_over(journal)
            if isinstance(journal, Recorded) and journal.steps:
                presented = stamp.member_as_presented if stamp else self._holder(member_id)
                shared = member_id in self._shared
                rows.steps.append((member_id, self.act_id, presented, shared, written(journal.steps)))
            books.accounts[member_id] = journal.account
            books.lots[member_id] = journal.lots
            if stamp is not None:
                rows.add_journal(journal, stamp)
            else:
                assert not journal.entries, "entries without a stamp"
                rows.touched.add(member_id)
                for lot_id in journal.changed:
                    rows.changed_lots.add((member_id, lot_id))
                for move in journal.moves:
                    rows.moves.append((*move, journal.act_id))
        books.purchases.update(self._purchases)
        books.holds.update(self._holds)
        rows.changed_purchases.update(self._purchases)
        rows.changed_holds.update(self._holds)
        rows.new_purchases.update(self._new_purchases)
        rows.new_holds.update(self._new_holds)
        rows.claims += self._claims
        rows.returns += self._returns
        rows.events += self._events
        rows.audits += self._audits
        books.circumstances.count(self._counted)
        books.circumstances.stamp(self._stamped)
        self._draw_limits(books, rows)
        if self._measures:
            self._climb(books, rows)

    def _climb(self, books: Books, rows: Rows) -> None:
        rows.measures.update(self._measures)
        rows.late |= self._late
        books.circumstances.climbs(self._climbed, self._risen)
        for person, code, first, standing, to, measure in self._risen:
            rows.tiers.append((person, code, first, self.today, standing.tier, to.tier, to.kept_until, to.why, measure))

    def _take_over(self, journal: Journal) -> None:
        """Lots that stood in the books of somebody merged in come to life in these."""
        member_id = journal.member_id
        for lot_id in journal.changed | journal.redated:
            expired = self._books.borrowed.pop((member_id, lot_id), None)
            if expired is not None:
                journal.lots[lot_id] = msgspec.structs.replace(journal.lots[lot_id], act_id=journal.act_id)
                self._rows.new_lots.add((member_id, lot_id))
                if expired:
                    self._rows.borrowed.append((member_id, lot_id, expired))

    def _holder(self, member_id: int) -> int:
        """By whose name an act without entries came: that of the hold that it made or ended."""
        for hold in (*self._new_holds.values(), *self._holds.values()):
            if hold.member_id == member_id:
                return hold.member_as_presented
        return member_id

    def _draw_limits(self, books: Books, rows: Rows) -> None:
        for anchor, code, period, act_id, amount, ceiling in self._limits:
            books.draw((anchor, code, period), amount)
            rows.limits.append((anchor, code, period, act_id, amount, ceiling))


def _one_each(found: Sequence[Found]) -> list[Found]:
    """Of several who are one member by now, one: the survivor itself if it carries the name, else the eldest."""
    one: dict[int, Found] = {}
    for each in sorted(found, key=lambda f: (f.presented_id != f.who, f.presented_id)):
        first = one.setdefault(each.who, each)
        if first is not each:
            one[each.who] = first._replace(verified=first.verified or each.verified, shared=True)
    return list(one.values())
