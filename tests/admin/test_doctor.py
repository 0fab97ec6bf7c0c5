"""What the doctor finds, each thing wrong on purpose once."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from admin import doctor
from bot.profile import read_profile
from bot.settings import Settings
from bot.store import alarms, audit, chat_links, schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.mail_server import SENDER, mail_server

TO_BE_FILLED = (
    "to be filled before launch in service.yaml: controller.name.fi, controller.name.sv, controller.name.en, "
    "controller.contact.fi, controller.contact.sv, controller.contact.en, feedback_email"
)


@pytest.fixture
async def data_dir(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """A folder as a first start leaves it, with something sealed in its database."""
    store = Store.at(f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path)}")
    now = datetime(2026, 11, 24, tzinfo=UTC)
    async with store.write() as tx:
        await chat_links.link(tx, Vault.open(tmp_path, None), purpose="advisors", address="-1", now=now)
    await store.close()
    read_profile(tmp_path)
    return tmp_path


async def _findings(data_dir: Path, **settings: Any) -> dict[str, list[str]]:
    """What was found, by level."""
    found: dict[str, list[str]] = {"ok": [], "warning": [], "fault": []}
    for finding in await doctor.examine(Settings(_env_file=None, data_dir=data_dir, **settings)):
        found[finding.level].append(finding.words)
    return found


def _change(data_dir: Path, before: str, after: str) -> None:
    path = data_dir / "service.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


async def test_a_fresh_service_is_well_but_for_what_only_its_owner_can_say(data_dir: Path) -> None:
    """Somebody must answer for what a person in danger reads, and for personal data; until then the doctor asks."""
    found = await _findings(data_dir)

    assert found["fault"] == []
    assert found["warning"] == [
        "nobody has approved the crisis texts; read them, then fill approved_by in service.yaml",
        TO_BE_FILLED,
    ]
    assert "the key opens what is sealed" in found["ok"]
    assert "the database has this version's schema" in found["ok"]


@pytest.mark.parametrize("where", [{"host": "0.0.0.0"}, {"public_url": "http://koppi.example"}])  # noqa: S104
async def test_a_console_that_would_be_reached_by_plain_http_is_a_fault(data_dir: Path, where: dict[str, str]) -> None:
    """It stays shut: before anybody wonders why, the doctor says what to set."""
    found = await _findings(data_dir, **where)

    assert [re.findall("KOPPI_[A-Z_]+", words) for words in found["fault"]] == [["KOPPI_PUBLIC_URL", "KOPPI_HOST"]]


async def test_approved_texts_need_no_word(data_dir: Path) -> None:
    """A warning that stays when all is done is soon read by nobody."""
    _change(data_dir, 'approved_by: ""', "approved_by: Palvelujohtaja Aune Aalto")

    found = await _findings(data_dir)

    assert found["warning"] == [TO_BE_FILLED]
    assert "the crisis texts are approved by Palvelujohtaja Aune Aalto" in found["ok"]


async def test_a_service_that_names_its_controller_needs_no_word(data_dir: Path) -> None:
    """Each field that is filled goes off the list; the last one takes the warning with it."""
    _change(data_dir, 'feedback_email: ""', "feedback_email: palaute@ouka.example")
    some = await _findings(data_dir)
    for placeholder in sorted(set(re.findall(r'"(\[[^]]+\])"', (data_dir / "service.yaml").read_text("utf-8")))):
        while f'"{placeholder}"' in (data_dir / "service.yaml").read_text("utf-8"):
            _change(data_dir, f'"{placeholder}"', "Oulun kaupunki")
    all_of_it = await _findings(data_dir)

    assert "feedback_email" not in str(some["warning"])
    assert "controller.contact.sv" in str(some["warning"])
    assert not any("to be filled" in warning for warning in all_of_it["warning"])
    assert "service.yaml names the controller of personal data: Oulun kaupunki" in all_of_it["ok"]


@pytest.mark.parametrize(("days", "is_old"), [(89, False), (92, True)])
async def test_crisis_numbers_are_good_for_ninety_days(data_dir: Path, days: int, is_old: bool) -> None:
    """A crisis number that has changed since is worse than none."""
    checked_on = read_profile(data_dir).crisis.numbers_checked_on
    then = datetime.now(UTC).date() - timedelta(days=days)
    _change(data_dir, f"numbers_checked_on: {checked_on}", f"numbers_checked_on: {then}")

    warnings = (await _findings(data_dir))["warning"]

    assert any("set numbers_checked_on in service.yaml" in warning for warning in warnings) is is_old


async def test_another_key_is_a_fault(data_dir: Path) -> None:
    """With a wrong key nobody is reached any more, and it must show before askers notice."""
    found = await _findings(data_dir, secret_key=SecretStr("another"))

    assert found["fault"] == [
        "the key does not open what is sealed in the database; put back the old KOPPI_SECRET_KEY or koppi.key"
    ]


async def test_a_database_that_is_away_is_a_fault_and_the_rest_is_still_looked_at(data_dir: Path) -> None:
    """One visit should find everything that can be found."""
    found = await _findings(data_dir, database_url=SecretStr("postgresql://nobody:secret@127.0.0.1:9/none"))

    assert [words.split(" (")[0] for words in found["fault"]] == ["the database can't be reached"]
    assert "secret" not in str(found)
    assert found["warning"] != []


async def test_an_empty_database_is_made_by_the_first_start(tmp_path: Path) -> None:
    """Before the first start nothing is wrong yet, and nothing may be called so."""
    found = await _findings(tmp_path / "new")

    assert found["fault"] == []
    assert found["warning"][0] == "the database is empty; the first start, or `koppi migrate`, makes its tables"


async def test_a_folder_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    """A file in the folder's place stops everybody, even root."""
    (tmp_path / "data").write_text("not a folder")

    found = await _findings(tmp_path / "data")

    assert "can't be written" in found["fault"][0]


async def test_faults_in_service_yaml_are_told_as_they_are(data_dir: Path) -> None:
    """The owner edits that file by hand."""
    _change(data_dir, "promise_hours: 6", "promise_hours: 600")

    found = await _findings(data_dir)

    assert "promise_hours" in found["fault"][0]


async def test_telegram_is_asked_who_the_bot_is(data_dir: Path, telegram: FakeTelegram) -> None:
    """A mistyped token is the commonest fault of all; it is found without starting, and never printed."""
    well = await _findings(data_dir, telegram_token=SecretStr(TOKEN), telegram_api=telegram.url)
    wrong = await _findings(data_dir, telegram_token=SecretStr("12345:wrong"), telegram_api=telegram.url)
    away = await _findings(data_dir, telegram_token=SecretStr(TOKEN), telegram_api="http://127.0.0.1:9")

    assert any(words.startswith("Telegram knows the bot as @") for words in well["ok"])
    assert "Telegram hands updates over as set (polling)" in well["ok"]
    assert wrong["fault"] == ["Telegram does not know KOPPI_TELEGRAM_TOKEN; copy it again from @BotFather"]
    assert away["fault"] == ["http://127.0.0.1:9 does not answer (NetworkError); see KOPPI_TELEGRAM_API"]
    assert TOKEN not in str(away)


async def test_an_audit_log_that_was_tampered_with_is_a_fault(data_dir: Path) -> None:
    """Who may look at askers' words is answered for by that log alone."""
    store = Store.at(f"sqlite+aiosqlite:///{data_dir / 'koppi.sqlite3'}")
    async with store.write() as tx:
        await audit.record(tx, None, "view", "b" * 32, datetime(2026, 11, 24, tzinfo=UTC))
    well = await _findings(data_dir)
    async with store.write() as tx:
        await tx.execute(schema.audit.update().values(act="reply"))
    await store.close()
    found = await _findings(data_dir)

    assert "the audit log is whole" in well["ok"]
    assert found["fault"] == [
        "the audit log was changed at line 1, or one before it is missing; find out by whom, and compare with a backup"
    ]


async def test_the_mail_server_is_asked_whether_it_lets_us_in(data_dir: Path) -> None:
    """Better the operator hears of a wrong password today than an advisor misses an urgent question on Friday."""
    async with mail_server() as server:
        address = f"127.0.0.1:{server.port}"
        found = [
            await _findings(data_dir, smtp_url=SecretStr(url), smtp_from=SENDER)
            for url in (
                f"smtp://{address}",
                f"smtp://koppi:secretword@{address}",
                "smtp://koppi:secretword@127.0.0.1:9",
            )
        ]

    assert "the mail server at 127.0.0.1 lets us in" in found[0]["ok"]
    assert [each["fault"] for each in found] == [
        [],
        ["the mail server does not take our name and password; see KOPPI_SMTP_URL"],
        ["the mail server can't be reached; see KOPPI_SMTP_URL"],
    ]
    assert "secretword" not in str(found)
    assert server.received == []


async def test_what_the_running_service_has_found_wrong_with_itself_is_told(data_dir: Path) -> None:
    """Whoever is called because "it doesn't answer" begins here; and holidays that run out are told before they do."""
    store, now = Store.at(f"sqlite+aiosqlite:///{data_dir / 'koppi.sqlite3'}"), datetime.now(UTC)
    async with store.write() as tx:
        await alarms.looked(tx, "web", "no_answer", now)
        await alarms.begin(tx, "web", began_at=now, noticed_at=now, facts={"trouble": "no_answer"})
    await store.close()
    (data_dir / "school_holidays.yaml").write_text(
        "region: Lappi\nsource: kunta\nchecked: 2026-11-22\n"
        "holidays:\n  - {kind: break, first: 2026-02-16, last: 2026-02-22}\n",
        encoding="utf-8",
    )

    told = "\n".join((await _findings(data_dir))["warning"])

    assert re.search(r"own look at web finds trouble since .*: no_answer", told)
    assert re.search(r"an alarm lasts since .*: web; see /console/watch", told)
    assert "school holidays are known until 2026-02-22 only" in told
