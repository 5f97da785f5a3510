"""What another system's files bring: receipts, returns, opening balances, people, and rows not used.

Values between ``channels.files``, which reads them, and ``actions.imports``, which does them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from goen.purchases.model import MemberRef, Purchase
from goen.vocabulary.fields import Quantity, TaxRate


class Refused(msgspec.Struct, frozen=True):
    """A row that was not used: its number as a spreadsheet counts (the header is row 1), and why.

    ``code`` is stable (the table in ``docs/howto/import.md``), ``words`` are for people.
    """

    row: int
    cells: tuple[str, ...]
    code: str
    words: str


class Refuse(Protocol):
    """Takes refused rows as they are met."""

    def __call__(self, refused: Refused, /) -> None: ...


class ReturnLine(msgspec.Struct, frozen=True):
    """Goods that came back. Numbers are positive; ``amount`` is what was given back for the line."""

    row: int
    quantity: Quantity
    amount: int
    tax_rate: TaxRate
    tax_included: bool
    sku: str | None = None
    name: str | None = None
    category: str | None = None


class ReturnSlip(msgspec.Struct, frozen=True):
    """Goods that one receipt took back; ``return_of`` is the sale's number where the file knows it."""

    shop: str
    external_id: str
    occurred_at: datetime
    business_date: date | None
    terminal: str | None
    staff: str | None
    member: MemberRef | None
    lines: tuple[ReturnLine, ...]
    return_of: str | None = None


class Receipt(msgspec.Struct, frozen=True):
    """What one receipt of a file says: a sale, a return, or (a mixed receipt) both.

    ``rows`` are the numbered cells it was read from. A placed order whose completion the file knows
    has ``completed_at``.
    """

    rows: Sequence[tuple[int, list[str]]]
    sale: Purchase | None
    completed_at: datetime | None
    slip: ReturnSlip | None


class OpeningBalance(msgspec.Struct, frozen=True):
    """Points a member brings from another system; negative is a debt.

    ``expires_on`` is the last day on which they can be used (rule 14); None: the programme decides.
    ``granted_on`` is when the former system gave them: the fiscal year of the lot follows (rule 50); None: today.
    """

    row: int
    cells: tuple[str, ...]
    member: MemberRef
    points: int
    expires_on: date | None
    limited: bool
    granted_on: date | None = None


class BroughtConsent(msgspec.Struct, frozen=True):
    """What a person agreed to, or did not, in another system; ``at`` is when it was said, where the file knows."""

    kind: str
    given: bool
    wording: str | None = None
    source: str | None = None
    at: datetime | None = None


class NewMember(msgspec.Struct, frozen=True):
    """A person of a members file with the identifiers that the file gives."""

    row: int
    cells: tuple[str, ...]
    identifiers: tuple[MemberRef, ...]
    name: str | None = None
    kana: str | None = None
    birth_date: date | None = None
    gender: str | None = None
    postal_code: str | None = None
    address: str | None = None
    shop: str | None = None
    joined_at: datetime | None = None
    language: str | None = None
    tier: str | None = None
    tier_until: date | None = None
    consents: tuple[BroughtConsent, ...] = ()
