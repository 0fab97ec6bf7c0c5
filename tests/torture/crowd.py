"""The askers of a fault run: what each says and does follows from the seed, whatever happens to the service."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from random import Random

import httpx

from bot.channels.telegram import NAME as TELEGRAM
from bot.channels.webchat.forms import read_post
from bot.channels.webchat.posts import NAME as WEB
from bot.channels.webchat.posts import as_body
from tests.support import people
from tests.torture.world import World

PAUSE = (0.5, 3.0)  # seconds between an answer and what its asker does next
PATIENCE = 20.0  # so long they wait for an answer before they go on all the same
LOOK_SECONDS = 0.25
VISITORS_OF_A_HUNDRED = 10  # come by the web chat
NOT_PRESSED = ("erase", "subscribe")  # the one takes away what is to be counted, the other brings what nobody waits for

QUESTIONS = [
    "Miten haen asumistukea?",
    "miten ilmottaudun työttömäks",
    "sain potkut saanko heti tukea",
    "miten teen cv:n ku ei oo kokemusta",
    "oon 17 ja haluisin kesätöitä oulusta",
    "rahat loppu mistä apua",
    "how do i get unemployment money",
    "pomo ei oo maksanu palkkaa kahteen kuukauteen, mitä mä teen",
]
UNSURE = ["Saako iguaanin tuoda kouluun?", "jotain tuesta", "mitä mieltä oot mun suunnitelmasta", "voittaako kärpät"]
TO_A_PERSON = ["/ihminen", "haluan puhua ihmisen kanssa"]
CRIES = ["haluan kuolla", "aion tappaa itseni tänään", "isä hakkaa mua", "i want to kill myself"]
SMALL = ["kiitos", "moi", "/ohje", "/aiheet", "ok"]
ACTS = {
    "question": 28,
    "unsure": 14,
    "press": 30,
    "person": 14,
    "small": 8,
    "cry": 3,
    "edit": 3,
    "sticker": 3,
    "photo": 3,
}
WORDS = {"question": QUESTIONS, "unsure": UNSURE, "person": TO_A_PERSON, "small": SMALL, "cry": CRIES}


class Asker:
    """Somebody in Telegram."""

    def __init__(self, world: World, chat: int, seed: str) -> None:
        self._world = world
        self._dice = Random(seed)
        self.chat = chat
        self.said = 0

    async def lives(self) -> None:
        """Go on until cancelled."""
        telegram = self._world.telegram
        telegram.meets(self.chat)
        while True:
            await asyncio.sleep(self._dice.uniform(*PAUSE))
            before, began = len(telegram.accepted[self.chat]), time.monotonic()
            await asyncio.shield(self._acts())  # an update that has its number must get into the queue, too
            self.said += 1
            for _ in range(int(PATIENCE / LOOK_SECONDS)):
                if len(telegram.accepted[self.chat]) > before:
                    self._world.waits.append(time.monotonic() - began)
                    break
                await asyncio.sleep(LOOK_SECONDS)

    async def _acts(self) -> None:
        telegram, chat = self._world.telegram, self.chat
        (act,) = self._dice.choices(list(ACTS), list(ACTS.values()))
        roll, words = (
            self._dice.random(),
            self._dice.choice(WORDS.get(act, QUESTIONS)),
        )  # as many rolls, whatever is done
        buttons = [
            (button.data, message.message_id)
            for message in telegram.shows(chat)[-3:]
            for button in message.buttons
            if not button.data.startswith(NOT_PRESSED)
        ]
        offers = [button for button in buttons if button[0].startswith("send:")]
        if act == "person" and offers:  # what they have been asking for
            await telegram.presses_data(chat, *offers[-1])
        elif act == "press" and buttons:
            data, message_id = buttons[int(roll * len(buttons))]
            await telegram.presses_data(chat, data, message_id)
        elif act == "edit" and self.said:
            await telegram.edits(chat, words)
        elif act == "sticker":
            await telegram.sends_sticker(chat)
        elif act == "photo":
            await telegram.sends_photo(chat, words if roll < 0.5 else None)
        else:
            update_id = await telegram.says(chat, words)
            if act == "cry":
                self._world.seen.crises[TELEGRAM, str(update_id)] = str(chat)


class Visitor:
    """Somebody in the web chat. They post anew, under the same key, until it is confirmed, as the page does."""

    def __init__(self, world: World, seed: str) -> None:
        self._world = world
        self._dice = Random(seed)
        self._client = httpx.AsyncClient(
            base_url=world.url,
            headers={"sec-fetch-site": "same-origin", "x-requested-with": "fetch", "accept-language": "fi"},
            timeout=15,
        )

    async def lives(self) -> None:
        """Go on until cancelled."""
        async with self._client:
            page = await self._until_there("GET", "/")
            while True:
                await asyncio.sleep(self._dice.uniform(*PAUSE) * 2)
                page = await self._until_there("GET", "/")
                await self._acts(page.text)

    async def _acts(self, page: str) -> None:
        acts = {act: weight for act, weight in ACTS.items() if act in WORDS or act == "press"}
        (act,) = self._dice.choices(list(acts), list(acts.values()))
        roll, words = self._dice.random(), self._dice.choice(WORDS.get(act, QUESTIONS))
        found = re.findall(r'<button[^>]*name="press" value="([^"]+)"', page)
        fields = {"text": words}
        if act == "press" and found:
            fields = {"press": unescape(found[int(roll * len(found))])}
        form_key = f"{self._dice.getrandbits(96):024x}"
        response = await self._until_there("POST", "/chat/messages", data={"key": form_key, **fields})
        if response.status_code == 204:
            token = self._client.cookies["koppi"]
            body = as_body(read_post({"key": form_key, **fields}, token, "fi"))
            lookup = people.VAULT.lookup(WEB, token)
            key = (WEB, people.VAULT.lookup("form", lookup, form_key, body))
            self._world.seen.issued.add(key)
            if act == "cry":
                self._world.seen.crises[key] = f"web {lookup}"
        elif response.status_code != 429 or act == "cry":
            self._world.wrong.append(f"the web chat answered {response.status_code} to a {act}")

    async def _until_there(self, method: str, path: str, **content: object) -> httpx.Response:
        """The first answer that is none of an absence's: the connection refused or broken, the database away."""
        while True:
            with contextlib.suppress(httpx.TransportError):
                response = await self._client.request(method, path, **content)  # type: ignore[arg-type]
                if response.status_code != 503:
                    return response
            await asyncio.sleep(self._dice.uniform(0.3, 0.8))


@asynccontextmanager
async def crowd(world: World, askers: int, seed: int) -> AsyncIterator[list[Asker]]:
    """So many askers at it, a tenth of them by the web chat, until the context ends."""
    visitors = askers * VISITORS_OF_A_HUNDRED // 100
    chats = people.BULK[: askers - visitors]
    everybody = [Asker(world, chat, f"{seed} {world.name} {chat}") for chat in chats]
    web = [Visitor(world, f"{seed} {world.name} web {number}") for number in range(visitors)]
    async with doing(*(one.lives() for one in [*everybody, *web])):
        yield everybody


@asynccontextmanager
async def doing(*work) -> AsyncIterator[None]:  # type: ignore[no-untyped-def]
    """Beside what happens in the block; ended with it. What fails there fails here."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        yield
        for task in tasks:
            task.cancel()
