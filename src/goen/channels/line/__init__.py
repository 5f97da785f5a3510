"""LINE: what its servers say about a user, checked before it is believed (rule 63)."""
