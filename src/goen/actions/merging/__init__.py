"""Making one member of two, and two of one again (rule 45).

``merge`` and ``undo`` are acts at the till; ``preview`` decides a merge and throws it away. ``queries.sql`` reads what
they need beside the books, and writes the merge itself.
"""
