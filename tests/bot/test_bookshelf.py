"""An edit is in use at once, on every process, whatever else is being fitted or was cut off."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import bookshelf
from bot.bookshelf import TOPIC, Bookshelf
from bot.store import accounts, revisions
from bot.store.engine import Store
from knowledge import base, library
from knowledge.index import Index
from knowledge.library import Library
from knowledge.smalltalk import Manners
from tests.support import run_folder
from tests.support.knowledge import FOLDER

NOW = datetime(2026, 11, 24, tzinfo=UTC)


class Fits:
    """Brings up to and fits in this process, which is quicker than to start another; no fit ends before it may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._may_end = threading.Semaphore(0)
        self.begun: list[Library] = []
        monkeypatch.setattr(base, "LEAST_REFITTED", 0)
        monkeypatch.setattr(base, "_apart", self._apart)

    def end_one(self) -> None:
        self._may_end.release()

    def _apart(self, act: str, folder: Path, books: Library, is_wanted: Callable[[], bool] = lambda: True) -> None:
        if act == "refit":
            base._refit(base._ENTRIES.dump_json(books.entries), folder)
            return
        self.begun.append(books)
        while not self._may_end.acquire(timeout=0.005):
            if not is_wanted():
                return
        base._keep(folder, *base._fit(books.entries, Manners.read()))


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Fits:
    """No fit ends by itself."""
    return Fits(monkeypatch)


@asynccontextmanager
async def watching(store: Store, cache: Path) -> AsyncIterator[Bookshelf]:
    """A bookshelf of a process, for as long as it lives."""
    shelf = Bookshelf(store, cache, folder=FOLDER)
    await shelf.refresh()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(shelf.watch())
        yield shelf
        store.hub.stop()


async def until(store: Store, is_so: Callable[[], bool]) -> None:
    """Return once something is so of the bookshelf, and known to those who look at it."""
    with store.hub.subscribe(TOPIC) as news:
        async with asyncio.timeout(20):
            while not is_so():
                await news.wait(0.02)


async def teach(store: Store, *phrasings: str) -> int:
    """Add phrasings to the CV's; the number of the edit."""
    own = library.file_text(FOLDER, "cv", "fi", "phrasings") or ""
    async with store.write() as tx:
        everyone = await accounts.everyone(tx.connection)
        kaisa = (
            everyone[0]
            if everyone
            else await accounts.add(
                tx, name="Kaisa", role="koordinaattori", password_hash="-", must_change_password=False, now=NOW
            )
        )
        await revisions.publish(
            tx,
            entry_id="cv",
            language="fi",
            part="phrasings",
            text=own + "".join(f"{phrasing}\n" for phrasing in phrasings),
            base_hash=None,
            account_id=kaisa.id,
            now=NOW,
        )
    async with store.read() as read:
        return await revisions.number(read)


def finds(shelf: Bookshelf) -> list[str]:
    """The entries of what was taught, asked in other words."""
    asked = ("tärppejä työnhakupapereihin", "etanoitten cee vee")
    return [shelf.current.judge(question).hits[0].entry_id for question in asked]


async def test_an_edit_is_in_use_on_every_process_before_it_is_fitted(
    database: str, store: Store, fits: Fits, knowledge_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague has just been told what to answer: the next asker isn't passed on to them again. An edit during the
    fit of another is in use as soon, what is fitted without it doesn't take it out of use, and a process that was
    killed meanwhile has it at once when it starts.
    """
    monkeypatch.setattr(bookshelf, "LOOK_AGAIN_SECONDS", 0.01)
    cache, others_cache = (run_folder.link_copy(knowledge_cache, tmp_path / name) for name in ("one", "other"))
    async with AsyncExitStack() as open_ones:
        one = await open_ones.enter_async_context(watching(store, cache))
        shelves = [(one, store)]
        if store.is_shared:
            other_store = Store.at(database)
            open_ones.push_async_callback(other_store.close)
            shelves.append((await open_ones.enter_async_context(watching(other_store, others_cache)), other_store))

        first = await teach(store, "tärppejä työnhakupaperiin")
        await until(store, lambda: one.number == first)
        assert finds(one)[0] == "cv"
        await until(store, lambda: len(fits.begun) >= len(shelves))
        second = await teach(store, "tärppejä työnhakupaperiin", "etanan ceevee")
        for shelf, its_store in shelves:
            await until(its_store, lambda shelf=shelf: shelf.number == second)  # type: ignore[misc]
            assert finds(shelf) == ["cv", "cv"]

        restarted = Bookshelf(store, cache, folder=FOLDER)
        await restarted.refresh()
        assert finds(restarted) == ["cv", "cv"]
        assert len(fits.begun) == len(shelves)

        brought_up_to = one.current
        for _ in shelves:
            fits.end_one()
        await until(store, lambda: len(fits.begun) == 2 * len(shelves))
        assert one.current is brought_up_to
        for _ in shelves:
            fits.end_one()
        for shelf, its_store in shelves:
            await until(its_store, lambda shelf=shelf: shelf.is_fitted)  # type: ignore[misc]
            anew = Index.build(shelf.current.library.entries)
            assert shelf.current.index.search("ceevee") == anew.with_fusion(shelf.current.fitted.fusion).search(
                "ceevee"
            )
            assert (shelf.number, finds(shelf)) == (second, ["cv", "cv"])


async def test_a_service_that_stops_waits_for_no_fit(
    store: Store, fits: Fits, knowledge_cache: Path, tmp_path: Path
) -> None:
    """It has ten seconds to end, and a fit may take as long; the next start has the edit all the same."""
    cache = run_folder.link_copy(knowledge_cache, tmp_path / "cache")
    async with watching(store, cache) as shelf:
        number = await teach(store, "tärppejä työnhakupaperiin")
        await until(store, lambda: bool(fits.begun))

        assert (shelf.number, shelf.is_fitted) == (number, False)
