"""What handlers may use, filled once by main and handed down as one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from goen.actions.members.accesses import Accesses
from goen.actions.members.devices import Devices
from goen.actions.members.duplicates import MergePair
from goen.actions.members.erase import Scrub
from goen.actions.points.context import Context
from goen.actions.points.quote import Quotes
from goen.actions.till.till import Till
from goen.channels.line.login import LineLogin
from goen.channels.messages.postman import Postman
from goen.database.pool import Database
from goen.delivery.streams import Streams
from goen.delivery.webhooks.target import Reach
from goen.earning.catalogue import Programmes
from goen.members.retention import Retention
from goen.readings.balance import Balances
from goen.readings.member_export import MemberExport
from goen.shops.directory import ShopDirectory
from goen.vocabulary.clock import Clock


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything a handler may reach. Made by main; tests make their own with a clock they can set.

    ``till`` and ``streams`` are this process's own; ``zone`` is the time zone of the books, ``context`` what
    acts on points know of shops, programme versions and the calendar; ``webhook_reach`` is how far into the
    network webhooks may go; ``postman`` takes messages to people's phones and mailboxes, ``line`` reads id tokens
    of LINE Login, ``merge_pair`` merges two members whom a reviewer found to be one; ``accesses`` notes who reads
    personal data; ``retention`` says how long it stays, ``scrub`` takes people out of files, ``devices``
    knows whose a rotating code is, ``disclosure`` makes a page of what is kept about one.
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
    merge_pair: MergePair
    postman: Postman
    line: LineLogin
    accesses: Accesses
    retention: Retention
    scrub: Scrub
    devices: Devices
    disclosure: Callable[[MemberExport, Literal["ja", "en"], ZoneInfo, str], bytes]
