"""The knowledge base in use, refitted while the service runs whenever the FAQ is changed in the console.

Answers are served from the old one until the new one stands; a change that can't be read leaves the old one in place.
"""

import asyncio
from pathlib import Path

import structlog

from bot.store import revisions
from bot.store.engine import Store, StoreUnavailable
from knowledge import library
from knowledge.base import KnowledgeBase

LOOK_AGAIN_SECONDS = 1.0
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
            self._base = await asyncio.to_thread(KnowledgeBase.build, books, self._cache_folder)
            self._number = number
            self._store.hub.announce(TOPIC)
            return True

    async def watch(self) -> None:
        """Refresh whenever this or another process publishes an edit, until the service stops."""
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
