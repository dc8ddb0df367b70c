"""A wrong setting is one line that names it."""

from __future__ import annotations

import pytest

from core.errors import Misconfigured
from core.settings import read_settings


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HEADWATER_PORT", "eighty", "HEADWATER_PORT: "),
        ("HEADWATER_PORT", "70000", "HEADWATER_PORT: "),
        ("HEADWATER_PUBLIC_URL", "content.example", "HEADWATER_PUBLIC_URL: an address begins with http://"),
        ("DATABASE_URL", "mysql://root@localhost/site", "DATABASE_URL: an address begins with postgresql://"),
        ("ELASTICSEARCH_URL", "localhost:9200", "ELASTICSEARCH_URL: an address begins with http://"),
        ("HEADWATER_LOG_LEVEL", "loud", "HEADWATER_LOG_LEVEL: "),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, value)

    with pytest.raises(Misconfigured) as refused:
        read_settings()

    assert refused.value.message.startswith(said)
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://headwater@/headwater?host=/tmp/sockets"),
        ("DATABASE_URL", "postgres://user:password@db.example:5432/headwater"),
        ("HEADWATER_PUBLIC_URL", "https://content.example"),
    ],
)
def test_a_right_address_is_taken(name: str, value: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, value)

    settings = read_settings()

    assert value in {settings.database_url, settings.public_url}
