"""Spending on a bare card number, which anyone may have copied: little a day, more with proof (rule 43)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from goen.actions.points.errors import ProofRequired, SpendingNotAllowed
from goen.actions.till.books import Found, MemberFacts
from goen.actions.till.desk import Desk
from goen.earning.programme import Programme
from goen.shops.model import Principal
from goen.vocabulary.refusal import Refusal

#: The limit account of spending without proof: per member and day.
UNPROVEN = "unproven_spend"
#: The limit account of rotating codes: per member and code, which pays once.
ROTATING = "rotating_code"
#: What one hold drew on the limit of its day: per member and hold.
HELD = "unproven_hold"
_NO_CEILING = 10**12

#: A day and the points drawn on its limit.
Unproven = tuple[str, int]


class Proven(NamedTuple):
    """What came with a request to show that the member is there. ``code`` names the rotating code that shows it.

    ``refused``: why the proof could not even be looked at. What was done before is answered all the same, and a sale
    of a till that was off line has happened without it.
    """

    holds: bool
    code: str | None = None
    refused: Refusal | None = None


UNSHOWN = Proven(False)
SHOWN = Proven(True)


class Permit(NamedTuple):
    """What a request's spending draws on: nothing where it is vouched for, else a rotating code or the day's limit.
    ``any_shop``: whether what was set aside for another shop may be taken as well."""

    vouched: bool
    code: str | None
    any_shop: bool = False

    @classmethod
    def of(cls, proven: Proven, principal: Principal) -> Permit:
        """``ec`` keys vouch for their signed-in user, ``server`` keys for themselves; a till's spending is proven."""
        till = principal.role == "pos"
        return cls(proven.holds or not till, proven.code if till else None, principal.role == "server")

    def limits(self, day: date) -> tuple[tuple[str, str], ...]:
        """The limit accounts that a spend draws on: codes and periods."""
        if self.code is not None:
            return ((ROTATING, self.code),)
        return () if self.vouched else ((UNPROVEN, day.isoformat()),)

    def draw(self, desk: Desk, programme: Programme, found: Found, points: int) -> Unproven | None:
        """Draw for a spend; gives what was drawn on the day's limit.

        :raises ProofRequired: the code has paid already, or it is more than a member may spend a day without proof.
        """
        if self.code is not None:
            spend_code(desk, found.who, self.code)
        elif not self.vouched:
            return spend_unproven(desk, programme, found.member_id, found.owner, points)
        return None


def guard_spending(programme: Programme, member: MemberFacts, found: Found | None = None) -> None:
    """Whether points may be taken from this member's books, by whom ``found`` says, at all.

    :raises SpendingNotAllowed: frozen, provisional, or without the permission of the household's head.
    """
    if member.status == "frozen":
        raise SpendingNotAllowed("frozen")
    if member.status == "provisional" and not programme.joining.provisional_spend:
        raise SpendingNotAllowed("not_registered")
    if found is not None and not found.may_spend:
        raise SpendingNotAllowed("household")


def spend_unproven(desk: Desk, programme: Programme, member_id: int, spender: int, points: int) -> Unproven:
    """Draw points on the day's limit; gives what a cancel has to give back.

    ``spender``: by whose name it is drawn. A household has one limit. Members merged into one have one limit; each
    draw stays with who was presented, so that an undone merge leaves each side its own.

    :raises ProofRequired: more than a member may spend a day without proof.
    """
    ceiling, day = programme.unproven_spend_per_day, desk.today.isoformat()
    # With what holds that this very act found to have run out give back.
    drawn = desk.limit(member_id, UNPROVEN, day)
    if drawn + points > ceiling:
        raise ProofRequired(
            "Spending this much needs proof: the code on the phone, a PIN, or a look by staff.",
            per_day=ceiling,
            spent_today=drawn,
        )
    others = desk.drawn(member_id, UNPROVEN, day) - desk.drawn_alone(spender, UNPROVEN, day)
    desk.draw_limit(spender, UNPROVEN, day, points, ceiling - others)
    return day, points


def note_unproven(desk: Desk, anchor: int, subject: str, drawn: Unproven | None) -> None:
    """Keep with a hold or a reward's order what it drew on the day's limit, under the member with whom it is."""
    if drawn is not None:
        desk.draw_limit(anchor, HELD, subject, drawn[1], drawn[1])


def give_back_noted(desk: Desk, spender: int, anchor: int, subject: str, day: date, points: int) -> None:
    """Of a hold or a reward's order ``points`` are not spent: what it drew for them on the limit of ``day`` is there
    again.

    :raises FactsNotLoaded: what it drew was not read yet.
    """
    account = (anchor, HELD, subject)
    desk.needs_limits([account])
    if back := min(points, desk.drawn_alone(*account)):
        desk.draw_limit(*account, -back, _NO_CEILING)
        give_back_unproven(desk, spender, (day.isoformat(), back))


def spend_code(desk: Desk, person: int, code: str) -> None:
    """Use a rotating code up: it pays once, for whatever sale or hold was first.

    ``person``: who it is by now, so that merges and households change nothing in what is used up.

    :raises ProofRequired: it has paid already.
    """
    if desk.drawn(person, ROTATING, code):
        raise ProofRequired("This code has paid already. The phone shows another one soon.", reason="code_used")
    desk.draw_limit(person, ROTATING, code, 1, 1)


def give_back_unproven(desk: Desk, spender: int, drawn: Unproven) -> None:
    """What was cancelled was not spent: the day's limit has it again."""
    desk.draw_limit(spender, UNPROVEN, drawn[0], -drawn[1], _NO_CEILING)
