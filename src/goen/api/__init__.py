"""The HTTP API: an edge that translates, calls an action or a reading, and answers.

Owns the table of operations, the checks before a handler runs (key, role, size, type, rate) and the one
table from refusal to status. Refuses to know how points work.
"""
