"""Identity: what makes two ways of naming a person the same name.

Owns the normal form of every kind of identifier, the hash it is found by, and the checks of signed
tokens. Values in, values out; knows no member and no table.
"""
