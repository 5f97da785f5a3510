"""Earning: what a purchase earns, spends and gives back, as pure functions over values.

Owns the programme's settings, their compiled :class:`Engine`, the decision with its reasons, the
remainder after returns, and expiry dates. Refuses to know databases, members' names, clocks and pages:
facts come in as values, words go out through :mod:`goen.earning.words` at the edge.
"""

from goen.earning.decision import Award, Decision, Facts, LineShare, Miss, Notice
from goen.earning.evaluate import Engine, compile_programme
from goen.earning.programme import DEFAULT, Programme

__all__ = [
    "DEFAULT",
    "Award",
    "Decision",
    "Engine",
    "Facts",
    "LineShare",
    "Miss",
    "Notice",
    "Programme",
    "compile_programme",
]
