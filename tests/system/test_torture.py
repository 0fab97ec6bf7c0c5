"""The short form of `make torture`: a few askers at once, kills at any moment of it, and the same reckoning."""

import asyncio
from pathlib import Path

from admin import invariants
from bot import wording
from bot.profile import read_profile
from bot.store.engine import Store
from tests.support import people
from tests.support.crashing_koppi import BEGINS, REPLY, Fuse
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.knowledge import KNOWN, UNKNOWN
from tests.support.processes import Launch, environment
from tests.torture.kept import read_kept, work_left
from tests.torture.ledger import Arrival, Seen, reckon

CRY = "haluan kuolla"
ASKERS = people.BULK[:3]
DIES_AT = (25, 45)  # of the writes of a life: far enough apart that what was cut off is repeated in between


async def test_kills_under_load_lose_nothing_and_double_nothing_unexplained(
    store: Store, database: str, fork: Launch, telegram: FakeTelegram, knowledge_cache: Path, tmp_path: Path
) -> None:
    """Several conversations at once, on both databases: their writes, leases and sends meet each other and the end."""
    await people.employ(store)
    settings = {"DATA_DIR": str(tmp_path), "PORT": "0", "SECRET_KEY": people.SECRET_KEY, "DATABASE_URL": database}
    settings |= {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API": telegram.url}
    variables = environment({f"KOPPI_{name}": value for name, value in settings.items()})
    fuse, seen, log = Fuse(tmp_path / "fuse"), Seen(), tmp_path / "log"
    process = await fork(
        "tests.support.crashing_koppi", [str(tmp_path / "fuse"), str(knowledge_cache)], variables, tmp_path, log
    )
    try:
        async with asyncio.timeout(60):
            await telegram.says(people.AINO, KNOWN)
            await telegram.hears(people.AINO)
            process.terminate()
            while not fuse.lives:  # noqa: ASYNC110 - it is in another process
                await asyncio.sleep(0.02)
            fuse.set(DIES_AT[0])
            asking = asyncio.gather(*(_ask(telegram, seen, chat) for chat in ASKERS))
            for point in DIES_AT[1:]:
                while not fuse.is_blown:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.01)
                fuse.set(point)
            await asking
            while telegram.unconfirmed or await work_left(store):  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.05)
        assert process.returncode is None, log.read_text()[-3000:]
        assert fuse.is_blown, "the last kill"
    finally:
        process.kill()
        await process.wait()
    seen.issued = {("telegram", str(update_id)) for update_id in telegram.issued}
    seen.arrivals = {
        str(chat): [Arrival(message.message_id, message.text) for message in messages]
        for chat, messages in telegram.accepted.items()
    }
    texts = [text for kinds in read_profile(tmp_path).crisis.texts.values() for text in kinds.values()]
    found = reckon(seen, await read_kept(store, people.VAULT), texts)

    assert found.faults == []
    assert found.explained <= 4 * len(DIES_AT), "the sends that may be under way at once"
    assert found.failed == 0
    assert await invariants.violations(store, BEGINS) == []
    assert len(seen.crises) == len(ASKERS)


async def _ask(telegram: FakeTelegram, seen: Seen, chat: int) -> None:
    """Ask what the bot knows and what it does not, cry for help, let a person have the question, and hear from them."""
    await telegram.says(chat, KNOWN)
    await telegram.hears(chat, within=60)
    await telegram.says(chat, UNKNOWN)
    while wording.BUTTON_SEND_WORK not in (await telegram.hears(chat, within=60)).labels:
        pass
    seen.crises["telegram", str(await telegram.says(chat, CRY))] = str(chat)
    await telegram.presses(chat, wording.BUTTON_SEND_WORK)
    while (await telegram.hears(chat, within=60)).text != f"Työvoimaneuvoja Väinö\n{REPLY}":
        pass
