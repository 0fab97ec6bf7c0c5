"""Statements met again, which SQLite executes without SQLAlchemy: the same rows, the same errors, and heard of."""

from datetime import timedelta

import pytest
from sqlalchemy import bindparam, event, select, update
from sqlalchemy.exc import IntegrityError

from bot.store.engine import Store
from bot.store.schema import asker
from tests.support.people import LONG_AGO

TURNS = 3

ADD = asker.insert().returning(asker.c.id, asker.c.last_events)
ADD_MORE = asker.insert()
FIND = select(asker).where(asker.c.id == bindparam("whose"), asker.c.language == "sv")
SAVE = update(asker).where(asker.c.language == bindparam("spoken")).values(alias="Ilves 2")
IN_LIST = select(asker.c.id).where(asker.c.id.in_(bindparam("ids", expanding=True))).order_by(asker.c.id)


async def test_a_statement_met_again_finds_changes_and_refuses_the_same(store: Store) -> None:
    """Which of two ways a statement goes must show in nothing but the time that it takes."""
    by_sqlalchemy: list[str] = []
    heard: list[str] = []
    engine = store.writer.sync_engine
    listeners = [
        (engine, "after_cursor_execute", lambda *about: by_sqlalchemy.append(about[2])),
        (engine, "before_cursor_execute", lambda *about: heard.append(about[2])),
    ]
    for listener in listeners:
        event.listen(*listener)
    found = []
    for turn in range(TURNS):
        who = {
            "alias": "Kettu 1",
            "language": "sv",
            "created_at": LONG_AGO,
            "last_seen_at": LONG_AGO + timedelta(seconds=turn),
            "last_events": {"asked": "2026-11-22"},
        }
        ids = [f"{turn}{letter}" for letter in "abc"]
        async with store.write(brief=True) as tx:
            added = (await tx.execute(ADD, {**who, "id": ids[0]})).one()
            await tx.execute(ADD_MORE, [{**who, "id": id_, "language": "fi"} for id_ in ids[1:]])
            row = (await tx.execute(FIND, {"whose": ids[0]})).one()
            nobody = (await tx.execute(FIND, {"whose": "nobody"})).first()
            saved = (await tx.execute(SAVE, {"spoken": "sv"})).rowcount
            several = (await tx.execute(IN_LIST, {"ids": ids[1:]})).scalars().all()
        with pytest.raises(IntegrityError, match=r"UNIQUE|duplicate"):
            async with store.write(brief=True) as tx:
                await tx.execute(ADD, {**who, "id": ids[0]})
        seen = row.last_seen_at - timedelta(seconds=turn)
        found.append((added.last_events, row.alias, seen, row.first_campaign, nobody, saved - turn, several == ids[1:]))
    for listener in listeners:
        event.remove(*listener)

    assert found == [({"asked": "2026-11-22"}, "Kettu 1", LONG_AGO, None, None, 1, True)] * TURNS
    assert sum(sql.startswith("SELECT asker.id, ") for sql in heard) == 2 * TURNS
    if engine.dialect.name == "sqlite":
        assert sum(sql.startswith("SELECT asker.id, ") for sql in by_sqlalchemy) == 1
