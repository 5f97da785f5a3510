"""Receipts of a file into the books: sales, orders completed since, and returns.

Receipts are posted through the till as fast as it takes them, a bounded number at once. One member's
receipts go in file order. A receipt's key is its number, so a restart, or the same file once more, finds
what is there and does nothing twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec

from goen.actions.imports.job import SQL, Counts, Job, note_job
from goen.actions.imports.people import Newcomer, People, presented_of
from goen.actions.imports.returns import Part, plan_of
from goen.actions.points.context import Context
from goen.actions.points.orders import CompleteAsk, CompletePurchase
from goen.actions.points.proof import SHOWN
from goen.actions.points.record_purchase import RecordPurchase, receipt_key
from goen.actions.points.returns import AnyReturnAsk, PurchaseRef, ReturnedLine, ReturnGoods
from goen.actions.till.act import Act, Key
from goen.actions.till.errors import Conflict
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.earning.decision import Facts
from goen.identity.presented import Presented
from goen.members.model import Person
from goen.purchases.brought import Receipt, Refuse, Refused, ReturnSlip
from goen.purchases.model import MemberRef, Purchase
from goen.shops.model import Principal, Shop
from goen.vocabulary.clock import Clock
from goen.vocabulary.refusal import Refusal

replace = msgspec.structs.replace

#: Receipts looked up together, and how many such rounds are under way: what the memory holds.
ROUND = 256
ROUNDS = 3
#: How often progress is written down; the till runs empty for it.
NOTE_SECONDS = 3.0

#: A dry run has no import number.
DRY = Principal(0, "import:dry-run", "server")

Report = Callable[[int, Counts], None]


class _Identified(msgspec.Struct):
    id: str


_answered = msgspec.json.Decoder(_Identified).decode


class Known(NamedTuple):
    """What a key was used for before."""

    subject: str | None
    integration: str
    undone: bool


class Purchases:
    """One import of receipts. ``job`` None is a dry run: everything is checked, nothing written."""

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
        give_way: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        """``enrol``: identifiers nobody carries become provisional members (rule 46). ``flush`` puts refused
        rows on the disk; it is called before it is written down that their rows are done. ``give_way`` is
        told the seconds that a round took, and pauses where others are at work."""
        self.counts = job.counts if job else Counts()
        self._database = database
        self._till = till
        self._context = context
        self._clock = clock
        self._job = job
        self._principal = job.principal if job else DRY
        self._refuse_row = refuse
        self._enrol = enrol
        self._people = People(database, clock, job)
        self._tails: dict[Presented, tuple[asyncio.Task[None], bool]] = {}
        self._flush = flush
        self._give_way = give_way
        self._settled = 0.0
        self._done_refusing = 0
        self._done = job.checkpoint if job else 0

    async def run(self, receipts: Iterator[Receipt], report: Report) -> Counts:
        """Post everything. ``report`` is told the last row done, now and then."""
        loop = asyncio.get_running_loop()
        rounds: deque[tuple[int, list[asyncio.Task[None]]]] = deque()
        noted = loop.time()
        try:
            while chunk := list(islice(receipts, ROUND)):
                tasks = [task for receipt in await self._looked_up(chunk) if (task := self._begin(*receipt))]
                rounds.append((chunk[-1].rows[-1][0], tasks))
                due = loop.time() - noted > NOTE_SECONDS
                while rounds and (due or len(rounds) >= ROUNDS):
                    await self._settle(*rounds.popleft(), report)
                if due:
                    await self._note("running")
                    noted = loop.time()
            while rounds:
                await self._settle(*rounds.popleft(), report)
        finally:
            for _, tasks in rounds:
                for task in tasks:
                    task.cancel()
        await self._note("done")
        return self.counts

    # A round: who is meant --------------------------------------------------------------------

    async def _looked_up(self, chunk: Sequence[Receipt]) -> list[tuple[Receipt, Shop, Presented | None]]:
        """The receipts whose shop and member there are; the others are refused."""
        named: list[tuple[Receipt, Shop, Presented | None, MemberRef | None]] = []
        for receipt in chunk:
            document = receipt.sale or receipt.slip
            assert document is not None, "a receipt sells or takes back"
            try:
                shop = self._context.shops.by_code(document.shop)
                one = presented_of(document.member, self._context.shops) if document.member else None
            except Refusal as refusal:
                self._refuse(receipt, None, refusal)
            else:
                named.append((receipt, shop, one, document.member))
        await self._people.look(one for _, _, one, _ in named if one)
        if self._enrol:
            await self._enrol_new(named)
        known: list[tuple[Receipt, Shop, Presented | None]] = []
        for receipt, shop, one, _ in named:
            try:
                # The till would make a guest sale of a member nobody knows who used points.
                if one is not None and not (self._enrol and self._job is None and self._people.is_new(one)):
                    self._people.who(one)
            except Refusal as refusal:
                self._refuse(receipt, None, refusal)
            else:
                known.append((receipt, shop, one))
        return known

    async def _enrol_new(self, named: Sequence[tuple[Receipt, Shop, Presented | None, MemberRef | None]]) -> None:
        newcomers: dict[Presented, Newcomer] = {}
        for receipt, shop, one, ref in named:
            if one is None or one.hash is None or one in newcomers or not self._people.is_new(one):
                continue
            document = receipt.sale or receipt.slip
            assert document is not None
            text = (ref.value if ref else None) or one.normal
            newcomers[one] = Newcomer(((one, text),), Person(), shop.shop_id, document.occurred_at)
        if newcomers and self._job is not None:
            enrolled = await self._people.enrol(list(newcomers.values()))
            self.counts.members += sum(isinstance(outcome, int) for outcome in enrolled)
            await self._people.look(newcomers)
        else:
            self.counts.members += len(newcomers)

    # One receipt --------------------------------------------------------------------------------

    def _begin(self, receipt: Receipt, shop: Shop, one: Presented | None) -> asyncio.Task[None] | None:
        if self._job is None:
            self._check(receipt, shop, one)
            return None
        # Sales reach the till in file order by themselves. What asks the books first has to wait for the
        # member's earlier receipts, and later ones have to wait for it.
        waits = receipt.slip is not None or receipt.completed_at is not None
        before = None
        if one is not None:
            tail = self._tails.get(one)
            if tail is not None and not tail[0].done():
                waits = waits or tail[1]
                before = tail[0] if waits else None
        task = asyncio.get_running_loop().create_task(self._post(receipt, shop, one, before))
        if one is not None:
            self._tails[one] = (task, waits)
        return task

    def _check(self, receipt: Receipt, shop: Shop, one: Presented | None) -> None:
        """What posting would check of the documents themselves."""
        now = self._clock.now()
        document = receipt.sale or receipt.slip
        assert document is not None
        try:
            self._context.moment(document.occurred_at, now)
            if receipt.sale is not None:
                act = RecordPurchase(receipt.sale, shop, one, DRY, self._context, proven=SHOWN, now=now)
                # What coupons take off a stated total is known only to the till.
                ask = replace(act.counted, total=None) if act.ask.coupons else act.counted
                act.programme_engine.evaluate(ask, Facts(guest=one is None))
        except Refusal as refusal:
            self._refuse(receipt, None, refusal)
        else:
            self._count(receipt, 0)

    async def _post(
        self, receipt: Receipt, shop: Shop, one: Presented | None, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        already = 0
        sale_id: str | None = None
        if receipt.sale is not None:
            try:
                body, fresh = await self._post_sale(receipt.sale, shop, one)
                already += not fresh
                if receipt.completed_at is not None or receipt.slip is not None:
                    sale_id = _answered(body).id
                if receipt.completed_at is not None and fresh:
                    await self._complete(sale_id or "", receipt.completed_at)
            except Refusal as refusal:
                self._refuse(receipt, None, refusal)
                return
        if receipt.slip is not None:
            try:
                already += not await self._post_returns(receipt.slip, shop, one, sale_id)
            except Refusal as refusal:
                self._refuse(receipt, receipt.slip, refusal)
                if receipt.sale is None:
                    return
                back = {line.row for line in receipt.slip.lines}
                rows = [row for row in receipt.rows if row[0] not in back]
                receipt = Receipt(rows, receipt.sale, receipt.completed_at, None)
        self._count(receipt, already)

    async def _complete(self, purchase_id: str, at: datetime) -> None:
        """An order that the file knows to be paid and shipped."""
        now = self._clock.now()
        key = f"complete {purchase_id}"
        ask = CompleteAsk(at)
        await self._till.post(CompletePurchase(purchase_id, ask, key, self._principal, self._context, now))

    async def _post_sale(self, ask: Purchase, shop: Shop, one: Presented | None) -> tuple[bytes, bool]:
        def act(external_id: str) -> Act:
            document = ask if external_id == ask.external_id else replace(ask, external_id=external_id)
            now = self._clock.now()
            return RecordPurchase(document, shop, one, self._principal, self._context, proven=SHOWN, now=now)

        return await self._once(act, ask.external_id)

    async def _post_returns(self, slip: ReturnSlip, shop: Shop, one: Presented | None, sale_id: str | None) -> bool:
        """Post a return's parts; False where they had been there before. Raises the first part's refusal."""
        assert self._job is not None
        if slip.return_of is not None and sale_id is None:
            known = await self._known(receipt_key(shop.shop_id, slip.return_of))
            sale_id = known.subject if known else None
        member_id = None if one is None else self._people.who(one)
        linked_to = sale_id if slip.return_of is not None else None
        fresh = False
        for part in await plan_of(self._database, self._job, slip, member_id, linked_to):
            _, new = await self._once(self._return_of(slip, part, shop, one), part.external_id)
            fresh = fresh or new
            if part.purchase_id is None and new:
                self.counts.returns_unlinked += 1
        return fresh

    def _return_of(self, slip: ReturnSlip, part: Part, shop: Shop, one: Presented | None) -> Callable[[str], Act]:
        linked = part.purchase_id is not None
        lines = tuple(
            ReturnedLine(x.line, x.quantity)
            if linked
            else ReturnedLine(x.line, x.quantity, x.amount, x.tax_rate, x.tax_included, x.category)
            for x in part.lines
        )

        def act(external_id: str) -> Act:
            ask = AnyReturnAsk(
                external_id,
                slip.occurred_at,
                lines,
                business_date=slip.business_date,
                terminal=slip.terminal,
                staff=slip.staff,
                purchase=PurchaseRef(part.purchase_id) if linked else None,
            )
            return ReturnGoods(
                ask,
                shop,
                self._principal,
                self._context,
                self._clock.now(),
                sold_at=None,
                presented=None if linked else one,
            )

        return act

    async def _once(self, act_for: Callable[[str], Act], external_id: str) -> tuple[bytes, bool]:
        """Post an act under its number; gives the answer's body and whether this import did it.

        The number of an act that an import did and an undo took back is taken for ever. The next import of
        the same receipt stands beside it, as ``<number>~2``.
        """
        for generation in range(1, 100):
            act = act_for(external_id if generation == 1 else f"{external_id}~{generation}")
            try:
                answer = await self._till.post(act)
            except Conflict:
                known = await self._known(act.key)
                if known is None or not known.undone:
                    raise
                continue
            if not answer.replayed:
                return answer.body, True
            known = await self._known(act.key)
            if known is None or not known.undone:
                return answer.body, known is not None and known.integration == self._principal.integration
        raise AssertionError(f"{external_id} was undone a hundred times")

    async def _known(self, key: Key) -> Known | None:
        async with self._database.reading() as connection:
            row = await SQL.key_known(connection, key_hash=key.key_hash, key_check=key.key_check)
        return None if row is None else Known(*row)

    # What came of it ----------------------------------------------------------------------------

    def _count(self, receipt: Receipt, already: int) -> None:
        counts = self.counts
        counts.rows += len(receipt.rows)
        if already:
            counts.already += 1
            return
        if receipt.sale is not None:
            counts.sales += 1
            counts.guests += receipt.sale.member is None
            counts.orders_completed += receipt.completed_at is not None
            counts.sold += sum([line.amount for line in receipt.sale.lines])
        if receipt.slip is not None:
            counts.returns += 1
            counts.returned += sum([line.amount for line in receipt.slip.lines])

    def _refuse(self, receipt: Receipt, slip: ReturnSlip | None, refusal: Refusal) -> None:
        """Refuse a receipt, or of a mixed one the rows that came back alone."""
        back = {line.row for line in slip.lines} if slip is not None and receipt.sale is not None else None
        for number, cells in receipt.rows:
            if back is None or number in back:
                self.refuse(Refused(number, tuple(cells[:-1]), refusal.code, refusal.detail))

    def refuse(self, refused: Refused) -> None:
        """Count and pass on a refused row; the reader's refusals come here too.

        The reader never refuses beyond the receipt it hands out next, so once all is settled every row up
        to the last refused one is done.
        """
        self._done_refusing = max(self._done_refusing, refused.row)
        self.counts.rows += 1
        self.counts.refuse(refused.code)
        self._refuse_row(refused)

    async def _settle(self, last_row: int, tasks: Sequence[asyncio.Task[None]], report: Report) -> None:
        """Wait for a round; every row up to its last is done then."""
        if tasks:
            await asyncio.gather(*tasks)
        self._done = max(self._done, last_row)
        if len(self._tails) > ROUND * ROUNDS:
            self._tails = {one: tail for one, tail in self._tails.items() if not tail[0].done()}
        report(last_row, self.counts)
        if self._give_way is not None:
            now = asyncio.get_running_loop().time()
            await self._give_way(now - self._settled if self._settled else 0.0)
            self._settled = asyncio.get_running_loop().time()

    async def _note(self, state: str) -> None:
        self._done = max(self._done, self._done_refusing)
        self._flush()
        if self._job is not None:
            await note_job(
                self._database, self._job, self._clock, checkpoint=self._done, counts=self.counts, state=state
            )
