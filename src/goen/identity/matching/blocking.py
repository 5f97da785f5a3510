"""Blocking: which records are compared at all, so that a million of them need no half billion comparisons.

Each block is a key made of what a person's records are likely to share: a contact, a name with a date, a name with
a place, a house. Two records are compared where any key agrees. A key that too many records share leads nowhere
and is left out, and so is a whole block whose pairs would cost more than all it can find.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goen.identity.matching.scoring import Store

#: A key shared by more records than this is no lead.
SHARED_MAX = 100
#: A block that gives more pairs than this for each record is left out; a long list must look more closely.
PAIRS_PER_RECORD_MAX, PAIRS_PER_RECORD_MAX_LONG = 15, 3
LONG = 20_000

_GIVEN = "coalesce(given_folded, given)"
_FAMILY = "coalesce(family_folded, family)"

#: Name of each block and its key over the columns of a prepared record; a part that is missing makes no key.
BLOCKS: Mapping[str, str] = {
    "phone": "phone",
    "email": "email",
    "email_local": "substr(email, 1, position('@' in email))",
    "name": "family_folded || '|' || given_folded",
    "name_read": "whole_reading",
    "name_written": "whole",
    "name_swapped": "least(family_folded, given_folded) || '|' || greatest(family_folded, given_folded)",
    "birth_given": f"birth || '|' || {_GIVEN}",
    "birth_given_written": "birth || '|' || given",
    "birth_family": f"birth || '|' || {_FAMILY}",
    "birth_family_written": "birth || '|' || family",
    "birth_postcode": "birth || '|' || postcode",
    "birth_initial": "birth || '|' || substr(given_folded, 1, 1)",
    "house": "town || '|' || number",
    "postcode_number": "postcode || '|' || number",
    "postcode_given": f"postcode || '|' || {_GIVEN}",
    "postcode_family": f"postcode || '|' || {_FAMILY}",
    "town_given": f"town || '|' || {_GIVEN}",
    "town_family": f"town || '|' || {_FAMILY}",
    "city_given": f"city || '|' || {_GIVEN}",
    # Coarse ones, for lists small enough.
    "birth": "birth",
    "email_domain": "substr(email, position('@' in email))",
    "given": _GIVEN,
    "family": _FAMILY,
}


def add_blocks(store: Store) -> list[str]:
    """Add a column ``block_…`` for each block to the table ``records``; gives those that are worth their pairs."""
    records = store.number("select count(*) from records")
    keys = ", ".join(f"{key} as block_{name}" for name, key in BLOCKS.items())
    store.run(f"create or replace table records as select *, {keys} from records")
    pairs_max = records * (PAIRS_PER_RECORD_MAX_LONG if records > LONG else PAIRS_PER_RECORD_MAX)
    chosen = []
    for name in BLOCKS:
        shared = f"(select block_{name} as key, count(*) as n from records where block_{name} is not null group by all)"
        store.run(
            f"update records set block_{name} = null"
            f" where block_{name} in (select key from {shared} where n > {SHARED_MAX})"
        )
        pairs = store.number(f"select coalesce(sum(n * (n - 1) / 2), 0) from {shared}")
        if 0 < pairs <= pairs_max:
            chosen.append(f"block_{name}")
    return chosen
