"""What handlers may use, filled once by main and handed down as one value."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from goen.actions.members.duplicates import MergePair
from goen.actions.points.context import Context
from goen.actions.points.quote import Quotes
from goen.actions.till.till import Till
from goen.channels.line.login import LineLogin
from goen.channels.messages.postman import Postman
from goen.database.pool import Database
from goen.delivery.streams import Streams
from goen.delivery.webhooks.target import Reach
from goen.earning.catalogue import Programmes
from goen.readings.balance import Balances
from goen.shops.directory import ShopDirectory
from goen.vocabulary.clock import Clock


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything a handler may reach. Made by main; tests make their own with a clock they can set.

    ``till`` and ``streams`` are this process's own; ``zone`` is the time zone of the books, ``context`` what
    acts on points know of shops, programme versions and the calendar; ``webhook_reach`` is how far into the
    network webhooks may go; ``postman`` takes messages to people's phones and mailboxes, ``line`` reads id tokens
    of LINE Login.
    """

    clock: Clock
    database: Database
    till: Till
    programmes: Programmes
    shops: ShopDirectory
    zone: ZoneInfo
    streams: Streams
    webhook_reach: Reach
    context: Context
    balances: Balances
    quotes: Quotes
    merge_pair: MergePair | None = None
    """Merges two members whom a reviewer found to be one; None: the decision is kept, and nobody merges."""
    postman: Postman
    line: LineLogin
