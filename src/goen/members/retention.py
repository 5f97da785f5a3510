"""How long personal data stays: the operator's choice, read once from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True)
class Retention:
    """Days that things are kept. ``list_file`` is where departures are listed outside of the database."""

    erase_after_days: int = 30
    """From a member's withdrawal to erasure; and from a contact's removal until its value goes."""
    access_log_days: int = 400
    """How long the log says who read whose personal data."""
    refused_rows_days: int = 90
    """How long files of refused rows stay after their import."""
    backup_days: int = 35
    """How long ``goen backup`` keeps the copies it took; 0 is for ever."""
    list_file: Path | None = None

    @property
    def departures_listed(self) -> timedelta | None:
        """How far back the list reaches: past the oldest copy that may still be restored; None: all of it."""
        return timedelta(days=2 * self.backup_days) if self.backup_days else None


DEFAULT = Retention()
