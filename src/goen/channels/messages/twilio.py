"""Text messages by Twilio's Messages resource (https://www.twilio.com/docs/messaging/api/message-resource).

``POST <account>/Messages.json`` with ``To``, ``Body`` and ``From`` or ``MessagingServiceSid`` as a form, HTTP
Basic by account SID and token or by an API key and its secret; 201 says that the message is queued.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit, urlunsplit

import httpx
import msgspec

from goen.channels.messages.contract import Message, SendFailed

TIMEOUT_SECONDS = 15.0
_TOO_MANY = 429


class TwilioAccount(msgspec.Struct, frozen=True):
    """The account's address and the credentials for it."""

    url: str
    user: str
    password: str

    @classmethod
    def of(cls, url: str) -> TwilioAccount:
        """Read ``https://KEY:SECRET@api.twilio.com/2010-04-01/Accounts/AC…``; plain http to this machine only.

        Raises:
            ValueError: it is not such an address.
        """
        parts = urlsplit(url)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        good = parts.scheme == "https" or (parts.scheme == "http" and local)
        if not (good and parts.username and parts.password and "/Accounts/" in parts.path) or parts.query:
            raise ValueError("not an address such as https://KEY:SECRET@api.twilio.com/2010-04-01/Accounts/AC…")
        host = parts.netloc.rpartition("@")[2]
        bare = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        return cls(bare, unquote(parts.username), unquote(parts.password))


class TwilioSender:
    """Sends each message from one number (``+81…``) or messaging service (``MG…``)."""

    def __init__(self, account: TwilioAccount, sender: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = f"{account.url}/Messages.json"
        self._sender = {"MessagingServiceSid" if sender.startswith("MG") else "From": sender}
        self._client = httpx.AsyncClient(
            auth=(account.user, account.password), timeout=timeout_seconds, trust_env=False, follow_redirects=False
        )

    async def send(self, message: Message) -> None:
        """Queue one message. A connection that breaks after the request left is not tried again: the message
        may have been taken, and two codes confuse more than none."""
        form = {"To": message.to, "Body": message.text, **self._sender}
        try:
            answer = await self._client.post(self._url, data=form)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise SendFailed(type(error).__name__, again=True) from None
        except httpx.HTTPError as error:
            raise SendFailed(type(error).__name__, again=False) from None
        if answer.status_code != httpx.codes.CREATED:
            again = answer.status_code == _TOO_MANY or answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
            raise SendFailed(f"answered {answer.status_code}, error {_error_code(answer)}", again=again)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _error_code(answer: httpx.Response) -> int | None:
    """Twilio's own number of an error; its message quotes the phone number and stays unread."""
    try:
        body = answer.json()
    except ValueError:
        return None
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int) else None
