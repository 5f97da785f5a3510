"""Readings: one module per question, read-only. They may join the tables of several rooms."""
