"""Reviews: pairs of members that may be one person, with the evidence, and what people decided.

Owns the models, the runs and the pairs; knows members by their number alone and nothing personal of them.
"""
