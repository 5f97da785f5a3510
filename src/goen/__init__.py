"""Goen: one member and one points balance for all stores and web shops of a retailer."""

from importlib.metadata import version

__version__ = version("goen")
