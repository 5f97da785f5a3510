"""Rewards: what points are exchanged for."""
