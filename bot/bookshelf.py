"""The knowledge base in use, refitted while the service runs whenever the FAQ is changed in the console.

Within a second or two the old one is brought up to the change; the new one takes its place when it is fitted. A change
that can't be read leaves the old one in place.
"""

import asyncio
import contextlib
import ctypes
from pathlib import Path

import structlog

from bot import meters
from bot.store import revisions
from bot.store.engine import Store, StoreUnavailable
from knowledge import library
from knowledge.base import KnowledgeBase
from knowledge.library import Library

LOOK_AGAIN_SECONDS = 0.5
TOPIC = "bookshelf"

log = structlog.get_logger()


class Bookshelf:
    """Holds the current `KnowledgeBase`; read it with `current` at each use, since it changes."""

    def __init__(self, store: Store, cache_folder: Path, *, folder: Path = library.FAQ_FOLDER) -> None:
        self._store = store
        self._cache_folder = cache_folder
        self._folder = folder
        self._base: KnowledgeBase | None = None
        self._number = -1
        self._refused = -1  # up to which edit the FAQ could not be read: not tried again before the next one
        self._turn = asyncio.Lock()
        self._to_fit: Library | None = None  # what is in use already, but was only brought up to

    @property
    def current(self) -> KnowledgeBase:
        """The knowledge base in use."""
        if self._base is None:
            raise RuntimeError("refresh() comes before the first question")
        return self._base

    @property
    def number(self) -> int:
        """Up to which edit the FAQ is in use, as `revisions.number` counts; -1 when none is."""
        return self._number

    @property
    def folder(self) -> Path:
        """Where the FAQ's files are."""
        return self._folder

    @property
    def cache_folder(self) -> Path:
        """Where what was fitted is kept."""
        return self._cache_folder

    @property
    def is_filled(self) -> bool:
        """Whether questions can be answered yet."""
        return self._base is not None

    @property
    def is_fitted(self) -> bool:
        """False while what is in use was only brought up to the latest edit, until it is fitted."""
        return self._to_fit is None

    async def refresh(self) -> bool:
        """Bring the knowledge base up to the published edits; True when it changed.

        When the files and edits can't be read together, the first time falls back to the files alone, so that an edit
        keeps no service from starting; later ones raise `knowledge.library.InvalidLibrary` and leave all as it is.
        """
        async with self._turn:
            async with self._store.read() as read:
                number = await revisions.number(read)
                if number in (self._number, self._refused):
                    return False
                published = await revisions.published(read)
            try:
                books = await asyncio.to_thread(library.load, self._folder, published)
            except library.InvalidLibrary as error:
                self._refused = number
                if self._base is not None:
                    raise
                log.error("faq_invalid", faults=len(error.faults))
                books, number = await asyncio.to_thread(library.load, self._folder), self._number
            is_first = self._base is None
            self._base, is_fitted = await asyncio.to_thread(self._quickest, books)
            if not is_first:
                meters.refits.labels("fitted" if is_fitted else "patched").inc()
            self._to_fit = None if is_fitted else books
            self._number = number
            await asyncio.to_thread(_give_back_memory)
            self._store.hub.announce(TOPIC)
            return True

    def _quickest(self, books: Library) -> tuple[KnowledgeBase, bool]:
        """The knowledge base on *books* that is had soonest, and whether it is the one that was fitted to them."""
        kept = KnowledgeBase.kept(books, self._cache_folder)
        refitted = None if kept else KnowledgeBase.refitted(books, self._cache_folder)
        return (refitted, False) if refitted else (kept or KnowledgeBase.build(books, self._cache_folder), True)

    async def watch(self) -> None:
        """Refresh whenever this or another process publishes an edit, until the service stops."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._refresh_at_edits())
            tasks.create_task(self._fit_what_is_to_fit())

    async def _fit_what_is_to_fit(self) -> None:
        """One at a time: what was edited meanwhile comes next, and starts from what is fitted by then."""
        hub = self._store.hub
        with hub.subscribe(TOPIC) as news:
            while not hub.is_stopping:
                if (books := self._to_fit) is None:
                    await news.wait(60.0)
                    continue
                if not await self._fit(books):
                    if not hub.is_stopping:
                        log.error("faq_not_fitted")
                    await hub.pause(60.0)

    async def _fit(self, books: Library) -> bool:
        """Fit *books*, and put them in place if nothing was edited meanwhile; False when that can't be done."""
        hub = self._store.hub
        fitted = await asyncio.to_thread(
            KnowledgeBase.fitted_apart, books, self._cache_folder, is_wanted=lambda: not hub.is_stopping
        )
        if fitted is not None and self._to_fit is books:
            self._base, self._to_fit = fitted, None
            meters.refits.labels("fitted").inc()
            await asyncio.to_thread(_give_back_memory)
            hub.announce(TOPIC)
        return fitted is not None

    async def _refresh_at_edits(self) -> None:
        with self._store.hub.subscribe(revisions.TOPIC) as news:
            while not self._store.hub.is_stopping:
                try:
                    if await self.refresh():
                        log.info("faq_refitted", entries=len(self.current.library.entries))
                except StoreUnavailable:
                    log.warning("store_unavailable", loop="bookshelf")
                except library.InvalidLibrary as error:
                    log.error("faq_invalid", faults=len(error.faults))
                await news.wait(LOOK_AGAIN_SECONDS if self._store.is_shared else 60.0)


def _give_back_memory() -> None:
    """Let the system have what the last index has left: the C library keeps 20 MB of it after each, for nothing."""
    with contextlib.suppress(OSError, AttributeError):  # where it has no such call
        ctypes.CDLL(None).malloc_trim(0)
