"""`koppi audit`: what another machine keeps of the audit log proves by itself that nothing is missing."""

import json

from admin import auditing
from bot.store import audit
from bot.store.engine import Store
from tests.support.clock import A_TUESDAY_MORNING as NOW


async def test_what_is_kept_elsewhere_goes_on_where_it_ended_and_holds_together(store: Store) -> None:
    """A line an act, from the one after the last that was fetched, each with the hash of the one before."""
    async with store.write() as tx:
        for number in range(5):
            with audit.coming_from("Firefox, Windows · 12345678"):
                await audit.record(tx, "a" * 32, "view", f"ticket {number}\n", NOW)
    everything = [json.loads(line) async for line in auditing.lines(store, 0)]
    rest = [json.loads(line) async for line in auditing.lines(store, everything[1]["id"])]
    hashes = [
        audit._hash(line["previous_hash"], NOW, line["account_id"], line["act"], line["subject"], line["origin"])
        for line in everything
    ]

    assert rest == everything[2:]
    assert hashes == [line["hash"] for line in everything]
    assert [line["previous_hash"] for line in everything] == [audit.FIRST_HASH, *hashes[:-1]]
    assert {line["at"] for line in everything} == {NOW.isoformat()}
