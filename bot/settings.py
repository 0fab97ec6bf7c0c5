"""Every environment variable the service reads: its type, its default and what it means.

Contains no behaviour. What an owner changes without an operator (opening hours, the promise) is in `service.yaml`,
see `bot.profile`.
"""

import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
# An e-mail address that may stand in a header: ASCII alone, since not every server between takes more.
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
DATABASES = ("postgresql", "postgres", "postgresql+psycopg", "sqlite+aiosqlite")


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def _can_be_read(rest: str) -> bool:
    """Whether SQLAlchemy and the driver understand what stands after `postgresql://`, without connecting."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(f"postgresql+psycopg://{rest}")
        _, options = url.get_dialect()().create_connect_args(url)
        make_conninfo(**options)
    except (ArgumentError, ProgrammingError, ValueError):
        return False
    return url.port is None or 0 < url.port < 65536


def _empty_is_unset(value: object) -> object:
    """A token of spaces is none. (`KOPPI_X=`, nothing at all, means "not set" for every setting.)"""
    return None if isinstance(value, str) and not value.strip() else value


OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_empty_is_unset)]
OptionalText = Annotated[str | None, BeforeValidator(_empty_is_unset)]
OptionalChat = Annotated[int | None, BeforeValidator(_empty_is_unset)]


@dataclass(frozen=True)
class MailServer:
    """Where e-mail is handed in, and from whom it comes. *is_here*: on this machine, in the clear."""

    host: str
    port: int
    speaks_tls_at_once: bool
    is_here: bool
    user: str | None
    password: str | None = field(repr=False)
    sender_name: str
    sender_address: str


class Settings(BaseSettings):
    """The operator's settings, from the environment or `.env`; all faults are reported at once at the start."""

    model_config = SettingsConfigDict(
        env_prefix="KOPPI_", env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    telegram_token: OptionalSecret = Field(
        None, description="The Telegram bot's token from @BotFather. Without it there is only the web chat."
    )
    telegram_api: str = Field(
        "https://api.telegram.org", description="The Bot API server, for those who run their own."
    )
    telegram_mode: Literal["polling", "webhook"] = Field(
        "polling",
        description="How updates come: we ask for them, or Telegram posts them to KOPPI_PUBLIC_URL.",
    )
    advisor_chat: OptionalChat = Field(
        None, description="Chat id of the advisors' Telegram group: new questions are announced there."
    )
    database_url: OptionalSecret = Field(
        None, description="A PostgreSQL address (postgresql://…). Without it, SQLite in KOPPI_DATA_DIR."
    )
    data_dir: Path = Field(Path("data"), description="The folder of the database, the key file and service.yaml.")
    secret_key: OptionalSecret = Field(
        None,
        description="The key that seals addresses and texts on their way. Without it, one is made in KOPPI_DATA_DIR.",
    )
    host: str = Field("127.0.0.1", description="The address the web server listens on.")
    port: int = Field(8080, ge=0, le=65535, description="The port the web server listens on.")
    public_url: OptionalText = Field(
        None, description="The https address under which people reach the service; needed for webhooks."
    )
    console_url: OptionalText = Field(
        None,
        description="An https address of the console's own, on another host than KOPPI_PUBLIC_URL: advisors then reach "
        "it there alone.",
    )
    widget_origins: OptionalText = Field(
        None,
        description="The sites that may show the chat's widget, as origins with spaces between: `https://kunta.example`.",
    )
    send_per_second: float = Field(25, gt=0, description="Messages a second to Telegram, over all chats.")
    sends_in_flight: int = Field(4, ge=1, le=100, description="Sends to Telegram that may be under way at once.")
    smtp_url: OptionalSecret = Field(
        None,
        description="The mail server, smtps://user:password@host or smtp://… (which must offer STARTTLS, but for one "
        "on this machine). Without it no e-mail is sent: invitations are copied, digests not offered.",
    )
    smtp_from: OptionalText = Field(
        None, description="From whom e-mail comes: `Otappa koppi <koppi@kunta.example>`; goes with KOPPI_SMTP_URL."
    )
    log_format: Literal["text", "json"] = Field("text", description="A line of the log as text, or as a JSON object.")
    metrics_token: OptionalSecret = Field(
        None,
        description="Whoever sends it as a bearer token may read /metrics; without it, only this machine's users may.",
    )
    timezone: str = Field("Europe/Helsinki", description="The time zone of opening hours and summaries.")

    @field_validator("timezone")
    @classmethod
    def _is_a_known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is not a time zone; try Europe/Helsinki") from error
        return name

    @field_validator("telegram_api", "public_url", "console_url")
    @classmethod
    def _is_an_http_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise ValueError("must begin with http:// or https:// and name a host")
        return url.rstrip("/")

    @field_validator("widget_origins")
    @classmethod
    def _are_origins(cls, origins: str | None) -> str | None:
        for origin in (origins or "").split():
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin; write https://kunta.example, without a path")
        return origins

    @field_validator("database_url")
    @classmethod
    def _is_a_database_of_ours(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        scheme, _, rest = url.get_secret_value().partition("://")
        if scheme not in DATABASES or not rest or (scheme.startswith("postgres") and not _can_be_read(rest)):
            raise ValueError("must be a PostgreSQL address, postgresql://user:password@host:5432/database")
        return url

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url.get_secret_value())
            is_one = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0
        except ValueError:  # no number for a port, or brackets that don't close
            is_one = False
        if not is_one or parts.path.strip("/") or parts.query:
            raise ValueError("must be a mail server, smtps://user:password@host or smtp://user:password@host:587")
        return url

    @field_validator("smtp_from")
    @classmethod
    def _is_a_sender(cls, sender: str | None) -> str | None:
        if sender is not None and not (sender.isprintable() and EMAIL.fullmatch(parseaddr(sender)[1])):
            raise ValueError("must hold an e-mail address, such as Otappa koppi <koppi@kunta.example>")
        return sender

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> "Settings":
        if self.smtp_url is not None and self.smtp_from is None:
            raise ValueError("KOPPI_SMTP_URL needs a KOPPI_SMTP_FROM: from whom e-mail comes")
        return self

    @model_validator(mode="after")
    def _webhooks_can_reach_us(self) -> "Settings":
        if self.telegram_mode == "polling":
            return self
        if self.telegram_token is None:
            raise ValueError("KOPPI_TELEGRAM_MODE=webhook needs a KOPPI_TELEGRAM_TOKEN")
        # A Bot API server on this machine reaches us here, without a public address.
        url = self.public_url or (self.address if _is_here(self.telegram_api) else "")
        if not url.startswith("https://") and not _is_here(url):
            raise ValueError("KOPPI_TELEGRAM_MODE=webhook needs a KOPPI_PUBLIC_URL that begins with https://")
        return self

    @model_validator(mode="after")
    def _the_console_has_a_host_of_its_own(self) -> "Settings":
        if self.console_url is None:
            return self
        if self.public_url is None:
            raise ValueError("KOPPI_CONSOLE_URL needs a KOPPI_PUBLIC_URL: where the chat is")
        if not self.console_url.startswith("https://") or urlsplit(self.console_url).path:
            raise ValueError("KOPPI_CONSOLE_URL must begin with https:// and name a host, without a path")
        if urlsplit(self.console_url).hostname == urlsplit(self.public_url).hostname:
            raise ValueError("KOPPI_CONSOLE_URL must be on another host than KOPPI_PUBLIC_URL")
        return self

    @property
    def mail_server(self) -> MailServer | None:
        """Where e-mail is handed in, or None where none is sent."""
        if self.smtp_url is None:
            return None
        parts = urlsplit(self.smtp_url.get_secret_value())
        speaks_tls_at_once, is_here = parts.scheme == "smtps", parts.hostname in LOOPBACK
        name, address = parseaddr(self.smtp_from or "")
        return MailServer(
            host=parts.hostname or "",
            port=parts.port or (465 if speaks_tls_at_once else 25 if is_here else 587),
            speaks_tls_at_once=speaks_tls_at_once,
            is_here=is_here,
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            sender_name=name,
            sender_address=address,
        )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone people live in."""
        return ZoneInfo(self.timezone)

    @property
    def framing_origins(self) -> tuple[str, ...]:
        """The sites that may show the chat in a frame; without any there is no widget."""
        return tuple((self.widget_origins or "").split())

    @property
    def address(self) -> str:
        """Where people reach the service: the public address, else this machine's."""
        host = "localhost" if self.host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else self.host  # noqa: S104
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def console_address(self) -> str:
        """Where advisors reach the console: its own address, else the service's."""
        return self.console_url or self.address

    @property
    def is_public(self) -> bool:
        """Whether others than this machine's own users reach the service, by its address or past one not named."""
        return not _is_here(self.address) or (self.public_url is None and self.host not in LOOPBACK)

    @property
    def is_insecure(self) -> bool:
        """Whether what others send us, passwords too, would cross a network in the clear."""
        return self.is_public and not self.address.startswith("https:")

    @property
    def database(self) -> str:
        """The address for SQLAlchemy, driver named: psycopg for PostgreSQL, aiosqlite for the embedded default."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'koppi.sqlite3'}"
        url = self.database_url.get_secret_value()
        _, _, rest = url.partition("://")
        return f"postgresql+psycopg://{rest}" if url.startswith("postgres") else url
