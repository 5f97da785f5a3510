"""Coming in by LINE, and linking LINE to a card: to LINE and back, with state, nonce and PKCE (rule 63).

Whoever's LINE account is a member's is in. Whoever's is not joins with it, or says by a one-time code which card it
goes with; see :mod:`goen.web.member.sign_in`.
"""

from __future__ import annotations

import secrets
from hmac import compare_digest
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import Cookie, State
from msgspec import Meta

from goen.actions.members import asks
from goen.actions.members.codes import count_attempt
from goen.actions.members.identify import add_identifier
from goen.actions.members.line import prove, sign_in
from goen.channels.line.errors import LineAway, LineMissing
from goen.channels.line.login import LineUser, Secrets
from goen.identity.reachable import network_of
from goen.members.errors import IdentifierTaken, MemberWithdrawn, TooManyCodes
from goen.vocabulary.refusal import Refusal
from goen.web.common.pages import language_of, secure
from goen.web.common.surroundings import Surroundings
from goen.web.common.visits import address_of, cookie, guard_site, moved
from goen.web.member.line_proof import LineProof, keep, packed, unpacked
from goen.web.member.sign_in import JOIN, WAITING, Asked, come_in
from goen.web.member.visit import COOKIE, SELF, SIGN_IN, MemberVisit

#: How long somebody may take at LINE.
LOG_IN_SECONDS = 600
_COOKIE = "goen_member_line_trip"
_START = f"{SIGN_IN}/line"
_BACK = f"{_START}/back"
_LINKS = "/me/profile"

Reason = Literal["cancelled", "late", "failed", "away", "often", "taken", "closed"]
#: Why a log-in came to nothing, as the address of the page that tells it; anything else that LINE refuses is "failed".
_REASONS: dict[type[Refusal], Reason] = {
    LineAway: "away", LineMissing: "away", TooManyCodes: "often", IdentifierTaken: "taken", MemberWithdrawn: "closed",
}  # fmt: skip


class Trip(msgspec.Struct, frozen=True, array_like=True):
    """A log-in at LINE that this browser has begun. ``handle``: of the device to whose member the account is to be
    linked; 0: somebody is coming in."""

    state: Annotated[str, Meta(min_length=43, max_length=43)]
    nonce: Annotated[str, Meta(min_length=43, max_length=43)]
    verifier: Annotated[str, Meta(min_length=43, max_length=43)]
    began: int
    handle: int

    @property
    def secrets(self) -> Secrets:
        return Secrets(self.state, self.nonce, self.verifier)


class _Nothing(Exception):  # noqa: N818 - a log-in that came to nothing is no error
    def __init__(self, reason: Reason) -> None:
        self.reason = reason


@get(_START, include_in_schema=False)
async def _start(request: Request[Any, Any, State], state: State) -> Response[Any]:
    return _away(request, state.surroundings, 0)


async def link(visit: MemberVisit) -> Response[Any]:
    """Begin to link a LINE account to the card; no other site begins this for somebody."""
    guard_site(visit.request)
    return _away(visit.request, visit.known, visit.device.handle)


def _away(request: Request[Any, Any, State], known: Surroundings, handle: int) -> Response[Any]:
    """Off to LINE. A page cannot send a form there (its policy), so a link leads here and from here on. Nothing is
    kept but in the browser; what is counted is the coming back."""
    try:
        new = [secrets.token_urlsafe(32) for _ in range(3)]
        trip = Trip(new[0], new[1], new[2], int(known.clock.now().timestamp()), handle)
        target = known.line.begin(trip.secrets, _address(request), language_of(request))
    except Refusal as refusal:
        return _told(request, handle, _REASONS.get(type(refusal), "failed"))
    return moved(target, [packed(request, _COOKIE, trip, LOG_IN_SECONDS)])


@get(_BACK, include_in_schema=False)
async def _back(request: Request[Any, Any, State], state: State) -> Response[Any]:
    """Back from LINE. The address is left at once: it holds a code, which is good once."""
    known: Surroundings = state.surroundings
    trip = unpacked(request, _COOKIE, Trip)
    handle = trip.handle if trip is not None else 0
    try:
        await count_attempt(known.database, network_of(address_of(request)) or "", known.clock.now())
        user = await _user(request, known, trip)
        return await (_linked(request, known, user, handle) if handle else _came(request, known, user))
    except _Nothing as nothing:
        return _told(request, handle, nothing.reason)
    except Refusal as refusal:
        return _told(request, handle, _REASONS.get(type(refusal), "failed"))


async def _user(request: Request[Any, Any, State], known: Surroundings, trip: Trip | None) -> LineUser:
    """Who has logged in at LINE; what comes back must belong to the log-in that this browser began."""
    query, now = request.query_params, known.clock.now()
    state = query.get("state", "")
    if trip is None or not 0 <= now.timestamp() - trip.began < LOG_IN_SECONDS + 1:
        raise _Nothing("late")
    if not compare_digest(state.encode(), trip.state.encode()):
        raise _Nothing("late")
    if "error" in query:
        raise _Nothing("cancelled" if query["error"].lower() == "access_denied" else "failed")
    return await known.line.finish(trip.secrets, query.get("code", "")[:2000], _address(request), now)


async def _came(request: Request[Any, Any, State], known: Surroundings, user: LineUser) -> Response[Any]:
    now = known.clock.now()
    who = await sign_in(known.database, SELF, user.user_id, now)
    if who is not None:
        return await come_in(Asked(request, known), who.holder_id, more=[_over(request)])
    proof = LineProof(user.user_id, user.name, await prove(known.database, user.user_id, now))
    # A contact that waits from before is another's affair; whoever has a card already proves it from here on.
    return moved(JOIN, [keep(request, proof), _over(request), cookie(request, WAITING, "", seconds=0, path="/me")])


async def _linked(
    request: Request[Any, Any, State], known: Surroundings, user: LineUser, handle: int
) -> Response[Any]:  # fmt: skip
    now = known.clock.now()
    device = await known.devices.whoever(request.cookies.get(COOKIE, ""), now)
    if device is None or device.handle != handle:
        raise _Nothing("late")  # Whoever began is not signed in here any more.
    ask = asks.NewIdentifier("line", user.user_id)
    await add_identifier(known.database, known.shops, SELF, device.person_id, ask, now)
    return moved(f"{_LINKS}?done=line", [_over(request)])


def _told(request: Request[Any, Any, State], handle: int, reason: Reason) -> Response[Any]:
    """Where somebody hears that it came to nothing: who was signed in still is, and goes to their own page."""
    return moved(f"{_LINKS if handle else SIGN_IN}?line={reason}", [_over(request)])


def _over(request: Request[Any, Any, State]) -> Cookie:
    return cookie(request, _COOKIE, "", seconds=0, path="/me", site="lax")


def _address(request: Request[Any, Any, State]) -> str:
    """Where LINE sends people back to; it stands on the channel's list, so that a false host leads nowhere."""
    return f"{'https' if secure(request) else 'http'}://{request.headers.get('host', '')[:200]}{_BACK}"


HANDLERS = (_start, _back)
