"""A visit by somebody of the staff: who they are, whether they may, and whether the form is one of ours.

Every address of the office is a row of a table with the right that it asks for; :func:`handlers` makes the checks
from the row, so that none can be forgotten. The order is: signed in, right, same site, the form's own mark.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import quote, urlsplit

from litestar import Request, Response, get
from litestar.datastructures import Cookie, State
from litestar.handlers import HTTPRouteHandler

from goen.actions.members.accesses import What
from goen.actions.staff import whoever
from goen.members.ids import member_id_of
from goen.shops.model import Shop
from goen.staff.model import Session, Staff
from goen.staff.rules import Right
from goen.staff.secrets import csrf_of
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import Forbidden, InvalidRequest, NotFound, Refusal
from goen.web.common.assets import asset
from goen.web.common.pages import SURFACE, Language, language_of, page, secure
from goen.web.common.surroundings import Surroundings

COOKIE = "goen_staff"
SIGN_IN = "/office/sign-in"


@dataclass
class Visit:
    """One request of somebody who is signed in. ``form`` holds the fields of a form that was sent."""

    request: Request[Any, Any, State]
    known: Surroundings
    session: Session
    token: str
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def staff(self) -> Staff:
        return self.session.staff

    @property
    def now(self) -> Instant:
        return self.known.clock.now()

    def saw(self, members: Iterable[str], what: What = "found") -> None:
        """Write down whose personal data was shown (public ids), as the API does for programs."""
        ids = [each for each in map(member_id_of, members) if each is not None]
        scope = self.request.scope
        self.known.accesses.note(ids, self.staff.author, what, self.now, scope.get("request_id"))  # type: ignore[arg-type]

    @property
    def language(self) -> Language:
        return language_of(self.request)

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def path(self) -> Mapping[str, Any]:
        return self.request.path_params

    @property
    def fragment(self) -> bool:
        """Whether a part of a page is asked for."""
        return self.request.headers.get("hx-request") == "true"

    def shops(self) -> list[Shop]:
        """The shops that are theirs, by code."""
        return [each for each in self.known.shops.all() if self.staff.covers(each.shop_id)]

    def guard_shop(self, shop_id: int) -> None:
        """Refuse what belongs to another's shop.

        Raises:
            Forbidden: it is none of theirs.
        """
        if not self.staff.covers(shop_id):
            raise Forbidden("This belongs to a shop that is not yours.")

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response[str]:
        """A page or fragment of the office, with what all of them show."""
        answer = page(
            self.request,
            template,
            headers=SURFACE,
            me=self.staff,
            csrf=csrf_of(self.token),
            demo=self.known.demo,
            zone=self.known.context.zone,
            currency=self.known.context.currency,
            shop_names={each.shop_id: each.name for each in self.known.shops.all()},
            asked={
                key: value for key, value in self.query.items() if key not in ("lang", "cursor", "export") and value
            },
            **values,
        )
        answer.status_code = status
        return answer


Handler: TypeAlias = Callable[[Visit], Awaitable[Response[Any]]]


class Route(NamedTuple):
    """An address of the office. ``right``: what it asks for; None: whoever is signed in."""

    method: Literal["GET", "POST"]
    path: str
    right: Right | None
    handler: Handler


def handlers(routes: Iterable[Route], refused: Callable[[Visit, Refusal, int], Response[Any]]) -> list[Any]:
    """The table as handlers of the site. ``refused`` shows a refusal to whoever is signed in."""
    return [_handler(route, refused) for route in routes]


def _handler(route: Route, refused: Callable[[Visit, Refusal, int], Response[Any]]) -> HTTPRouteHandler:
    async def answer(request: Request[Any, Any, State], state: State) -> Response[Any]:
        known: Surroundings = state.surroundings
        token = request.cookies.get(COOKIE, "")
        session = await whoever(known.database, token, known.clock.now()) if token else None
        if session is None or session.stage != "whole":
            return to_sign_in(request)
        visit = Visit(request, known, session, token)
        try:
            if route.right is not None and not session.staff.may(route.right):
                raise Forbidden("Your role does not include this.")
            guard_texts(visit.path)
            guard_texts(visit.query)
            if route.method == "POST":
                visit.form = await sent_by(request, token)
            return await route.handler(visit)
        except Refusal as refusal:
            return refused(visit, refusal, status_of(refusal))

    return mounted(route.method, route.path, route.handler.__name__, answer)


async def sent_by(request: Request[Any, Any, State], token: str) -> Mapping[str, str]:
    """The fields of a form that a page of ours has sent for whoever holds this token.

    Raises:
        Forbidden: it comes from elsewhere, or from before the sign-in.
    """
    guard_site(request)
    form = await form_of(request)
    if not hmac.compare_digest(form.get("csrf", "").encode(), csrf_of(token).encode()):
        raise Forbidden("This form is older than your sign-in. Load the page again.")
    return form


def mounted(
    method: Literal["GET", "POST"], path: str, name: str, answer: Callable[..., Awaitable[Response[Any]]]
) -> HTTPRouteHandler:
    """What answers at this address, as a handler of the site."""
    answer.__name__ = name
    return HTTPRouteHandler(
        path, http_method=[method], include_in_schema=False, status_code=200, name=f"{method} {path}"
    )(answer)


def status_of(refusal: Refusal) -> int:
    """What a page that shows a refusal answers."""
    if isinstance(refusal, Forbidden) or refusal.code == "adjustment_limit":
        return 403
    if isinstance(refusal, NotFound) or refusal.code.startswith("unknown_"):
        return 404
    return 422


def to_sign_in(request: Request[Any, Any, State]) -> Response[Any]:
    """Send a visitor to the sign-in, and from there back."""
    target = f"{SIGN_IN}?next={quote(request.url.path)}" if request.method == "GET" else SIGN_IN
    if request.headers.get("hx-request") == "true":
        return Response("", status_code=401, headers={**SURFACE, "hx-redirect": SIGN_IN})
    return moved(target)


def moved(target: str, cookies: Iterable[Cookie] = ()) -> Response[Any]:
    """See there."""
    return Response("", status_code=303, headers={**SURFACE, "location": target}, cookies=list(cookies))


def cookie(
    request: Request[Any, Any, State],
    name: str,
    value: str,
    *,
    seconds: int,
    path: str = "/",
    site: Literal["strict", "lax"] = "strict",
) -> Cookie:
    """A cookie that no script reads and no other site sends; ``seconds`` 0 takes it away. ``lax``: it comes along
    where somebody follows a link to us."""
    return Cookie(name, value=value, max_age=seconds, path=path, httponly=True, samesite=site, secure=secure(request))


def guard_site(request: Request[Any, Any, State]) -> None:
    """Refuse a form that a page of another site has sent. Browsers say where it comes from.

    Raises:
        Forbidden.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in (None, "same-origin", "none"):
        raise Forbidden("This came from another site.")
    if origin not in (None, "null") and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("This came from another site.")


async def form_of(request: Request[Any, Any, State]) -> dict[str, str]:
    """The text fields of a form.

    Raises:
        InvalidRequest: U+0000, which no text has.
    """
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    guard_texts(form)
    return form


def guard_texts(fields: Mapping[str, Any]) -> None:
    """Refuse what no text has and no database keeps.

    Raises:
        InvalidRequest: U+0000.
    """
    if bad := [name for name, value in fields.items() if isinstance(value, str) and "\0" in name + value]:
        raise InvalidRequest(bad[0].replace("\0", ""), "U+0000 is not a character of a text")


def address_of(request: Request[Any, Any, State]) -> str:
    """Where a request comes from, for limits."""
    return request.client.host if request.client is not None else ""


def service_worker(surface: str) -> HTTPRouteHandler:
    """The service worker of a surface, from an address above which it may work."""

    @get(f"/{surface}/worker.js", include_in_schema=False, name=f"{surface} worker")
    async def worker() -> Response[bytes]:
        found = asset("static", f"{surface}/worker.js")
        assert found is not None
        headers = {**SURFACE, "service-worker-allowed": f"/{surface}", "cache-control": "no-cache"}
        return Response(found.raw, media_type="text/javascript", headers=headers)

    return worker
