"""Refusals of acts on points, in the order they are checked."""

from __future__ import annotations

from typing import Any

from goen.earning.campaigns.hidden import Closed
from goen.vocabulary.refusal import Refusal


class UnknownPurchase(Refusal):
    """No purchase has this id, or this receipt at this shop."""

    code = "unknown_purchase"

    def __init__(self) -> None:
        super().__init__("There is no such purchase.")


class UnknownHold(Refusal):
    """No hold has this id."""

    code = "unknown_hold"

    def __init__(self) -> None:
        super().__init__("There is no such hold.")


class ProofRequired(Refusal):
    """A card number can be copied: spending more than a small daily amount needs the phone's code, a PIN or a
    look by staff (rule 43)."""

    code = "proof_required"

    def __init__(self, detail: str, **fields: Any) -> None:
        super().__init__(detail, **fields)


class SpendingNotAllowed(Refusal):
    """This member may earn and not spend: frozen, not registered yet (rule 46), or a household's points without
    the head's permission (rule 40); ``reason`` says which."""

    code = "spending_blocked"

    def __init__(self, reason: str) -> None:
        words = {
            "frozen": "The member is frozen; spending is blocked.",
            "not_registered": "A provisional member spends after registering.",
            "household": "The household's head has not allowed this member to spend.",
        }
        super().__init__(words[reason], reason=reason, debt=0)


class AdjustmentLimit(Refusal):
    """Whoever asks moves only ``per_day`` points by hand a day, of which ``moved`` are; more is for headquarters."""

    code = "adjustment_limit"

    def __init__(self, per_day: int, moved: int) -> None:
        detail = f"{per_day:,} points a day are moved by hand without headquarters; {moved:,} were today."
        super().__init__(detail, per_day=per_day, moved=moved)


class PurchaseStatus(Refusal):
    """The sale is not in a state that allows this: cancelled already, not placed, already complete."""

    code = "purchase_state"

    def __init__(self, detail: str, status: str) -> None:
        super().__init__(detail, status=status)


class CouponNotUsable(Refusal):
    """The coupon named by the caller cannot be used for this sale; ``reason`` says why, with what is ``missing``."""

    code = "coupon_not_usable"

    def __init__(self, coupon: str, reason: str, **values: Any) -> None:
        super().__init__(f"The coupon {coupon!r} cannot be used here.", coupon=coupon, reason=reason, **values)


class HiddenSaleClosed(Refusal):
    """Goods of a hidden sale are ordered by somebody whom it does not admit; ``reason`` says why, ``lines`` which."""

    code = "hidden_sale_closed"

    def __init__(self, closed: Closed) -> None:
        campaign, numbers = closed.miss.rule.partition(":")[2], ", ".join(map(str, closed.lines))
        detail = f"Lines {numbers} are of the hidden sale {campaign!r}, which does not admit the buyer."
        super().__init__(detail, campaign=campaign, reason=closed.miss.reason, lines=list(closed.lines))


class ClaimNotPossible(Refusal):
    """A receipt can be claimed once, by one member, within the programme's window, unless returned (rule 39); a
    paper card once, for a balance within the programme's limit. ``reason`` says what stands in the way."""

    code = "claim_not_possible"

    def __init__(self, reason: str, detail: str, **fields: Any) -> None:
        super().__init__(detail, reason=reason, **fields)


class UnknownRequest(Refusal):
    """Nobody has asked for this."""

    code = "unknown_request"

    def __init__(self) -> None:
        super().__init__("There is no such request.")


class RequestState(Refusal):
    """Somebody else has decided it meanwhile."""

    code = "request_state"

    def __init__(self, state: str) -> None:
        super().__init__("It has been decided already.", state=state)
