"""Sign a member's device in and out, give it its secret, and tell whose a rotating code is (rule 43)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from goen.actions.members import record
from goen.database.pool import Database
from goen.members import devices, rotating
from goen.members.devices import Device, Listed, Platform
from goen.members.errors import UnknownDevice
from goen.members.rotating import DRIFT_STEPS, OFFLINE_STEPS
from goen.vocabulary.clock import Instant

_AUTHOR = "member"


class Shown(NamedTuple):
    """Whose a rotating code is: the member who signed the device in. ``once`` names this very code, which pays once."""

    member_id: int
    once: str


class Key(NamedTuple):
    """What a device makes its codes from. ``mark`` tells one secret from another and nothing of it."""

    handle: int
    secret: bytes

    @property
    def mark(self) -> str:
        """By it a device knows that its secret is good no more."""
        return sha256(b"mark" + self.secret).hexdigest()[:16]


@dataclass(frozen=True)
class Devices:
    """The members' devices of one installation. ``key`` is its own part of every secret (GOEN_CODE_KEY)."""

    database: Database
    key: bytes = field(default=b"", repr=False)

    async def sign_in(self, member_id: int, agent: str, now: Instant) -> str:
        """Remember a device of this member's; gives its token. ``agent`` is what the browser calls itself.

        Of a merged member the device stays under the very number given: readings go on to the survivor, and an undo
        parts the devices as it parts the names.

        Raises:
            UnknownMember: there is nobody. MemberWithdrawn.
        """
        platform: Platform = devices.platform_of(agent)
        async with self.database.transaction() as connection:
            await record.opened(connection, member_id)
            token = await devices.add(connection, member_id, platform, now)
            await record.audit(connection, member_id, _AUTHOR, "member.device_added", now, platform=platform)
        return token

    async def whoever(self, token: str, now: Instant) -> Device | None:
        """The open device of this token, and note that it is used; None: nobody is signed in."""
        async with self.database.reading() as connection:
            device = await devices.by_token(connection, token)
        if device is None or not device.open(now):
            return None
        if device.seen_at < now - devices.SEEN_AGAIN:
            async with self.database.writing() as connection:
                await devices.see(connection, device.handle, now)
        return device

    async def new_key(self, device: Device, now: Instant) -> Key:
        """Another secret for the device, told this once.

        Raises:
            UnknownDevice: it was signed out meanwhile.
        """
        async with self.database.writing() as connection:
            salt = await devices.key(connection, device.handle, now)
        if salt is None:
            raise UnknownDevice
        return Key(device.handle, rotating.secret_of(salt, self.key))

    def mark_of(self, device: Device) -> str:
        """The mark of the secret that the device should have; empty: it has fetched none yet."""
        if device.keyed_at is None:
            return ""
        return Key(device.handle, rotating.secret_of(device.salt, self.key)).mark

    async def sign_out(self, handle: int, member_ids: list[int], now: Instant) -> None:
        """End a device of one person, who is all of these members by now.

        Raises:
            UnknownDevice: it is none of theirs.
        """
        async with self.database.transaction() as connection:
            if not await devices.end(connection, handle, member_ids, now):
                raise UnknownDevice
            await record.audit(connection, member_ids[0], _AUTHOR, "member.device_ended", now)

    async def of(self, member_ids: list[int], now: Instant) -> list[Listed]:
        """Where these members are signed in, latest first."""
        async with self.database.reading() as connection:
            return await devices.of(connection, member_ids, now)

    async def shown(self, value: str, now: Instant) -> Shown | None:
        """Whose code of this moment this is; None: nobody's, or of another moment."""
        found = await self._device(value)
        if found is None or not found[0].open(now):
            return None
        device, secret, digits = found
        step = rotating.step_of(secret, digits, rotating.around(now, DRIFT_STEPS))
        return None if step is None else Shown(device.member_id, f"{device.handle}:{step}")

    async def shown_then(self, value: str, then: datetime) -> int | None:
        """Whose code this was when a till says that it was shown: a sale of a till that was off line, or one that is
        sent again. It names a member and proves nothing."""
        found = await self._device(value)
        if found is None or (found[0].ended_at is not None and then > found[0].ended_at):
            return None
        device, secret, digits = found
        known = rotating.step_of(secret, digits, rotating.around(then, OFFLINE_STEPS)) is not None
        return device.member_id if known else None

    async def _device(self, value: str) -> tuple[Device, bytes, str] | None:
        code = rotating.read(value)
        if code is None:
            return None
        async with self.database.reading() as connection:
            device = await devices.by_handle(connection, code.handle)
        if device is None or device.keyed_at is None or device.status in ("withdrawn", "merged"):
            return None
        return device, rotating.secret_of(device.salt, self.key), code.digits
