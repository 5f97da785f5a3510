"""The postman: behind the answer, again where it helps, and silent about whom and what."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from goen.channels.messages.console import ConsoleSender
from goen.channels.messages.contract import Message, SendFailed
from goen.channels.messages.postman import Postman

MAIL = Message("email", "hanako@example.jp", "subject 123456", "text 123456")


class Failing:
    """A sender that fails so often before it works."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.sent, self.closed = list(failures), [], False

    async def send(self, message: Message) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)

    async def close(self) -> None:
        self.closed = True


def later():
    return SendFailed("busy", again=True)


@pytest.mark.parametrize(
    ("failures", "arrives", "words"),
    [
        ((), True, []),
        ((later(), later()), True, ["message_delayed"] * 2),
        ((later(), later(), later()), False, ["message_delayed"] * 2 + ["message_failed"]),
        ((SendFailed("no such user", again=False),), False, ["message_failed"]),
        ((RuntimeError("hanako@example.jp 123456"),), False, ["message_failed"]),
    ],
)
async def test_a_message_is_tried_again_where_that_may_help(failures, arrives, words):
    sender = Failing(*failures)
    postman = Postman(sender, pauses_seconds=(0.0, 0.0))
    with structlog.testing.capture_logs() as logs:
        postman.post(MAIL)
        await postman.settle()
    assert sender.sent == ([MAIL] if arrives else [])
    assert [each["event"] for each in logs] == words
    assert not any(secret in str(logs) for secret in ("hanako", "123456"))
    await postman.close()
    assert sender.closed


async def test_closing_waits_for_what_is_under_way():
    sender = Failing(later())
    postman = Postman(sender, pauses_seconds=(0.2,))
    postman.post(MAIL)
    await postman.close()
    assert sender.sent == [MAIL]


async def test_without_a_sender_a_kind_is_not_reached():
    postman = Postman(mail=Failing())
    assert (postman.reaches("email"), postman.reaches("phone")) == (True, False)


async def test_the_console_shows_a_code_to_the_operator(capsys):
    console = ConsoleSender()
    await console.send(MAIL)
    await asyncio.sleep(0)
    assert "text 123456" in capsys.readouterr().err
    assert list(console.shown) == [MAIL]
