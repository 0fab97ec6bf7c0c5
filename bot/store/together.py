"""One commit for what several tasks write at the same moment: a commit waits for the disk, statements hardly do.

Whoever has something to write hands it over and waits. While one transaction is being committed the next pieces gather,
and all that have are written in one. No piece can harm another: where one fails, each is written anew by itself.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.store.engine import Store, Tx

MOST = 16  # pieces in one transaction: on SQLite everybody else's write waits for it


@dataclass(frozen=True)
class _Piece:
    work: "Callable[[Tx, Any], Awaitable[Any]]"
    around: Callable[[], AbstractContextManager[Any]]
    written: asyncio.Future[Any]


class Together:
    """What is to be written to *store*, in the order it was handed over."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._waiting: deque[_Piece] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def write(
        self,
        work: "Callable[[Tx, Any], Awaitable[Any]]",
        around: Callable[[], AbstractContextManager[Any]],
    ) -> Any:
        """What *work* returns, once it is committed; see `Store.together`."""
        piece = _Piece(work, around, asyncio.get_running_loop().create_future())
        self._waiting.append(piece)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await piece.written

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._write_some()
        finally:
            self._writing = None

    async def _write_some(self, most: int = MOST) -> None:
        """One transaction of what waits by the time it begins, the first *most* pieces of it."""
        pieces: list[_Piece] = []
        results: list[Any] = []
        try:
            with ExitStack() as stack:
                async with self._store.write(brief=True) as tx:
                    while self._waiting and len(pieces) < most:
                        pieces.append(self._waiting.popleft())
                        results.append(await self._do(pieces[-1], tx, stack))
        except Exception as error:
            if len(pieces) > 1:  # one of them is at fault
                self._waiting.extendleft(reversed(pieces))
                for _ in pieces:
                    if self._waiting:
                        await self._write_some(1)
                return
            if not pieces:  # the database is away: those who wait are to know
                pieces, self._waiting = list(self._waiting), deque()
            for piece in pieces:
                if not piece.written.done():
                    piece.written.set_exception(error)
            return
        for piece, result in zip(pieces, results, strict=True):
            if not piece.written.done():
                piece.written.set_result(result)

    @staticmethod
    async def _do(piece: _Piece, tx: "Tx", stack: ExitStack) -> Any:
        """In a `Tx` of its own: what one piece takes back of its announcements is none of another's."""
        if piece.written.cancelled():  # nobody waits for it any more, and nothing of it has been done
            return None
        own = type(tx)(tx.connection)
        result = await piece.work(own, stack.enter_context(piece.around()))
        tx.touched |= own.touched
        tx.bumped |= own.bumped
        tx.afterwards += own.afterwards
        return result
