"""The office: staff at headquarters and managers of stores. Every address is in :mod:`goen.web.office.table`."""

from goen.web.office.table import HANDLERS

__all__ = ["HANDLERS"]
