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
    assert (default.timezone, default.send_per_second, default.sends_in_flight) == ("Europe/Helsinki", 25, 4)


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


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_nothing_after_the_equals_sign_leaves_every_setting_at_its_default(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An address or a port can be left out in the same way as a token."""
    assert getattr(settings(monkeypatch, **{name: ""}), name) == Settings.model_fields[name].default


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback or a log line must not carry the token."""
    shown = repr(settings(monkeypatch, telegram_token="1:marker", database_url="postgresql://u:marker@db/k"))

    assert "marker" not in shown


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("timezone", "Europe/Oulu", "is not a time zone"),
        ("widget_origins", "https://kunta.example/chat", "is not an origin"),
        ("widget_origins", "https://kunta.example *", "is not an origin"),
        ("widget_origins", "https://kunta.example; script-src *", "is not an origin"),
        ("widget_origins", "kunta.example", "is not an origin"),
        ("port", "70000", "less than or equal to 65535"),
        ("send_per_second", "0", "greater than 0"),
        ("sends_in_flight", "0", "greater than or equal to 1"),
        ("telegram_mode", "smoke", "'polling' or 'webhook'"),
        ("telegram_api", "api.telegram.org", "must begin with http:// or https://"),
        ("public_url", "ftp://oulu.example", "must begin with http:// or https://"),
        ("advisor_chat", "the group", "valid integer"),
        ("database_url", "mysql://u:p@db/koppi", "must be a PostgreSQL address"),
        ("database_url", "koppi.sqlite3", "must be a PostgreSQL address"),
        ("database_url", "postgresql://u:p@db:port/koppi", "must be a PostgreSQL address"),
        ("database_url", "postgresql://u:p@db:99999/koppi", "must be a PostgreSQL address"),
        ("database_url", "postgresql://u:p@[::1/koppi", "must be a PostgreSQL address"),
        ("database_url", "postgresql://u:p@db/koppi?no_such_option=1", "must be a PostgreSQL address"),
        ("database_url", "postgresql://u:p@db/koppi?port=x", "must be a PostgreSQL address"),
        ("telegram_mode", "webhook", "needs a KOPPI_TELEGRAM_TOKEN"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    """At the start, not at the first message of the night."""
    with pytest.raises(ValidationError, match=words):
        settings(monkeypatch, **{name: value})


def test_a_refused_secret_is_not_shown_by_the_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is printed where everybody reads it."""
    for url in ("mysql://u:marker@db/koppi", "postgresql://u:marker@db:marker/koppi?marker=1"):
        with pytest.raises(ValidationError) as refused:
            settings(monkeypatch, database_url=url)

        assert "marker" not in str(refused.value)


@pytest.mark.parametrize("url", ["", "http://koppi.example"])
def test_webhooks_need_an_https_address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Telegram posts to no other: the bot would stay silent."""
    with pytest.raises(ValidationError, match="needs a KOPPI_PUBLIC_URL that begins with https://"):
        settings(monkeypatch, telegram_mode="webhook", telegram_token="1:a", public_url=url)


@pytest.mark.parametrize(
    "where",
    [
        {"public_url": "https://koppi.example"},
        {"public_url": "http://127.0.0.1:8080"},
        {"telegram_api": "http://localhost:8081"},
    ],
)
def test_webhooks_may_come_from_this_machine_without_https(
    monkeypatch: pytest.MonkeyPatch, where: dict[str, str]
) -> None:
    """A Bot API server of one's own, beside the service, needs no certificate."""
    read = settings(monkeypatch, telegram_mode="webhook", telegram_token="1:a", **where)

    assert read.telegram_mode == "webhook"


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        ({"console_url": "https://neuvojat.example"}, "needs a KOPPI_PUBLIC_URL"),
        ({"public_url": "https://a.example", "console_url": "http://b.example"}, "must begin with https://"),
        ({"public_url": "https://a.example", "console_url": "https://a.example:444"}, "another host"),
        ({"public_url": "https://a.example", "console_url": "https://b.example/sisalle"}, "without a path"),
    ],
)
def test_the_consoles_own_address_is_another_host_by_https(
    monkeypatch: pytest.MonkeyPatch, addresses: dict[str, str], words: str
) -> None:
    """Another port is no other host: cookies know none."""
    with pytest.raises(ValidationError, match=words):
        settings(monkeypatch, **addresses)


def test_a_public_address_is_where_people_reach_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links and the webhook are made from it; a slash too many would break them."""
    assert settings(monkeypatch, public_url="https://koppi.example/").address == "https://koppi.example"


@pytest.mark.parametrize(
    ("where", "is_public", "is_insecure"),
    [
        ({}, False, False),
        ({"host": "::1"}, False, False),
        ({"host": "0.0.0.0"}, True, True),  # noqa: S104 - the setting only
        ({"host": "::"}, True, True),
        ({"host": "192.168.1.5"}, True, True),
        ({"host": "0.0.0.0", "public_url": "https://koppi.example"}, True, False),  # noqa: S104
        ({"public_url": "http://koppi.example"}, True, True),
        ({"public_url": "https://koppi.example"}, True, False),
    ],
)
def test_who_listens_to_the_network_is_public_without_saying_so(
    monkeypatch: pytest.MonkeyPatch, where: dict[str, str], is_public: bool, is_insecure: bool
) -> None:
    """A container listens on all addresses: its console must not be open to the network by password alone."""
    read = settings(monkeypatch, **where)

    assert (read.is_public, read.is_insecure) == (is_public, is_insecure)


def test_the_widgets_sites_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A town has more sites than one; without any there is no widget."""
    origins = "https://kunta.example  http://localhost:8000"

    assert settings(monkeypatch).framing_origins == ()
    assert settings(monkeypatch, widget_origins=origins).framing_origins == tuple(origins.split())
