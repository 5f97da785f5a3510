"""Refusals of the ledger, in the order they are checked: blocked, then too few points."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class SpendingBlocked(Refusal):
    """The member owes points from a return; the next earnings fill the debt first (rule 28)."""

    code = "spending_blocked"

    def __init__(self, debt: int) -> None:
        super().__init__(
            "Points are owed from an earlier return; spending is blocked until they are earned.", debt=debt
        )


class NotEnoughPoints(Refusal):
    """More points were asked for than are available (confirmed, unexpired and not held)."""

    code = "not_enough_points"

    def __init__(self, asked: int, available: int) -> None:
        super().__init__(f"{asked} points asked, {available} available.", asked=asked, available=available)


class ShortageRefused(Refusal):
    """The programme refuses returns whose earned points were already spent (rule 28 c)."""

    code = "not_enough_points"

    def __init__(self, asked: int, available: int) -> None:
        super().__init__(
            "The points earned by this sale were already spent; the programme asks an operator to decide.",
            asked=asked,
            available=available,
        )


class HoldState(Refusal):
    """A hold ends once: it was captured, released or ran out before."""

    code = "hold_state"

    def __init__(self, status: str) -> None:
        super().__init__(f"The hold is {status}.", status=status)


class LotsNotLoaded(Exception):  # noqa: N818 - a signal to the till, not an error of the world
    """The lots read so far do not do: all open ones are needed, and those named. The till reads and asks again."""

    def __init__(self, member_id: int, lot_ids: tuple[int, ...] = ()) -> None:
        super().__init__(member_id, lot_ids)
        self.member_id = member_id
        self.lot_ids = lot_ids
