"""A person shows that it is them who agree that their points become a household's, or a household's somebody's.

A household moves points from one person to another without a sale. Keys that may not transfer points by themselves
(all but ``server``) need for it what a spend at a till needs (rule 43), for however few points.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from goen.actions.points.context import Context
from goen.actions.points.errors import SpendingNotAllowed
from goen.actions.points.proof import ROTATING, Proven, spend_code
from goen.actions.till.act import KEY_DAYS, Act, Decided, Wants, key_of
from goen.actions.till.desk import Desk
from goen.identity.presented import Presented
from goen.purchases.model import MemberRef
from goen.shops.model import Principal


class _Asked(msgspec.Struct, frozen=True):
    """Canonical request: who agreed, and to what."""

    member: MemberRef
    what: str


class AgreeByProof(Act):
    """Use a proof up, and write down by what it was shown. The same code may be sent again for the same thing."""

    kind = "household_proof"

    def __init__(
        self, context: Context, principal: Principal, presented: Presented, what: str, by: str, proven: Proven,
        now: datetime, *, staff: str | None = None,
    ) -> None:  # fmt: skip
        """``by``: the kind of proof; ``staff``: whose look it was."""
        self.presented, self.what, self.by, self.staff = presented, what, by, staff
        self.code = proven.code
        self.integration = principal.integration
        once = f"{presented.member_id}:{what}:{proven.code or now.isoformat()}"
        keep_until = context.day_of(now) + timedelta(days=KEY_DAYS)
        self.key = key_of(f"integration:{principal.integration}", self.kind, once, keep_until)
        self.wants = Wants(members=(presented,), limits=() if self.code is None else ((ROTATING, self.code),))
        self.token = presented.member_id

    def asked(self, desk: Desk) -> _Asked:
        return _Asked(desk.named(self.presented), self.what)

    def decide(self, desk: Desk) -> Decided:
        """:raises ProofRequired: the code has paid already.
        :raises SpendingNotAllowed: of a household and frozen; and UnknownMember, MemberWithdrawn.
        """
        found, _ = desk.find(self.presented)
        if not found.may_spend:
            raise SpendingNotAllowed("household")
        if self.code is not None:
            spend_code(desk, found.who, self.code)
        details = {"what": self.what, "by": self.by, "staff": self.staff}
        desk.note(found.who, self.integration, "household.agreed", None, None, details)
        return Decided(200, b"{}", member_id=found.member_id)
