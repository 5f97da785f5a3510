"""Standing kinds: what a retailer gives again and again, each from a few parameters.

Those about a purchase are templates of campaigns; the others (birthday, welcome, visit, referral, review, survey,
win-back) are rules of their own.
"""
