"""Ids are never given twice, on both databases: what is deleted must not be taken for what came after it."""

import pytest
from sqlalchemy import Table, delete, insert

from bot.store import chat_links
from bot.store.engine import Store
from bot.store.schema import audit, group_message, inbox, message, metadata, notice, outbox, quarantine
from bot.vault import Vault
from tests.support import people
from tests.support.clock import A_TUESDAY_MORNING as NOW

ROWS = {
    "message": {"author": "asker", "text": "moi", "buttons": [], "created_at": NOW},
    "inbox": {"channel": "web", "key": "1", "sender": "s", "attempts": 0, "not_before": NOW, "received_at": NOW},
    "quarantine": {"channel": "web", "key": "1", "sender": "s", "body": b"", "reason": "x", "received_at": NOW},
    "outbox": {"key": "1", "channel": "web", "destination": "d", "not_before": NOW, "queued_at": NOW},
    "notice": {"text": "Uusi kysymys", "created_at": NOW},
    "group_message": {"key": "1", "kind": "post", "created_at": NOW},
    "audit": {"at": NOW, "act": "view", "subject": "s", "origin": "", "previous_hash": "0", "hash": "1"},
}


@pytest.mark.parametrize(
    "table", [message, inbox, quarantine, outbox, notice, group_message, audit], ids=lambda table: table.name
)
async def test_the_id_of_a_deleted_row_is_not_given_again(store: Store, vault: Vault, table: Table) -> None:
    """A button under a deleted message would press a new one; a new reply would carry the key of an old one."""
    row = dict(ROWS[table.name])
    async with store.write() as tx:
        if table is message:
            row["conversation_id"] = (await people.meet(tx, vault)).id
        if table is outbox:
            row["notice_id"] = (
                await tx.execute(insert(notice).values(**ROWS["notice"]).returning(notice.c.id))
            ).scalar_one()
        if table is group_message:
            row["chat_link_id"] = await chat_links.link(tx, vault, purpose="advisors", address="-1", now=NOW)
        first = (await tx.execute(insert(table).values(**row).returning(table.c.id))).scalar_one()
        await tx.execute(delete(table))
        second = (await tx.execute(insert(table).values(**row).returning(table.c.id))).scalar_one()

    assert second > first


def test_every_table_that_others_name_by_ascending_ids_is_looked_at() -> None:
    """One more such table needs the same care."""
    named = {
        key.column.table.name
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.name == "id" and key.column.table.c.id.autoincrement is True
    }

    assert named <= set(ROWS)
