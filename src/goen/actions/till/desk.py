"""What one act sees while it decides, and where it puts what it decided.

A desk is a draft over the batch's books: nothing it holds reaches them unless the decision stands, so a
refusal leaves no trace. Everything here is in memory and synchronous.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from goen.actions.till.act import Key
from goen.actions.till.books import Books, FactsNotLoaded, Found, History, MemberFacts, Traits
from goen.actions.till.posting import HoldState, PurchaseState, ReturnRow, Rows, Stamp
from goen.earning.campaigns.scene import UNKNOWN, Article
from goen.identity.presented import Presented
from goen.ledger.journal import Journal
from goen.ledger.model import Draws
from goen.members.errors import AmbiguousMember, MemberWithdrawn, UnknownMember
from goen.members.ids import public_id
from goen.members.masks import name_masked
from goen.members.model import Candidate
from goen.purchases.model import MemberRef

#: A named member whom nobody can tell (any more).
UNRESOLVED = MemberRef("member_id", "?")
_encode = msgspec.json.encode
_draws = msgspec.json.Decoder(Draws).decode


class NextBatch(Exception):  # noqa: N818 - a signal to the till
    """The act touches a row that is new in this very batch; it is decided again in the next one."""


class Desk:
    """One act's view of the books and its draft of what to write."""

    __slots__ = (
        "_audits", "_books", "_claims", "_counted", "_events", "_holds", "_journals", "_limits", "_new_holds",
        "_new_purchases", "_purchases", "_returns", "_rows", "act_id", "now", "today",
    )  # fmt: skip

    def __init__(self, books: Books, rows: Rows, act_id: int) -> None:
        self.now: datetime = books.now
        self.today: date = books.today
        self.act_id = act_id
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
            holding = [f for f in found if f.verified]
            if len(holding) != 1:
                facts = (self._books.members[f.member_id] for f in found)
                raise AmbiguousMember([Candidate(public_id(m.member_id), m.number, name_masked(m.name)) for m in facts])
            found = holding
        member = self._books.members[found[0].member_id]
        if member.status == "withdrawn":
            raise MemberWithdrawn(public_id(member.member_id))
        return found[0], member

    def named(self, presented: Presented) -> MemberRef:
        """A member as a request is stored and compared: by the id of who was presented, so that neither another
        identifier nor a merge since makes it another request; "?" where nobody can be told (any more)."""
        try:
            return MemberRef("member_id", public_id(self.find(presented)[0].presented_id))
        except (UnknownMember, AmbiguousMember, MemberWithdrawn):
            return UNRESOLVED

    def facts(self, member_id: int) -> MemberFacts:
        """A member whose number came from our own rows."""
        return self._books.members[member_id]

    def journal(self, member_id: int) -> Journal:
        """The member's books, open for this act. Holds that have run out are freed before anything else."""
        drafted = self._journals.get(member_id)
        if drafted is not None:
            return drafted[0]
        books = self._books
        journal = Journal(
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
                journal.release(_draws(state.draws))
                self.change_hold(state._replace(status="expired"))
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
        """What is drawn on a limit so far."""
        return self._books.limits.get((anchor, code, period), 0)

    def limit(self, anchor: int, code: str, period: str) -> int:
        """What is drawn on a campaign's limit, this act's own draws included.

        :raises FactsNotLoaded: nobody has read it yet.
        """
        key = (anchor, code, period)
        known = self._books.limits.get(key)
        if known is None:
            raise FactsNotLoaded(limits=[key])
        mine: list[int] = [each[4] for each in self._limits if each[:3] == key]
        return known + sum(mine)

    @property
    def limits_closed(self) -> bool:
        """Whether campaigns have to do without limits that others reach for as well."""
        return self._books.limits_closed

    def history(self, member_id: int) -> History:
        """The member's purchases before this act.

        :raises FactsNotLoaded: nobody has read them yet.
        """
        known = self._books.history.get(member_id)
        if known is None:
            raise FactsNotLoaded(members=[member_id])
        return known

    def traits(self, member_id: int) -> Traits:
        """The member's birth month and segments.

        :raises FactsNotLoaded: nobody has read them yet.
        """
        known = self._books.traits.get(member_id)
        if known is None:
            raise FactsNotLoaded(members=[member_id])
        return known

    def articles(self, skus: Sequence[str]) -> dict[str, Article]:
        """These products, as campaigns look at them.

        :raises FactsNotLoaded: nobody has read them yet.
        """
        known = self._books.articles
        if missing := [sku for sku in skus if sku not in known]:
            raise FactsNotLoaded(skus=missing)
        return {sku: known[sku] or UNKNOWN for sku in skus}

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

    def count_purchase(self, member_id: int, channel: str, day: date) -> None:
        """The member has bought once more; later acts of the batch see it."""
        self._counted.append((member_id, channel, day))

    def tell(self, topic: str, member_id: int, shop_id: int | None, body: Mapping[str, Any]) -> None:
        """An event for the feed, committed with the act. Never personal data."""
        self._events.append((member_id, self.act_id * 8 + len(self._events), topic, shop_id, _encode(body).decode()))

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
        for member_id, (journal, stamp) in self._journals.items():
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
        for member_id, channel, day in self._counted:
            if (history := books.history.get(member_id)) is not None:
                books.history[member_id] = history.with_one(channel, day)
        for anchor, code, period, act_id, amount, ceiling in self._limits:
            key = (anchor, code, period)
            books.limits[key] = books.limits.get(key, 0) + amount
            rows.limits.append((anchor, code, period, act_id, amount, ceiling))
