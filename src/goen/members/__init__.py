"""Members: who takes part, the names they are known by, what they agreed to.

Owns ``member``, ``member_identifier``, ``identifier_key``, ``member_consent`` and ``used_token``. Personal
data lives here alone and can be erased without touching the books. Knows no points.
"""
