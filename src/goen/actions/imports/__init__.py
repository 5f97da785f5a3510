"""Bringing another system's members, sales and balances into the books, in pieces, and taking them back.

``job`` is an import's row; ``people`` finds and enrols; ``purchases``, ``balances`` and ``members`` do what
the rows say; ``returns`` finds the sales that returned goods came from; ``undo`` reverses by entries.
"""
