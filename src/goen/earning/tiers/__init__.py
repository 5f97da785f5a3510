"""Tiers (rules 32 to 35) as pure functions: what a sale counts, which level a measure reaches, who rises and falls.

``model`` is what a programme says, ``calendar`` its windows and days, ``measure`` what a purchase counts,
``rules`` the decisions. Nothing here knows a database; who holds which tier comes in as a value.
"""
