"""Mail by SMTP: one connection per message, TLS from the start or by STARTTLS."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from goen.channels.messages.contract import Message, SendFailed

TIMEOUT_SECONDS = 20.0
Security = Literal["tls", "starttls", "none"]
_PORTS: dict[Security, int] = {"tls": 465, "starttls": 587, "none": 25}


class MailServer(msgspec.Struct, frozen=True):
    """Where mail is handed over."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = None

    @classmethod
    def of(cls, url: str) -> MailServer:
        """Read ``smtps://user:password@host:465`` (TLS), ``smtp://…:587`` (STARTTLS is required), or
        ``smtp+plain://127.0.0.1:1025`` (no TLS, for a relay on the same machine).

        Raises:
            ValueError: it is none of these.
        """
        parts = urlsplit(url)
        schemes: dict[str, Security] = {"smtps": "tls", "smtp": "starttls", "smtp+plain": "none"}
        security = schemes.get(parts.scheme)
        if security is None or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("not an address such as smtps://user:password@host")
        return cls(
            parts.hostname,
            parts.port or _PORTS[security],
            security,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )


class SmtpSender:
    """Sends each message to one server from one address."""

    def __init__(self, server: MailServer, sender: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """``sender`` is an address, perhaps with a name: ``Goen <points@example.jp>``."""
        self._server = server
        name, address = parseaddr(sender)
        self._from = Address(name, addr_spec=address)
        self._timeout_seconds = timeout_seconds

    async def send(self, message: Message) -> None:
        """Hand over one mail. What the server refuses for good (5xx) is not tried again."""
        server = self._server
        try:
            await aiosmtplib.send(
                self._mail(message),
                sender=self._from.addr_spec,
                recipients=[message.to],
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                timeout=self._timeout_seconds,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = {each.code for each in error.recipients}
            raise SendFailed(f"recipient refused {sorted(codes)}", again=all(code < 500 for code in codes)) from None
        except aiosmtplib.SMTPResponseException as error:
            raise SendFailed(f"server answered {error.code}", again=error.code < 500) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise SendFailed(type(error).__name__, again=True) from None

    async def close(self) -> None:
        """Nothing is kept open."""

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._from
        # Carrier addresses with consecutive dots are no valid addr-spec, and are sent to all the same.
        mail["To"] = message.to
        mail["Subject"] = message.subject
        mail["Date"] = formatdate()
        mail["Message-ID"] = make_msgid(domain=self._from.domain)
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail
