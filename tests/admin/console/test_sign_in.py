"""Logging in: sessions that end, guesses that are slowed, passwords of one's own."""

import asyncio
import hashlib
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from bot.store import accounts, login_attempts, sessions
from bot.store.engine import Store
from bot.store.login_attempts import TooMany
from bot.store.schema import account, audit, session
from bot.vault import Vault
from tests.admin.console.office import COOKIE, OURS, PASSWORD, Office, opened, token_in
from tests.support.people import PASSWORD_HASH

RIGHT = {"name": "Väinö", "password": PASSWORD, "to": "/console/"}
WRONG = {**RIGHT, "password": "not-the-password"}


async def test_the_right_password_opens_the_console(office: Office) -> None:
    """The cookie is out of reach of scripts and of other sites, and the table holds only its hash."""
    async with office.visitor() as vaino:
        answer = await vaino.client.post("/console/login", data={**RIGHT, "to": "/console/faq"})
        page = await vaino.sees("/console/")
        token = vaino.client.cookies[COOKIE]

    async with office.store.read() as read:
        kept = (await read.execute(select(session.c.token_hash))).scalar_one()
    cookie = answer.headers["set-cookie"].lower()
    assert (answer.status_code, answer.headers["location"], page.status_code) == (303, "/console/faq", 200)
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert kept == hashlib.sha256(token.encode()).hexdigest()


async def test_the_log_in_page_leads_nowhere_else(office: Office) -> None:
    """A link with another site's address in it must not turn our log-in into theirs."""
    places = []
    async with office.visitor() as vaino:
        for to in ("https://evil.example/", "//evil.example", "/console/../../x", "/other", "javascript:1"):
            answer = await vaino.client.post("/console/login", data={**RIGHT, "to": to})
            places.append(answer.headers["location"])

    assert places == ["/console/"] * 5


async def test_a_wrong_password_and_an_unknown_name_get_the_same_words(office: Office) -> None:
    """Nobody learns from the answer which accounts there are, a disabled one included."""
    pages = []
    async with office.visitor() as guesser:
        for name, password in (("Väinö", "x" * 12), ("Nobody", "x" * 12), ("Sulo", PASSWORD)):
            answer = await guesser.client.post("/console/login", data={**RIGHT, "name": name, "password": password})
            pages.append((answer.status_code, answer.text.replace(name, "NAME")))

    assert pages[0][0] == 401
    assert pages[0] == pages[1] == pages[2]


async def test_a_log_in_ends_after_half_an_hour_of_doing_nothing(office: Office) -> None:
    """A forgotten screen must not stay open; the page's own refreshing is nobody's doing."""
    async with office.at_work(office.vaino) as vaino:
        statuses = []
        for minutes in (29, 29):
            office.clock.advance(timedelta(minutes=minutes))
            statuses.append((await vaino.sees("/console/")).status_code)
        for minutes in (20, 20):
            office.clock.advance(timedelta(minutes=minutes))
            refreshed = await vaino.client.get("/console/", headers={"X-Requested-With": "refresh"})
            statuses.append(refreshed.status_code)

    assert statuses == [200, 200, 200, 401]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_log_in_ends_after_ten_hours_of_work(office: Office) -> None:
    """Even a busy session is over with the working day."""
    statuses = []
    async with office.at_work(office.vaino) as vaino:
        for _ in range(25):
            office.clock.advance(timedelta(minutes=25))
            statuses.append((await vaino.sees("/console/")).status_code)

    assert statuses == [200] * 23 + [303] * 2


async def test_logging_out_ends_the_session_and_not_only_the_cookie(office: Office) -> None:
    """A copied cookie is worth nothing after it."""
    token = await office.token(office.vaino)
    async with office.visitor(token) as vaino:
        out = await vaino.sends("/console/", "/console/logout")
    async with office.visitor(token) as thief:
        page = await thief.sees("/console/")

    assert (out.status_code, page.status_code) == (303, 303)


async def test_there_are_three_log_ins_of_one_account_at_most(office: Office) -> None:
    """The oldest gives way, so that a lost laptop's session doesn't stay for long."""
    tokens = []
    for _ in range(4):
        tokens.append(await office.token(office.vaino))
        office.clock.advance(timedelta(seconds=1))
    statuses = []
    for token in tokens:
        async with office.visitor(token) as vaino:
            statuses.append((await vaino.sees("/console/")).status_code)

    assert statuses == [303, 200, 200, 200]


async def test_a_new_log_in_makes_the_old_token_worthless(office: Office) -> None:
    """A token that somebody planted before the log-in must not be logged in by it."""
    token = await office.token(office.vaino)
    async with office.visitor(token) as vaino:
        await vaino.client.post("/console/login", data=RIGHT)
        fresh = vaino.client.cookies[COOKIE]
    async with office.visitor(token) as thief:
        page = await thief.sees("/console/")

    assert fresh != token
    assert page.status_code == 303


async def test_ten_wrong_guesses_for_one_account_are_enough_for_an_hour(office: Office) -> None:
    """The eleventh isn't even looked at, the right password included, and the page says when to try again."""
    async with office.visitor() as guesser:
        wrong = [(await guesser.client.post("/console/login", data=WRONG)).status_code for _ in range(10)]
        slowed = await guesser.client.post("/console/login", data=RIGHT)
        office.clock.advance(timedelta(hours=1))
        later = await guesser.client.post("/console/login", data=RIGHT)

    assert wrong == [401] * 10
    assert slowed.status_code == 429
    assert "uudelleen klo 11." in slowed.text
    assert 3500 < int(slowed.headers["retry-after"]) <= 3600
    assert later.status_code == 303


async def test_twenty_guesses_from_one_address_are_enough_for_an_hour(office: Office) -> None:
    """Trying one password on many names is slowed as well."""
    vault, now = office.house.vault, office.clock()
    for number in range(19):
        async with office.store.write() as tx:
            await login_attempts.count(tx, vault, address="127.0.0.1", name=f"name {number}", now=now)
    async with office.visitor() as guesser:
        statuses = [
            (await guesser.client.post("/console/login", data={**WRONG, "name": name})).status_code
            for name in ("one", "another")
        ]

    assert statuses == [401, 429]


async def test_right_passwords_never_slow_anybody(office: Office) -> None:
    """A whole office behind one address comes to work in the same hour."""
    statuses = []
    for _ in range(25):
        async with office.visitor() as vaino:
            statuses.append((await vaino.client.post("/console/login", data=RIGHT)).status_code)

    assert statuses == [303] * 25


async def test_guesses_at_the_same_moment_are_counted_too(office: Office) -> None:
    """Thirty at once must not slip past a count that is written only afterwards."""
    async with office.visitor() as guesser:
        answers = await asyncio.gather(
            *(guesser.client.post("/console/login", data=WRONG, timeout=60) for _ in range(30))
        )
    statuses = [answer.status_code for answer in answers]

    assert (statuses.count(401), statuses.count(429)) == (10, 20)


async def test_a_one_time_password_is_good_for_choosing_ones_own_and_nothing_else(office: Office) -> None:
    """Whoever wrote it down, or read it over a shoulder, must not work with it."""
    async with office.store.write() as tx:
        await accounts.give_password(tx, office.vaino.id, PASSWORD_HASH)
    async with office.at_work(office.vaino) as vaino:
        before = await vaino.sees("/console/")
        weak = await vaino.sends(
            "/console/password", "/console/password", new="väinö on paras 1", again="väinö on paras 1"
        )
        differs = await vaino.sends("/console/password", "/console/password", new="a" * 12, again="b" * 12)
        chosen = "hiljainen myrsky kaapissa"
        done = await vaino.sends("/console/password", "/console/password", new=chosen, again=chosen)
        after = await vaino.sees("/console/")
    async with office.visitor() as again:
        entered = await again.client.post("/console/login", data={**RIGHT, "password": chosen})

    assert (before.status_code, before.headers["location"]) == (303, "/console/password")
    assert (weak.status_code, differs.status_code, done.status_code) == (422, 422, 303)
    assert (after.status_code, entered.status_code) == (200, 303)


async def test_changing_the_password_asks_for_the_old_one_and_ends_the_other_log_ins(office: Office) -> None:
    """Somebody at an open screen must not be able to take the account over."""
    other = await office.token(office.vaino)
    new = {"new": "hiljainen myrsky kaapissa", "again": "hiljainen myrsky kaapissa"}
    async with office.at_work(office.vaino) as vaino:
        wrong = await vaino.sends("/console/password", "/console/password", current="wrong", **new)
        right = await vaino.sends("/console/password", "/console/password", current=PASSWORD, **new)
        here = await vaino.sees("/console/")
    async with office.visitor(other) as elsewhere:
        there = await elsewhere.sees("/console/")

    assert (wrong.status_code, right.status_code, here.status_code, there.status_code) == (422, 303, 200, 303)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_hash_from_weaker_times_is_made_anew_at_the_log_in(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the parameters grow, whoever logs in gets today's; nobody has to change a password for it."""
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    hashes = [PASSWORD_HASH]
    for _ in range(2):
        async with office.visitor() as vaino:
            assert (await vaino.client.post("/console/login", data=RIGHT)).status_code == 303
        async with office.store.read() as read:
            kept = await read.execute(select(account.c.password_hash).where(account.c.id == office.vaino.id))
            hashes.append(kept.scalar_one())

    assert hashes[0] != hashes[1] == hashes[2]
    assert "m=16,t=2,p=1" in hashes[1]


def test_passwords_are_hashed_as_slowly_as_is_recommended() -> None:
    """The tests make quick hashes; what the service makes must not become one of those."""
    made = PasswordHasher()

    assert (made.type.name, made.memory_cost, made.time_cost, made.parallelism) == ("ID", 65536, 3, 4)
    assert "_hasher = PasswordHasher()  #" in inspect.getsource(accounts)


async def test_log_ins_are_in_the_audit_log_without_names_or_passwords(office: Office) -> None:
    """Who came in and who tried must be seen afterwards; what they typed must not."""
    async with office.visitor() as visitor:
        await visitor.client.post("/console/login", data={**WRONG, "name": "typed-a-password-here"})
        await visitor.client.post("/console/login", data=RIGHT)
    async with office.store.read() as read:
        rows = (await read.execute(select(audit))).all()
        lines = [(row.act, row.account_id, row.subject) for row in rows]

    assert {row.origin[:-8] for row in rows} == {"tuntematon laite · "}
    assert "127.0.0.1" not in str(rows)
    assert [line[0] for line in lines] == ["log in failed", "log in"]
    assert lines[1][1:] == (office.vaino.id, office.vaino.id)
    assert "typed-a-password-here" not in str(lines)


async def test_a_session_that_is_over_leaves_no_row_behind(office: Office) -> None:
    """The table holds the log-ins of today, not of all time."""
    for _ in range(3):
        await office.token(office.saara)
    office.clock.advance(sessions.LIFETIME)
    await office.token(office.vaino)
    async with office.store.read() as read:
        left = (await read.execute(select(func.count()).select_from(session))).scalar_one()

    assert left == 1


# --- with https before it, or without ----------------------------------------------------------------------------


@asynccontextmanager
async def _public(
    store: Store, vault: Vault, tmp_path: Path, cache: Path, url: str
) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(store, vault, tmp_path, cache, public_url=url) as office:
        host = {"Host": url.partition("://")[2]}
        async with httpx.AsyncClient(base_url=office.address, headers={**OURS, **host}) as client:
            yield client


async def test_over_https_the_cookie_is_bound_to_the_host(
    store: Store, vault: Vault, tmp_path: Path, faq_cache: Path
) -> None:
    """No other page of the same domain can set it, and it never travels in the clear."""
    async with _public(store, vault, tmp_path, faq_cache, "https://koppi.example") as client:
        answer = await client.post("/console/login", data=RIGHT)

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-koppi-console=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


async def test_the_console_refuses_plain_http_on_a_public_address(
    store: Store, vault: Vault, tmp_path: Path, faq_cache: Path
) -> None:
    """Passwords and askers' words must not cross a network in the clear; the page says what to do."""
    async with _public(store, vault, tmp_path, faq_cache, "http://koppi.example") as client:
        page = await client.get("/console/login")
        answer = await client.post("/console/login", data=RIGHT)

    assert (page.status_code, answer.status_code) == (403, 403)
    assert "https" in page.text
    assert token_in(page.text) == ""


async def test_the_console_refuses_plain_http_where_it_listens_to_the_network(
    store: Store, vault: Vault, tmp_path: Path, faq_cache: Path
) -> None:
    """Nobody has named a public address, yet others reach it: the console stays shut, the chat goes on."""
    async with (
        opened(store, vault, tmp_path, faq_cache, host="0.0.0.0") as office,  # noqa: S104 - the setting only
        httpx.AsyncClient(base_url=office.address, headers=OURS) as client,
    ):
        page = await client.get("/console/login")
        answer = await client.post("/console/login", data=RIGHT)
        chat = await client.get("/")

    assert (page.status_code, answer.status_code, chat.status_code) == (403, 403, 200)
    assert "KOPPI_HOST=127.0.0.1" in page.text


async def test_behind_a_proxy_guesses_count_for_who_makes_them(
    store: Store, vault: Vault, tmp_path: Path, faq_cache: Path
) -> None:
    """One guesser must not lock out everybody behind the same proxy; what they claim of themselves is void."""
    async with _public(store, vault, tmp_path, faq_cache, "https://koppi.example") as client:
        guesser = [
            (
                await client.post(
                    "/console/login", data=WRONG, headers={"X-Forwarded-For": f"10.0.0.{number}, 192.0.2.7"}
                )
            ).status_code
            for number in range(11)
        ]
        vaino = await client.post("/console/login", data=RIGHT, headers={"X-Forwarded-For": "192.0.2.8"})

    assert guesser == [401] * 10 + [429]
    assert vaino.status_code == 303


async def test_forgiven_attempts_are_gone_from_the_table(store: Store, vault: Vault) -> None:
    """A right password leaves no trace that could slow the next one."""
    now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    for _ in range(50):
        async with store.write() as tx:
            attempt = await login_attempts.count(tx, vault, address="192.0.2.7", name="Väinö", now=now)
            await login_attempts.forgive(tx, attempt)


async def test_after_fifty_wrong_guesses_a_day_each_address_has_two_an_hour(store: Store, vault: Vault) -> None:
    """Whoever guesses from many addresses is slowed too, and the account's owner, at another one, is not locked out."""
    now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

    async def counted(address: str, at: datetime, tries: int = 3) -> int:
        done = 0
        for _ in range(tries):
            with suppress(TooMany):
                async with store.write() as tx:
                    await login_attempts.count(tx, vault, address=address, name="Väinö", now=at)
                    done += 1
        return done

    guessed = sum([await counted(f"192.0.2.{number}", now, 10) for number in range(5)])
    later = now + timedelta(hours=2)
    at_others = [await counted(f"198.51.100.{number}", later) for number in range(3)]
    hour_after = await counted("198.51.100.0", later + timedelta(hours=1))
    day_after = await counted("198.51.100.0", later + timedelta(days=1))

    assert guessed == 50
    assert at_others == [2, 2, 2]
    assert (hour_after, day_after) == (2, 3)


@pytest.mark.parametrize("name", ["", " " * 5, "ä" * 500, "\x00\x1f", "\u202eVäinö", "'; DROP TABLE account; --"])
async def test_any_name_gets_the_same_kind_answer(office: Office, name: str) -> None:
    """Whatever is typed there, on both databases: no fault, no way in."""
    async with office.visitor() as visitor:
        answer = await visitor.client.post("/console/login", data={**RIGHT, "name": name})

    assert answer.status_code == 401
