"""Two members' books become one (rule 45): every open lot moves with its kind, dates, year, funder, rule and origin.

Lot numbers move by one distance, the *shift*: lot 5 of the source is lot 5 + shift of the survivor, whether it
is open now or comes to life later by a return. So nothing that names a lot has to be rewritten.
"""

from __future__ import annotations

from goen.ledger.journal import Journal
from goen.ledger.model import Account, Draws, Lot
from goen.ledger.steps import Joined, State, moved_state


def state_of(journal: Journal, holds: tuple[tuple[str, Draws], ...]) -> State:
    """A member's books as they stand. ``holds``: id and draws of the open ones."""
    lots = tuple(lot for _, lot in sorted(journal.lots.items()) if lot.remaining)
    return State(journal.pending, journal.active_on, lots, holds)


def join(source: Journal, survivor: Journal, holds: tuple[tuple[str, Draws], ...]) -> int:
    """Move everything; gives the shift. Points held stay held, points owed are owed by the survivor.

    Debts and points meet as they would have in one account from the start: a debt of either side is filled at
    once from live points of the other that nobody holds, in the order of spending (rule 28 a).
    """
    state = state_of(source, holds)
    # One more than the survivor has counted to: the source's numbers, from 1 on, fall on fresh ones.
    shift = survivor.seq + 1
    leave(source)
    survivor.seq = shift + source.seq
    arrive(survivor, moved_state(state, shift), source.member_id, shift)
    survivor.record(Joined(source.member_id, moved_state(state, shift)))
    return shift


def leave(source: Journal) -> None:
    """Book everything out of an account, into transit."""
    lots = [lot for lot in source.lots.values() if lot.remaining]
    points = sum(lot.remaining for lot in lots if lot.kind != "debt")
    if points:
        seq = source._enter("merge_out", "points", "transit", points)
        for lot in lots:
            if lot.kind != "debt":
                source._unhold(lot.lot_id, lot.held)
                source._move(lot.lot_id, -lot.remaining, seq)
    if source.debt:
        seq = source._enter("merge_out", "transit", "points", source.debt)
        for lot in lots:
            if lot.kind == "debt":
                source._move(lot.lot_id, -lot.remaining, seq)
        source.debt = 0
    if source.pending:
        source._enter("merge_out", "pending", "transit", source.pending)


def arrive(survivor: Journal, state: State, source_id: int, shift: int) -> None:
    """Book what another account held into this one. ``state`` has this one's numbers of lots already."""
    points = sum(lot.remaining for lot in state.lots if lot.kind != "debt")
    owed = -sum(lot.remaining for lot in state.lots if lot.kind == "debt")
    if points:
        survivor._enter("merge_in", "transit", "points", points)
        for lot in state.lots:
            if lot.kind != "debt":
                _adopt(survivor, lot, source_id, shift, lot.remaining)
    if owed:
        seq = survivor._enter("merge_in", "points", "transit", owed)
        survivor.debt += owed
        for lot in state.lots:
            if lot.kind == "debt":
                _adopt(survivor, lot, source_id, shift, 0)
                survivor._move(lot.lot_id, lot.remaining, seq)
    if state.pending:
        survivor._enter("merge_in", "transit", "pending", state.pending)
    survivor.active_on = max((day for day in (survivor.active_on, state.active_on) if day), default=None)
    if survivor.debt:
        survivor._settle([lot.lot_id for lot in survivor._live()], survivor.number())


def _adopt(survivor: Journal, lot: Lot, source_id: int, shift: int, points: int) -> None:
    adopted = Lot(
        survivor.member_id, lot.lot_id, lot.kind, lot.granted_on, lot.grant_year, lot.expires_on, points, points,
        lot.held, lot.expired, survivor.act_id, lot.purchase_id, lot.programme_version, lot.rule, lot.funder,
        lot.origin_member_id or source_id, lot.origin_lot_id or lot.lot_id - shift,
    )  # fmt: skip
    survivor.adopt(adopted)


def opened(member_id: int, state: State) -> Account:
    """The account that belongs to a state."""
    booked = sum(lot.remaining for lot in state.lots)
    owed = -sum(lot.remaining for lot in state.lots if lot.kind == "debt")
    return Account(
        member_id, booked, state.pending, sum(lot.held for lot in state.lots), owed, active_on=state.active_on
    )
