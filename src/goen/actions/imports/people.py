"""Who stands behind the identifiers of a file, and enrolling those who are new, many at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from goen.actions.imports.job import SQL, Job
from goen.actions.members.names import retired_among
from goen.actions.members.person import search_forms
from goen.database.pool import Database, Writing
from goen.database.transaction import again_on_conflict
from goen.identity.keys import NO_SHOP, identifier_hash
from goen.identity.presented import Presented, presented
from goen.members import intake, store
from goen.members.errors import AmbiguousMember, CardRetired, IdentifierTaken, MemberWithdrawn, UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.members.model import IDENTIFYING, Candidate, Given, Identifier, Person
from goen.members.number import number_of
from goen.purchases.model import MemberRef
from goen.shops.directory import ShopDirectory
from goen.vocabulary.clock import Clock
from goen.vocabulary.refusal import InvalidRequest, Refusal

#: Members remembered by identifier; beyond it the memory starts afresh, so it stays bounded.
REMEMBERED = 50_000
#: New members per transaction: a tenth of a second of the database.
PIECE = 2_000
_ATTEMPTS = 20


class Newcomer(NamedTuple):
    """Somebody to enrol: identifiers with their text as given, and when they joined."""

    identifiers: tuple[tuple[Presented, str], ...]
    person: Person
    shop_id: int | None
    joined_at: datetime
    tier: str | None = None
    consents: tuple[tuple[str, Given], ...] = ()
    #: In which programme of tiers, and through which day the tier does not fall.
    held: tuple[str, date] | None = None


def presented_of(ref: MemberRef, shops: ShopDirectory) -> Presented:
    """A reference, normalised. Raises InvalidRequest or UnknownShop."""
    shop_id = shops.by_code(ref.shop).shop_id if ref.kind == "ec" and ref.shop else None
    if ref.kind == "code":
        raise InvalidRequest("member", "a rotating code is for tills")
    return presented(ref.kind, ref.value, shop_id, member_id_of=member_id_of)


class People:
    """Members by identifier, remembered. ``who`` answers what :meth:`look` has looked up."""

    def __init__(self, database: Database, clock: Clock, job: Job | None) -> None:
        """``job`` None: a dry run, which enrols nobody."""
        self._database = database
        self._clock = clock
        self._job = job
        self._known: dict[Presented, int | Refusal] = {}

    def who(self, one: Presented) -> int:
        """The member's number. Raises UnknownMember, AmbiguousMember or MemberWithdrawn."""
        found = self._known[one]
        if isinstance(found, Refusal):
            raise found
        return found

    def is_new(self, one: Presented) -> bool:
        """Whether nobody carries this."""
        return isinstance(self._known[one], UnknownMember)

    async def look(self, wanted: Iterable[Presented]) -> None:
        """Look up those that are not known yet."""
        asked = list({one for one in wanted if one not in self._known})
        if not asked:
            return
        if len(self._known) > REMEMBERED:
            # What this round needs is looked up again beside it.
            asked = list(set(wanted))
            self._known.clear()
        found: dict[Presented, list[tuple[int, bool, str]]] = {}
        async with self._database.reading() as connection:
            rows = SQL.members_behind(
                connection,
                hashes=[p.hash for p in asked],
                kinds=[p.kind for p in asked],
                shops=[p.shop_id for p in asked],
                normals=[p.normal for p in asked],
                members=[p.member_id for p in asked],
            )
            async for row in rows:
                one = asked[row["n"] - 1]
                found.setdefault(one, []).append((row["member_id"], row["verified"], row["status"]))
        for one in asked:
            self._known[one] = _the_one(found.get(one, []))

    async def enrol(
        self,
        newcomers: Sequence[Newcomer],
        also: Callable[[Writing, Sequence[int | Refusal]], Awaitable[None]] | None = None,
    ) -> list[int | Refusal]:
        """Enrol in pieces; gives each one's number, or why not. Their identifiers are known from then on.

        ``also`` is written in each piece's transaction, and told the piece's outcomes.
        """
        outcomes: list[int | Refusal] = []
        for start in range(0, len(newcomers), PIECE):
            piece = newcomers[start : start + PIECE]

            async def work(connection: Writing, piece: Sequence[Newcomer] = piece) -> list[int | Refusal]:
                outcomes = await self._enrol(connection, piece)
                if also is not None:
                    await also(connection, outcomes)
                return outcomes

            outcomes += await again_on_conflict(self._database, work)
        for newcomer, outcome in zip(newcomers, outcomes, strict=True):
            if isinstance(outcome, int):
                for one, _ in newcomer.identifiers:
                    # Contacts may be somebody else's too: looked up afresh when next asked for.
                    self._known.pop(one, None)
                    if one.kind in IDENTIFYING:
                        self._known[one] = outcome
        return outcomes

    async def _enrol(self, connection: Writing, newcomers: Sequence[Newcomer]) -> list[int | Refusal]:
        assert self._job is not None, "a dry run enrols nobody"
        refused: dict[int, Refusal] = {}
        for _ in range(_ATTEMPTS):
            open_ones = [i for i in range(len(newcomers)) if i not in refused]
            if not open_ones:
                return [refused[i] for i in range(len(newcomers))]
            numbered = await _numbered(connection, [newcomers[i] for i in open_ones])
            attempt = connection.transaction()
            await attempt.start()
            taken = await intake.register_many(connection, numbered)
            cards = [each for one in numbered for each in one.identifiers[1:] if each.kind == "card"]
            gone = await retired_among(connection, cards)
            if not taken and not gone:
                await attempt.commit()
                await self._write(connection, numbered)
                await self._hold(connection, zip((newcomers[i] for i in open_ones), numbered, strict=True))
                given = dict(zip(open_ones, numbered, strict=True))
                return [refused[i] if i in refused else given[i].member_id for i in range(len(newcomers))]
            # Somebody else holds one: back to before, and again without those who came with it. Where our own
            # number is printed on a foreign card, everybody simply gets the next numbers.
            await attempt.rollback()
            for i, one in zip(open_ones, numbered, strict=True):
                for each in one.identifiers[1:]:
                    if each.identifier_id in taken:
                        refused[i] = IdentifierTaken(each.kind, "identifiers")
                    elif each.identifier_id in gone:
                        refused[i] = CardRetired()
        raise AssertionError(f"{_ATTEMPTS} sets of member numbers in a row are printed on other cards")

    async def _hold(self, connection: Writing, people: Iterable[tuple[Newcomer, intake.Intake]]) -> None:
        """Tiers that do not fall before a day."""
        held = [(one.member_id, *new.held, new.tier) for new, one in people if new.held is not None]
        if held:
            members, programmes, until, tiers = map(list, zip(*held, strict=True))
            await SQL.hold_tiers(
                connection, member_ids=members, programmes=programmes, tiers=tiers, until=until, now=self._clock.now()
            )

    async def _write(self, connection: Writing, numbered: Sequence[intake.Intake]) -> None:
        assert self._job is not None
        now = self._clock.now()
        ids = [one.member_id for one in numbered]
        author = self._job.principal.integration
        await intake.add_many(connection, numbered, now, import_id=self._job.import_id, author=author)
        await SQL.open_accounts(connection, member_ids=ids)
        details = msgspec.json.encode({"import": self._job.import_id}).decode()
        await SQL.note_enrolments(connection, member_ids=ids, author=author, details=details, now=now)
        bodies = [
            msgspec.json.encode(
                {"member_id": public_id(one.member_id), "change": "enrolled", "fields": [], "joined_at": one.joined_at}
            ).decode()
            for one in numbered
        ]
        shop_ids = [one.shop_id for one in numbered]
        await SQL.announce_enrolments(connection, member_ids=ids, shop_ids=shop_ids, bodies=bodies, now=now)


async def _numbered(connection: Writing, newcomers: Sequence[Newcomer]) -> list[intake.Intake]:
    """Newcomers with fresh numbers. The member number becomes a card of the member at once."""
    member_ids = await intake.next_member_ids(connection, len(newcomers))
    count = sum(len(one.identifiers) + 1 for one in newcomers)
    fresh = iter(await store.next_identifier_ids(connection, count))
    numbered = []
    for newcomer, member_id in zip(newcomers, member_ids, strict=True):
        number = number_of(member_id)
        own = Identifier(next(fresh), "card", NO_SHOP, number, number, identifier_hash("card", NO_SHOP, number))
        named = [_identifier(next(fresh), one, text) for one, text in newcomer.identifiers]
        forms = search_forms(newcomer.person, number)
        numbered.append(
            intake.Intake(
                member_id,
                number,
                newcomer.person,
                newcomer.shop_id,
                (own, *named),
                forms,
                newcomer.joined_at,
                newcomer.tier,
                newcomer.consents,
            )
        )
    return numbered


def _identifier(identifier_id: int, one: Presented, text: str) -> Identifier:
    assert one.hash is not None
    return Identifier(identifier_id, one.kind, one.shop_id, text.strip(), one.normal, one.hash)  # type: ignore[arg-type]


def _the_one(carriers: Sequence[tuple[int, bool, str]]) -> int | Refusal:
    """The till's own choice: one carrier, or the only one of several who holds it verified."""
    if len(carriers) > 1:
        several, carriers = carriers, [carrier for carrier in carriers if carrier[1]]
        if len(carriers) != 1:
            return AmbiguousMember([Candidate(public_id(member_id), "", "") for member_id, _, _ in several])
    if not carriers:
        return UnknownMember()
    ((member_id, _, status),) = carriers
    return MemberWithdrawn(public_id(member_id)) if status == "withdrawn" else member_id
