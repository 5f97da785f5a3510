"""The ledger: points accounts, entries, lots and holds. Knows accounts and numbers, never people.

``journal.Journal`` is one member's books open for writing within one act: pure, exact, and the only
place that decides which lot a point comes from. ``store`` reads what it needs; the till writes.
"""
