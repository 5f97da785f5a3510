"""Opening balances: points that members bring from another system, as lots with their own dates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from goen.actions.imports.job import SQL, Counts, Job, note_job
from goen.actions.imports.people import Newcomer, People, presented_of
from goen.actions.imports.purchases import DRY, Report
from goen.actions.points.by_hand import AdjustmentAsk, OpenBalance
from goen.actions.points.context import Context
from goen.actions.till.act import key_of
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.identity.presented import Presented
from goen.members.errors import UnknownMember
from goen.members.model import Person
from goen.purchases.brought import OpeningBalance, Refuse, Refused
from goen.vocabulary.clock import Clock
from goen.vocabulary.refusal import InvalidRequest, Refusal

#: Balances looked up and posted together.
ROUND = 256


class BalanceExists(Refusal):
    """The member has an opening balance of another import; undo that one first."""

    code = "balance_exists"

    def __init__(self, import_id: int) -> None:
        super().__init__(f"Import {import_id} has brought this member's balance already.", import_id=import_id)


class Balances:
    """One import of balances. ``job`` None is a dry run: everything is checked, nothing written."""

    def __init__(
        self,
        database: Database,
        till: Till,
        context: Context,
        clock: Clock,
        job: Job | None,
        refuse: Refuse,
        *,
        enrol: bool = False,
        flush: Callable[[], None] = lambda: None,
    ) -> None:
        """As :class:`goen.actions.imports.purchases.Purchases`."""
        self.counts = job.counts if job else Counts()
        self._database = database
        self._till = till
        self._context = context
        self._clock = clock
        self._job = job
        self._refuse_row = refuse
        self._enrol = enrol
        self._flush = flush
        self._people = People(database, clock, job)

    async def run(self, balances: Iterator[OpeningBalance], report: Report) -> Counts:
        """Post everything; ``report`` is told the last row done."""
        last_row = self._job.checkpoint if self._job else 0
        while chunk := list(islice(balances, ROUND)):
            known = await self._looked_up(chunk)
            if self._job is not None:
                await asyncio.gather(*[self._post(balance, one) for balance, one in known])
            else:
                for balance, _ in known:
                    self._count(balance)
            last_row = chunk[-1].row
            report(last_row, self.counts)
            await self._note(last_row, "running")
        await self._note(last_row, "done")
        return self.counts

    async def _looked_up(self, chunk: Sequence[OpeningBalance]) -> list[tuple[OpeningBalance, Presented]]:
        named: list[tuple[OpeningBalance, Presented]] = []
        for balance in chunk:
            try:
                named.append((balance, presented_of(balance.member, self._context.shops)))
            except Refusal as refusal:
                self._refuse(balance, refusal)
        await self._people.look(one for _, one in named)
        if self._enrol:
            newcomers = {
                one: Newcomer(((one, balance.member.value or one.normal),), Person(), None, self._clock.now())
                for balance, one in named
                if one.hash is not None and self._people.is_new(one)
            }
            self.counts.members += len(newcomers)
            if self._job is not None and newcomers:
                await self._people.enrol(list(newcomers.values()))
                await self._people.look(newcomers)
        brought = await self._brought_by_others(named)
        known: list[tuple[OpeningBalance, Presented]] = []
        for balance, one in named:
            try:
                self._check(balance, one)
                member_id = self._people.who(one)
                if member_id in brought:
                    raise BalanceExists(brought[member_id])
            except UnknownMember as refusal:
                if self._enrol and self._job is None:
                    known.append((balance, one))
                else:
                    self._refuse(balance, refusal)
            except Refusal as refusal:
                self._refuse(balance, refusal)
            else:
                known.append((balance, one))
        return known

    async def _brought_by_others(self, named: Sequence[tuple[OpeningBalance, Presented]]) -> dict[int, int]:
        """Members who have a balance of another import that still stands, and its number."""
        member_ids: list[int] = []
        for _, one in named:
            try:
                member_ids.append(self._people.who(one))
            except Refusal:
                continue
        async with self._database.reading() as connection:
            rows = SQL.balances_brought(
                connection, member_ids=member_ids, import_id=self._job.import_id if self._job else 0
            )
            return {row["member_id"]: row["import_id"] async for row in rows}

    def _ask(self, balance: OpeningBalance, one: Presented) -> OpenBalance:
        ask = AdjustmentAsk(
            balance.member,
            balance.points,
            "migration",
            expires_on=balance.expires_on if balance.points > 0 else None,
            kind="limited" if balance.limited else "regular",
        )
        principal = self._job.principal if self._job else DRY
        key = key_of(principal.integration, "opening_balance", str(balance.row))
        opening = OpenBalance(ask, one, key, principal, self._context, self._clock.now(), owing=True)
        opening.granted_on = balance.granted_on
        return opening

    def _check(self, balance: OpeningBalance, one: Presented) -> None:
        """What posting would refuse of the row itself."""
        ask = self._ask(balance, one).ask
        today = self._context.day_of(self._clock.now())
        if balance.granted_on is not None and balance.granted_on > today:
            raise InvalidRequest("granted_on", "lies in the future")
        if self._job is None and ask.expires_on is not None and ask.expires_on < today:
            raise InvalidRequest("expires_on", "lies in the past")

    async def _post(self, balance: OpeningBalance, one: Presented) -> None:
        try:
            await self._till.post(self._ask(balance, one))
        except Refusal as refusal:
            self._refuse(balance, refusal)
        else:
            self._count(balance)

    def _count(self, balance: OpeningBalance) -> None:
        self.counts.rows += 1
        self.counts.balances += 1
        self.counts.points += balance.points

    def _refuse(self, balance: OpeningBalance, refusal: Refusal) -> None:
        self.refuse(Refused(balance.row, balance.cells, refusal.code, refusal.detail))

    def refuse(self, refused: Refused) -> None:
        """Count and pass on a refused row; the reader's refusals come here too."""
        self.counts.rows += 1
        self.counts.refuse(refused.code)
        self._refuse_row(refused)

    async def _note(self, last_row: int, state: str) -> None:
        self._flush()
        if self._job is not None:
            await note_job(self._database, self._job, self._clock, checkpoint=last_row, counts=self.counts, state=state)
