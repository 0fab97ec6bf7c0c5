"""What no Telegram should bring, brought all the same: nothing stops, nothing is lost, and no word of it gets out."""

import json
import re
from itertools import islice
from random import Random
from typing import Any

from bot.channels import telegram as channel
from bot.channels.incoming import GroupMoved, Incoming, PressedInGroup, Unparsable
from bot.store import schema
from bot.store.engine import Store
from tests.support.odd_updates import MARKER, odd_updates
from tests.support.people import LONG_AGO, VAULT

SAID = {"message_id": 7, "date": 1_790_000_000, "text": "moi"}
PERSON, CHAT = {"id": 5, "is_bot": False, "first_name": "X"}, {"id": 5, "type": "private"}
GROUP = {"id": -5, "type": "supergroup"}
ODD_PARTS: tuple[dict[str, Any], ...] = (
    {"message": SAID | {"chat": CHAT | {"id": "supergroup"}, "from": PERSON}},
    {"message": SAID | {"chat": CHAT | {"id": 10**90}, "from": PERSON}},
    {"message": SAID | {"chat": CHAT, "from": PERSON | {"language_code": ["fi"]}}},
    {"message": SAID | {"chat": GROUP, "migrate_to_chat_id": "elsewhere"}},
    {"callback_query": {"id": {}, "from": PERSON, "chat_instance": "1", "message": SAID | {"chat": GROUP}}},
)


def _with(parts: dict[str, Any]) -> dict[str, Any]:
    return {"update_id": 1, **parts}


def _is_fit(read: Incoming) -> bool:
    """Whether what was read has the types that it says it has, and addresses that Telegram could have."""
    addresses = [read.address, *([read.said.to] if isinstance(read.said, GroupMoved) else [])]
    texts = [read.language or "", *([read.said.query_id] if isinstance(read.said, PressedInGroup) else [])]
    are_numbers = all(re.fullmatch(r"-?[0-9]{1,19}", address) for address in addresses)
    return are_numbers and all(isinstance(text, str) for text in texts)


async def test_an_update_whose_number_is_none_is_set_aside_and_the_others_are_kept(store: Store) -> None:
    """A number that fits no column failed the whole batch on PostgreSQL, and with it all that came after, for ever."""
    odd: list[Any] = [{"update_id": number} for number in (None, True, "5", 5.5, -1, 2**63, 10**90, [])]
    last = await channel.keep(store, VAULT, [{"update_id": 7}, *odd, 17], LONG_AGO)

    async with store.read() as read:
        kept = [row.key for row in await read.execute(schema.inbox.select())]
        aside = [row.reason for row in await read.execute(schema.quarantine.select())]

    assert (last, kept) == (7, ["7"])
    assert aside == ["no update_id"] * (len(odd) + 1)


async def test_a_chat_of_no_kind_that_there_is_stops_nobody(store: Store) -> None:
    """One such update ended the whole service, and came again with each of its next lives."""
    odd = [
        {"update_id": 8, kind: {"chat": {"id": [], "type": {}}, "from": {}}} for kind in ("message", "edited_message")
    ]
    last = await channel.keep(store, VAULT, [*odd, {"update_id": 9}], LONG_AGO)

    async with store.read() as read:
        kept = {row.key for row in await read.execute(schema.inbox.select())}

    assert (last, kept) == (9, {"8", "9"})


async def test_three_hundred_odd_updates_are_kept_and_what_is_said_of_them_quotes_nobody(store: Store) -> None:
    """Ten thousand are tried on the whole service by `make torture`; of all of them not one word may reach a log.

    And what is read is what it is taken for: else handling failed five times, and its sender waited half a minute.
    """
    odd = list(islice(odd_updates(Random(8), 1_000), 300))
    await channel.keep(store, VAULT, odd, LONG_AGO)
    reasons, unfit = set(), []
    for update in [*odd, *map(_with, ODD_PARTS)]:
        try:
            read = channel.parse(json.dumps(update))
            unfit += [read] if read and not _is_fit(read) else []
        except Unparsable as fault:
            reasons.add(str(fault))

    async with store.read() as read:
        kept = len((await read.execute(schema.inbox.select())).all())
        aside = len((await read.execute(schema.quarantine.select())).all())

    assert unfit == []
    assert kept + aside == len({json.dumps(update) for update in odd})
    assert len(reasons) > 2
    assert MARKER not in "".join(reasons)
