"""What merges answer: the wire types. No personal data in any of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from goen.actions.points.answers import Balance, MemberBrief


class Moved(msgspec.Struct, frozen=True):
    """What went from one member to the other. ``points`` are those of live and dead lots, ``owed`` those of debts;
    ``held`` are part of ``points``."""

    points: int
    owed: int
    pending: int
    held: int
    lots: int
    holds: int


class MergeAnswer(msgspec.Struct, frozen=True):
    """A merge as done. ``balance`` is the survivor's."""

    id: str
    survivor: MemberBrief
    source: MemberBrief
    merged_at: datetime
    moved: Moved
    balance: Balance


class LotMoving(msgspec.Struct, frozen=True):
    """A lot that would change hands, its dates kept."""

    points: int
    held: int
    kind: str
    granted_on: date
    expires_on: date | None
    grant_year: int


class HoldMoving(msgspec.Struct, frozen=True):
    """A hold that would follow its points."""

    id: str
    points: int
    purchase_id: str | None
    reference: str | None
    expires_at: datetime | None


class OrderMoving(msgspec.Struct, frozen=True):
    """An open order that would follow."""

    id: str
    shop: str
    external_id: str
    total: int
    occurred_at: datetime


class Clash(msgspec.Struct, frozen=True):
    """A contact that both carry: events by it cannot be told apart after an undo, and stay with the survivor."""

    kind: str
    survivor_identifier: str
    source_identifier: str


class TierInput(msgspec.Struct, frozen=True):
    """What tiers are measured by, over the last twelve months: completed sales, their amount less refunds, points."""

    purchases: int
    amount: int
    earned: int


class TierInputs(msgspec.Struct, frozen=True):
    """The same of both and of the one they would be (rule 35)."""

    survivor: TierInput
    source: TierInput
    combined: TierInput


class MergePreview(msgspec.Struct, frozen=True):
    """What a merge would change; nothing is written. ``balance`` is what the survivor would have."""

    survivor: MemberBrief
    source: MemberBrief
    moved: Moved
    balance: Balance
    lots: Sequence[LotMoving]
    holds: Sequence[HoldMoving]
    orders: Sequence[OrderMoving]
    identifiers: int
    clashes: Sequence[Clash]
    tier: TierInputs


class SideAnswer(msgspec.Struct, frozen=True):
    """One side after an undo."""

    member: MemberBrief
    balance: Balance
    owed: int


class ExcessAnswer(msgspec.Struct, frozen=True):
    """Points that a side used and had not: owed there, given back to the other side's lots."""

    member_id: str
    points: int
    purchase_id: str | None
    hold_id: str | None


class Unattributed(msgspec.Struct, frozen=True):
    """Points that moved by a name that does not tell the sides apart; they stay with the survivor.

    ``why``: ``shared_identifier`` (both carried it) or ``by_hand`` (an adjustment or transfer in the survivor's name).
    """

    points: int
    why: str
    purchase_id: str | None
    recorded_at: datetime


class UndoAnswer(msgspec.Struct, frozen=True):
    """A merge as undone. ``points``: what went back to the source, debts taken off. ``revived``: points that had
    expired in the merged account and would not have in two. ``identifiers_kept``: names added to the survivor since
    the merge; they stay with it."""

    id: str
    survivor: SideAnswer
    source: SideAnswer
    undone_at: datetime
    points: int
    pending: int
    holds: int
    revived: int
    excess: Sequence[ExcessAnswer]
    unattributed: Sequence[Unattributed]
    identifiers_kept: Sequence[str]
