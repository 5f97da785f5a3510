"""The rows of a batch: one list per ``posted_*`` type of the database, in that type's order of columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec

from goen.actions.till.act import Act, Decided
from goen.database.queries import load
from goen.ledger.journal import Journal
from goen.ledger.model import Account, Draws, Lot

Row = tuple[Any, ...]
_SQL = load(__package__, "merged.sql")
_draws = msgspec.json.Decoder(Draws).decode


class Stamp(NamedTuple):
    """When, where and by whom an entry came about: what all entries of one act on one member share."""

    occurred_at: datetime
    business_date: date
    booked_on: date
    shop_id: int | None
    identifier_id: int | None
    member_as_presented: int
    purchase_id: str | None = None
    reason: str | None = None


class PurchaseState(NamedTuple):
    """A purchase row as read or as this batch leaves it. JSON columns stay texts until needed."""

    member_id: int
    purchase_id: str
    shop_id: int
    external_id: str
    status: str
    occurred_at: datetime
    business_date: date
    booked_on: date
    act_id: int
    programme_version: int
    total: int
    payable: int
    document: str
    decision: str
    progress: str | None
    claimed_by: int | None
    confirms_on: date | None
    identifier_id: int | None
    member_as_presented: int
    version: int = 1
    pool_id: int | None = None

    @property
    def owner(self) -> int | None:
        """Whose sale it is: who was presented, or who claimed it; None while a guest's. Where that member is merged
        the points are with the survivor, and again its own after an undo; those of a household's (``pool_id``) stay
        with it. Lots are numbered as the owner's, or the household's."""
        return self.claimed_by or (self.member_as_presented if self.member_as_presented > 0 else None)


class HoldState(NamedTuple):
    """A hold row as read or as this batch leaves it. ``draws`` is ``[[lot_id, points], …]`` as text, which
    :func:`stored_draws` writes."""

    member_id: int
    hold_id: str
    shop_id: int
    purchase_id: str | None
    reference: str | None
    points: int
    captured: int
    status: str
    draws: str
    created_at: datetime
    expires_at: datetime | None
    act_id: int
    identifier_id: int | None
    member_as_presented: int

    @property
    def drawn(self) -> Draws:
        """What is set aside of which lot."""
        return _draws(self.draws)


def stored_draws(draws: Draws) -> str:
    """Draws as a hold keeps them."""
    return msgspec.json.encode(draws).decode()


class ReturnRow(NamedTuple):
    """A return's document as ``purchase_return`` keeps it."""

    member_id: int
    return_id: str
    purchase_id: str | None
    shop_id: int
    external_id: str
    occurred_at: datetime
    business_date: date
    booked_on: date
    act_id: int
    refund: int
    earned_reversed: int
    pending_reversed: int
    used_restored: int
    expired_lost: int
    shortage: int
    document: str
    identifier_id: int | None
    member_as_presented: int


class Rows:
    """Everything one batch writes. Filled act by act; states are folded so that each row is written once."""

    def __init__(self) -> None:
        self.keys: list[Row] = []
        self.limits: list[Row] = []
        self.acts: list[Row] = []
        self.entries: list[Row] = []
        self.moves: list[Row] = []
        self.slides: list[Row] = []
        self.claims: list[Row] = []
        self.returns: list[Row] = []
        self.events: list[Row] = []
        self.audits: list[Row] = []
        self.new_lots: set[tuple[int, int]] = set()
        self.changed_lots: set[tuple[int, int]] = set()
        self.new_purchases: dict[str, PurchaseState] = {}
        self.changed_purchases: dict[str, PurchaseState] = {}
        self.new_holds: dict[str, HoldState] = {}
        self.changed_holds: dict[str, HoldState] = {}
        self.touched: set[int] = set()
        #: Members whose books this batch merged or parted: nobody else of the batch works on them.
        self.sealed: set[int] = set()
        self.steps: list[Row] = []
        self.borrowed: list[Row] = []
        self.statements: list[Row] = []
        #: What sales count for tiers, by sale, and who rose.
        self.measures: dict[str, Row] = {}
        self.tiers: list[Row] = []
        #: Whose sale came after the evaluation day that should have counted it.
        self.late: set[int] = set()

    def add_act(self, act: Act, act_id: int, digest: int, request: str, decided: Decided) -> None:
        """The act's key and its record: who asked what, and the answer byte for byte."""
        key = act.key
        self.keys.append(
            (key.key_hash, key.key_check, digest, decided.member_id, act_id, decided.subject, key.keep_until)
        )
        stored = request if decided.store_request else None
        self.acts.append(
            (decided.member_id, act_id, act.kind, act.integration, act.author, stored, decided.status,
             decided.body.decode())
        )  # fmt: skip

    def add_journal(self, journal: Journal, stamp: Stamp) -> None:
        """One member's entries, moves and lots of one act."""
        member_id = journal.member_id
        self.touched.add(member_id)
        at, day, booked, shop, identifier, presented, purchase, reason = stamp
        for entry in journal.entries:
            self.entries.append(
                (member_id, booked, entry.seq, journal.act_id, entry.kind, entry.source, entry.target, entry.points,
                 entry.balance_after, at, day, shop, purchase, identifier, presented, reason)
            )  # fmt: skip
        for move in journal.moves:
            self.moves.append((*move, journal.act_id))
        for lot_id in journal.new_lots:
            self.new_lots.add((member_id, lot_id))
        for lot_id in journal.changed:
            self.changed_lots.add((member_id, lot_id))
        if journal.slid:
            self.slides.append((member_id, journal.act_id, None, *journal.slid))
        for lot_id in journal.redated:
            self.slides.append((member_id, journal.act_id, lot_id, journal.today, None, 0))

    def more(self, at: datetime) -> list[Row]:
        """Statements beside ``post_batch``, with their arguments: steps of merged members, and merges themselves."""
        found = list(self.statements)
        if self.borrowed:
            found.append((_SQL.note_borrowed.sql, *map(list, zip(*self.borrowed, strict=True))))
        if self.steps:
            found.append((_SQL.add_steps.sql, at, *map(list, zip(*self.steps, strict=True))))
        if self.late:
            found.append((_SQL.note_late.sql, at, list(self.late)))
        return found

    def tier_rows(self) -> tuple[list[Row], list[Row]] | None:
        """The arguments of ``post_tiers``; None where no sale counted for tiers."""
        return (list(self.measures.values()), self.tiers) if self.measures or self.tiers else None

    def arguments(
        self, at: datetime, accounts: Mapping[int, Account], lots: Mapping[int, Mapping[int, Lot]]
    ) -> tuple[Any, ...]:
        """The arguments of ``post_batch``: final states of accounts, lots, purchases and holds."""
        return (
            at,
            self.keys,
            self.limits,
            self.acts,
            [_account(accounts[m]) for m in sorted(self.touched)],
            self.entries,
            [_lot(lots[m][i]) for m, i in sorted(self.new_lots)],
            [_lot_change(lots[m][i]) for m, i in sorted(self.changed_lots - self.new_lots)],
            self.moves,
            [_slide(x, lots) for x in self.slides],
            [_hold(x) for x in self.new_holds.values()],
            [_hold_change(x) for x in self.changed_holds.values()],
            [_purchase(x) for x in self.new_purchases.values()],
            [_purchase_change(x) for _, x in sorted(self.changed_purchases.items())],  # One lock order here, too.
            self.claims,
            self.returns,
            self.events,
            self.audits,
        )


def _slide(slide: Row, lots: Mapping[int, Mapping[int, Lot]]) -> Row:
    """A lot that got a date of its own keeps the last one that the batch gave it."""
    member_id, act_id, lot_id, today, _, since = slide
    return slide if lot_id is None else (member_id, act_id, lot_id, today, lots[member_id][lot_id].expires_on, since)


def _account(a: Account) -> Row:
    return (a.member_id, a.version, a.booked, a.pending, a.held, a.debt, a.seq, a.active_on)


def _lot(x: Lot) -> Row:
    return (
        x.member_id, x.lot_id, x.kind, x.granted_on, x.grant_year, x.expires_on, x.points, x.remaining, x.held,
        x.expired, x.act_id, x.purchase_id, x.programme_version, x.rule, x.funder, x.origin_member_id, x.origin_lot_id,
    )  # fmt: skip


def _lot_change(x: Lot) -> Row:
    return (x.member_id, x.lot_id, x.remaining, x.held, x.expired)


def _hold(x: HoldState) -> Row:
    return (
        x.member_id, x.hold_id, x.shop_id, x.purchase_id, x.reference, x.points, x.draws, x.expires_at, x.act_id,
        x.identifier_id, x.member_as_presented,
    )  # fmt: skip


def _hold_change(x: HoldState) -> Row:
    return (x.member_id, x.hold_id, x.status, x.captured, x.draws, x.points)


def _purchase(p: PurchaseState) -> Row:
    return (
        p.member_id, p.purchase_id, p.shop_id, p.external_id, p.status, p.occurred_at, p.business_date, p.booked_on,
        p.act_id, p.programme_version, p.total, p.payable, p.document, p.decision, p.progress, p.confirms_on,
        p.identifier_id, p.member_as_presented,
    )  # fmt: skip


def _purchase_change(p: PurchaseState) -> Row:
    return (
        p.member_id, p.purchase_id, p.version, p.status, p.total, p.payable, p.decision, p.progress, p.claimed_by,
        p.confirms_on,
    )  # fmt: skip
