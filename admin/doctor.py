"""`koppi doctor`: what keeps the service from working, or from being answered for, and what to do about it.

Looks and changes nothing but what any command makes on a first run: the data folder, its key and `service.yaml`.
"""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from admin import doctor_outside
from admin.house import House, build
from admin.reach import school_year
from bot.channels.email import EmailChannel
from bot.channels.incoming import SendFailed
from bot.profile import CrisisTexts, InvalidProfile, ServiceProfile
from bot.settings import Settings
from bot.store import alarms, audit, migrate, revisions
from bot.store.engine import StoreUnavailable
from bot.store.schema import address, chat_link
from bot.vault import WrongKey
from knowledge import library
from knowledge.library import NUMBER_GOOD_FOR

SCHEMA = Path(migrate.__file__).parent / "migrations"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: *words* say that it is well, or what to do."""

    level: Literal["ok", "warning", "fault"]
    words: str

    @property
    def is_fault(self) -> bool:
        """Whether the service can't work like this."""
        return self.level == "fault"

    def __str__(self) -> str:
        return f"{self.level}: {self.words}"


async def examine(settings: Settings) -> list[Finding]:
    """Everything looked at, in the order in which the one depends on the other; stops where nothing more can be seen.

    The settings themselves are read already, or there would be no *settings*.
    """
    found = [Finding("ok", "settings can be read"), _console(settings), _folder(settings)]
    if found[-1].is_fault:
        return found
    try:
        house = build(settings)
    except InvalidProfile as error:
        return [*found, Finding("fault", str(error))]
    try:
        found += [finding async for finding in _database(house)]
        found += _crisis(house.profile.crisis, house.today())
        found.append(_owner(house.profile))
        found.append(Finding(*doctor_outside.disk(settings.data_dir)))
        found += await _telegram(settings, house.clock())
        found.append(await _mail(house))
        found.append(_holidays(house))
        found += [finding async for finding in _watch(house)]
    finally:
        await house.store.close()
    return found


def _console(settings: Settings) -> Finding:
    """Whether advisors get in: where others reach us by plain http, the console stays shut."""
    if settings.is_insecure:
        return Finding(
            "fault",
            "others reach the service by plain http, so the console stays shut; set KOPPI_PUBLIC_URL to an https "
            "address, with a proxy that speaks https before the service, or KOPPI_HOST to 127.0.0.1",
        )
    return Finding("ok", f"the console is at {settings.console_address}/console/")


def _folder(settings: Settings) -> Finding:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=settings.data_dir):
            return Finding("ok", f"{settings.data_dir} can be written")
    except OSError as error:
        return Finding(
            "fault",
            f"{settings.data_dir} can't be written ({error.strerror}); give this user the folder, "
            "or name another in KOPPI_DATA_DIR",
        )


async def _database(house: House) -> AsyncIterator[Finding]:
    """The database and what depends on it: its schema, the key, the FAQ with its edits."""
    try:
        async with house.store.read() as read:
            revision = await read.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    except StoreUnavailable as error:
        yield Finding("fault", f"the database can't be reached ({error}); see KOPPI_DATABASE_URL")
        return
    yield Finding("ok", "the database can be reached")
    schema = _schema(revision)
    yield schema
    if schema.level == "ok":
        yield await _key(house)
        yield await _audit_log(house)
        yield await _faq(house)


def _schema(revision: str | None) -> Finding:
    script = ScriptDirectory(str(SCHEMA))
    if revision == script.get_current_head():
        return Finding("ok", "the database has this version's schema")
    if revision is None:
        return Finding("warning", "the database is empty; the first start, or `koppi migrate`, makes its tables")
    if revision in {known.revision for known in script.walk_revisions()}:
        return Finding(
            "warning", "the database is of an older version; the next start, or `koppi migrate`, upgrades it"
        )
    return Finding("fault", f"the database is of a newer version (revision {revision}); install that one again")


async def _key(house: House) -> Finding:
    async with house.store.read() as read:
        sealed = [(await read.execute(select(table.c.sealed).limit(1))).scalar() for table in (address, chat_link)]
    try:
        for something in filter(None, sealed):
            house.vault.unseal(something)
    except WrongKey:
        return Finding(
            "fault",
            "the key does not open what is sealed in the database; put back the old KOPPI_SECRET_KEY or koppi.key",
        )
    return Finding("ok", "the key opens what is sealed" if any(sealed) else "nothing is sealed yet")


async def _audit_log(house: House) -> Finding:
    async with house.store.read() as read:
        broken_at = await audit.broken_at(read)
    if broken_at is None:
        return Finding("ok", "the audit log is whole")
    return Finding(
        "fault",
        f"the audit log was changed at line {broken_at}, or one before it is missing; find out by whom, "
        "and compare with a backup",
    )


async def _faq(house: House) -> Finding:
    async with house.store.read() as read:
        published = await revisions.published(read)
    try:
        entries = library.load(revisions=published).entries
    except library.InvalidLibrary as error:
        return Finding(
            "fault",
            f"the FAQ has {len(error.faults)} faults, the first: {error.faults[0]}; see `koppi knowledge check`",
        )
    return Finding("ok", f"the FAQ can be read: {len(entries)} entries, {len(published)} parts edited in the console")


def _crisis(crisis: CrisisTexts, today: date) -> list[Finding]:
    """Who answers for the texts that somebody in danger reads, and how old their numbers are."""
    age = (today - crisis.numbers_checked_on).days
    return [
        Finding("ok", f"the crisis texts are approved by {crisis.approved_by}")
        if crisis.approved_by.strip()
        else Finding(
            "warning", "nobody has approved the crisis texts; read them, then fill approved_by in service.yaml"
        ),
        Finding("ok", f"the crisis numbers were checked {age} days ago")
        if age <= NUMBER_GOOD_FOR[1].days
        else Finding(
            "warning",
            f"the crisis numbers were checked {age} days ago; check them, then set numbers_checked_on in service.yaml",
        ),
    ]


def _owner(profile: ServiceProfile) -> Finding:
    """Who answers for personal data: an asker has a right to know, from the first day on."""
    if places := profile.to_be_filled():
        return Finding("warning", f"to be filled before launch in service.yaml: {', '.join(places)}")
    return Finding("ok", f"service.yaml names the controller of personal data: {profile.controller.name['fi']}")


async def _telegram(settings: Settings, now: datetime) -> list[Finding]:
    """The token, how updates reach us, and our clock by Telegram's."""
    if settings.telegram_token is None:
        return [Finding("ok", "no Telegram: there is no KOPPI_TELEGRAM_TOKEN")]
    bot = Bot(settings.telegram_token.get_secret_value(), base_url=f"{settings.telegram_api}/bot")
    try:
        async with bot:
            return [
                Finding("ok", f"Telegram knows the bot as @{bot.username}"),
                Finding(*doctor_outside.webhook(settings, await bot.get_webhook_info(), now)),
                Finding(*await doctor_outside.clock(settings, now)),
            ]
    except InvalidToken:
        return [Finding("fault", "Telegram does not know KOPPI_TELEGRAM_TOKEN; copy it again from @BotFather")]
    except TelegramError as error:
        # Only the kind of error: its message may quote the address, and the token is in that.
        return [
            Finding(
                "fault", f"{settings.telegram_api} does not answer ({type(error).__name__}); see KOPPI_TELEGRAM_API"
            )
        ]


async def _mail(house: House) -> Finding:
    server = house.settings.mail_server
    if server is None:
        return Finding("ok", "no e-mail: there is no KOPPI_SMTP_URL")
    try:
        await EmailChannel(server, house.vault, house.clock).greet()
    except SendFailed as error:
        return Finding("fault", f"{error.reason}; see KOPPI_SMTP_URL")
    return Finding("ok", f"the mail server at {server.host} lets us in")


def _holidays(house: House) -> Finding:
    """Whether a coming school holiday would be taken for silence."""
    try:
        calendar = school_year.read(house.settings.data_dir)
    except school_year.InvalidHolidays as error:
        return Finding("warning", f"{error}; until it is mended, the holidays that come with the service count")
    if calendar.is_to_be_renewed(house.today()):
        return Finding(
            "warning",
            f"school holidays are known until {calendar.known_until} only; "
            f"put newer ones into {school_year.FILE_NAME} in {house.settings.data_dir}",
        )
    if missing := calendar.year_missing(house.today()):
        return Finding("warning", f"no school holiday of {missing} is known; add them to {school_year.FILE_NAME}")
    guessed = calendar.guessed_from(house.today())
    guess = f"; that from {guessed} on is a guess until {school_year.FILE_NAME} says otherwise" if guessed else ""
    return Finding("ok", f"school holidays are known until {calendar.known_until}{guess}")


async def _watch(house: House) -> AsyncIterator[Finding]:
    """What the running service has found when it looked at itself; nothing where it has never run."""
    try:
        async with house.store.read() as read:
            checks, told = await alarms.checks(read), await alarms.open_now(read)
    except StoreUnavailable:
        return  # or no tables yet: said above
    for name, check in sorted(checks.items()):
        if name != alarms.SERVICE and check.trouble is not None:
            yield Finding(
                "warning", f"the service's own look at {name} finds trouble since {check.since}: {check.trouble}"
            )
    for kind, alarm in sorted(told.items()):
        yield Finding("warning", f"an alarm lasts since {alarm.noticed_at}: {kind}; see /console/watch")
    if checks and not told and not any(check.trouble for check in checks.values()):
        last = max(check.checked_at for check in checks.values())
        yield Finding("ok", f"the service last looked at itself at {last:%Y-%m-%d %H:%M} UTC, and all was well")
