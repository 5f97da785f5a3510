"""Settings: read from the environment once, at the edge, and handed down as one frozen value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from goen.members.retention import Retention
from goen.vocabulary.refusal import Refusal

Profile = Literal["laptop", "server"]
LogLevel = Literal["debug", "info", "warning", "error"]
WebhookReach = Literal["public", "loopback", "private"]


class SettingRefused(Refusal):
    """An environment variable has a value that Goen cannot use."""

    code = "setting_refused"


@dataclass(frozen=True)
class Settings:
    """Everything an operator can choose without touching the books. One field per variable ``GOEN_…``.

    ``currency`` and ``timezone`` are None unless set: they are written once, when the database is made
    (JPY, Asia/Tokyo), and from then on the database's own count.
    """

    database_url: str | None
    """GOEN_DATABASE_URL: a PostgreSQL 16 or newer of one's own; absent: the embedded one."""
    data_dir: Path
    """GOEN_DATA_DIR: folder of the embedded database; ``./goen-data``, as root ``/var/lib/goen``."""
    host: str
    """GOEN_HOST: address to listen on; 127.0.0.1."""
    port: int
    """GOEN_PORT: port to listen on; 8000."""
    workers: int
    """GOEN_WORKERS: processes that answer on the port, each with a till of its own; 1. One is enough for any shop;
    one for each core that PostgreSQL leaves free carries most."""
    profile: Profile
    """GOEN_PROFILE: settings of the embedded database; ``laptop`` or ``server``."""
    currency: str | None
    """GOEN_CURRENCY: ISO 4217, three capitals; read once."""
    timezone: str | None
    """GOEN_TIMEZONE: IANA name of the business days' time zone; read once."""
    log_level: LogLevel
    """GOEN_LOG_LEVEL: debug, info, warning or error; info."""
    demo: bool
    """GOEN_DEMO: 1 where the members are invented, so that pages say so; ``goen up --demo`` sets it."""
    rate_limit: int | None
    """GOEN_RATE_LIMIT: requests per API key and minute, those that move points apart; 600000. 0: none."""
    posting_rate_limit: int | None
    """GOEN_POSTING_RATE_LIMIT: the same for requests that move points; none unless set."""
    erase_after_days: int
    """GOEN_ERASE_AFTER_DAYS: days from a member's withdrawal until personal data is erased; 30. 0: with the next run of
    the job. Also how long a phone number or mail address stays after it was taken away from a member."""
    access_log_days: int
    """GOEN_ACCESS_LOG_DAYS: days that the log says who read whose personal data; 400."""
    refused_rows_days: int
    """GOEN_REFUSED_ROWS_DAYS: days that files of refused rows stay after their import; 90."""
    backup_days: int
    """GOEN_BACKUP_DAYS: days that `goen backup` keeps the copies it took; 35. 0: for ever."""
    webhook_reach: WebhookReach
    """GOEN_WEBHOOK_REACH: where webhooks may go. ``public``: https to the public network; ``loopback``: also this
    machine, and http; ``private``: anywhere. ``loopback`` with the profile ``laptop``, else ``public``."""
    mail_url: str | None = field(repr=False)
    """GOEN_MAIL_URL: where mail is handed over: ``smtps://user:password@host``, ``smtp://…`` (STARTTLS) or
    ``smtp+plain://…``. None: with the profile ``laptop`` messages are shown on the console, else none are sent."""
    mail_from: str | None
    """GOEN_MAIL_FROM: the sender of mails, an address, perhaps with a name."""
    sms_url: str | None = field(repr=False)
    """GOEN_SMS_URL: the Twilio account that sends text messages:
    ``https://KEY:SECRET@api.twilio.com/2010-04-01/Accounts/AC…``."""
    sms_from: str | None
    """GOEN_SMS_FROM: the number (``+81…``) or messaging service (``MG…``) that text messages come from."""
    sms_countries: frozenset[int]
    """GOEN_SMS_COUNTRIES: country codes of phones that text messages may go to, with commas; 81."""
    line_channel_id: str | None
    """GOEN_LINE_CHANNEL_ID: the LINE Login channel whose id tokens are accepted, and by which members sign in on
    their pages. On its list of callback addresses stands ``https://<host>/me/sign-in/line/back``."""
    line_channel_secret: str | None = field(repr=False)
    """GOEN_LINE_CHANNEL_SECRET: that channel's secret."""
    push_contact: str | None
    """GOEN_PUSH_CONTACT: ``mailto:`` or ``https:`` address under which push services reach whoever runs this: with it
    members can be sent notifications. None: with the profile ``laptop`` they are shown on the console, else none are
    offered."""
    code_key: str | None = field(repr=False)
    """GOEN_CODE_KEY: a secret of at least 32 characters that is part of every phone's rotating code, so that a copy
    of the database alone makes none. Changing it gives every phone another secret when it is next on line."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read and check every variable; an empty one counts as absent.

        Raises:
            SettingRefused: names the variable, what it holds and what it may hold.
        """

        def given(name: str) -> str | None:
            return environment.get(f"GOEN_{name}") or None

        profile = _one_of("PROFILE", given("PROFILE") or "laptop", Profile)
        reach = given("WEBHOOK_REACH") or ("loopback" if profile == "laptop" else "public")
        folder = "/var/lib/goen" if os.geteuid() == 0 else "goen-data"
        return cls(
            database_url=given("DATABASE_URL"),
            data_dir=Path(given("DATA_DIR") or folder).absolute(),
            host=given("HOST") or "127.0.0.1",
            port=_port(given("PORT") or "8000"),
            workers=_workers(given("WORKERS") or "1"),
            profile=profile,
            currency=_currency(given("CURRENCY")),
            timezone=_timezone(given("TIMEZONE")),
            log_level=_one_of("LOG_LEVEL", given("LOG_LEVEL") or "info", LogLevel),
            rate_limit=_count("RATE_LIMIT", given("RATE_LIMIT") or "600000"),
            posting_rate_limit=_count("POSTING_RATE_LIMIT", given("POSTING_RATE_LIMIT") or "0"),
            erase_after_days=_days("ERASE_AFTER_DAYS", given("ERASE_AFTER_DAYS") or "30"),
            access_log_days=_days("ACCESS_LOG_DAYS", given("ACCESS_LOG_DAYS") or "400"),
            refused_rows_days=_days("REFUSED_ROWS_DAYS", given("REFUSED_ROWS_DAYS") or "90"),
            backup_days=_days("BACKUP_DAYS", given("BACKUP_DAYS") or "35"),
            webhook_reach=_one_of("WEBHOOK_REACH", reach, WebhookReach),
            demo=_one_of("DEMO", given("DEMO") or "0", Literal["0", "1"]) == "1",
            mail_url=given("MAIL_URL"),
            mail_from=_beside("MAIL_FROM", given("MAIL_FROM"), "MAIL_URL", given("MAIL_URL")),
            sms_url=given("SMS_URL"),
            sms_from=_beside("SMS_FROM", given("SMS_FROM"), "SMS_URL", given("SMS_URL")),
            sms_countries=_countries(given("SMS_COUNTRIES") or "81"),
            line_channel_id=given("LINE_CHANNEL_ID"),
            line_channel_secret=_beside(
                "LINE_CHANNEL_SECRET", given("LINE_CHANNEL_SECRET"), "LINE_CHANNEL_ID", given("LINE_CHANNEL_ID")
            ),
            push_contact=_contact(given("PUSH_CONTACT")),
            code_key=_secret("CODE_KEY", given("CODE_KEY")),
        )

    @property
    def retention(self) -> Retention:
        """How long personal data stays, for those who carry it out."""
        return Retention(
            self.erase_after_days,
            self.access_log_days,
            self.refused_rows_days,
            self.backup_days,
            self.data_dir / "departures.jsonl",
        )


def _refused(name: str, value: str, allowed: str) -> SettingRefused:
    return SettingRefused(f"GOEN_{name} is {value!r}; it may be {allowed}.", setting=f"GOEN_{name}")


def _one_of(name: str, value: str, choices: Any) -> Any:
    if value not in get_args(choices):
        raise _refused(name, value, " or ".join(get_args(choices)))
    return value


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        raise _refused("PORT", value, "a number from 1 to 65535")
    return int(value)


def _workers(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= 64):
        raise _refused("WORKERS", value, "a number from 1 to 64")
    return int(value)


def _count(name: str, value: str) -> int | None:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise _refused(name, value, "a whole number below 1000000000; 0 is no limit")
    return int(value) or None


def _days(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) <= 36_500):
        raise _refused(name, value, "a number of days up to 36500")
    return int(value)


def _currency(value: str | None) -> str | None:
    if value is not None and not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
        raise _refused("CURRENCY", value, "a code of three capitals such as JPY")
    return value


def _timezone(value: str | None) -> str | None:
    try:
        if value is not None:
            ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise _refused("TIMEZONE", str(value), "a name such as Asia/Tokyo") from None
    return value


def _secret(name: str, value: str | None) -> str | None:
    """A secret is long, and told in no message."""
    if value is not None and len(value) < 32:
        raise SettingRefused(f"GOEN_{name} is shorter than 32 characters.", setting=f"GOEN_{name}")
    return value


def _contact(value: str | None) -> str | None:
    address = value or ""
    if value is not None and not (
        (address.startswith("mailto:") and "@" in address[7:-1]) or (address.startswith("https://") and address[8:])
    ):
        raise _refused("PUSH_CONTACT", value, "an address such as mailto:points@example.jp")
    return value


def _beside(name: str, value: str | None, other: str, others: str | None) -> str | None:
    """Two settings that are set together or not at all. Neither value is told: one of them is a secret."""
    if (value is None) != (others is None):
        missing, present = (name, other) if value is None else (other, name)
        raise SettingRefused(f"GOEN_{missing} is missing beside GOEN_{present}.", setting=f"GOEN_{missing}")
    return value


def _countries(value: str) -> frozenset[int]:
    codes = [each.strip() for each in value.split(",")]
    if not all(each.isascii() and each.isdigit() and 0 < int(each) < 1000 for each in codes):
        raise _refused("SMS_COUNTRIES", value, "country codes such as 81 or 81,82")
    return frozenset(map(int, codes))
