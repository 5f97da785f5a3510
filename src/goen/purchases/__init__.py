"""Purchases: what was sold, to whom it was presented, and what became of it.

Owns the purchase document as a partner sends it and its states. Knows nothing of points.
"""
