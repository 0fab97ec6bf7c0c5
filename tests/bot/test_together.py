"""What several tasks write at the same moment: one commit, and no task's fault is another's."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from sqlalchemy import event, select

from bot.store.engine import Store, Tx
from bot.store.schema import revision_counter


async def test_what_is_written_at_the_same_moment_shares_a_commit(store: Store) -> None:
    """A commit waits for the disk; at a hundred messages a second that is most of what they wait for."""
    commits: list[object] = []

    def count(connection: object) -> None:
        commits.append(connection)

    async def bump(topic: str) -> str:
        async def work(tx: Tx, _nothing: None) -> str:
            await tx.bump(topic)
            return topic

        return await store.together(work, nullcontext)

    event.listen(store.writer.sync_engine, "commit", count)
    try:
        with store.hub.subscribe("seven") as news:
            kept = await asyncio.gather(*(bump(topic) for topic in ("one", "four", "seven")))
            is_told = await news.wait(0)
    finally:
        event.remove(store.writer.sync_engine, "commit", count)
    commits_made = len(commits)

    assert (kept, is_told, await _topics(store)) == (["one", "four", "seven"], True, {"one", "four", "seven"})
    assert commits_made == 1


async def test_what_fails_takes_nobody_elses_writing_along(store: Store) -> None:
    """One asker's message that can't be handled must not undo, nor double, what others were told in that moment."""
    entered: list[str] = []
    told: list[str] = []

    @contextmanager
    def around(name: str) -> Iterator[str]:
        try:
            yield name
        except ZeroDivisionError:
            entered.append(f"{name} undone")
            raise
        entered.append(f"{name} done")

    async def work(tx: Tx, name: str) -> str:
        tx.after(lambda: told.append(name))
        await tx.bump(name)
        if name == "bad":
            raise ZeroDivisionError
        return name

    results = await asyncio.gather(
        *(store.together(work, lambda name=name: around(name)) for name in ("first", "bad", "last")),  # type: ignore[misc]
        return_exceptions=True,
    )

    assert [result if isinstance(result, str) else type(result) for result in results] == [
        "first",
        ZeroDivisionError,
        "last",
    ]
    assert (await _topics(store), told) == ({"first", "last"}, ["first", "last"])
    assert [said for said in entered if said.startswith("bad")][-1] == "bad undone"
    assert entered.count("first done") == entered.count("last done") == 1


async def test_what_nobody_waits_for_any_more_is_not_begun(store: Store) -> None:
    """Who was cancelled may have done something else since: what they handed over must not come after it."""

    async def work(tx: Tx, _nothing: None) -> None:
        await tx.bump("late")

    waiting = asyncio.create_task(store.together(work, nullcontext))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    async def other(tx: Tx, _nothing: None) -> None:
        await tx.bump("other")

    await store.together(other, nullcontext)
    assert await _topics(store) == {"other"}


async def _topics(store: Store) -> set[str]:
    async with store.read() as read:
        return set((await read.execute(select(revision_counter.c.topic))).scalars())
