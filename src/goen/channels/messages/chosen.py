"""The senders that an installation has chosen, for every process of it alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from goen.channels.messages.console import ConsoleSender
from goen.channels.messages.contract import Sender
from goen.channels.messages.mail import MailServer, SmtpSender
from goen.channels.messages.postman import Postman
from goen.channels.messages.twilio import TwilioAccount, TwilioSender

T = TypeVar("T")


class AddressRefused(ValueError):  # noqa: N818 - an outcome, told by its name.
    """An address is none. ``setting`` names where it stands; it is not told, as it may hold a password."""

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(f"{setting} is {why}.")
        self.setting = setting


class Chosen(Protocol):
    """What must be told; goen.settings says it."""

    @property
    def profile(self) -> str: ...
    @property
    def mail_url(self) -> str | None: ...
    @property
    def mail_from(self) -> str | None: ...
    @property
    def sms_url(self) -> str | None: ...
    @property
    def sms_from(self) -> str | None: ...
    @property
    def sms_countries(self) -> frozenset[int]: ...


def postman_of(chosen: Chosen) -> Postman:
    """The senders that are named. On a laptop messages without one are shown on the console; elsewhere a kind of
    contact without a sender cannot be written to.

    Raises:
        AddressRefused: an address is none.
    """
    console = ConsoleSender() if chosen.profile == "laptop" else None
    mail: Sender | None = console
    sms: Sender | None = console
    if chosen.mail_url is not None:
        mail = SmtpSender(_read("GOEN_MAIL_URL", chosen.mail_url, MailServer.of), chosen.mail_from or "")
    if chosen.sms_url is not None:
        sms = TwilioSender(_read("GOEN_SMS_URL", chosen.sms_url, TwilioAccount.of), chosen.sms_from or "")
    return Postman(mail, sms, countries=chosen.sms_countries)


def _read(setting: str, value: str, reader: Callable[[str], T]) -> T:
    try:
        return reader(value)
    except ValueError as error:
        raise AddressRefused(setting, str(error)) from None
