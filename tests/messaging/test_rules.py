"""Which last days are due to be told of, and at which hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from goen.messaging.model import Due, Hours
from goen.messaging.rules import due, open_at, send_from
from goen.messaging.words import mail_text, words_of

TODAY = date(2026, 11, 22)
TOKYO = ZoneInfo("Asia/Tokyo")


def ahead(found: list[Due]) -> list[tuple[int, int]]:
    return [((each.on - TODAY).days, each.days) for each in found]


@pytest.mark.parametrize(
    ("since", "found"),
    [
        (None, [(2, 2), (7, 7), (30, 30)]),
        (1, [(2, 2), (7, 7), (30, 30)]),
        (0, []),
        (-3, []),  # A clock that was ahead.
        (3, [(0, 2), (1, 2), (2, 2), (5, 7), (6, 7), (7, 7), (28, 30), (29, 30), (30, 30)]),
        (6, [(d, 2) for d in range(3)] + [(d, 7) for d in range(3, 8)] + [(d, 30) for d in range(25, 31)]),
        (99, [(d, 2) for d in range(3)] + [(d, 7) for d in range(3, 8)] + [(d, 30) for d in range(8, 31)]),
    ],
)
def test_each_threshold_reaches_a_day_once_and_after_an_outage_the_smallest_speaks(since, found):
    assert ahead(due((30, 7, 2, 7), TODAY, None if since is None else TODAY - timedelta(days=since))) == found


def test_day_after_day_every_last_day_meets_every_threshold_once():
    told = [
        each for n in range(60) for each in due((30, 7, 2), TODAY + timedelta(days=n), TODAY + timedelta(days=n - 1))
    ]
    assert len(told) == len(set(told)) == 180
    assert due((), TODAY, None) == []


@pytest.mark.parametrize(
    ("hours", "hour", "waits_until"),
    [
        (Hours(10, 20), 9, (22, 10)),
        (Hours(10, 20), 10, None),
        (Hours(10, 20), 19, None),
        (Hours(10, 20), 20, (23, 10)),
        (Hours(0, 24), 23, None),
        (Hours(9, 9), 3, None),
        (Hours(20, 2), 1, None),
        (Hours(20, 2), 2, (22, 20)),
    ],
)
def test_what_is_due_at_night_waits_for_the_morning(hours, hour, waits_until):
    now = datetime(2026, 11, 22, hour, 30, tzinfo=TOKYO).astimezone(UTC)
    assert open_at(hours, now.astimezone(TOKYO)) == (waits_until is None)
    wanted = now if waits_until is None else datetime(2026, 11, *waits_until, tzinfo=TOKYO)
    assert send_from(hours, now, TOKYO) == wanted


def test_notices_are_written_as_a_retailer_would():
    details = {"points": 1120, "on": "2026-12-24", "left": 7}
    ja, en = (words_of("expiring", details, language, "試験ポイント") for language in ("ja", "en"))
    assert ja.title == "【試験ポイント】ポイントの有効期限のお知らせ"
    assert ja.body == "1,120Pの有効期限は2026年12月24日（あと7日）です。"
    assert en.body == "1,120 P can be used through 24 Dec 2026 (in 7 days)."
    assert words_of("expiring", details | {"left": 0}, "ja", "").body.endswith("（本日まで）です。")
    assert "配信の停止" in mail_text(ja, "ja", "試験ポイント")
    assert words_of("earned", {"points": 8, "shop": "渋谷店"}, "ja", "").body == "渋谷店で8Pを獲得しました。"
    coupon = words_of("coupon", {"until": "2026-12-24T23:59:59+09:00"}, "ja", "")
    assert coupon.body == "新しいクーポンが届きました。有効期限は2026年12月24日です。"
    assert words_of("coupon", {"until": None}, "en", "").body == "A new coupon is yours."
