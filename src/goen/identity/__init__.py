"""Identity: what makes two ways of naming a person the same name.

Owns the normal form of every kind of identifier and of names, readings, addresses and birth dates, the hash an
identifier is found by, the codes that cards carry, and the checks of signed tokens. Values in, values out; knows no
member and no table.
"""
