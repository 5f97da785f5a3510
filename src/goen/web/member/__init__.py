"""The members' own pages, on their own phones. Every address is in :mod:`goen.web.member.table`."""

from goen.web.member.table import HANDLERS

__all__ = ["HANDLERS"]
