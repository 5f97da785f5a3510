"""Member cards on paper: a sheet of cards in the size of a bank card, to print, cut and hand out.

Values in, a PDF out: no database and no clock. Codes are drawn by :mod:`goen.identity.codes`.
"""
