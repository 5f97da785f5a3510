"""When webhooks are sent again, when an endpoint rests, and where they may not go."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest

from goen.delivery.webhooks.model import Health, Outcome
from goen.delivery.webhooks.rules import (
    DISABLED_AFTER,
    FAILURES_TO_PAUSE,
    RETRY_SECONDS,
    health_after,
    reason_to_disable,
    retry_at,
)
from goen.delivery.webhooks.target import Reach, allowed, url_trouble

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
BROKEN = Outcome(500)


def test_retries_spread_over_a_day() -> None:
    at = NOW
    for attempts in range(1, len(RETRY_SECONDS) + 1):
        after = retry_at(BROKEN, attempts, at, 0.5)
        assert after is not None
        assert after > at
        at = after
    assert timedelta(hours=23) < at - NOW < timedelta(hours=24)
    assert retry_at(BROKEN, len(RETRY_SECONDS) + 1, at, 0.5) is None


def test_jitter_moves_a_delay_by_a_tenth_at_most() -> None:
    early, late = retry_at(BROKEN, 3, NOW, 0.0), retry_at(BROKEN, 3, NOW, 1.0)
    assert (early, late) == (NOW + timedelta(seconds=54), NOW + timedelta(seconds=66))


def test_an_endpoint_may_ask_for_an_hour_but_not_for_more() -> None:
    assert retry_at(Outcome(503, None, 120), 1, NOW, 0.5) == NOW + timedelta(seconds=120)
    assert retry_at(Outcome(503, None, 1e9), 1, NOW, 0.5) == NOW + timedelta(hours=1)


def test_failures_in_a_row_pause_an_endpoint_for_ever_longer_and_one_success_ends_it() -> None:
    health, pauses = Health(), []
    for _ in range(FAILURES_TO_PAUSE + 12):
        health = health_after(health, BROKEN, NOW, 0.5)
        pauses.append((health.paused_until - NOW).total_seconds() if health.paused_until else 0)
    assert pauses[: FAILURES_TO_PAUSE + 3] == [0] * (FAILURES_TO_PAUSE - 1) + [5, 10, 20, 40]
    assert pauses[-1] == 900
    assert health_after(health, Outcome(204), NOW, 0.5) == Health()


def test_only_days_without_any_success_disable_an_endpoint() -> None:
    tired = Health(FAILURES_TO_PAUSE, NOW - DISABLED_AFTER)
    assert reason_to_disable(tired, [BROKEN], NOW) == "failing"
    assert reason_to_disable(tired, [BROKEN], NOW - timedelta(seconds=1)) is None
    assert reason_to_disable(Health(), [Outcome(410)], NOW) == "gone"
    assert reason_to_disable(Health(1, NOW), [BROKEN], NOW) is None


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("93.184.215.14", "public"),
        ("2606:4700::1111", "public"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("10.1.2.3", "private"),
        ("192.168.0.9", "private"),
        ("172.16.0.1", "private"),
        ("169.254.169.254", "private"),
        ("100.64.0.1", "private"),
        ("fd00::1", "private"),
        ("fe80::1", "private"),
        ("::ffff:10.1.2.3", "private"),
        ("2002:0a01:0203::1", "private"),
        ("64:ff9b::10.1.2.3", "private"),
        ("0.0.0.0", None),
        ("::", None),
        ("224.0.0.1", None),
        ("ff02::1", None),
    ],
)
def test_an_address_is_reached_from_its_own_reach_on(address: str, reach: Reach | None) -> None:
    order: list[Reach] = ["public", "loopback", "private"]
    expected = [reach is not None and order.index(each) >= order.index(reach) for each in order]
    assert [allowed(ipaddress.ip_address(address), each) for each in order] == expected


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "https://",
        "https:///path",
        "https://user:secret@example.com/",
        "https://example.com:99999/",
        "https://example.com/#part",
        "https://exa mple.com/",
        "https://例え.jp/",
        "https://[::1",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "http://example.com/",
        "https://example.com/" + "x" * 500,
    ],
)
def test_a_url_that_webhooks_may_not_be_sent_to_is_refused(url: str) -> None:
    assert url_trouble(url, "public") is not None


def test_an_ordinary_url_is_taken() -> None:
    assert url_trouble("https://example.com:8443/hooks?shop=1", "public") is None
    assert url_trouble("http://127.0.0.1:9000/", "loopback") is None
    assert url_trouble("http://10.0.0.5/", "private") is None
