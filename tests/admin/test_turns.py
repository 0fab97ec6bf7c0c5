"""Pages are made by turns: whoever asks for many, and reads none, keeps nobody else waiting."""

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admin import house as houses
from admin.turns import AT_ONCE, MOST_AT_ALL, MOST_OF_ONE, MOST_WAITING, Turns
from admin.web import build_app
from bot.channels.webchat import away
from bot.settings import Settings

FLOOD, SOMEBODY = "2001:db8::1", "198.51.100.7"


class Pages:
    """An application that writes down which page it begins, and makes each when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.wanted: list[asyncio.Event] = []
        self.refused: list[str] = []

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.begun.append(scope["path"])
        self.wanted.append(asyncio.Event())
        await self.wanted[-1].wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def refuse(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.refused.append(scope["path"])

    def make(self, number: int) -> None:
        """The page that was begun as *number* of all."""
        self.wanted[number].set()


def asks(
    turns: ASGIApp, path: str, source: str = FLOOD, method: str = "GET", *, reads: bool = False
) -> asyncio.Task[None]:
    """A request of somebody who never *reads* the answer, or does at once."""

    async def hear(_message: Message) -> None:
        if not reads:
            await asyncio.Event().wait()

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": [(b"host", b"localhost")]}
    scope |= {"client": (source, 1)}
    return asyncio.create_task(turns(scope, nothing, hear))


async def rest() -> None:
    """Let everybody go on as far as they come."""
    for _ in range(6):
        await asyncio.sleep(0)


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
async def under_way():
    """What a test has asked for; ended with it."""
    tasks: list[asyncio.Task[None]] = []
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def by_turns(pages: Pages, *, held: float = 60) -> Turns:
    return Turns(pages, pages.refuse, is_behind_proxy=False, held_seconds=held)


async def test_a_few_pages_are_made_at_once_and_who_never_reads_theirs_keeps_no_turn(
    pages: Pages, under_way: list[asyncio.Task[None]]
) -> None:
    """Fifty at once made each step of an asker's answer wait for a step of fifty pages: 6 s instead of 0.3."""
    turns = by_turns(pages)
    under_way += [asks(turns, f"/{number}", reads=number == 0) for number in range(6)]
    await rest()
    at_first = list(pages.begun)
    pages.make(0)  # is read to its end: one turn is given back for it, not two
    pages.make(1)  # is written to who never reads
    await rest()

    assert at_first == ["/0", "/1"]
    assert AT_ONCE == 2
    assert pages.begun == ["/0", "/1", "/2", "/3"]


async def test_another_sources_page_waits_for_no_flood_and_a_post_for_no_page(
    pages: Pages, under_way: list[asyncio.Task[None]]
) -> None:
    """One browser that asks for a hundred pages is one of those who wait, not a hundred."""
    turns = by_turns(pages)
    under_way += [asks(turns, f"/{number}", f"2001:db8::{number}") for number in range(9)]  # one line's network
    await rest()
    under_way += [asks(turns, "/mine", SOMEBODY), asks(turns, "/mine-too", SOMEBODY)]
    under_way += [asks(turns, "/posted", method="POST"), asks(turns, "/healthz")]
    await rest()
    for number in (0, 1, 4, 5):
        pages.make(number)
        await rest()

    assert pages.begun[:4] == ["/0", "/1", "/posted", "/healthz"]
    assert pages.begun[4:] == ["/2", "/mine", "/3", "/mine-too"]


async def test_a_page_that_takes_long_gives_its_turn_back_as_does_one_that_fails_or_is_given_up(
    pages: Pages, under_way: list[asyncio.Task[None]]
) -> None:
    """A turn that is never given back would, the second time, be the end of all pages."""
    turns = by_turns(pages, held=0)
    under_way += [asks(turns, f"/{number}") for number in range(4)]
    await rest()
    await rest()
    assert len(pages.begun) == 4  # without one of them having been made

    turns = by_turns(pages)
    failing = [asks(turns, f"/failing-{number}") for number in range(4)]
    await rest()
    failing[2].cancel()  # while it waits
    failing[0].cancel()  # while it is made: its turn goes to the last
    await rest()
    failing[3].cancel()
    failing[1].cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*failing)
    under_way += [asks(turns, "/then"), asks(turns, "/and-then")]
    await rest()
    # Somebody who was given their turn, and goes before they take it.
    waits = asks(turns, "/goes")
    under_way += [waits, asks(turns, "/last")]
    await rest()
    pages.make(len(pages.begun) - 2)
    await asyncio.sleep(0)
    waits.cancel()
    await rest()

    assert pages.begun[4:] == ["/failing-0", "/failing-1", "/failing-3", "/then", "/and-then", "/last"]


async def test_beyond_a_line_one_is_asked_to_come_back_and_one_source_cant_fill_it(
    pages: Pages, under_way: list[asyncio.Task[None]]
) -> None:
    """A line without an end is memory without an end, and nobody waits for the page at its end."""
    turns = by_turns(pages)
    under_way += [asks(turns, "/") for _ in range(AT_ONCE + MOST_OF_ONE)]
    await rest()
    under_way += [asks(turns, "/one-too-many"), asks(turns, "/mine", SOMEBODY)]
    await rest()
    assert pages.refused == ["/one-too-many"]
    under_way += [
        asks(turns, "/", f"192.0.{number // 250}.{number % 250}") for number in range(MOST_WAITING - MOST_OF_ONE - 1)
    ]
    await rest()
    assert pages.refused == ["/one-too-many"]
    under_way += [asks(turns, "/again", "192.0.0.0"), asks(turns, "/the-first", "203.0.113.1")]
    await rest()
    assert pages.refused == ["/one-too-many", "/again"], "who has one in a full line waits no second time, others do"
    under_way += [
        asks(turns, "/", f"198.{18 + number // 250}.{number % 250}.1")
        for number in range(MOST_AT_ALL - MOST_WAITING - 1)
    ]
    under_way += [asks(turns, "/beyond-all", "203.0.113.2")]
    await rest()
    assert pages.refused == ["/one-too-many", "/again", "/beyond-all"]


async def test_who_comes_when_the_line_is_full_reads_kind_words_and_the_numbers_to_call(
    tmp_path: Path, under_way: list[asyncio.Task[None]]
) -> None:
    """They may be in danger."""
    house = houses.build(Settings(_env_file=None, data_dir=tmp_path))
    app = build_app(house)
    under_way += [asks(app, "/", "127.0.0.1") for _ in range(MOST_OF_ONE + AT_ONCE)]
    await rest()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as browser:
        last = await browser.get("/")
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
    await house.store.close()

    assert last.status_code == 503
    assert int(last.headers["retry-after"]) < 10
    assert last.headers["content-security-policy"] == away.POLICY
    assert last.headers["x-content-type-options"] == "nosniff"
    assert 'href="tel:112"' in last.text
