"""Benchmarks: Goen and pgbench side by side, in one run, on one PostgreSQL with one set of settings."""
