"""`koppi audit`: what another machine keeps of the audit log proves by itself that nothing is missing."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin import auditing
from admin.cli import main
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


def test_an_account_made_on_the_server_is_in_the_log_and_the_command_prints_it(
    migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sits at the server can let themselves in: then it is to be seen."""
    shutil.copy(migrated_sqlite, tmp_path)
    monkeypatch.setenv("KOPPI_DATA_DIR", str(tmp_path))
    add = ["advisor", "add", "Aina", "--role", "yllapitaja", "--password-stdin"]
    weak = CliRunner().invoke(main, add, input="sunshine2026\n")
    made = CliRunner().invoke(main, add, input="hiljainen myrsky kaapissa\n")
    printed = CliRunner().invoke(main, ["audit"])

    assert (weak.exit_code, made.exit_code, printed.exit_code) == (1, 0, 0)
    (line,) = [json.loads(line) for line in printed.output.splitlines()]
    assert (line["act"], line["account_id"], line["origin"]) == ("account added", None, "koppi advisor add")
    assert "Aina" not in printed.output
