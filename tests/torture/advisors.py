"""Two advisors in the console, over HTTP as their browsers would: they log in, take questions, reply and close."""

import asyncio
import re
from random import Random

import httpx

from tests.admin.console.office import OURS, seen_in, token_in
from tests.support import people
from tests.torture.world import World

PAUSE = (0.3, 1.2)
IN_QUEUE = re.compile(r'href="/console/tickets/([0-9a-f]{32})\?')
VERSION = re.compile(r'name="version" value="(\d+)"')
CLOSES_OF_TEN = 6


class Advisor:
    """One of them. Each form is sent again, under its own key, until the service has answered it."""

    def __init__(self, world: World, name: str, seed: str) -> None:
        self._world = world
        self._name = name
        self._dice = Random(seed)
        self._number = 0

    async def lives(self) -> None:
        """Work until cancelled."""
        async with httpx.AsyncClient(base_url=self._world.url, headers=OURS, timeout=20) as self._client:
            while True:
                await asyncio.sleep(self._dice.uniform(*PAUSE))
                queue = await self._there("GET", "/console/?view=free")
                if queue.status_code == 303:
                    await self._there("POST", "/console/login", {"name": self._name, "password": people.PASSWORD})
                    continue
                if ids := IN_QUEUE.findall(queue.text):
                    await self._tends(self._dice.choice(ids))

    async def _tends(self, ticket_id: str) -> None:
        page = f"/console/tickets/{ticket_id}"
        if not await self._does("claim", ticket_id, {"form_token": token_in((await self._there("GET", page)).text)}):
            return
        self._number += 1
        text = f"Hei, täällä {self._name}. Tämä on vastaukseni numero {self._number}."
        key = f"{self._dice.getrandbits(96):024x}"
        for _ in range(3):  # the asker may have written meanwhile: then it is read, and sent again
            html = (await self._there("GET", page)).text
            said = {"act": "reply", "key": key, "draft": "0", "seen": seen_in(html), "text": text}
            if await self._does("reply", ticket_id, {"form_token": token_in(html), **said}, path="say"):
                self._world.seen.replies.append(text)
                break
        if self._dice.randrange(10) < CLOSES_OF_TEN:
            html = (await self._there("GET", page)).text
            if version := VERSION.search(html):
                form = {"form_token": token_in(html), "outcome": "answered", "topic": "", "version": version[1]}
                await self._does("close", ticket_id, form)

    async def _does(self, act: str, ticket_id: str, form: dict[str, str], *, path: str | None = None) -> bool:
        """Whether the service has acknowledged it."""
        response = await self._there("POST", f"/console/tickets/{ticket_id}/{path or act}", form)
        if response.status_code == 303 and "done=" in response.headers["location"]:
            self._world.seen.advised[act, ticket_id] += 1
            return True
        if response.status_code >= 500:
            self._world.wrong.append(f"the console answered {response.status_code} to a {act}")
        return False

    async def _there(self, method: str, path: str, form: dict[str, str] | None = None) -> httpx.Response:
        while True:
            try:
                response = await self._client.request(method, path, data=form)
            except httpx.TransportError:
                await asyncio.sleep(self._dice.uniform(0.3, 0.8))
                continue
            if response.status_code != 503:
                return response
            await asyncio.sleep(self._dice.uniform(0.3, 0.8))
