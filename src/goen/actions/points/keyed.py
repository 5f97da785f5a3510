"""What acts under a caller's idempotency key have in common: for a member who is presented, and with points taken."""

from __future__ import annotations

from datetime import datetime

from goen.actions.points.context import Context, idempotent
from goen.actions.points.proof import Permit, Proven
from goen.actions.till.act import Act
from goen.identity.presented import Presented
from goen.shops.model import Principal


class KeyedAct(Act):
    """Base: an act that is done once under its caller's ``Idempotency-Key``."""

    def __init__(self, idempotency_key: str, principal: Principal, context: Context, now: datetime) -> None:
        self.context = context
        self.principal = principal
        self.integration = principal.integration
        self.key = idempotent(principal.integration, idempotency_key, context, now)


class MemberAct(KeyedAct):
    """Base: for the member who is presented."""

    def __init__(
        self, presented: Presented, idempotency_key: str, principal: Principal, context: Context, now: datetime
    ) -> None:
        super().__init__(idempotency_key, principal, context, now)
        self.presented = presented
        self.token = presented.hash or presented.member_id


class SpendingAct(MemberAct):
    """Base: takes points of the member, for which a till may need a proof (rule 43)."""

    def __init__(
        self, presented: Presented, idempotency_key: str, principal: Principal, context: Context, now: datetime,
        proven: Proven,
    ) -> None:  # fmt: skip
        super().__init__(presented, idempotency_key, principal, context, now)
        self.permit = Permit.of(proven, principal)
        self.only_repeats = proven.refused
