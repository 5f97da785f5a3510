"""Text messages: the request that the documentation of the provider asks for, and what its answers mean."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs

import pytest

from channels.standin import standing_in
from goen.channels.messages.contract import Message, SendFailed
from goen.channels.messages.twilio import TwilioAccount, TwilioSender

TEXT = Message("phone", "+819012345678", "", "【ご縁】認証コードは 123456 です。")
QUEUED = (201, b'{"sid": "SM1", "status": "queued"}')
ACCOUNT = "/2010-04-01/Accounts/AC0123"


def account(service):
    return TwilioAccount.of(f"{service.address.replace('http://', 'http://SK1:se%40cret@')}{ACCOUNT}")


@pytest.mark.parametrize(
    ("sender", "field"), [("+815012345678", "From"), ("MG0123", "MessagingServiceSid")], ids=["number", "service"]
)
async def test_a_message_is_one_form_to_the_accounts_messages(sender, field):
    async with standing_in(QUEUED) as service:
        sms = TwilioSender(account(service), sender)
        await sms.send(TEXT)
        await sms.close()
        [asked] = service.asked
    assert (asked["method"], asked["path"]) == ("POST", f"{ACCOUNT}/Messages.json")
    assert asked["headers"]["authorization"] == "Basic " + base64.b64encode(b"SK1:se@cret").decode()
    assert asked["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked["body"].decode()) == {"To": [TEXT.to], "Body": [TEXT.text], field: [sender]}


@pytest.mark.parametrize(("status", "again"), [(400, False), (401, False), (429, True), (500, True), (503, True)])
async def test_what_is_refused_is_tried_again_only_where_that_may_help(status, again):
    words = b'{"code": 21211, "message": "Invalid To +819012345678", "status": 400}'
    async with standing_in((status, words)) as service:
        sms = TwilioSender(account(service), "+815012345678")
        with pytest.raises(SendFailed) as failure:
            await sms.send(TEXT)
        await sms.close()
    assert failure.value.again is again
    assert str(failure.value) == f"answered {status}, error 21211"


async def test_nobody_there_is_tried_again():
    sms = TwilioSender(TwilioAccount.of(f"http://a:b@127.0.0.1:9{ACCOUNT}"), "MG1", 2.0)
    with pytest.raises(SendFailed) as failure:
        await sms.send(TEXT)
    await sms.close()
    assert failure.value.again


@pytest.mark.parametrize(
    "url",
    [
        "https://api.twilio.com/2010-04-01/Accounts/AC1",
        "http://a:b@api.twilio.com/2010-04-01/Accounts/AC1",
        "https://a:b@api.twilio.com/",
        "https://a:b@api.twilio.com/2010-04-01/Accounts/AC1?x=1",
        "twilio",
    ],
)
def test_what_is_no_account(url):
    with pytest.raises(ValueError, match="not an address such as"):
        TwilioAccount.of(url)
