"""Two advisors press at the same moment: one of them has done it, the other is told who."""

import asyncio
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx

from bot.store import conversations, tickets
from tests.admin.console.office import OURS, token_in
from tests.support import people
from tests.torture.scenario import Scenario
from tests.torture.world import ADVISORS, World

RACES = 200
FIRST_CHAT = 90_000
ACTS = ("claim", "reply", "close")


async def race(world: World) -> None:
    """Every act against every other, again and again."""
    world.say(f"{RACES} races")
    pairs = [(one, other) for one in ACTS for other in ACTS]
    ended: Counter[str] = Counter()
    async with _LoggedIn(world, ADVISORS[0]) as vaino, _LoggedIn(world, ADVISORS[1]) as saara:
        tokens = [token_in((await client.get("/console/")).text) for client in (vaino, saara)]
        for number in range(RACES):
            ticket_id, question_id = await _ticket(world, FIRST_CHAT + number)
            acts = pairs[number % len(pairs)]
            answers = await asyncio.gather(
                *(
                    client.post(
                        f"/console/tickets/{ticket_id}/{'say' if act == 'reply' else act}",
                        data={"form_token": token} | _form(act, question_id),
                    )
                    for client, token, act in zip((vaino, saara), tokens, acts, strict=True)
                )
            )
            await _judge(world, f"{acts[0]} against {acts[1]}", answers, ended)
    world.notes.append(
        f"{RACES} races of two advisors: {ended['won']} won by one, of the others {ended['told']} told who it was; "
        f"{ended['both']} won by both, {ended['none']} by nobody, {ended['untold']} not told"
    )


class _LoggedIn:
    """A browser in which *name* has logged in."""

    def __init__(self, world: World, name: str) -> None:
        self._client = httpx.AsyncClient(base_url=world.url, headers=OURS, timeout=30)
        self._name = name

    async def __aenter__(self) -> httpx.AsyncClient:
        await self._client.post("/console/login", data={"name": self._name, "password": people.PASSWORD})
        return self._client

    async def __aexit__(self, *_error: object) -> None:
        await self._client.aclose()


async def _ticket(world: World, chat: int) -> tuple[str, int]:
    """A question that nobody has yet: of the other role, so that nobody else looks at it."""
    now = datetime.now(UTC)
    async with world.store.write() as tx:
        talk = await people.meet(tx, people.VAULT, chat, now)
        question_id = await conversations.add_message(tx, talk.id, "asker", "Saako iguaanin tuoda kouluun?", now)
        ticket_id = await tickets.open_ticket(
            tx, conversation_id=talk.id, role="sosiaaliohjaaja", question_id=question_id, topic=None, urgent=False,
            promised_at=now + timedelta(days=3), now=now,
        )  # fmt: skip
    world.telegram.meets(chat)
    return ticket_id, question_id


def _form(act: str, question_id: int) -> dict[str, str]:
    if act == "reply":
        said = {"act": "reply", "key": secrets.token_hex(12), "draft": "0", "seen": str(question_id)}
        return said | {"text": "Hei, ei saa."}
    return {"outcome": "answered", "topic": "", "version": "0"} if act == "close" else {}


async def _judge(world: World, what: str, answers: list[httpx.Response], ended: Counter[str]) -> None:
    won = [answer.status_code == 303 and "done=" in answer.headers["location"] for answer in answers]
    if sum(won) != 1:
        ended["both" if all(won) else "none"] += 1
        world.wrong.append(f"{what}: {[(answer.status_code, answer.headers.get('location')) for answer in answers]}")
        return
    ended["won"] += 1
    winner, loser = ADVISORS[won.index(True)], answers[won.index(False)]
    if loser.status_code == 409 and winner in loser.text:
        ended["told"] += 1
    else:
        ended["untold"] += 1
        world.wrong.append(f"{what}: the other was answered {loser.status_code} and not told who")


SCENARIOS = [Scenario("races", race, askers=20)]
