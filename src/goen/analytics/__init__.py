"""Figures over many members: today the running ones that pages show at once, added up from the feed.

Owns the tables ``figure_total`` and ``figure_hour``. Refuses to read a sum from the ledger when somebody looks.
"""
