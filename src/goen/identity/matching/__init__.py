"""Matching in batch: which records of one or more lists are the same person (Fellegi-Sunter, rule 44).

A record is prepared (``prepare``: normal forms, readings), compared with those it may be (``model``: Splink on
DuckDB, trained without labels), judged pair by pair (``guards``) and gathered into persons (``clusters``).
``batch`` does all of it. Knows files and tables of records, no member and no database of ours; Splink, DuckDB
and Arrow are imported when a batch runs and not before.
"""
