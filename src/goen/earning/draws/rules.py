"""Who wins, and what the law caps: pure decisions (rule 53). None of this is legal advice.

The seed is made when a draw goes live; its SHA-256 is published then, the seed itself when the draw is over. The lot of
a ticket is HMAC-SHA256(seed, ``entry/ticket``). Nobody can foresee it without the seed, the retailer cannot change the
seed without everybody seeing it, and anybody can compute afterwards who should have won.
"""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

from goen.earning.checks import Problem
from goen.earning.draws.model import ByDay, ByPurchase, PointsPrize, Prize, PrizeDraw
from goen.earning.programme import Programme
from goen.vocabulary.points import PointValue

#: Rule 53: a prize is worth at most twenty times the sale, and 100,000 yen; all together 2 % of the expected sales.
PRIZE_TIMES, PRIZE_MOST, TOTAL_PERCENT = 20, 100_000, 2
_ODDS_PLACES = 6
_ALL = 1 << 256

#: An entry and the number of its ticket.
Ticket = tuple[str, int]


def seed_hash(seed: bytes) -> str:
    """What is published when the draw goes live."""
    return sha256(seed).hexdigest()


def lot(seed: bytes, ticket: Ticket) -> int:
    """The lot of a ticket: 256 bits."""
    entry, number = ticket
    return int.from_bytes(hmac.digest(seed, f"{entry}/{number}".encode(), sha256), "big")


def instant(draw: PrizeDraw, seed: bytes, ticket: Ticket) -> Prize | None:
    """The prize that a ticket wins by its lot, whether or not any is left: prizes lie in their order from 0 on, each as
    wide as its odds."""
    share, drawn = 0, lot(seed, ticket)
    for prize in draw.prizes:
        share += int(prize.odds.scaleb(_ODDS_PLACES)) if prize.odds else 0
        if drawn * 100 * 10**_ODDS_PLACES < _ALL * share:
            return prize
    return None


def ranked(seed: bytes, tickets: Iterable[Ticket]) -> list[Ticket]:
    """Tickets in the order in which they are drawn at the end: by their lots."""
    return sorted(tickets, key=lambda ticket: lot(seed, ticket))


class Entered(NamedTuple):
    """An entry: its tickets are numbered from 1; by ticket the prize that it has won."""

    entry_id: str
    tickets: int
    won: Mapping[int, str]


class Checked(NamedTuple):
    """What becomes of the winners when the draw is done again from its seed. ``sealed``: the seed is the one whose
    digest was published; ``wrong``: tickets that won what their lot does not give; ``passed``: tickets whose lot would
    have given a prize, but none was left, or its member had won enough, had gone or brought the purchase back."""

    sealed: bool
    tickets: int
    winners: int
    wrong: tuple[Ticket, ...]
    passed: int

    @property
    def right(self) -> bool:
        """Everybody has won by their lot."""
        return self.sealed and not self.wrong


def checked(draw: PrizeDraw, seed: bytes, digest: str, entries: Sequence[Entered]) -> Checked:
    """The draw done again, as anybody can who has the seed and the entries."""
    won = {(entry.entry_id, ticket): prize for entry in entries for ticket, prize in entry.won.items()}
    tickets = [(entry.entry_id, number) for entry in entries for number in range(1, entry.tickets + 1)]
    wrong: list[Ticket] = sorted(won.keys() - set(tickets))
    passed = 0
    if draw.method == "instant":
        for ticket in tickets:
            due = instant(draw, seed, ticket)
            if ticket in won:
                wrong += [ticket] if due is None or due.code != won[ticket] else []
            else:
                passed += due is not None
    else:
        pieces = deque(prize.code for prize in draw.prizes for _ in range(prize.count))
        for ticket in ranked(seed, tickets):
            if ticket in won:
                wrong += [] if pieces and pieces.popleft() == won[ticket] else [ticket]
            else:
                passed += bool(pieces)
    return Checked(seed_hash(seed) == digest, len(tickets), len(won), tuple(wrong), passed)


def worth(prize: Prize, programme: Programme) -> int:
    """Yen that one piece is worth."""
    points = prize.gives.points if isinstance(prize.gives, PointsPrize) else 0
    return max(prize.value, PointValue.of(programme.point_value).worth(points))


def total_worth(draw: PrizeDraw, programme: Programme) -> int:
    """Yen that all prizes are worth."""
    return sum(worth(prize, programme) * prize.count for prize in draw.prizes)


def needs_second(draw: PrizeDraw, programme: Programme) -> bool:
    """Whether its prizes are worth more than the programme lets one person do."""
    above = programme.campaigns.approval_above
    return above is not None and total_worth(draw, programme) > above


def sale_value(draw: PrizeDraw, programme: Programme) -> int | None:
    """What a ticket costs at least, in yen; None: nothing, it is an open draw."""
    match draw.entrance:
        case ByPurchase(every=every):
            return every
        case ByDay():
            return None
        case paid:
            return PointValue.of(programme.point_value).worth(paid.points)


def problems(draw: PrizeDraw, programme: Programme) -> Iterator[Problem]:
    """What forbids a draw, or is unwise: contradictions, then the law's caps."""
    if draw.ends_at <= draw.starts_at:
        yield Problem("error", "ends_at", "ends_before_start")
    if len({prize.code for prize in draw.prizes}) < len(draw.prizes):
        yield Problem("error", "prizes", "same_code_twice")
    for i, prize in enumerate(draw.prizes):
        if (prize.odds is None) == (draw.method == "instant"):
            yield Problem("error", f"prizes.{i}.odds", "odds_of_instant")
        if prize.odds is not None and not are_odds(prize.odds):
            yield Problem("error", f"prizes.{i}.odds", "not_odds")
        if not isinstance(prize.gives, PointsPrize) and not prize.value:
            yield Problem("error", f"prizes.{i}.value", "value_missing")
    if sum(prize.odds for prize in draw.prizes if prize.odds is not None and are_odds(prize.odds)) > 100:
        yield Problem("error", "prizes", "odds_above_all")
    yield from _law(draw, programme)


def _law(draw: PrizeDraw, programme: Programme) -> Iterator[Problem]:
    sale = sale_value(draw, programme)
    if sale is None:
        return
    cap = min(PRIZE_TIMES * sale, PRIZE_MOST)
    for i, prize in enumerate(draw.prizes):
        if worth(prize, programme) > cap:
            yield Problem("error", f"prizes.{i}.value", "prize_above_cap", {"most": cap})
    if draw.expected_sales is None:
        yield Problem("error", "expected_sales", "expected_sales_missing")
    elif total_worth(draw, programme) * 100 > draw.expected_sales * TOTAL_PERCENT:
        most = draw.expected_sales * TOTAL_PERCENT // 100
        yield Problem("error", "expected_sales", "prizes_above_cap", {"most": most})


def are_odds(odds: Decimal) -> bool:
    """Whether this is above 0, at most 100, and of at most 6 decimal places."""
    exponent = odds.as_tuple().exponent
    return odds.is_finite() and 0 < odds <= 100 and isinstance(exponent, int) and -exponent <= _ODDS_PLACES
