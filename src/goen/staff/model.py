"""Staff as values."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

import msgspec

from goen.staff.rules import NEEDS_SECOND, RIGHTS, Right, Role

Stage = Literal["password", "whole"]
ROLES: tuple[Role, ...] = get_args(Role)


class Staff(msgspec.Struct, frozen=True):
    """Somebody who works here. ``shops`` are the numbers of theirs; empty: every shop."""

    staff_id: int
    login: str
    name: str
    role: Role
    shops: frozenset[int]
    has_second: bool

    def may(self, right: Right) -> bool:
        """Whether the role includes this right."""
        return right in RIGHTS[self.role]

    def covers(self, shop_id: int) -> bool:
        """Whether this shop is theirs."""
        return not self.shops or shop_id in self.shops

    @property
    def needs_second(self) -> bool:
        """Whether a password alone does not let them in."""
        return self.has_second or self.role in NEEDS_SECOND

    @property
    def author(self) -> str:
        """How the audit names them."""
        return f"staff:{self.login}"


class Session(msgspec.Struct, frozen=True):
    """A browser in which somebody is signed in, or half so: the password was right, the second factor is due."""

    staff: Staff
    stage: Stage
    ends_at: datetime


class StaffRow(msgspec.Struct, frozen=True):
    """Somebody as the office lists them."""

    staff_id: int
    login: str
    name: str
    role: Role
    shops: tuple[str, ...]
    has_password: bool
    has_second: bool
    has_pin: bool
    made_at: datetime
    disabled_at: datetime | None
