"""Staff: making them, signing in and out, the second factor, the PIN at a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from goen.database.pool import Database, Reading
from goen.identity.reachable import network_of
from goen.shops import store as shops
from goen.shops.errors import UnknownShop
from goen.staff import secrets, store
from goen.staff.errors import SignInLocked, SignInRefused, StaffExists, UnknownStaff
from goen.staff.model import Session, Staff
from goen.staff.rules import (
    ATTEMPTS,
    ATTEMPTS_WINDOW,
    FAILURES_MAX,
    HALF_LASTS,
    LOCKED_FOR,
    OF_A_SHOP,
    PASSWORD_MIN,
    PIN_DIGITS,
    SESSION_LASTS,
    SESSION_RESTS,
    Door,
    Role,
)
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")


class SignedIn(NamedTuple):
    """A browser's new token, and whether a second factor is still due."""

    token: str
    staff: Staff
    whole: bool


async def add_staff(
    database: Database,
    *,
    login: str,
    name: str,
    role: Role,
    password: str | None,
    pin: str | None,
    shop_codes: Sequence[str],
    author: str,
    now: Instant,
) -> int:
    """Somebody new; gives their number.

    Raises:
        InvalidRequest: a login, password or PIN that is none; a manager or clerk without a shop.
        StaffExists, UnknownShop.
    """
    login = login.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise InvalidRequest("login", "has letters, digits and . _ @ + -, 100 at most")
    _guard(password, pin)
    if role in OF_A_SHOP and not shop_codes:
        raise InvalidRequest("shop", f"a {role} belongs to at least one shop")
    password_hash = None if password is None else await secrets.hashed(password)
    pin_hash = None if pin is None else await secrets.hashed(pin)
    async with database.transaction() as connection:
        known = {each.code: each.shop_id for each in await shops.shops(connection)}
        if missing := [code for code in shop_codes if code not in known]:
            raise UnknownShop(missing[0])
        staff_id = await store.add(
            connection, login=login, name=name, role=role, password_hash=password_hash, pin_hash=pin_hash, now=now
        )
        if staff_id is None:
            raise StaffExists(login)
        await store.bind_shops(connection, staff_id, [known[code] for code in shop_codes])
        details = {"login": login, "role": role, "shops": list(shop_codes)}
        await store.audit(connection, author=author, action="staff.added", details=details, now=now)
    return staff_id


async def reset_staff(
    database: Database,
    login: str,
    *,
    password: str | None,
    pin: str | None,
    second: bool,
    author: str,
    now: Instant,
) -> None:
    """Another password or PIN, locks lifted, signed out everywhere; ``second``: the second factor is set up anew.

    Raises:
        UnknownStaff, InvalidRequest.
    """
    _guard(password, pin)
    password_hash = None if password is None else await secrets.hashed(password)
    pin_hash = None if pin is None else await secrets.hashed(pin)
    async with database.transaction() as connection:
        staff = await _known(connection, login)
        await store.set_secrets(connection, staff.staff_id, password_hash, pin_hash, end=True)
        if second:
            await store.set_second(connection, staff.staff_id, None)
        details = {"login": staff.login, "password": password is not None, "pin": pin is not None, "second": second}
        await store.audit(connection, author=author, action="staff.reset", details=details, now=now)


async def disable_staff(database: Database, login: str, *, author: str, now: Instant) -> None:
    """End this sign-in for good. Raises UnknownStaff."""
    async with database.transaction() as connection:
        staff = await _known(connection, login)
        await store.disable(connection, staff.staff_id, now)
        await store.audit(connection, author=author, action="staff.disabled", details={"login": staff.login}, now=now)


async def count_attempt(database: Database, door: Door, address: str, now: Instant) -> None:
    """Count an attempt to come in from a network address, whichever process was asked. Of IPv6 a /64 counts as one:
    a household has all of it.

    Raises:
        SignInLocked: it was one too many.
    """
    network = network_of(address) or ""
    async with database.writing() as connection:
        asked = await store.count_attempt(connection, secrets.hash_of(f"{door} {network}"), now, now - ATTEMPTS_WINDOW)
    if asked > ATTEMPTS[door]:
        raise SignInLocked


async def sign_in(database: Database, login: str, password: str, now: Instant) -> SignedIn:
    """Check a password. The fifth wrong one in a row locks the sign-in for 15 minutes.

    An attempt is counted before it is checked, so that guesses sent side by side count. Only a whole sign-in forgives
    the wrong ones before it: a right password with the second factor due takes back its own count alone, or else
    whoever has the password could guess codes without end.

    Raises:
        SignInRefused, SignInLocked.
    """
    async with database.transaction() as connection:
        attempt = await store.try_password(connection, login.strip().lower()[:100], now, FAILURES_MAX, now + LOCKED_FOR)
    if attempt is not None and attempt.locked:
        raise SignInLocked
    right = await secrets.fits(None if attempt is None else attempt.kept, password[:1000])
    if attempt is None or not right:
        raise SignInRefused
    async with database.transaction() as connection:
        staff = await store.by_id(connection, attempt.staff_id)
        if staff is None:
            raise SignInRefused
        token = secrets.new_token()
        whole = not staff.needs_second
        if whole:
            await store.forgive(connection, staff.staff_id)
        else:
            await store.uncount(connection, staff.staff_id, FAILURES_MAX)
        await store.open_session(
            connection,
            secrets.hash_of(token),
            staff.staff_id,
            "whole" if whole else "password",
            now,
            now + (SESSION_LASTS if whole else HALF_LASTS),
        )
        if whole:
            await store.audit(connection, author=staff.author, action="staff.signed_in", details={}, now=now)
    return SignedIn(token, staff, whole)


async def second_factor(
    database: Database, token: str, staff: Staff, code: str, now: Instant, *, fresh: str | None = None
) -> SignedIn:
    """Check the code of the second factor and make the session whole, under a new token.

    ``fresh`` is the secret of a factor that is being set up: it is kept if the code fits. Wrong codes count like
    wrong passwords, and with them.

    Raises:
        SignInRefused, SignInLocked.
    """
    async with database.transaction() as connection:
        attempt = await store.try_password(connection, staff.login, now, FAILURES_MAX, now + LOCKED_FOR)
    if attempt is None or attempt.locked:
        raise SignInLocked
    async with database.transaction() as connection:
        kept, last = await store.second_of(connection, staff.staff_id)
        secret = kept or fresh
        step = None if secret is None else secrets.second_step(secret, code, now, last if kept else 0)
        if secret is None or step is None:
            raise SignInRefused
        await store.set_second(connection, staff.staff_id, secret, step)
        await store.forgive(connection, staff.staff_id)
        await store.close_session(connection, secrets.hash_of(token))
        whole = secrets.new_token()
        await store.open_session(connection, secrets.hash_of(whole), staff.staff_id, "whole", now, now + SESSION_LASTS)
        await store.audit(connection, author=staff.author, action="staff.signed_in", details={}, now=now)
    return SignedIn(whole, staff, True)


async def sign_in_demo(database: Database, login: str, now: Instant) -> SignedIn:
    """Let a newcomer into the demo as one of its staff. The caller makes sure that this is the demo.

    Raises:
        UnknownStaff.
    """
    async with database.transaction() as connection:
        staff = await _known(connection, login)
        token = secrets.new_token()
        await store.open_session(connection, secrets.hash_of(token), staff.staff_id, "whole", now, now + SESSION_LASTS)
    return SignedIn(token, staff, True)


async def whoever(database: Database, token: str, now: Instant) -> Session | None:
    """Who is signed in under this token; None where nobody is."""
    token_hash = secrets.hash_of(token)
    async with database.reading() as connection:
        found = await store.session(connection, token_hash, now, now - SESSION_RESTS)
    if found is None:
        return None
    session, seen_at = found
    if (now - seen_at).total_seconds() > 60:
        async with database.writing() as connection:
            await store.touch(connection, token_hash, now)
    return session


async def sign_out(database: Database, token: str) -> None:
    """End a session."""
    async with database.writing() as connection:
        await store.close_session(connection, secrets.hash_of(token))


async def clerk_by_pin(database: Database, staff_id: int, shop_id: int, pin: str, now: Instant) -> Staff:
    """The clerk whose PIN this is, if this shop is theirs.

    Raises:
        SignInRefused, SignInLocked.
    """
    async with database.transaction() as connection:
        attempt = await store.try_pin(connection, staff_id, now, FAILURES_MAX, now + LOCKED_FOR)
    if attempt is not None and attempt.locked:
        raise SignInLocked
    right = await secrets.fits(None if attempt is None else attempt.kept, pin[:100])
    async with database.transaction() as connection:
        staff = await store.by_id(connection, staff_id)
        if not right or staff is None or not staff.covers(shop_id):
            raise SignInRefused
        await store.forgive_pin(connection, staff_id)
    return staff


async def _known(connection: Reading, login: str) -> Staff:
    staff = await store.by_login(connection, login.strip().lower())
    if staff is None:
        raise UnknownStaff(login)
    return staff


def _guard(password: str | None, pin: str | None) -> None:
    if password is not None and len(password) < PASSWORD_MIN:
        raise InvalidRequest("password", f"has at least {PASSWORD_MIN} characters")
    low, high = PIN_DIGITS
    if pin is not None and not (pin.isascii() and pin.isdigit() and low <= len(pin) <= high):
        raise InvalidRequest("pin", f"has {low} to {high} digits")
