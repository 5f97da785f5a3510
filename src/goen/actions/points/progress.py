"""What became of a purchase after it was recorded: kept with it, folded act by act."""

from __future__ import annotations

from datetime import date

import msgspec

from goen.actions.till.posting import PurchaseState
from goen.earning.decision import Decision
from goen.earning.remainder import Returned, Shipped
from goen.ledger.model import Draws, take
from goen.purchases.model import Purchase


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """Shipped points that confirm at 00:00 of a day (rule 9)."""

    on: date
    points: int


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of a purchase's points.

    ``draws``: the lots its used points were drawn from and have not gone back to. ``owed``: used points that
    no lot covered (offline). ``lots``: lots this sale granted. ``confirmed``: earned points that reached the
    balance and were not taken back. ``waiting``: shipped, confirming later. ``voided``: earned points taken
    back while pending. ``cancels``: how often it was cancelled, so that each time has a key of its own.
    """

    returned: Returned = Returned()
    shipped: Shipped = Shipped()
    draws: Draws = ()
    owed: int = 0
    lots: tuple[int, ...] = ()
    confirmed: int = 0
    pending: int = 0
    waiting: tuple[Waiting, ...] = ()
    hold: bool = False
    was: str | None = None

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
    return _document(purchase.document)


def stored(value: msgspec.Struct) -> str:
    """A value as a JSON column keeps it."""
    return _encode(value).decode()
