"""Coupons: what a kind of coupon is, its codes, whether one may be used for a sale, and what it takes off.

Pure rules. Who holds which code and what was used is kept elsewhere and comes in as values.
"""
