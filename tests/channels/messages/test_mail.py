"""Mail, handed over to a real SMTP server on this machine."""

from __future__ import annotations

import asyncio
import socket
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from goen.channels.messages.contract import Message, SendFailed
from goen.channels.messages.mail import MailServer, SmtpSender

MAIL = Message("email", "taro..yamada@docomo.ne.jp", "【ご縁】認証コードのお知らせ", "認証コードは 123456 です。")


class Mailbox:
    """What the server got, and what it should answer."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.recipients: list[str] = []
        self.answer = "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if not self.answer.startswith("250"):
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.recipients += envelope.rcpt_tos
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
async def mailbox():
    """A server without TLS on a free port, with log-in for goen / geheim."""
    box = Mailbox()

    def authenticator(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"goen", b"ge:heim"), handled=False)

    def protocol():
        return SMTP(
            box, authenticator=authenticator, auth_require_tls=False, hostname="localhost", enable_SMTPUTF8=True
        )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    yield box
    server.close()
    await server.wait_closed()


async def test_a_mail_arrives_in_japanese_with_its_sender(mailbox):
    sender = SmtpSender(MailServer.of(f"smtp+plain://127.0.0.1:{mailbox.port}"), "ご縁ポイント <points@example.jp>")
    await sender.send(MAIL)
    [mail] = mailbox.mails
    assert mailbox.recipients == ["taro..yamada@docomo.ne.jp"]
    assert (mail["subject"], mail["from"]) == (MAIL.subject, "ご縁ポイント <points@example.jp>")
    assert mail.get_content().strip() == MAIL.text
    assert mail["message-id"].endswith("@example.jp>")
    assert mail["auto-submitted"] == "auto-generated"


async def test_the_sender_logs_in(mailbox):
    await SmtpSender(MailServer.of(f"smtp+plain://goen:ge%3Aheim@127.0.0.1:{mailbox.port}"), "a@b.example").send(MAIL)
    assert len(mailbox.mails) == 1
    wrong = SmtpSender(MailServer.of(f"smtp+plain://goen:falsch@127.0.0.1:{mailbox.port}"), "a@b.example")
    with pytest.raises(SendFailed) as failure:
        await wrong.send(MAIL)
    assert not failure.value.again
    assert "falsch" not in str(failure.value)


@pytest.mark.parametrize(("answer", "again"), [("450 4.2.1 busy", True), ("550 5.1.1 no such user", False)])
async def test_a_refused_address_is_tried_again_only_where_that_may_help(mailbox, answer, again):
    mailbox.answer = answer
    with pytest.raises(SendFailed) as failure:
        await SmtpSender(MailServer.of(f"smtp+plain://127.0.0.1:{mailbox.port}"), "a@b.example").send(MAIL)
    assert failure.value.again is again
    assert "yamada" not in str(failure.value)


async def test_without_the_tls_that_was_asked_for_nothing_is_handed_over(mailbox):
    with pytest.raises(SendFailed):
        await SmtpSender(MailServer.of(f"smtp://127.0.0.1:{mailbox.port}"), "a@b.example").send(MAIL)
    assert mailbox.mails == []


async def test_nobody_there_is_tried_again():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SendFailed) as failure:
        await SmtpSender(MailServer.of(f"smtp+plain://127.0.0.1:{port}"), "a@b.example", 2.0).send(MAIL)
    assert failure.value.again


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("smtps://u:p@mail.example.jp", MailServer("mail.example.jp", 465, "tls", "u", "p")),
        ("smtp://mail.example.jp:2525", MailServer("mail.example.jp", 2525, "starttls")),
        ("smtp+plain://127.0.0.1", MailServer("127.0.0.1", 25, "none")),
    ],
)
def test_addresses_of_servers(url, read):
    assert MailServer.of(url) == read


@pytest.mark.parametrize("url", ["mail.example.jp", "http://mail.example.jp", "smtp://", "smtp://h/path", "smtp://h:x"])
def test_what_is_no_address_of_a_server(url):
    with pytest.raises(ValueError):
        MailServer.of(url)
