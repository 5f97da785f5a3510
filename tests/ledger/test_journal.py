"""The journal against a naive model: whatever happens, booked = entries = open lots (debt included)."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from goen.ledger.errors import NotEnoughPoints, ShortageRefused, SpendingBlocked
from goen.ledger.journal import Journal
from goen.ledger.model import Account, Terms

START = date(2026, 1, 1)
POINTS = st.integers(1, 50)


class Books(RuleBasedStateMachine):
    """Random acts on one member; days pass in between."""

    @initialize()
    def begin(self):
        self.account, self.lots, self.today = Account(1), {}, START
        self.entered = self.provisional = 0
        self.uses, self.sales, self.holds = [], [], []

    def act(self, work):
        journal = Journal(self.account, self.lots, complete=True, act_id=1, today=self.today)
        before_lots = {i: lot.remaining for i, lot in self.lots.items()}
        try:
            result = work(journal)
        except (NotEnoughPoints, SpendingBlocked, ShortageRefused) as refusal:
            return refusal
        for entry in journal.entries:
            self.entered += (entry.target == "points") * entry.points - (entry.source == "points") * entry.points
            self.provisional += (entry.target == "pending") * entry.points - (entry.source == "pending") * entry.points
        for lot_id, lot in journal.lots.items():
            moved = sum(m.points for m in journal.moves if m.lot_id == lot_id)
            start = before_lots.get(lot_id, lot.points)
            assert lot.remaining == start + moved
        assert len({(m.seq, m.lot_id) for m in journal.moves}) == len(journal.moves)
        self.account, self.lots = journal.account, journal.lots
        return result

    def terms(self, days=30, kind="regular"):
        return Terms(self.today, 2026, self.today + timedelta(days=days), 1, kind)

    @rule(points=POINTS, days=st.integers(0, 40), kind=st.sampled_from(["regular", "limited"]))
    def earns(self, points, days, kind):
        lot_id = self.act(lambda j: j.earn(points, self.terms(days, kind)))
        self.sales.append((lot_id, points))

    @rule(points=POINTS, days=st.integers(0, 40), seen=st.integers(0, 3), slides=st.integers(0, 40))
    def earns_with_few_lots_read(self, points, days, seen, slides):
        """What ends is told the same whether all lots were read or only some."""
        if self.account.debt:
            return
        few = dict(list(self.lots.items())[:seen])
        told = []
        for lots, complete in ((self.lots, True), (few, False)):
            journal = Journal(self.account, lots, complete=complete, act_id=1, today=self.today)
            journal.earn(points, self.terms(days))
            if slides:
                journal.slide(self.today + timedelta(days=slides))
            told.append(journal.ending())
        assert told[0] == told[1]

    @rule(points=POINTS)
    def spends(self, points):
        available = self.account.available
        draws = self.act(lambda j: j.redeem(points))
        if isinstance(draws, Exception):
            assert self.account.debt or points > available
        else:
            assert points <= available
            self.uses.append(draws)

    @precondition(lambda self: self.uses)
    @rule()
    def gives_back(self):
        draws = self.uses.pop()
        restored = self.act(lambda j: j.refill(draws))
        assert restored.restored + restored.lost == sum(p for _, p in draws)

    @precondition(lambda self: self.sales)
    @rule(shortage=st.sampled_from(["debt", "money", "refuse"]), part=st.integers(1, 50))
    def takes_back(self, shortage, part):
        lot_id, points = self.sales.pop()
        part = min(part, points)
        done = self.act(lambda j: j.reverse(part, [lot_id], shortage, self.terms()))
        if not isinstance(done, Exception):
            assert done.booked + done.unpaid == part
        if points > part:
            self.sales.append((lot_id, points - part))

    @rule(points=POINTS)
    def holds_points(self, points):
        draws = self.act(lambda j: j.hold(points))
        if not isinstance(draws, Exception):
            self.holds.append(draws)

    @precondition(lambda self: self.holds)
    @rule(share=st.integers(0, 100))
    def captures(self, share):
        draws = self.holds.pop()
        held = sum(p for _, p in draws)
        self.act(lambda j: j.capture(draws, held * share // 100))

    @precondition(lambda self: self.holds)
    @rule()
    def releases(self):
        draws = self.holds.pop()
        self.act(lambda j: j.release(draws))

    @rule(points=POINTS)
    def provisions_and_confirms(self, points):
        self.act(lambda j: j.provision(points))
        self.act(lambda j: j.confirm(points - points // 2, self.terms()))
        if points // 2:
            self.act(lambda j: j.void(points // 2))

    @rule(days=st.integers(1, 25))
    def days_pass(self, days):
        self.today += timedelta(days=days)
        dead = sum(lot.free for lot in self.lots.values() if lot.kind != "debt" and not lot.alive(self.today))
        fresh = Journal(self.account, self.lots, complete=True, act_id=1, today=self.today)
        self.account = msgspec.structs.replace(self.account, dead=dead, ending=fresh.ending())

    @rule()
    def expires(self):
        self.act(lambda j: j.expire(list(j.lots)))
        assert self.account.dead == 0

    @invariant()
    def books_agree(self):
        lots = self.lots.values()
        assert self.account.booked == self.entered == sum(lot.remaining for lot in lots)
        assert self.account.pending == self.provisional >= 0
        assert self.account.held == sum(lot.held for lot in lots)
        assert self.account.debt == -sum(lot.remaining for lot in lots if lot.kind == "debt")
        assert self.account.dead == sum(lot.free for lot in lots if lot.kind != "debt" and not lot.alive(self.today))
        spendable = sum(lot.free for lot in lots if lot.kind != "debt" and lot.alive(self.today))
        assert self.account.available == spendable - self.account.debt
        assert all(0 <= lot.held <= lot.remaining for lot in lots if lot.kind != "debt")


Books.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestBooks = Books.TestCase


def test_rule_13_limited_points_go_first_then_the_nearest_expiry():
    journal = Journal(Account(1), {}, complete=True, act_id=1, today=START)
    late = journal.earn(5, Terms(START, 2026, START + timedelta(days=90), 1))
    soon = journal.earn(5, Terms(START, 2026, START + timedelta(days=10), 1))
    limited = journal.earn(5, Terms(START, 2026, START + timedelta(days=60), 1, "limited"))
    assert journal.redeem(12) == ((limited, 5), (soon, 5), (late, 2))


def test_rule_26_a_full_refill_restores_every_lot_with_its_date():
    journal = Journal(Account(1), {}, complete=True, act_id=1, today=START)
    a = journal.earn(5, Terms(START, 2026, START + timedelta(days=10), 1))
    b = journal.earn(5, Terms(START, 2026, START + timedelta(days=20), 1))
    before = dict(journal.lots)
    journal.refill(journal.redeem(8))
    assert journal.lots == before
    assert set(before) == {a, b}


def test_rule_28_a_debt_blocks_spending_and_the_next_earning_fills_it():
    journal = Journal(Account(1), {}, complete=True, act_id=1, today=START)
    terms = Terms(START, 2026, None, 1)
    own = journal.earn(10, terms)
    journal.redeem(10)
    assert journal.reverse(10, [own], "debt", terms) == (10, 10, 0, ())
    assert (journal.booked, journal.available, journal.debt) == (-10, -10, 10)
    journal.earn(4, terms)
    with pytest.raises(SpendingBlocked) as refusal:
        journal.redeem(1)
    assert refusal.value.fields == {"debt": 6}
    journal.earn(9, terms)
    assert (journal.booked, journal.available, journal.debt) == (3, 3, 0)
