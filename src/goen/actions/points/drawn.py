"""What a purchase has drawn on limits: kept with it, and given back as its awards shrink."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from goen.actions.till.desk import Desk
from goen.earning.campaigns.limits import drawn_by, stand_in
from goen.earning.campaigns.model import Measure
from goen.earning.campaigns.scene import Draw, LimitKey
from goen.earning.decision import Award
from goen.vocabulary.points import PointValue

replace = msgspec.structs.replace
_NO_CEILING = 10**12


class Drawn(msgspec.Struct, frozen=True, array_like=True):
    """What a purchase has drawn on a limit, kept with it until it goes back.

    ``anchor``: where the account stands, whoever holds the points by then.
    """

    rule: str
    anchor: int
    code: str
    period: str
    amount: int
    most: int

    @property
    def shared(self) -> bool:
        """Whether all members draw on the account."""
        return self.anchor < 0

    @property
    def told(self) -> dict[str, int | str]:
        """The limit as a miss names it."""
        return {"measure": self.measure, "most": self.most, "per": self.code.split("/")[2].replace("+", "_")}

    @property
    def measure(self) -> Measure:
        """What a limit's account counts, which is part of its name."""
        return self.code.split("/")[1]  # type: ignore[return-value] # by construction

    @property
    def of_card(self) -> str | None:
        """Of a member's stamp card, not a limit: ``stamps``, or ``cards`` that were full."""
        kind = self.code.split("/")[1]
        return kind if kind in ("stamps", "cards") else None


NOTHING_DRAWN: tuple[Drawn, ...] = ()


def anchor_of(key: LimitKey, member_id: int) -> int:
    """Where a limit's account stands: with the member, or under a stand-in of its own.

    Each draw stays with who was presented. Of members who are one by now all accounts count together, and an
    undone merge leaves each its own.
    """
    if not key.shared:
        return member_id
    return stand_in(key.code)


def draw(desk: Desk, presented_id: int, draws: Sequence[Draw]) -> tuple[Drawn, ...]:
    """Draw on the limits; guarded again in the commit, an account by itself and the accounts of members merged into
    one by the books that they share."""
    drawn = []
    for rule, key, amount, ceiling in draws:
        anchor = anchor_of(key, presented_id)
        desk.draw_limit(anchor, key.code, key.period, amount, ceiling)
        drawn.append(Drawn(rule, anchor, key.code, key.period, amount, ceiling))
    return tuple(drawn)


def drawn_now(desk: Desk, drawn: Drawn) -> int:
    """What is drawn by now on the account that this drew on: of all, or of whoever that person is by now."""
    anchor = drawn.anchor if drawn.shared else desk.place(drawn.anchor)[0]
    return desk.limit(anchor, drawn.code, drawn.period)


def give_back(desk: Desk, drawn: Sequence[Drawn], awards: Sequence[Award], value: PointValue) -> tuple[Drawn, ...]:
    """The limits have again what the awards no longer are; ``awards``: those that stay.

    Gives what stays drawn.
    """
    points = points_by_rule(awards)
    beside = {award.rule for award in awards if award.beside}
    stamps = {award.rule: award for award in awards if award.stamps}
    rest = []
    for each in drawn:
        card = stamps.get(each.rule)
        if each.of_card == "stamps":
            still = 0 if card is None else card.stamps
        elif each.of_card == "cards":
            still = int(card is not None and int(each.period) in card.cards)
        elif each.measure == "uses" and each.rule in beside:
            still = 1
        else:
            still = drawn_by(each.measure, points.get(each.rule, 0), value)
        amount = min(each.amount, still)
        if amount < each.amount:
            desk.draw_limit(each.anchor, each.code, each.period, amount - each.amount, _NO_CEILING)
        if amount:
            rest.append(replace(each, amount=amount))
    return tuple(rest)


def points_by_rule(awards: Sequence[Award]) -> dict[str, int]:
    """The points of each campaign's awards."""
    found: dict[str, int] = {}
    for award in awards:
        if award.rule.startswith("campaign:"):
            found[award.rule] = found.get(award.rule, 0) + award.points
    return found
