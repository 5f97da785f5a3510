"""A page: a template, its values, the visitor's language, and strict headers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, get_args

from babel.messages.pofile import read_po
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie
from markupsafe import Markup

from goen.web.common.assets import WEB, address, icon
from goen.web.common.formats import filters

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
COOKIE = "goen_language"
THEME = "goen_theme"

#: Nothing from elsewhere, nothing inline, no frame around us.
STRICT = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


#: The surfaces: they keep a worker and are installed, and a form says where it comes from.
SURFACE = {
    **STRICT,
    "content-security-policy": STRICT["content-security-policy"] + "; worker-src 'self'; manifest-src 'self'",
    "referrer-policy": "same-origin",
}
_TEMPLATES = tuple(WEB / surface / "templates" for surface in ("front", "common", "office", "terminal", "member"))


@cache
def _words(language: Language) -> Mapping[str, str]:
    """The catalogue ``words/<language>.po``; English is what the templates themselves say."""
    if language == "en":
        return {}
    with (WEB / "words" / f"{language}.po").open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale=language) if m.id and m.string}


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.filters.update(filters(language))
    environment.globals.update(asset=address, icon=lambda name: Markup(icon(name)))  # noqa: S704 - our own files.
    words = _words(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined] # added by the extension
        lambda text: words.get(text, text),
        lambda one, many, count: words.get(one, one) if count == 1 else words.get(many, many),
        newstyle=True,
    )
    return environment


def rendered(language: Language, template: str, **values: Any) -> str:
    """A template as text in this language, for documents that nobody has asked a page for."""
    return _environment(language).get_template(template).render(lang=language, **values)


def words_of(language: Language, template: str) -> Any:
    """What a template of words sets, for what is no page: titles of columns and the like."""
    return _environment(language).get_template(template).make_module({"lang": language})


def language_of(request: Request[Any, Any, Any]) -> Language:
    """Japanese unless the visitor has switched: by ``?lang=en`` now, or before (a cookie remembers)."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return "ja"


def theme_of(request: Request[Any, Any, Any]) -> str:
    """``light`` or ``dark`` where the visitor chose; else empty, and the device decides."""
    chosen = request.cookies.get(THEME)
    return chosen if chosen in ("light", "dark") else ""


def secure(request: Request[Any, Any, Any]) -> bool:
    """Whether cookies of sign-ins are for https alone: everywhere but on the machine itself."""
    host = request.headers.get("host", "").rsplit(":", 1)[0]
    return host not in ("localhost", "127.0.0.1", "[::1]")


def page(
    request: Request[Any, Any, Any], template: str, headers: Mapping[str, str] = STRICT, **values: Any
) -> Response[str]:
    """Render ``template`` in the visitor's language."""
    language = language_of(request)
    body = (
        _environment(language)
        .get_template(template)
        .render(lang=language, path=request.url.path, theme=theme_of(request), **values)
    )
    switched = request.query_params.get("lang") in LANGUAGES
    cookie = Cookie(COOKIE, value=language, max_age=31_536_000, httponly=True, samesite="lax")
    return Response(
        body,
        media_type="text/html",
        headers=dict(headers),
        cookies=[cookie] if switched else [],
    )
