"""People of a members file: enrolled, many at a time, unless an identifier says that they are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import islice

import msgspec

from goen.actions.imports.job import SQL, Counts, Job, note_job
from goen.actions.imports.people import PIECE, Newcomer, People, presented_of
from goen.actions.imports.purchases import Report
from goen.actions.members.person import person_of
from goen.actions.points.context import Context
from goen.database.pool import Database, Writing
from goen.identity.presented import Presented
from goen.members.errors import IdentifierTaken
from goen.members.model import IDENTIFYING, Given
from goen.purchases.brought import NewMember, Refuse, Refused
from goen.vocabulary.clock import Clock
from goen.vocabulary.refusal import InvalidRequest, Refusal


class Members:
    """One import of people. ``job`` None is a dry run: everything is checked, nothing written.

    Somebody whose card, LINE user or web account is known already is refused as ``identifier_taken``: the
    person is there. Phones and mail addresses may be shared and prove nothing here.
    """

    def __init__(
        self,
        database: Database,
        context: Context,
        clock: Clock,
        job: Job | None,
        refuse: Refuse,
        *,
        flush: Callable[[], None] = lambda: None,
    ) -> None:
        """As :class:`goen.actions.imports.purchases.Purchases`."""
        self.counts = job.counts if job else Counts()
        self._database = database
        self._context = context
        self._clock = clock
        self._job = job
        self._refuse_row = refuse
        self._flush = flush
        self._people = People(database, clock, job)
        self._last_row = job.checkpoint if job else 0

    async def run(self, people: Iterator[NewMember], report: Report) -> Counts:
        """Enrol everybody; ``report`` is told the last row done."""
        while chunk := list(islice(people, PIECE)):
            # Rows that the reader has refused on its way are done with, too.
            self._last_row = max(self._last_row, chunk[-1].row)
            await self._enrol(chunk)
            report(self._last_row, self.counts)
        self._flush()
        if self._job is not None:
            last, counts = self._last_row, self.counts
            await note_job(self._database, self._job, self._clock, checkpoint=last, counts=counts, state="done")
        return self.counts

    async def _enrol(self, chunk: Sequence[NewMember]) -> None:
        named: list[tuple[NewMember, Newcomer]] = []
        seen: set[Presented] = set()
        for one in chunk:
            try:
                newcomer = self._newcomer(one)
                proving = {each for each, _ in newcomer.identifiers if each.kind in IDENTIFYING}
                if twice := seen & proving:
                    raise IdentifierTaken(twice.pop().kind, "identifiers")
            except Refusal as refusal:
                self._refuse(one, refusal)
            else:
                seen |= proving
                named.append((one, newcomer))
        await self._people.look(seen)
        new: list[tuple[NewMember, Newcomer]] = []
        for one, newcomer in named:
            held = [each.kind for each, _ in newcomer.identifiers if each in seen and not self._people.is_new(each)]
            if held:
                self._refuse(one, IdentifierTaken(held[0], "identifiers"))
            else:
                new.append((one, newcomer))

        before, told = deepcopy(self.counts), set[int]()

        async def done(connection: Writing, outcomes: Sequence[int | Refusal]) -> None:
            # In the same commit: whoever has no card or account would else be enrolled again after a crash. What was
            # refused is on the disk before that, or the rows would be passed by for ever.
            assert self._job is not None
            self.counts = deepcopy(before)  # A transaction that had to begin anew counts once.
            for (one, _), outcome in zip(new, outcomes, strict=True):
                if isinstance(outcome, Refusal):
                    self._refuse(one, outcome, again=one.row in told)
                    told.add(one.row)
                else:
                    self.counts.rows += 1
                    self.counts.members += 1
            self._flush()
            await SQL.note_job(
                connection,
                import_id=self._job.import_id,
                checkpoint=self._last_row,
                counts=msgspec.json.encode(self.counts).decode(),
                state="running",
                now=self._clock.now(),
            )

        if self._job is None:
            self.counts.rows += len(new)
            self.counts.members += len(new)
        else:
            await self._people.enrol([newcomer for _, newcomer in new], done)

    def _newcomer(self, one: NewMember) -> Newcomer:
        shops, now = self._context.shops, self._clock.now()
        identifiers: dict[Presented, str] = {}
        for ref in one.identifiers:
            if ref.kind == "member_id":
                raise InvalidRequest("identifiers", "a member_id belongs to somebody who is a member already")
            identifiers.setdefault(presented_of(ref, shops), ref.value or "")
        person = person_of(msgspec.structs.asdict(one), self._context.day_of(now))
        shop_id = shops.by_code(one.shop).shop_id if one.shop else None
        joined_at = one.joined_at or now
        if joined_at > now:
            raise InvalidRequest("joined_at", "lies in the future")
        if one.tier is not None and (tiers := self._context.engine_at(now).programme.tiers) and one.tier not in tiers:
            raise InvalidRequest("tier", f"is none of the programme's: {', '.join(tiers)}")
        held = None
        if one.tier_until is not None:
            ladders = self._context.engine_at(now).programme.tier_programmes
            code = next((code for code, ladder in ladders.items() if ladder.rank(one.tier) >= 0), None)
            if code is None:
                raise InvalidRequest("tier_until", "needs a tier that stands in a programme of tiers")
            held = code, one.tier_until
        consents = []
        for said in one.consents:
            if said.at is not None and said.at > now:
                raise InvalidRequest("consent_at", "lies in the future")
            consents.append((said.kind, Given(said.given, said.wording, said.source, said.at)))
        return Newcomer(tuple(identifiers.items()), person, shop_id, joined_at, one.tier, tuple(consents), held)

    def _refuse(self, one: NewMember, refusal: Refusal, *, again: bool = False) -> None:
        if again:
            self.counts.rows += 1
            self.counts.refuse(refusal.code)
        else:
            self.refuse(Refused(one.row, one.cells, refusal.code, refusal.detail))

    def refuse(self, refused: Refused) -> None:
        """Count and pass on a refused row; the reader's refusals come here too."""
        self.counts.rows += 1
        self.counts.refuse(refused.code)
        self._last_row = max(self._last_row, refused.row)
        self._refuse_row(refused)
