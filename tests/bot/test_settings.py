"""The operator's settings: read from the environment, and refused in words."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    """The settings with these KOPPI_… variables alone."""
    for name, value in variables.items():
        monkeypatch.setenv(f"KOPPI_{name.upper()}", value)
    return Settings(_env_file=None)


def test_without_any_variable_the_service_is_the_embedded_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make run` needs no configuration."""
    default = settings(monkeypatch)

    assert default.telegram_token is None
    assert default.database == f"sqlite+aiosqlite:///{Path('data').resolve() / 'koppi.sqlite3'}"
    assert default.address == "http://localhost:8080"
    assert (default.timezone, default.send_per_second, default.sends_in_flight) == ("Europe/Helsinki", 28, 8)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_address_is_given_our_driver(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Hosting providers write any of these."""
    assert (
        settings(monkeypatch, database_url=f"{scheme}://u:p@db/koppi").database == "postgresql+psycopg://u:p@db/koppi"
    )


@pytest.mark.parametrize("name", ["telegram_token", "database_url", "advisor_chat", "public_url", "secret_key"])
def test_an_empty_variable_means_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """`KOPPI_X=` in an .env file is how people leave a setting out."""
    assert getattr(settings(monkeypatch, **{name: "  "}), name) is None


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback or a log line must not carry the token."""
    shown = repr(settings(monkeypatch, telegram_token="1:marker", database_url="postgresql://u:marker@db/k"))

    assert "marker" not in shown


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("timezone", "Europe/Oulu", "is not a time zone"),
        ("port", "70000", "less than or equal to 65535"),
        ("send_per_second", "0", "greater than 0"),
        ("sends_in_flight", "0", "greater than or equal to 1"),
        ("telegram_mode", "smoke", "'polling' or 'webhook'"),
        ("telegram_api", "api.telegram.org", "must begin with http:// or https://"),
        ("public_url", "ftp://oulu.example", "must begin with http:// or https://"),
        ("advisor_chat", "the group", "valid integer"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    """At the start, not at the first message of the night."""
    with pytest.raises(ValidationError, match=words):
        settings(monkeypatch, **{name: value})


def test_a_public_address_is_where_people_reach_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links and the webhook are made from it; a slash too many would break them."""
    assert settings(monkeypatch, public_url="https://koppi.example/").address == "https://koppi.example"
