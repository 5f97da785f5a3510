"""Refusals about standing rules, visits and referrals."""

from __future__ import annotations

from typing import Any

from goen.vocabulary.refusal import Refusal


class UnknownStandingRule(Refusal):
    """There is no standing rule of this code, or no such version of it."""

    code = "unknown_standing_rule"

    def __init__(self, rule: str) -> None:
        super().__init__(f"There is no standing rule {rule!r}.", rule=rule)


class StandingRuleState(Refusal):
    """The standing rule is not in a state in which this can be done."""

    code = "standing_rule_state"

    def __init__(self, detail: str, state: str) -> None:
        super().__init__(detail, state=state)


class VisitNotPossible(Refusal):
    """The check-in does not count. ``reason``: ``no_rule``, ``today`` (the member has checked in
    today), ``too_soon`` (``next_at``), ``staff_only``, ``code_unknown``, ``code_expired``, ``code_elsewhere``
    (another shop's)."""

    code = "visit_not_possible"

    def __init__(self, reason: str, detail: str, **fields: Any) -> None:
        super().__init__(detail, reason=reason, **fields)


class ReferralNotPossible(Refusal):
    """The friend cannot be referred. ``reason``: ``no_rule``, ``code_unknown``, ``late`` (joined too long ago),
    ``has_bought``, ``already_referred``, ``same_person``, ``same_address``, ``same_contact``, ``same_device``,
    ``same_household``, ``referrer_left``, ``referrer_max``, ``not_for_them`` (tier, segment or shop)."""

    code = "referral_not_possible"

    def __init__(self, reason: str, detail: str, **fields: Any) -> None:
        super().__init__(detail, reason=reason, **fields)


class NotRewarded(Refusal):
    """Nothing is given for this report. ``reason``: ``no_rule``, ``already`` (once per subject and member),
    ``not_bought``, ``not_this_tier``, ``not_this_segment``, ``not_this_shop``, ``limit_reached``."""

    code = "not_rewarded"

    def __init__(self, reason: str, detail: str, **fields: Any) -> None:
        super().__init__(detail, reason=reason, **fields)
