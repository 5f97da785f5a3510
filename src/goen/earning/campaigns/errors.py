"""The refusals of campaigns."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class UnknownCampaign(Refusal):
    """There is no campaign of this code, or no such version of it."""

    code = "unknown_campaign"

    def __init__(self, campaign: str) -> None:
        super().__init__(f"There is no campaign {campaign!r}.", campaign=campaign)


class CampaignExists(Refusal):
    """A campaign of this code is there already; change it instead."""

    code = "campaign_exists"

    def __init__(self, campaign: str) -> None:
        super().__init__(
            f"There is a campaign {campaign!r} already; PATCH makes a new version of it.", campaign=campaign
        )


class SecondPersonNeeded(Refusal):
    """Whoever made, changed or activated a campaign does not approve it."""

    code = "second_person_needed"

    def __init__(self, campaign: str) -> None:
        super().__init__("Somebody else than the one who made it has to approve it.", campaign=campaign)


class CampaignState(Refusal):
    """The campaign is not in a state in which this can be done."""

    code = "campaign_state"

    def __init__(self, detail: str, state: str) -> None:
        super().__init__(detail, state=state)
