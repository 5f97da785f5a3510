"""Settings: what absence means, and that a wrong value is named."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest

from goen import settings
from goen.settings import SettingRefused, Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    chosen = Settings.from_environment({"GOEN_PORT": ""})
    assert chosen.database_url is None
    assert chosen.data_dir == (Path("/var/lib/goen") if os.geteuid() == 0 else Path.cwd() / "goen-data")
    assert (chosen.host, chosen.port, chosen.profile, chosen.log_level) == ("127.0.0.1", 8000, "laptop", "info")
    assert (chosen.currency, chosen.timezone) == (None, None)


def test_every_variable_is_read() -> None:
    given = {
        "GOEN_DATABASE_URL": "postgresql://db/goen",
        "GOEN_DATA_DIR": "/srv/goen",
        "GOEN_HOST": "0.0.0.0",
        "GOEN_PORT": "9000",
        "GOEN_WORKERS": "3",
        "GOEN_PROFILE": "server",
        "GOEN_CURRENCY": "USD",
        "GOEN_TIMEZONE": "Europe/Paris",
        "GOEN_LOG_LEVEL": "debug",
        "GOEN_DEMO": "1",
        "GOEN_RATE_LIMIT": "600",
        "GOEN_POSTING_RATE_LIMIT": "6000",
        "GOEN_WEBHOOK_REACH": "private",
        "GOEN_MAIL_URL": "smtps://mail.example.jp",
        "GOEN_MAIL_FROM": "points@example.jp",
        "GOEN_SMS_URL": "https://k:s@api.twilio.com/2010-04-01/Accounts/AC1",
        "GOEN_SMS_FROM": "+815012345678",
        "GOEN_SMS_COUNTRIES": "82",
        "GOEN_LINE_CHANNEL_ID": "1234567890",
        "GOEN_LINE_CHANNEL_SECRET": "0123456789abcdef",
        "GOEN_ERASE_AFTER_DAYS": "0",
        "GOEN_ACCESS_LOG_DAYS": "90",
        "GOEN_REFUSED_ROWS_DAYS": "14",
        "GOEN_BACKUP_DAYS": "7",
        "GOEN_PUSH_CONTACT": "mailto:points@example.jp",
        "GOEN_CODE_KEY": "0123456789abcdef0123456789abcdef",
    }
    chosen = dataclasses.asdict(Settings.from_environment(given))
    changed = {"GOEN_DEMO": "True", "GOEN_SMS_COUNTRIES": "frozenset({82})"}
    assert {f"GOEN_{name.upper()}": str(value) for name, value in chosen.items()} == given | changed


def test_secrets_are_in_no_message() -> None:
    secrets = {
        "GOEN_MAIL_URL": "smtps://u:geheim@mail.example.jp",
        "GOEN_MAIL_FROM": "a@b.example",
        "GOEN_SMS_URL": "https://k:geheim@api.twilio.com/2010-04-01/Accounts/AC1",
        "GOEN_SMS_FROM": "MG1",
        "GOEN_LINE_CHANNEL_ID": "1",
        "GOEN_LINE_CHANNEL_SECRET": "geheim",
    }
    assert "geheim" not in repr(Settings.from_environment(secrets))
    for name, beside in (
        ("MAIL_URL", "MAIL_FROM"),
        ("SMS_URL", "SMS_FROM"),
        ("LINE_CHANNEL_SECRET", "LINE_CHANNEL_ID"),
    ):
        alone = {f"GOEN_{name}": secrets[f"GOEN_{name}"]}
        with pytest.raises(SettingRefused, match=f"GOEN_{beside} is missing beside GOEN_{name}") as refusal:
            Settings.from_environment(alone)
        assert "geheim" not in refusal.value.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOEN_PORT", "eighty"),
        ("GOEN_PORT", "0"),
        ("GOEN_PORT", "65536"),
        ("GOEN_PORT", "²"),
        ("GOEN_WORKERS", "0"),
        ("GOEN_PROFILE", "test"),
        ("GOEN_CURRENCY", "yen"),
        ("GOEN_TIMEZONE", "Tokyo"),
        ("GOEN_TIMEZONE", "/etc/passwd"),
        ("GOEN_LOG_LEVEL", "loud"),
        ("GOEN_DEMO", "maybe"),
        ("GOEN_RATE_LIMIT", "-1"),
        ("GOEN_POSTING_RATE_LIMIT", "many"),
        ("GOEN_SMS_COUNTRIES", "Japan"),
        ("GOEN_SMS_COUNTRIES", "81;82"),
        ("GOEN_ERASE_AFTER_DAYS", "-1"),
        ("GOEN_BACKUP_DAYS", "soon"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingRefused, match=re.escape(f"{name} is {value!r}; it may be")):
        Settings.from_environment({name: value})


def test_every_setting_is_documented_beside_its_field() -> None:
    source = Path(settings.__file__).read_text()
    for field in dataclasses.fields(Settings):
        assert f'"""GOEN_{field.name.upper()}: ' in source
