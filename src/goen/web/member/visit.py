"""A visit by a member: who it is by the device's token, and whether the form is one of ours.

No address names a member. What is shown and changed is that of whoever is signed in, and an id in an address is looked
for among what is theirs: another's is not found.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from litestar import Request, Response
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from goen.actions.members.terms import MEMBER
from goen.members.devices import Device
from goen.members.errors import TooManyCodes
from goen.members.ids import public_id
from goen.readings.family import family
from goen.staff.secrets import csrf_of
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import Refusal
from goen.web.common.pages import SURFACE, Language, language_of, page
from goen.web.common.surroundings import Surroundings
from goen.web.common.visits import cookie, guard_texts, mounted, moved, sent_by, status_of

COOKIE = "goen_member"
SIGN_IN = "/me/sign-in"
#: What members do on their own pages is written down under this name.
SELF = MEMBER


@dataclass
class MemberVisit:
    """One request of a member who is signed in. ``form`` holds the fields of a form that was sent."""

    request: Request[Any, Any, State]
    known: Surroundings
    device: Device
    token: str
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def member_id(self) -> int:
        """Who it is by now: after a merge the survivor."""
        return self.device.person_id

    @property
    def public_id(self) -> str:
        return public_id(self.member_id)

    @property
    def now(self) -> Instant:
        return self.known.clock.now()

    @property
    def language(self) -> Language:
        return language_of(self.request)

    @property
    def path(self) -> Mapping[str, Any]:
        return self.request.path_params

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def fragment(self) -> bool:
        """Whether a part of a page is asked for."""
        return self.request.headers.get("x-goen-part") == "1"

    async def everybody(self) -> list[int]:
        """All numbers that are this person by now."""
        async with self.known.database.reading() as connection:
            return (await family(connection, self.member_id)).members

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response[str]:
        """A page of the member's, with what all of them show."""
        answer = page(
            self.request, f"me/{template}", headers=SURFACE, csrf=csrf_of(self.token), **around(self.known), **values
        )
        answer.status_code = status
        return answer


def around(known: Surroundings) -> dict[str, Any]:
    """What every page of the members' shows, signed in or not."""
    programme = known.programmes.at(known.clock.now()).programme
    return {
        "demo": known.demo,
        "zone": known.context.zone,
        "currency": known.context.currency,
        "programme_name": programme.name,
    }


Handler: TypeAlias = Callable[[MemberVisit], Awaitable[Response[Any]]]


class Route(NamedTuple):
    """An address of the member's pages."""

    method: Literal["GET", "POST"]
    path: str
    handler: Handler


def handlers(routes: Iterable[Route]) -> list[Any]:
    """The table as handlers of the site."""
    return [_handler(route) for route in routes]


def _handler(route: Route) -> HTTPRouteHandler:
    async def answer(request: Request[Any, Any, State], state: State) -> Response[Any]:
        known: Surroundings = state.surroundings
        token = request.cookies.get(COOKIE, "")
        device = await known.devices.whoever(token, known.clock.now()) if token else None
        if device is None:
            return _to_sign_in(request)
        visit = MemberVisit(request, known, device, token)
        try:
            guard_texts(visit.path)
            guard_texts(visit.query)
            if route.method == "POST":
                visit.form = await sent_by(request, token)
            return await route.handler(visit)
        except Refusal as refusal:
            status = 429 if isinstance(refusal, TooManyCodes) else status_of(refusal)
            return visit.page("refused.html", status=status, refusal=refusal, here="")

    return mounted(route.method, route.path, route.handler.__name__, answer)


def _to_sign_in(request: Request[Any, Any, State]) -> Response[Any]:
    """Where a page is asked for, to the sign-in; a script is told that the session is over."""
    away = [cookie(request, COOKIE, "", seconds=0, site="lax")] if COOKIE in request.cookies else []
    if request.headers.get("x-goen-part") or "text/event-stream" in request.headers.get("accept", ""):
        return Response("", status_code=401, headers=SURFACE, cookies=away)
    return moved(SIGN_IN, away)
