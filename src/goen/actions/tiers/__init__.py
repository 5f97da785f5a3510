"""Tiers beside the till: counting earlier sales, evaluation days, what is given by hand, previews.

A sale raises its member in its own commit (``actions/points/tiers``). Everything here goes through members in pieces,
set by set: it looks for those whose tier would change without a lock, then locks these few and looks again. Each
change moves the version of the member's books, so that a sale which was decided meanwhile is decided again.
"""
