"""Every operation of the API, joined from the modules of v1: the one list that all else is made from."""

from __future__ import annotations

from goen.api.operations import Operation
from goen.api.v1 import (
    backtests,
    campaigns,
    codes,
    coupons,
    documents,
    households,
    joining,
    ledger,
    match_reviews,
    members,
    merges,
    points,
    privacy,
    programme,
    purchases,
    quotes,
    returns,
    rewards,
    shops,
    stream,
    tiers,
    webhooks,
)

OPERATIONS: tuple[Operation, ...] = (
    *members.OPERATIONS,
    *match_reviews.OPERATIONS,
    *codes.OPERATIONS,
    *joining.OPERATIONS,
    *households.OPERATIONS,
    *merges.OPERATIONS,
    *privacy.OPERATIONS,
    *ledger.OPERATIONS,
    *purchases.OPERATIONS,
    *documents.OPERATIONS,
    *quotes.OPERATIONS,
    *returns.OPERATIONS,
    *points.OPERATIONS,
    *programme.OPERATIONS,
    *campaigns.OPERATIONS,
    *backtests.OPERATIONS,
    *coupons.OPERATIONS,
    *tiers.OPERATIONS,
    *rewards.OPERATIONS,
    *shops.OPERATIONS,
    *stream.OPERATIONS,
    *webhooks.OPERATIONS,
)
