"""What became of a purchase after it was recorded: kept with it, folded act by act."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from goen.actions.points.drawn import Drawn
from goen.actions.points.proof import Unproven
from goen.actions.till.posting import PurchaseState
from goen.earning.decision import Decision
from goen.earning.remainder import Returned, Shipped
from goen.ledger.model import Draws, take
from goen.ledger.steps import moved_draws
from goen.purchases.model import Purchase

#: The rule under which a sale's regular points go, which are one lot.
REGULAR = ""


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """Shipped points that confirm at 00:00 of a day (rule 9); ``rule``: those of a lot of their own."""

    on: date
    points: int
    rule: str = REGULAR


class Apart(msgspec.Struct, frozen=True, omit_defaults=True):
    """Points of one campaign that are lots of their own: pending, confirmed, and the lots."""

    pending: int = 0
    confirmed: int = 0
    lots: tuple[int, ...] = ()


class Undone(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a cancel took back, so that a revival can do it again (rule 29). ``own``: of the confirmed points, by rule,
    what the sale's own lots gave; the rest was taken from other lots or is owed. ``issued``: coupons that were issued
    for it, those voided by the act ``act_id``, the cancel."""

    status: str
    used: int = 0
    pending: int = 0
    confirmed: int = 0
    waiting: tuple[Waiting, ...] = ()
    unproven: int = 0
    apart: dict[str, Apart] = {}
    limits: tuple[Drawn, ...] = ()
    coupons: tuple[Drawn, ...] = ()
    own: dict[str, Draws] = {}
    issued: tuple[tuple[str, str], ...] = ()
    act_id: int = 0
    offers: tuple[Drawn, ...] = ()

    def moved(self, shift: int) -> Undone:
        """The same with lots numbered as in other books."""
        own = {rule: moved_draws(draws, shift) for rule, draws in self.own.items()}
        return msgspec.structs.replace(self, own=own)


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of a purchase's points. Lots are numbered as in the books of its owner, merged or not.

    ``draws``: the lots its used points were drawn from and have not gone back to. ``owed``: used points that
    no lot covered (offline). ``hold``: used points are held, not yet spent. ``unproven``: what was drawn on the
    limits of spending without proof (rule 43). ``lots``: lots this sale granted.
    ``pending`` and ``confirmed``: earned points in either state, less what returns took back. ``waiting``: of
    the pending ones, those shipped and confirming later. ``apart``: of both, and of lots, what campaigns keep
    apart, by rule. ``limits``: what campaigns drew, ``coupons``: what uses of coupons drew,
    ``offers``: what campaigns that change the price drew;
    ``issued``: coupons that were issued for it, rule and
    code. ``revision``: the document after a change of lines. ``ripe_on``: of a guest's order, when what was shipped
    confirms if somebody claims it. ``completed_on``: when the last of an order was shipped.
    """

    returned: Returned = Returned()
    shipped: Shipped = Shipped()
    draws: Draws = ()
    owed: int = 0
    hold: bool = False
    unproven: tuple[Unproven, ...] = ()
    lots: tuple[int, ...] = ()
    pending: int = 0
    confirmed: int = 0
    waiting: tuple[Waiting, ...] = ()
    revision: Purchase | None = None
    undone: Undone | None = None
    apart: dict[str, Apart] = {}
    limits: tuple[Drawn, ...] = ()
    coupons: tuple[Drawn, ...] = ()
    issued: tuple[tuple[str, str], ...] = ()
    ripe_on: date | None = None
    offers: tuple[Drawn, ...] = ()
    completed_on: date | None = None

    @property
    def rules(self) -> tuple[str, ...]:
        """The regular points, and each campaign whose points are apart."""
        return (REGULAR, *self.apart)

    def of_rule(self, rule: str) -> Apart:
        """Pending and confirmed points and lots of a rule of :attr:`rules`."""
        if rule != REGULAR:
            return self.apart.get(rule, Apart())
        apart = self.apart.values()
        pending = self.pending - sum([x.pending for x in apart])
        return Apart(pending, self.confirmed - sum([x.confirmed for x in apart]), self.lots)

    def with_more(self, rule: str, pending: int = 0, confirmed: int = 0, lots: tuple[int, ...] = ()) -> Progress:
        """These points of a rule more, or less, and lots besides."""
        changes: dict[str, Any] = {}
        if rule == REGULAR:
            changes["lots"] = (*self.lots, *lots)
        else:
            x = self.apart.get(rule, Apart())
            apart = Apart(x.pending + pending, x.confirmed + confirmed, (*x.lots, *lots))
            changes["apart"] = {**self.apart, rule: apart}
        return msgspec.structs.replace(
            self, pending=self.pending + pending, confirmed=self.confirmed + confirmed, **changes
        )

    def unshipped(self, rule: str) -> int:
        """Pending points of a rule that no shipment has set a date for."""
        return self.of_rule(rule).pending - sum(w.points for w in self.waiting if w.rule == rule)

    @property
    def next_confirmation(self) -> date | None:
        """The next day on which waiting points confirm."""
        return min((w.on for w in self.waiting), default=None)

    def moved(self, shift: int) -> Progress:
        """The same with lots numbered as in other books, ``shift`` further on."""
        if not shift:
            return self
        return msgspec.structs.replace(
            self,
            draws=moved_draws(self.draws, shift),
            lots=tuple(lot_id + shift for lot_id in self.lots),
            apart={
                rule: Apart(x.pending, x.confirmed, tuple(lot_id + shift for lot_id in x.lots))
                for rule, x in self.apart.items()
            },
            undone=self.undone and self.undone.moved(shift),
        )

    def take_pending(self, points: int, rule: str) -> Progress:
        """Pending points of a rule fall by ``points``; what waits for a later day goes first, latest first."""
        waiting, over = [w for w in self.waiting if w.rule == rule], points - self.unshipped(rule)
        while over > 0 and waiting:
            last = waiting.pop()
            if last.points > over:
                waiting.append(Waiting(last.on, last.points - over, rule))
            over -= last.points
        others = [w for w in self.waiting if w.rule != rule]
        return msgspec.structs.replace(self.with_more(rule, pending=-points), waiting=(*others, *waiting))

    def give_back(self, points: int) -> tuple[Draws, int, Progress]:
        """The part of the draws that ``points`` restore, last drawn first, and what was owed; and the rest."""
        owed = min(points, self.owed)
        back, rest = take(self.draws[::-1], points - owed)
        return back, owed, msgspec.structs.replace(self, draws=rest[::-1], owed=self.owed - owed)


NONE = Progress()
_encode = msgspec.json.encode
_progress = msgspec.json.Decoder(Progress).decode
_decision = msgspec.json.Decoder(Decision).decode
_document = msgspec.json.Decoder(Purchase).decode


def progress_of(purchase: PurchaseState) -> Progress:
    """The purchase's progress; a fresh one where nothing happened yet."""
    return NONE if purchase.progress is None else _progress(purchase.progress)


def decision_of(purchase: PurchaseState) -> Decision:
    """The decision pinned with the purchase (rule 7)."""
    return _decision(purchase.decision)


def document_of(purchase: PurchaseState) -> Purchase:
    """The document as it counts today: as sent, or as last changed before completion."""
    return progress_of(purchase).revision or _document(purchase.document)


def stored(value: msgspec.Struct) -> str:
    """A value as a JSON column keeps it."""
    return _encode(value).decode()
