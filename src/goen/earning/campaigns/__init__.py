"""Campaigns: rules on top of the programme, live for a while, that may run dry.

Owns the campaign as data (:mod:`model`), its compiled form and the choice between campaigns
(:mod:`running`), what is left of an award after returns (:mod:`remainder`), which campaigns are live at
an instant (:mod:`catalogue`), what is said before one goes live (:mod:`checks`, :mod:`law`). Refuses to know
databases and clocks: facts of members and what is drawn on limits come in as values.
"""

from goen.earning.campaigns.catalogue import Campaigns
from goen.earning.campaigns.model import Campaign

__all__ = ["Campaign", "Campaigns"]
