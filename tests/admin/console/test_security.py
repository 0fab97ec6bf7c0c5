"""What holds for every page and every form alike, whoever adds one."""

from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from admin.console.access import ACCESS
from admin.console.front_door import FrontDoor
from admin.console.site import pages
from bot.channels.web_security import HEADERS, STRICT_TRANSPORT, is_same_origin
from bot.store import accounts
from bot.store.engine import Store
from bot.store.schema import metadata
from bot.vault import Vault
from tests.admin.console.office import OURS, PASSWORD, Office, opened
from tests.admin.console.test_access import _address

HOST = "koppi.example"


@pytest.fixture
async def public(store: Store, vault: Vault, tmp_path: Path, faq_cache: Path) -> AsyncIterator[Office]:
    """The console at a public https address."""
    async with opened(store, vault, tmp_path, faq_cache, public_url=f"https://{HOST}") as office:
        yield office


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_every_answer_has_every_header_and_a_foreign_name_gets_none_of_ours(public: Office) -> None:
    """A page, a redirect, a file, each refusal: one that lacks a header is the one that is attacked."""
    async with httpx.AsyncClient(base_url=public.address, headers={**OURS, "Host": HOST}) as client:
        answers = {
            "page": await client.get("/console/login"),
            "redirect": await client.get("/console/"),
            "no page": await client.get("/console/nope"),
            "no invitation": await client.get("/console/invited/" + "x" * 43),
            "wrong method": await client.put("/console/login"),
            "wrong password": await client.post("/console/login", data={"name": "x", "password": "y", "to": ""}),
            "no session": await client.post("/console/people", data={"name": "x"}),
            "cross-site": await client.post("/console/login", headers={"Sec-Fetch-Site": "cross-site"}),
            "too large": await client.post("/console/login", data={"name": "x" * 200_000}),
            "no form": await client.post("/console/login", json={}),
            "script": await client.get("/console/static/console.js"),
            "no file": await client.get("/console/static/nope.js"),
            "strange host": await client.get("/console/login", headers={"Host": "evil.example"}),
        }
    wanted = {**HEADERS, "strict-transport-security": STRICT_TRANSPORT}
    wanted.pop("cache-control")  # files are asked for again each time instead
    lacking = {
        what: {name: answer.headers.get(name) for name, value in wanted.items() if answer.headers.get(name) != value}
        for what, answer in answers.items()
    }
    stored = {what for what, answer in answers.items() if answer.headers.get("cache-control") != "no-store"}
    statuses = [answer.status_code for answer in answers.values()]

    assert {what: names for what, names in lacking.items() if names} == {}
    assert stored <= {"script", "no file"}
    assert statuses == [200, 303, 404, 404, 405, 401, 401, 403, 413, 415, 200, 404, 400]
    assert "Ohjaajien konsoli" not in answers["strange host"].text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_looking_changes_nothing_but_the_audit_log(office: Office) -> None:
    """A link in a message, a browser that loads ahead: what is only looked at must stay as it was."""
    ticket_id = await office.answered_ticket()
    before = await _rows(office)
    statuses = set()
    for account in (office.vaino, office.yrjo):
        async with office.at_work(account) as person:
            person.client.timeout = httpx.Timeout(60)  # some pages work out a lot, and the machine may be busy
            for route in pages(FrontDoor(office.house)):
                if "GET" in (route.methods or ()) and account.role in (ACCESS[route.name] or ()):
                    query = "?done=claimed&view=mine&person=x&day=x&q=x&questions=1&weeks=4&before=1&draft=x"
                    async with person.client.stream("GET", _address(route, ticket_id) + query) as answer:
                        statuses.add(answer.status_code)
                        if "event-stream" not in answer.headers.get("content-type", ""):  # that would never end
                            await answer.aread()
    after = await _rows(office)

    assert statuses <= {200, 303, 404}
    assert {table for table in after if after[table] != before[table]} <= {"audit", "session"}


async def _rows(office: Office) -> dict[str, Any]:
    """Every row of every table."""
    async with office.store.read() as read:
        return {
            table.name: (await read.execute(select(table).order_by(*table.primary_key.columns))).all()
            for table in metadata.sorted_tables
        }


ORIGINS = {
    "absent": None,
    "own": f"https://{HOST}",
    "null": "null",
    "empty": "",
    "elsewhere": "https://evil.example",
    "a subdomain": f"https://www.{HOST}",
    "a longer name": f"https://{HOST}.evil.example",
    "a name that ends so": f"https://evil-{HOST}",
    "another port": f"https://{HOST}:8443",
    "in the path": f"https://evil.example/{HOST}",
    "as a user": f"https://{HOST}@evil.example",
}
SITES = [None, "same-origin", "none", "same-site", "cross-site", "", "Same-Origin", "same-origin, cross-site"]


def test_a_form_is_taken_from_our_own_origin_and_from_nowhere_else() -> None:
    """Every way in which a browser may name another site, or nothing at all: 88 rows."""
    taken = set()
    for site, (what, origin) in product(SITES, ORIGINS.items()):
        headers = {"sec-fetch-site": site, "origin": origin}
        if is_same_origin({name: value for name, value in headers.items() if value is not None}, HOST):
            taken.add((site, what))

    assert taken == {(site, what) for site in ("same-origin", "none") for what in ORIGINS} | {(None, "own")}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_name_that_nobody_has_costs_as_much_as_a_colleagues(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time an answer takes, nobody learns who works here: each is one hash of the same strength."""
    checked: list[str] = []

    class Counting(type(accounts._hasher)):  # type: ignore[misc]
        def verify(self, hash: str, password: str) -> bool:  # noqa: A002 - the library's name
            checked.append(hash.rpartition("$")[0].rpartition("$")[0])
            return bool(super().verify(hash, password))

    counting = Counting(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts, "_hasher", counting)
    async with office.visitor() as guesser:
        for name in ("Väinö", "Sulo", "Nobody", ""):
            await guesser.client.post("/console/login", data={"name": name, "password": PASSWORD + "x", "to": ""})

    assert len(checked) == 4
    assert len(set(checked)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_with_an_address_of_its_own_the_console_stands_nowhere_else(
    store: Store, vault: Vault, tmp_path: Path, faq_cache: Path
) -> None:
    """What goes wrong on a page that everybody may open then reaches no cookie and no page of the advisors'."""
    addresses = {"public_url": f"https://{HOST}", "console_url": "https://neuvojat.example"}
    asked = [
        (HOST, "GET", "/console/tickets/x?view=mine"),
        (HOST, "POST", "/console/login"),
        (HOST, "GET", "/"),
        ("neuvojat.example", "GET", "/console/login"),
        ("neuvojat.example", "GET", "/"),
        ("neuvojat.example", "GET", "/chat"),
        ("neuvojat.example", "GET", "/healthz"),
        ("localhost", "GET", "/console/login"),
        ("evil.example", "GET", "/console/login"),
    ]
    async with (
        opened(store, vault, tmp_path, faq_cache, **addresses) as office,
        httpx.AsyncClient(base_url=office.address, headers=OURS) as client,
    ):
        got = [await client.request(how, path, headers={"Host": host}) for host, how, path in asked]
        invited = office.house.settings.console_address

    assert [answer.status_code for answer in got] == [308, 404, 200, 200, 308, 404, 200, 200, 400]
    assert got[0].headers["location"] == "https://neuvojat.example/console/tickets/x?view=mine"
    assert got[4].headers["location"] == "https://neuvojat.example/console/"
    assert {answer.headers.get("x-content-type-options") for answer in got} == {"nosniff"}
    assert invited == "https://neuvojat.example"
