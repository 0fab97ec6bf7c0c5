"""Updates as no Telegram should bring them: real ones with something wrong in them, the same for the same dice."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.support.bot_api import SPECIFICATION

KINDS = json.loads(SPECIFICATION.read_text(encoding="utf-8"))["types"]
PARTS = [kind for kind in KINDS["Update"]["fields"] if kind != "update_id"]  # what an update may bring
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)

MARKER = "sarvikuonon"  # stands in every text of theirs: where it is found, a text has got out
CHAT = 6_000
TEXT = f"mun {MARKER} asia on tää"
PERSON = {"id": CHAT, "is_bot": False, "first_name": MARKER, "username": MARKER, "language_code": "fi"}
BOT = {"id": 100200300, "is_bot": True, "first_name": "Otappa koppi"}
PRIVATE = {"id": CHAT, "type": "private", "first_name": MARKER}
GROUP = {"id": -3003, "type": "supergroup", "title": MARKER, "is_forum": True}
SAID = {"message_id": 7, "date": 1_790_000_000, "chat": PRIVATE, "from": PERSON}
IN_GROUP = SAID | {"chat": GROUP}
REAL: tuple[dict[str, Any], ...] = (
    {"message": SAID | {"text": TEXT}},
    {"message": SAID | {"text": f"/start {MARKER}", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}},
    {"message": SAID | {"photo": [{"file_id": "p", "file_unique_id": "u", "width": 9, "height": 9}], "caption": TEXT}},
    {"message": SAID | {"voice": {"file_id": "v", "file_unique_id": "u", "duration": 3}}},
    {"message": SAID | {"text": TEXT, "reply_to_message": SAID | {"text": TEXT, "from": BOT}}},
    {"message": SAID | {"location": {"latitude": 65.01, "longitude": 25.47}}},
    {"edited_message": SAID | {"text": TEXT, "edit_date": 1_790_000_001}},
    {
        "callback_query": {
            "id": "1", "from": PERSON, "chat_instance": "1", "data": "topic:1:0", "message": SAID | {"text": TEXT},
        }
    },
    {"callback_query": {"id": "2", "from": PERSON, "chat_instance": "1", "data": "take:1:0", "message": IN_GROUP}},
    {
        "my_chat_member": {
            "chat": PRIVATE, "from": PERSON, "date": 1_790_000_000,
            "old_chat_member": {"user": BOT, "status": "member"},
            "new_chat_member": {"user": BOT, "status": "kicked", "until_date": 0},
        }
    },
    {"message": IN_GROUP | {"text": TEXT, "reply_to_message": IN_GROUP | {"from": BOT, "text": TEXT}}},
    {"message": IN_GROUP | {"migrate_to_chat_id": -1_002_000_000_000}},
)  # fmt: skip


def anything(scalars: st.SearchStrategy[Any] = SCALARS) -> st.SearchStrategy[Any]:
    """Any JSON of *scalars*, often with the names of a message's fields."""
    names = st.sampled_from(sorted(KINDS["Message"]["fields"])) | st.text(max_size=5)
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    )


def _nested(depth: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


def _replies(depth: int) -> dict[str, Any]:
    message: dict[str, Any] = dict(SAID)
    for _ in range(depth):
        message = SAID | {"text": MARKER, "reply_to_message": message}
    return _copy(message)


ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, -(2**63) - 1, 10**90, 1e308, -0.5, "", " ", "0", "-5", "\0", "\ud800",
    f"{MARKER}\udfff\0", f"\u202e{MARKER}\u2066", "\u200d" * 300, "👩‍👩‍👧‍👦" * 400, MARKER * 1_000, "a" * 70_000,
    "/" * 500, "̈" * 2_000, "\r\n\t\v", "<b>" * 50, "{}%s${x}", "private", "supergroup", "channel", 1001, -3003,
    list, dict, lambda: [[]], lambda: {"": ""}, lambda: _nested(500), lambda: {"a": _nested(400)},
    lambda: _replies(60), lambda: _replies(200), lambda: [None] * 300, lambda: {MARKER: MARKER},
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (None, True, "5", 5.5, -1, 2**63, 10**90, list, dict)


def odd_updates(dice: Random, first_id: int) -> Iterator[dict[str, Any]]:
    """One after the other, without end; most have an update id of their own, from *first_id* on, some have none."""
    number = first_id
    while True:
        update: dict[str, Any] = {"update_id": number, **_copy(dice.choice(REAL))}
        for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
            _spoil(update, dice)
        if dice.random() < 0.02:
            update["update_id"] = _made(dice.choice(NUMBERS))
        elif dice.random() < 0.01:
            del update["update_id"]
        number += 1
        yield update


def _copy(update: dict[str, Any]) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(update))
    return copied


def _made(odd: Any) -> Any:
    return odd() if callable(odd) else odd  # what can be spoilt further is made anew each time


def _spoil(update: dict[str, Any], dice: Random) -> None:
    """Put something odd in a place of *update*, or take something away."""
    place: Any = update
    name: Any = dice.choice([name for name in update if name != "update_id"] or ["message"])
    while isinstance(inner := place.get(name) if isinstance(place, dict) else place[name], dict | list) and inner:
        if dice.random() < 0.25:
            break
        place = inner
        name = dice.choice(list(inner)) if isinstance(inner, dict) else dice.randrange(len(inner))
    if isinstance(place, dict) and dice.random() < 0.2:
        place.pop(name, None)
    elif isinstance(place, dict) and dice.random() < 0.2:
        place[
            dice.choice(("text", "chat", "from", "photo", "reply_to_message", "date", "forward_origin", "\ud800"))
        ] = _made(dice.choice(ODD))
    else:
        place[name] = _made(dice.choice(ODD))
