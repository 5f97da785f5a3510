"""Refusals about rewards and their orders."""

from __future__ import annotations

from typing import Any

from goen.vocabulary.refusal import Refusal


class UnknownReward(Refusal):
    """There is no reward of this code."""

    code = "unknown_reward"

    def __init__(self, reward: str) -> None:
        super().__init__(f"There is no reward {reward!r}.", reward=reward)


class UnknownRewardOrder(Refusal):
    """There is no order of a reward of this id."""

    code = "unknown_reward_order"

    def __init__(self) -> None:
        super().__init__("There is no such order of a reward.")


class RewardNotAvailable(Refusal):
    """The reward cannot be had just now. ``reason``: ``not_yet``, ``over``, ``not_this_tier``, ``sold_out``,
    ``member_limit`` (``most``)."""

    code = "reward_not_available"

    def __init__(self, reason: str, detail: str, **fields: Any) -> None:
        super().__init__(detail, reason=reason, **fields)


class RewardOrderState(Refusal):
    """The order has come too far for that, or not far enough; ``status`` says where it is."""

    code = "reward_order_state"

    def __init__(self, status: str) -> None:
        super().__init__(f"The order is {status}.", status=status)
