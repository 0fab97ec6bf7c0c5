"""Conversations as anyone can read and write them: see scenarios/README.txt. Each is played in both channels."""

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import select

from bot.channels.markup import as_plain_text
from bot.store import schema, tickets
from bot.store.engine import Store
from bot.vault import Vault
from tests.support.chat import Browser, Chat, serving
from tests.support.knowledge import SteadyKnowledge
from tests.support.koppi import TYPING, Koppi

FOLDER = Path(__file__).parent / "scenarios"
SCENARIOS = sorted(FOLDER.glob("*.txt"), key=lambda file: file.name)
LINE = re.compile(r"(?P<sign>[<>!#]|\[|advisor:)\s+(?P<words>.+?)\s*\]?")

Heard = tuple[str, list[str]]  # a message of the bot and the labels of its buttons

# One database is enough here: what the bot says is the same on both.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Stage(Protocol):
    """A channel that a scenario is played in."""

    async def says(self, words: str) -> None: ...
    async def presses(self, label: str) -> None: ...
    async def hears(self) -> Heard: ...
    async def advisor(self, act: str) -> None: ...


class InTelegram:
    """Through the loopback Bot API server."""

    def __init__(self, koppi: Koppi) -> None:
        self._koppi = koppi

    async def says(self, words: str) -> None:
        await self._koppi.says(words)

    async def presses(self, label: str) -> None:
        await self._koppi.presses(label)

    async def hears(self) -> Heard:
        self._koppi.clock.advance(TYPING)  # the bot sends a chat one message a second
        heard = await self._koppi.hears()
        return heard.text, heard.labels

    async def advisor(self, act: str) -> None:
        await _act(self._koppi, act)


class OnTheWeb:
    """Through the page's forms, as a browser without script posts them; what is said is read from the store."""

    def __init__(self, chat: Chat, browser: Browser) -> None:
        self._chat = chat
        self._browser = browser
        self._heard = 0

    async def says(self, words: str) -> None:
        await self._browser.says(words)
        await self._chat.works()

    async def presses(self, label: str) -> None:
        await self._browser.opens()
        await self._browser.presses(label)
        await self._chat.works()

    async def hears(self) -> Heard:
        message = schema.message.c
        query = select(message.id, message.text, message.buttons).where(message.author == "bot").order_by(message.id)
        async with self._chat.store.read() as read:
            row = (await read.execute(query.where(message.id > self._heard).limit(1))).one()
        self._heard = row.id
        return as_plain_text(row.text), [button["label"] for button in row.buttons]

    async def advisor(self, act: str) -> None:
        await _act(self._chat, act)


async def _act(world: Koppi | Chat, act: str) -> None:
    async with world.store.read() as read:
        ticket = (await tickets.queue(read))[0]
    verb, _, words = act.partition(": ")
    world.clock.advance(TYPING)
    desk, who, now = world.desk, world.vaino, world.clock()
    acts: dict[str, Callable[[], Awaitable[None]]] = {
        "claims": lambda: desk.claim(who, ticket.id, now),
        "leaves": lambda: desk.release(who, ticket.id, now),
        "replies": lambda: desk.reply(who, ticket.id, words, f"form-{now.isoformat()}", now),
        "closes": lambda: desk.close(who, ticket.id, "answered", now),
    }
    await acts[verb]()


def steps(file: Path) -> Iterator[tuple[str, str, str]]:
    """Place, sign and words of each line that says something."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        found = LINE.fullmatch(line)
        assert found or not line.strip(), f"{file.name}:{number}: what is {line!r}? See README.txt"
        if found and found["sign"] != "#":
            yield f"{file.name}:{number}", found["sign"], found["words"]


async def play(file: Path, stage: Stage) -> None:
    """Play *file* line by line; a line that does not come true is named."""
    labels: list[str] = []
    for place, sign, words in steps(file):
        match sign:
            case ">":
                await stage.says(words)
            case "!":
                await stage.presses(words)
            case "advisor:":
                await stage.advisor(words)
            case "<":
                said, labels = await stage.hears()
                pattern = ".*".join(re.escape(part.strip()) for part in words.split("…"))
                assert re.search(pattern, said, re.DOTALL), f"{place}: {words!r} is not in {said!r}"
            case _:
                wanted = [label.strip() for label in words.split("|")]
                shown = [*labels[: len(wanted) - 1], "…"] if wanted[-1] == "…" else labels
                assert shown == wanted, f"{place}: the buttons are {labels}"


@pytest.mark.parametrize("file", [file for file in SCENARIOS if file.name != "README.txt"], ids=lambda file: file.stem)
async def test_a_conversation_goes_in_telegram_as_it_is_written(file: Path, koppi: Koppi) -> None:
    """Word for word, button for button."""
    await play(file, InTelegram(koppi))


@pytest.mark.parametrize("file", [file for file in SCENARIOS if file.name != "README.txt"], ids=lambda file: file.stem)
async def test_a_conversation_goes_on_the_web_as_it_is_written(
    file: Path, store: Store, vault: Vault, knowledge_base: SteadyKnowledge, tmp_path: Path
) -> None:
    """One conversation serves both channels."""
    async with serving(store, vault, knowledge_base, tmp_path, works=True) as chat, Browser(chat) as browser:
        await browser.opens()
        await play(file, OnTheWeb(chat, browser))
