"""Where webhooks may go: out into the world, and not to the machines around us.

An endpoint's address is chosen by whoever holds a server key; our network must not be reachable through
it. Names are resolved when a connection is made, every address is judged, and the connection goes to the
judged address itself, so that a name which answers differently the second time gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import httpcore

Reach: TypeAlias = Literal["public", "loopback", "private"]
"""How far webhooks may go: the public network; also this machine (development); anywhere."""

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
URL_MAX = 500
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class TargetRefused(httpcore.ConnectError):
    """The address is none that webhooks may be sent to."""


def url_trouble(url: str, reach: Reach) -> str | None:
    """Why an endpoint may not have this URL; None where it may, as far as can be told without asking."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return "is not a URL"
    if len(url) > URL_MAX or any(ord(letter) <= 32 or ord(letter) > 126 for letter in url):
        return f"is not a URL of at most {URL_MAX} printable ASCII characters"
    if parts.scheme not in ("https", "http") or not host or port == 0:
        return "is not an http or https URL with a host"
    if parts.username is not None or parts.password is not None:
        return "carries a user name; the signature says who we are"
    if parts.fragment:
        return "has a fragment, which is never sent"
    if parts.scheme == "http" and reach == "public":
        return "is not https"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if allowed(address, reach) else "is an address of a private network"


def allowed(address: Address, reach: Reach) -> bool:
    """Whether a connection may be made to this address."""
    address = _inner(address)
    if address.is_multicast or address.is_unspecified:
        return False
    if reach == "private" or address.is_global:
        return True
    return reach == "loopback" and address.is_loopback


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """The network as webhooks see it."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore.
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first allowed address of ``host`` that answers.

        Raises:
            TargetRefused: one of its addresses is not allowed.
        """
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        for address in addresses:
            if not allowed(ipaddress.ip_address(address), self._reach):
                raise TargetRefused(f"{host} is at {address}, which webhooks may not reach")
        trouble: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
        raise trouble

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
