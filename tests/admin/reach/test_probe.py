"""The service asks itself as an asker would, notices when no answer comes, and leaves no trace."""

from pathlib import Path

import pytest

from admin.house import House
from admin.reach import probe
from admin.reach.probe import Address
from bot.store import questions, schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.a_house import a_house
from tests.support import run_folder
from tests.support.chat import Chat, serving
from tests.support.knowledge import SteadyKnowledge

EMPTY = ("asker", "address", "conversation", "message", "inbox", "decision", "outbox", "event", "audit", "quarantine")


async def _house(chat: Chat, tmp_path: Path, knowledge_cache: Path) -> tuple[House, Address]:
    house = a_house(
        chat.store,
        chat.vault,
        chat.clock,
        tmp_path,
        token=False,
        cache=run_folder.link_copy(knowledge_cache, tmp_path / "cache"),
        widget_origins="https://kunta.example",
    )
    await house.bookshelf.refresh()
    return house, Address("127.0.0.1", chat.port)


async def _left(chat: Chat) -> dict[str, int]:
    rows = {name: len(await chat.rows(schema.metadata.tables[name])) for name in EMPTY}
    return {name: count for name, count in rows.items() if count}


async def test_the_probe_gets_its_answer_and_leaves_nothing(
    store: Store, vault: Vault, knowledge_base: SteadyKnowledge, knowledge_cache: Path, tmp_path: Path
) -> None:
    """No figure, no list, no asker and no line of a log may tell of a question that nobody asked."""
    async with serving(store, vault, knowledge_base, tmp_path) as chat:
        house, at = await _house(chat, tmp_path, knowledge_cache)
        assert (await probe.ask(house, at), await probe.load_widget(at)) == (None, None)
        assert await _left(chat) == {}

        await chat.close()
        assert (await probe.ask(house, at), await probe.load_widget(at)) == ("page", "script")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_bot_that_does_not_answer_is_noticed_and_the_question_goes_when_it_can(
    store: Store,
    vault: Vault,
    knowledge_base: SteadyKnowledge,
    knowledge_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed between asking and forgetting, or stuck: what stood open is in no figure either, and goes next time."""
    monkeypatch.setattr(probe, "ANSWER_SECONDS", 0.0)
    async with serving(store, vault, knowledge_base, tmp_path, works=False) as chat:
        house, at = await _house(chat, tmp_path, knowledge_cache)
        assert await probe.ask(house, at) == "no_answer"
        assert set(await _left(chat)) == {"inbox"}

        await chat.works()
        assert await chat.rows(schema.event) == []
        assert [row.author for row in await chat.rows(schema.message)] == ["bot"]
        async with store.read() as read:
            assert await questions.lately(read, limit=10) == []
        monkeypatch.setattr(probe, "_ask", _asks_nothing)
        assert await probe.ask(house, at) is None
        assert await _left(chat) == {}


async def _asks_nothing(*_: object) -> None:
    return None


def test_the_probe_goes_to_where_the_service_listens() -> None:
    """An address that means "every address" can't be called."""
    assert [Address(host, 80).url for host in ("0.0.0.0", "::", "10.1.2.3")] == [  # noqa: S104
        "http://127.0.0.1:80",
        "http://[::1]:80",
        "http://10.1.2.3:80",
    ]
