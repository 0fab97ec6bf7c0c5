"""`python -m tests.bench --console`: the console's bars with 100,000 tickets and 1,000,000 messages.

On SQLite and on PostgreSQL: the real service as a process, asked over loopback by one who is logged in. Server time is
the whole request as its client sees it. PostgreSQL runs with fsync, on whatever the tests' server stands on.
"""

import asyncio
import secrets
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
from sqlalchemy import delete, select, update

from bot import found
from bot.store import accounts, migrate, search, sessions
from bot.store.accounts import Role
from bot.store.engine import Store
from bot.store.schema import login_attempt, message, message_word, ticket
from tests.admin.console.office import COOKIE, OURS, seen_in, token_in
from tests.bench import crowd
from tests.bench.running import PORT, on_each_database, percentile, row, seconds_used, service
from tests.support import people
from tests.support.fake_telegram import FakeTelegram

TIMES = 100
INDEXED = 1000
NEW_TICKETS = 20
SIGN_INS = 40  # of each kind
SETTLES_WITHIN = 60  # seconds
IDLE_SECONDS = 0.1  # of processor time in one: the loops alone
PAGE, SEARCH, SECOND = "≤ 100 ms p95", "≤ 200 ms p95", "≤ 1 s"
STAFF: tuple[tuple[str, Role], ...] = (("Väinö", "tyovoimaneuvoja"), ("Saara", "sosiaaliohjaaja"))
QUEUE_PAGES = {
    "queue page, free": "/console/?view=free",
    "queue page, all": "/console/?view=all",
    "queue page, waiting for the asker": "/console/?view=waiting",
    "queue page, closed": "/console/?view=closed",
    "queue page, closed, narrowed": "/console/?view=closed&role=sosiaaliohjaaja&language=sv&channel=web",
}


async def main() -> None:
    """Print a table for each database."""
    for url, data in on_each_database():
        began = time.perf_counter()
        await fill(url)
        row("(to fill it)", f"{time.perf_counter() - began:.0f} s", "")
        await measure(url, data)


async def fill(url: str) -> None:
    """Migrate the empty database at *url* and fill it."""
    store = Store.at(url)
    await migrate.upgrade(store)
    now = datetime.now(UTC)
    async with store.write() as tx:
        staff = [
            await accounts.add(
                tx, name=name, role=role, password_hash=people.PASSWORD_HASH, must_change_password=False, now=now
            )
            for name, role in STAFF
        ]
    await store.close()
    busy = crowd.Crowd([one.id for one in staff], now)
    crowd.fill(url, busy)
    crowd.fill_index(url, busy)
    crowd.settle(url)


async def measure(url: str, data: Path) -> None:
    """Print the lines of the filled database at *url*; the service's other files are put into *data*."""
    store = Store.at(url)
    row("to index a message, a thousand at once", await _indexing(store), "")
    async with store.read() as read:
        staff = await accounts.everyone(read)
        statement = select(ticket.c.id).order_by(ticket.c.id).limit(TIMES)
        ids = [one.id for one in await read.execute(statement)]
    async with store.write() as tx:
        token = await sessions.begin(tx, staff[0].id, datetime.now(UTC))
        await accounts.keep_hash(tx, staff[0].id, await accounts.hash_password(people.PASSWORD))
    await store.close()
    settings = {"secret_key": people.SECRET_KEY, "database_url": "" if url.startswith("sqlite") else url}
    async with (
        FakeTelegram() as telegram,
        service(telegram, data, **settings) as process,
        httpx.AsyncClient(base_url=f"http://localhost:{PORT}", headers=OURS, timeout=60) as advisor,
    ):
        advisor.cookies.set(COOKIE, token, domain="localhost.local", path="/")
        began = time.perf_counter()
        await advisor.get(QUEUE_PAGES["queue page, free"])
        row("the first page of all, at once after the start", f"{1000 * (time.perf_counter() - began):.0f} ms", "")
        await _settled(process.pid)
        for name, path in QUEUE_PAGES.items():
            row(name, await _times(advisor, process.pid, [path] * TIMES), PAGE)
        row("ticket page", await _times(advisor, process.pid, [f"/console/tickets/{id_}" for id_ in ids]), PAGE)
        dice = Random(crowd.SEED)
        for name, queries in _queries(crowd.Crowd([], datetime.now(UTC)), dice).items():
            paths = [f"/console/search?q={query}" for query in queries]
            row(f"search, {name}", await _times(advisor, process.pid, paths), SEARCH)
        seen, replied = await _rounds(advisor, telegram)
        row("new ticket in an open console after the tap", _as_words(seen), SECOND)
        row("reply at the asker after the press", _as_words(replied), SECOND)
        row("a wrong password, unknown name − known one", await _sign_ins(url, staff[0].name), "within ±20 ms")


async def _sign_ins(url: str, known: str) -> str:
    """How much longer a name takes that nobody has: the difference of the medians of as many tries of both, in turn."""
    store, times = Store.at(url), dict[str, list[float]]({known: [], "Tuntematon": []})
    async with httpx.AsyncClient(base_url=f"http://localhost:{PORT}", headers=OURS, timeout=60) as stranger:
        for name in [*times] * SIGN_INS:
            async with store.write() as tx:
                await tx.execute(delete(login_attempt))  # or who guesses so often is slowed down
            began = time.perf_counter()
            answer = await stranger.post("/console/login", data={"name": name, "password": people.PASSWORD[::-1]})
            times[name].append(1000 * (time.perf_counter() - began))
            if answer.status_code != 401:
                raise RuntimeError(f"log-in: {answer.status_code}")
    await store.close()
    there, nowhere = map(statistics.median, times.values())
    return f"{nowhere - there:+.1f} ms ({nowhere:.0f} against {there:.0f} ms, medians)"


def _queries(busy: crowd.Crowd, dice: Random) -> dict[str, list[str]]:
    """What advisors might search for, as the ends of addresses."""
    words = sorted({word for text in busy.questions for word in found.plain_words(text) if len(word) > 4})
    some = [dice.choices(words, k=3) for _ in range(TIMES)]
    common = ["tuki", "raha", "asumistuki", "työ", "palkka", "kela", "toimeentulotuki", "vuokra", "cv", "opintotuki"]
    return {
        "one word": [one for one, _, _ in some],
        "one of the commonest words": common * (TIMES // len(common)),
        "two common words": [f"{dice.choice(common)}+{dice.choice(common)}" for _ in range(TIMES)],
        "two or three words": ["+".join(three[: dice.choice((2, 3))]) for three in some],
        "a misspelt word": [one[:2] + one[3] + one[2] + one[4:] for one, _, _ in some],
        "an alias": [f"{dice.choice(crowd.ANIMALS)}+{dice.randrange(100, 1000)}" for _ in range(TIMES)],
        "one word, narrowed": [f"{one}&language=sv&age=over_month&role=sosiaaliohjaaja" for one, _, _ in some],
    }


async def _settled(pid: int) -> None:
    """Once the service has done what it does after its start, such as adding up the days that nobody has added up yet:
    else the first line measures that, and not its page. After a minute at the latest.
    """
    for _ in range(SETTLES_WITHIN):
        used = seconds_used(pid)
        await asyncio.sleep(1)
        if seconds_used(pid) - used < IDLE_SECONDS:
            return


async def _indexing(store: Store) -> str:
    """What the index costs the writer, a message: forgets the latest of them, and writes them anew."""
    latest = select(message.c.id).order_by(message.c.id.desc()).limit(INDEXED)
    async with store.write() as tx:
        await tx.execute(delete(message_word).where(message_word.c.message_id.in_(latest)))
        await tx.execute(update(message).where(message.c.id.in_(latest)).values(indexed_as=None))
    began, used = time.perf_counter(), time.process_time()
    number = await search.catch_up(store, people.VAULT)
    took, used = time.perf_counter() - began, time.process_time() - used
    return f"{1000 * took / number:.2f} ms, {1000 * used / number:.2f} ms of processor time here"


async def _times(advisor: httpx.AsyncClient, pid: int, paths: list[str]) -> str:
    """How long these pages take, one after another, in no order, and the service's processor time for one.

    The first few warm it up. On a busy machine the processor time tells more; that of PostgreSQL isn't in it.
    """
    for path in paths[:3]:
        await advisor.get(path)
    Random(crowd.SEED).shuffle(paths)
    times, used = [], seconds_used(pid)
    for path in paths:
        began = time.perf_counter()
        answer = await advisor.get(path)
        times.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
    used = (seconds_used(pid) - used) / len(paths)
    return f"{_as_words(times)}; {1000 * used:.0f} ms of processor time"


async def _rounds(advisor: httpx.AsyncClient, telegram: FakeTelegram) -> tuple[list[float], list[float]]:
    """From the tap of an asker to the row in an open console, and from the reply to the asker, in seconds."""
    seen, replied = [], []
    for number in range(NEW_TICKETS):
        chat, word = 20_000 + number, secrets.token_hex(6)
        await telegram.says(chat, f"Saako iguaanin {word} tuoda kouluun?")
        await telegram.hears(chat, within=30)
        async with advisor.stream("GET", "/console/events") as stream:
            lines = stream.aiter_lines()
            await _changed(lines)
            began = time.perf_counter()
            await telegram.presses(chat, "Lähetä: työ ja opinnot")
            page, ticket_id = "", None
            while ticket_id is None:
                await _changed(lines)
                page = (await advisor.get("/console/?view=free")).text
                ticket_id = _row_of(page, word)
            seen.append(time.perf_counter() - began)
        await telegram.hears(chat, within=30)
        address = f"/console/tickets/{ticket_id}"
        page = (await advisor.get(address)).text
        fields = {
            "form_token": token_in(page),
            "seen": seen_in(page),
            "act": "reply",
            "mode": "reply",
            "key": secrets.token_urlsafe(12),
        }
        began = time.perf_counter()
        await advisor.post(f"{address}/say", data={**fields, "text": f"Vastaus {word}"})
        while word not in (await telegram.hears(chat, within=30)).text:
            pass
        replied.append(time.perf_counter() - began)
    return seen, replied


async def _changed(lines: object) -> None:
    async with asyncio.timeout(30):
        async for line in lines:  # type: ignore[attr-defined]
            if line == "event: changed":
                return


def _row_of(page: str, word: str) -> str | None:
    """The id of the ticket whose row holds *word*."""
    before, found, _ = page.partition(word)
    return before.rpartition("/console/tickets/")[2][:32] if found else None


def _as_words(seconds: list[float]) -> str:
    p50, p95 = (percentile([1000 * one for one in seconds], percent) for percent in (50, 95))
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"
