"""What happened to a merged member's points, step by step in the words of the journal.

While others are merged into a member, every act on its books leaves its steps beside its entries; the undo
of a merge replays them side by side (``goen.ledger.twin``). Lot numbers are those of the member's own books.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from goen.ledger.model import Draws, Lot, Terms

replace = msgspec.structs.replace


class State(msgspec.Struct, frozen=True):
    """A member's books at one moment: what is pending, the last activity, open lots, what open holds drew."""

    pending: int
    active_on: date | None
    lots: tuple[Lot, ...]
    holds: tuple[tuple[str, Draws], ...]


class Step(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all steps."""


class About(Step, frozen=True, tag="about"):
    """The hold that the next movements concern."""

    hold: str


class Sold(Step, frozen=True, tag="sale"):
    """The sale that the next movements concern, and the used points that it had before."""

    purchase: str
    draws: Draws
    owed: int


class CalledOff(Step, frozen=True, tag="off"):
    """The sale was cancelled: points that were lost to expiry stay with it."""


class Seen(Step, frozen=True, tag="seen"):
    """A closed lot as it was before the first movement since the merge touched it."""

    lot: Lot


class Earned(Step, frozen=True, tag="earn"):
    """Points granted as a lot; ``source`` is ``pending`` where they were provisional."""

    points: int
    terms: Terms
    kind: str
    source: str
    purchase: str | None
    lot: int


class Like(Step, frozen=True, tag="like"):
    """The next points earned get the dates that this lot has by now."""

    lot: int


class Provisioned(Step, frozen=True, tag="provision"):
    """Provisional points more, or less (below zero)."""

    points: int


class Redeemed(Step, frozen=True, tag="redeem"):
    """Points drawn in spending order; ``owed`` of them no lot covered, they are the debt ``lot``."""

    points: int
    kind: str
    owed: int = 0
    terms: Terms | None = None
    lot: int | None = None


class Held(Step, frozen=True, tag="hold"):
    """Points set aside."""

    points: int


class Captured(Step, frozen=True, tag="capture"):
    """A hold's first points spent, the rest freed."""

    points: int


class Released(Step, frozen=True, tag="release"):
    """A hold's last points freed."""

    points: int


class Refilled(Step, frozen=True, tag="refill"):
    """Used points given back; ``restored`` live again. New lots: of grace, and of what no lot had covered."""

    points: int
    restored: int
    grace: Terms | None
    terms: Terms | None
    grace_lot: int | None
    owed_lot: int | None


class Reversed(Step, frozen=True, tag="reverse"):
    """Earned points taken back; what no lot covered is the debt ``lot``."""

    points: int
    own: tuple[int, ...]
    terms: Terms
    kind: str
    shortage: int
    lot: int | None


class Expired(Step, frozen=True, tag="expire"):
    """Dead lots booked out."""

    lots: Draws


class Received(Step, frozen=True, tag="receive"):
    """Lots that another member sent."""

    lots: tuple[Lot, ...]


class Active(Step, frozen=True, tag="active"):
    """An activity that moves the common date of regular points (rule 12 d), by a version of the programme."""

    version: int
    activity: str
    day: date


class Redated(Step, frozen=True, tag="redate"):
    """A lot got another last day; ``again``: points of it that had expired and live again."""

    lot: int
    day: date | None
    again: int


class Joined(Step, frozen=True, tag="join"):
    """Another member was merged into this one."""

    source: int
    state: State


AnyStep = (
    About | Sold | CalledOff | Seen | Earned | Like | Provisioned | Redeemed | Held | Captured | Released | Refilled
    | Reversed | Expired | Received | Active | Redated | Joined
)  # fmt: skip
Steps = tuple[AnyStep, ...]

_decode = msgspec.json.Decoder(Steps).decode
_state = msgspec.json.Decoder(State).decode


def written(value: Any) -> str:
    """Steps or a state as a JSON column keeps them."""
    return msgspec.json.encode(value).decode()


def read_steps(text: str, shift: int = 0) -> Steps:
    """Steps as kept; ``shift`` is added to the numbers of lots."""
    steps = _decode(text)
    return tuple(moved(each, shift) for each in steps) if shift else steps


def read_state(text: str, shift: int = 0) -> State:
    """A state as kept; ``shift`` is added to the numbers of lots."""
    return moved_state(_state(text), shift)


def moved_state(state: State, shift: int) -> State:
    return replace(
        state,
        lots=tuple(_lot(lot, shift) for lot in state.lots),
        holds=tuple((hold, moved_draws(draws, shift)) for hold, draws in state.holds),
    )


def moved_draws(draws: Sequence[tuple[int, int]], shift: int) -> Draws:
    """The same draws in other books, whose numbers lie ``shift`` further on."""
    return tuple((lot_id + shift, points) for lot_id, points in draws)


def _lot(lot: Lot, shift: int) -> Lot:
    return replace(lot, lot_id=lot.lot_id + shift)


def _some(lot_id: int | None, shift: int) -> int | None:
    return None if lot_id is None else lot_id + shift


_MOVES: dict[type[Step], Callable[[Any, int], Step]] = {
    Sold: lambda s, n: replace(s, draws=moved_draws(s.draws, n)),
    Seen: lambda s, n: replace(s, lot=_lot(s.lot, n)),
    Earned: lambda s, n: replace(s, lot=s.lot + n),
    Like: lambda s, n: replace(s, lot=s.lot + n),
    Redeemed: lambda s, n: replace(s, lot=_some(s.lot, n)),
    Refilled: lambda s, n: replace(s, grace_lot=_some(s.grace_lot, n), owed_lot=_some(s.owed_lot, n)),
    Reversed: lambda s, n: replace(s, own=tuple(i + n for i in s.own), lot=_some(s.lot, n)),
    Expired: lambda s, n: replace(s, lots=moved_draws(s.lots, n)),
    Received: lambda s, n: replace(s, lots=tuple(_lot(lot, n) for lot in s.lots)),
    Redated: lambda s, n: replace(s, lot=s.lot + n),
    Joined: lambda s, n: replace(s, state=moved_state(s.state, n)),
}


def moved(step: Any, shift: int) -> Any:
    """The same step in other books."""
    move = _MOVES.get(type(step))
    return move(step, shift) if move else step
