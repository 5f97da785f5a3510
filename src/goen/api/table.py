"""Every operation of the API, joined from the modules of v1: the one list that all else is made from."""

from __future__ import annotations

from goen.api.operations import Operation
from goen.api.v1 import members, programme, purchases, shops

OPERATIONS: tuple[Operation, ...] = (
    *members.OPERATIONS,
    *purchases.OPERATIONS,
    *programme.OPERATIONS,
    *shops.OPERATIONS,
)
