"""The composition root: store → knowledge → channels → loops → web, started in that order and stopped in reverse."""

import asyncio
import contextlib
import fcntl
import gc
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from admin import announce, digests, reply_templates
from admin.house import House
from admin.reach import checkins, shared_links, tips
from admin.reach.probe import Address
from admin.reach.watchman import Watchman
from admin.retention import Nightly
from admin.summaries import send as summaries
from admin.summaries.adding_up import AddingUp
from admin.summaries.drawn import Pictures
from admin.web import build_app
from bot import worker
from bot.channels import email, webchat
from bot.channels.telegram import NAME as TELEGRAM
from bot.company import Company
from bot.delivery import Channel, Delivery
from bot.holdings import Holdings
from bot.service import Service
from bot.settings import Settings
from bot.sharing import WaysIn
from bot.store import accounts, audit, migrate, presence_sharing, search
from knowledge import library

SUMMARY_TICK_SECONDS = 30
TIPS_TICK_SECONDS = 30
RETENTION_TICK_SECONDS = 600
CHECKIN_TICK_SECONDS = 60
WATCH_TICK_SECONDS = 60
ADDING_UP_TICK_SECONDS = 600
WEB_STOP_SECONDS = 3  # a page's event stream ends by itself when the service stops; this is the backstop
MAILS_IN_FLIGHT = 2
FIRST_ACCOUNT = "yllapito"

log = structlog.get_logger()


class CannotStart(Exception):
    """The service can't run here as it is set up; the message says why and what to do."""


async def serve(house: House, say: Callable[[str], None]) -> None:
    """Run the service until SIGTERM or SIGINT. *say* tells the operator where to find it. Raises `CannotStart`."""
    with _only_one(house), _listener(house.settings) as listener, _signals(house):
        async with _opened(house):
            await migrate.upgrade(house.store)
            await _make_first_account(house, say)
            await _fill_bookshelf(house)
            await reply_templates.ship(house)
            await tips.ship(house)
            await shared_links.ship(house)
            server = _server(house)
            gc.freeze()  # what was read at the start stays: to look through it for garbage kept all waiting for 0.1 s
            async with asyncio.TaskGroup() as tasks:
                serving = tasks.create_task(server.serve(sockets=[listener]))
                tasks.create_task(_until_stopped(house, server))
                for loop in _loops(house, Address(*listener.getsockname()[:2])):
                    tasks.create_task(loop)
                with contextlib.suppress(OSError):  # a greeting that can't be written is no reason not to start
                    _greet(house, say)
                await serving
                house.store.hub.stop()  # also when the server ended by itself


def _loops(house: House, at: Address):  # type: ignore[no-untyped-def]
    """Every loop of the process."""
    channels: dict[str, Channel] = {webchat.NAME: webchat.WebChannel()}
    if house.telegram is not None:
        channels[TELEGRAM] = house.telegram
        yield house.telegram.listen()
    pictures = Pictures(house)
    delivery = _delivery(house, channels, pictures, in_flight=house.settings.sends_in_flight)
    if house.settings.mail_server is not None:  # with sends of its own: a mail server that hangs keeps no reply waiting
        mail = email.EmailChannel(house.settings.mail_server, house.vault, house.clock)
        yield _delivery(house, {email.NAME: mail}, pictures, in_flight=MAILS_IN_FLIGHT).run()
    company = Company()
    yield company.watch(house.store, house.hours.zone, house.clock)
    service = Service(
        house.store,
        house.vault,
        lambda: house.bookshelf.current,
        house.profile,
        house.hours,
        delivery=delivery,
        ways_in=WaysIn(house.settings.address, lambda: house.telegram.username if house.telegram else None),
        others=lambda: company.others,
    )
    yield worker.handle_inbox(house.store, service, house.clock)
    yield delivery.run()
    yield worker.keep_promises(house.store, house.hours, house.clock)
    yield worker.clean_up_after_erasures(house.store)
    yield worker.forget_words(house.store)
    yield search.keep_up(house.store, house.vault)
    yield presence_sharing.share(house.store, house.clock)
    yield house.bookshelf.watch()
    yield house.earlier.watch(house.store)
    yield announce.watch(house)
    yield digests.watch(house)
    yield _scheduled(house, at)


def _delivery(house: House, channels: Mapping[str, Channel], pictures: Pictures, *, in_flight: int) -> Delivery:
    return Delivery(
        house.store,
        house.vault,
        channels,
        house.clock,
        file_of=Holdings(house.store, house.profile, house.hours.zone).file,
        count_broadcast=partial(tips.record_delivery, house),
        may_broadcast=house.profile.unasked(house.hours.zone).allows,
        picture_of=pictures.draw,
        in_flight=in_flight,
        per_second=house.settings.send_per_second,
    )


async def _scheduled(house: House, at: Address) -> None:
    """One UTC tick a job; what is due is a pure function of the clock and of what has been sent or deleted.

    Local-time cron jobs run twice in the autumn hour or skip a day in spring; an interval in UTC does neither.
    """
    scheduler = AsyncIOScheduler(timezone=UTC)
    under_way: set[asyncio.Task[Any]] = set()

    async def whole(job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.create_task(job())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        await task

    def every(seconds: float, job: Callable[[], Coroutine[Any, Any, None]], *, first: datetime) -> None:
        scheduler.add_job(
            whole,
            "interval",
            args=[job],
            seconds=seconds,
            next_run_time=first,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    now = house.clock()
    every(SUMMARY_TICK_SECONDS, partial(summaries.send_due, house), first=now)
    every(CHECKIN_TICK_SECONDS, partial(checkins.send_due, house), first=now)
    every(WATCH_TICK_SECONDS, Watchman(house, at).tick, first=now + timedelta(seconds=WATCH_TICK_SECONDS))
    every(ADDING_UP_TICK_SECONDS, AddingUp(house).tick, first=now)
    every(TIPS_TICK_SECONDS, partial(tips.send_due, house), first=now)
    # The first deleting waits: what came in before a downtime is to be handled, not to be taken for forgotten.
    every(RETENTION_TICK_SECONDS, Nightly(house).tick, first=now + timedelta(seconds=RETENTION_TICK_SECONDS))
    scheduler.start()
    try:
        await house.store.hub.stopped()
    finally:
        scheduler.pause()
        if under_way:
            await asyncio.wait(under_way)  # a transaction that is cancelled would leave its connection out of the pool
        scheduler.shutdown(wait=False)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the whole house stops together."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(house: House) -> _Server:
    config = uvicorn.Config(
        build_app(house),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=WEB_STOP_SECONDS,
    )
    return _Server(config)


async def _until_stopped(house: House, server: _Server) -> None:
    await house.store.hub.stopped()
    server.should_exit = True


@asynccontextmanager
async def _opened(house: House) -> AsyncIterator[None]:
    if house.telegram is not None:
        await house.telegram.open()
    try:
        yield
    finally:
        if house.telegram is not None:
            await house.telegram.close()
        await house.store.close()


@contextmanager
def _signals(house: House) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    wanted = (signal.SIGTERM, signal.SIGINT)
    for number in wanted:
        loop.add_signal_handler(number, house.store.hub.stop)
    try:
        yield
    finally:
        for number in wanted:
            loop.remove_signal_handler(number)


@contextmanager
def _only_one(house: House) -> Iterator[None]:
    """Refuse a second process on the same SQLite file; the lock goes with the process, however it ends."""
    if house.store.is_shared:
        yield
        return
    path: Path = house.settings.data_dir / "koppi.lock"
    try:
        file = path.open("w")
    except OSError as error:
        raise CannotStart(f"{path} can't be written ({error.strerror}); give this user the folder") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStart(
                f"the service runs already on {house.settings.data_dir}; stop it first, "
                "or set KOPPI_DATA_DIR to another folder"
            ) from error
        yield


def _listener(settings: Settings) -> socket.socket:
    """Our port, taken but not yet open: a port that is not to be had ends the start before anything is done."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"can't listen on {settings.host} port {settings.port} ({error.strerror}); "
            "stop what uses it, or set KOPPI_HOST or KOPPI_PORT"
        ) from error
    return listener


async def _fill_bookshelf(house: House) -> None:
    try:
        await house.bookshelf.refresh()
    except library.InvalidLibrary as error:
        raise CannotStart(
            f"the FAQ has {len(error.faults)} faults, the first: {error.faults[0]}; see `koppi knowledge check`"
        ) from error


async def _make_first_account(house: House, say: Callable[[str], None]) -> None:
    """An administrator with a one-time password, on the very first start only."""
    async with house.store.read() as read:
        if await accounts.everyone(read):
            return
    password = secrets.token_urlsafe(15)
    password_hash = await accounts.hash_password(password)
    async with house.store.write() as tx:
        with contextlib.suppress(accounts.NameTaken):  # another process was first, and has said its password
            added = await accounts.add(
                tx,
                name=FIRST_ACCOUNT,
                role="yllapitaja",
                password_hash=password_hash,
                must_change_password=True,
                now=house.clock(),
            )
            await audit.record(tx, None, "account added", added.id, house.clock())
            say(f"First console account: {FIRST_ACCOUNT}, one-time password: {password}")


def _greet(house: House, say: Callable[[str], None]) -> None:
    settings = house.settings
    say(f"Otappa koppi: chat at {settings.address}/   console at {settings.console_address}/console/")
    if house.telegram is None:
        say("To add Telegram: get a token from @BotFather, put KOPPI_TELEGRAM_TOKEN=… into .env, start again.")
    if not house.profile.crisis.approved_by:
        say(f"Crisis texts are not approved yet: see crisis in {house.settings.data_dir / 'service.yaml'}.")
