"""What handlers may use, filled once by main and handed down as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from goen.database.pool import Database
from goen.vocabulary.clock import Clock


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything a handler may reach. Made by main; tests make their own with a clock they can set."""

    clock: Clock
    database: Database
    till: Any
    programmes: Any
    shops: Any
    feed: Any = None
