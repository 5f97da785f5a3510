"""The terminal: one screen for a clerk at the till. Its sales go through the public API, with the device's own key."""

from goen.web.terminal.terminal import HANDLERS

__all__ = ["HANDLERS"]
