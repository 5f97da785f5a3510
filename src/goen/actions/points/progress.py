"""What became of a purchase after it was recorded: kept with it, folded act by act."""

from __future__ import annotations

from datetime import date

import msgspec

from goen.actions.points.proof import Unproven
from goen.actions.till.posting import PurchaseState
from goen.earning.decision import Decision
from goen.earning.remainder import Returned, Shipped
from goen.ledger.model import Draws, take
from goen.ledger.steps import moved_draws
from goen.purchases.model import Purchase


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """Shipped points that confirm at 00:00 of a day (rule 9)."""

    on: date
    points: int


class Undone(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a cancel took back, so that a revival can do it again (rule 29)."""

    status: str
    used: int = 0
    pending: int = 0
    confirmed: int = 0
    waiting: tuple[Waiting, ...] = ()
    unproven: int = 0


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of a purchase's points. Lots are numbered as in the books of its owner, merged or not.

    ``draws``: the lots its used points were drawn from and have not gone back to. ``owed``: used points that
    no lot covered (offline). ``hold``: used points are held, not yet spent. ``unproven``: what was drawn on the
    limits of spending without proof (rule 43). ``lots``: lots this sale granted.
    ``pending`` and ``confirmed``: earned points in either state, less what returns took back. ``waiting``: of
    the pending ones, those shipped and confirming later. ``revision``: the document after a change of lines.
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

    @property
    def unshipped(self) -> int:
        """Pending points that no shipment has set a date for."""
        return self.pending - sum(w.points for w in self.waiting)

    @property
    def next_confirmation(self) -> date | None:
        """The next day on which waiting points confirm."""
        return min((w.on for w in self.waiting), default=None)

    def moved(self, shift: int) -> Progress:
        """The same with lots numbered as in other books, ``shift`` further on."""
        if not shift:
            return self
        return msgspec.structs.replace(
            self, draws=moved_draws(self.draws, shift), lots=tuple(lot_id + shift for lot_id in self.lots)
        )

    def take_pending(self, points: int) -> Progress:
        """Pending points fall by ``points``; what waits for a later day goes first."""
        waiting, over = list(self.waiting), points - self.unshipped
        while over > 0 and waiting:
            last = waiting.pop()
            if last.points > over:
                waiting.append(Waiting(last.on, last.points - over))
            over -= last.points
        return msgspec.structs.replace(self, pending=self.pending - points, waiting=tuple(waiting))

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
