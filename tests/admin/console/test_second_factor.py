"""The second step of a log-in where others reach us: a phone's code, once; or a code from paper, once."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
import segno
from sqlalchemy import select, update

from admin.console import totp
from admin.console.access import ACCESS, WITHOUT_CODE
from admin.console.front_door import FrontDoor
from admin.console.site import pages
from bot.store import accounts, login_attempts, second_factor
from bot.store.accounts import Account
from bot.store.engine import Store
from bot.store.schema import account as account_table
from bot.store.schema import audit, login_attempt, recovery_code
from bot.vault import Vault
from tests.admin.console.office import OURS, PASSWORD, Office, opened, token_in
from tests.support.people import PASSWORD_HASH

COOKIE = "__Host-koppi-console"
SECRET = totp.new_secret()
MISSING_ID = "0" * 32


@pytest.fixture
async def office(store: Store, vault: Vault, tmp_path: Path, faq_cache: Path) -> AsyncIterator[Office]:
    """The console at a public https address, on both databases in turn."""
    async with opened(store, vault, tmp_path, faq_cache, public_url="https://koppi.example") as office:
        yield office


@dataclass
class Visitor:
    """A browser behind the proxy that speaks https: it keeps the one cookie."""

    client: httpx.AsyncClient
    token: str = ""

    async def sees(self, path: str, **headers: str) -> httpx.Response:
        """A page."""
        return self._keep(await self.client.get(path, headers=self._cookie | headers))

    async def sends(self, page: str, path: str, **fields: str) -> httpx.Response:
        """The form on *page* that leads to *path*, filled with *fields*."""
        form_token = token_in((await self.sees(page)).text)
        return await self.posts(path, form_token=form_token, **fields)

    async def posts(self, path: str, **fields: str) -> httpx.Response:
        """A form."""
        return self._keep(await self.client.post(path, data=fields, headers=self._cookie))

    async def logs_in(self, name: str, **fields: str) -> httpx.Response:
        """The first step."""
        return await self.posts("/console/login", name=name, password=PASSWORD, to="/console/", **fields)

    @property
    def _cookie(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.token}"} if self.token else {}

    def _keep(self, answer: httpx.Response) -> httpx.Response:
        found = re.search(rf"{COOKIE}=([^;]*)", answer.headers.get("set-cookie", ""))
        if found:
            self.token = found[1].strip('"')
        return answer


@asynccontextmanager
async def visitor(office: Office, name: str | None = None) -> AsyncIterator[Visitor]:
    """Somebody's browser; with a *name*, after the first step of that one's log-in."""
    async with httpx.AsyncClient(base_url=office.address, headers={**OURS, "Host": "koppi.example"}) as client:
        browser = Visitor(client)
        if name:
            await browser.logs_in(name)
        yield browser


async def give_phone(office: Office, who: Account, recovery: str = "AAAABBBBCCCCDDDD") -> None:
    """Let *who* have set a phone up long ago."""
    lookup = office.house.vault.lookup("recovery-code", who.id, recovery)
    async with office.store.write() as tx:
        await second_factor.set_up(tx, who.id, office.house.vault.seal(SECRET), 0, [lookup], may_replace=False)


def code_now(office: Office, secret: str = SECRET) -> str:
    """What the phone shows."""
    return totp.code(secret, totp.step_at(office.clock()))


def wrong(office: Office) -> str:
    """A code that is none of the good ones."""
    good = {totp.code(SECRET, totp.step_at(office.clock()) + drift) for drift in totp.DRIFT}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in good)


async def test_the_password_alone_opens_no_page(office: Office) -> None:
    """Every route sends on to the code, and no form of it is carried out; only the way on and the way out are open."""
    await give_phone(office, office.yrjo)
    got = {}
    async with visitor(office, "Yrjö") as yrjo:
        form_token = token_in((await yrjo.sees("/console/code")).text)
        for route in pages(FrontDoor(office.house)):
            if route.name in WITHOUT_CODE or ACCESS[route.name] is None:
                continue
            path = "/console" + re.sub(r"\{\w+\}", MISSING_ID, route.path)
            is_post = "POST" in (route.methods or ())
            answer = await (yrjo.posts(path, form_token=form_token) if is_post else yrjo.sees(path))
            got[route.name] = (answer.status_code, answer.headers.get("location", "").partition("?")[0])
        lures = token_in((await yrjo.sees("/console/events")).text)

    assert got
    assert set(got.values()) == {(303, "/console/code")}
    assert lures == ""


async def test_the_phones_code_opens_the_console_with_a_new_token(office: Office) -> None:
    """A token that was seen before the second step must not be logged in by it."""
    await give_phone(office, office.vaino)
    async with visitor(office, "Väinö") as vaino:
        before = vaino.token
        refused = await vaino.sends("/console/code", "/console/code", code=wrong(office), to="/console/faq")
        done = await vaino.sends("/console/code", "/console/code", code=code_now(office), to="/console/faq")
        page = await vaino.sees("/console/")
        after = vaino.token
        vaino.token = before
        old = await vaino.sees("/console/code")

    assert (refused.status_code, done.status_code, page.status_code) == (401, 303, 200)
    assert done.headers["location"] == "/console/faq"
    assert before != after
    assert old.headers["location"].startswith("/console/login")


async def test_a_code_is_good_once(office: Office) -> None:
    """Read over a shoulder, or caught on its way, it is worth nothing; not even at the same moment."""
    await give_phone(office, office.vaino)
    code = code_now(office)
    async with visitor(office, "Väinö") as one, visitor(office, "Väinö") as two:
        answers = await asyncio.gather(
            *(each.sends("/console/code", "/console/code", code=code, to="") for each in (one, two))
        )
    office.clock.advance(timedelta(seconds=30))
    async with visitor(office, "Väinö") as three:
        again = await three.sends("/console/code", "/console/code", code=code, to="")
        fresh = await three.sends("/console/code", "/console/code", code=code_now(office), to="")

    assert sorted(answer.status_code for answer in answers) == [303, 401]
    assert (again.status_code, fresh.status_code) == (401, 303)


async def test_a_recovery_code_is_good_once_however_it_is_written(office: Office) -> None:
    """Without the phone one still gets in, from paper; the table holds no code that could be read there."""
    await give_phone(office, office.vaino)
    statuses = []
    for _ in range(2):
        async with visitor(office, "Väinö") as vaino:
            answer = await vaino.sends("/console/code", "/console/code", code="aaaa-bbbb cccc-dddd", to="")
            statuses.append(answer.status_code)
    async with office.store.read() as read:
        left = await second_factor.recovery_codes_left(read, office.vaino.id)

    assert statuses == [303, 401]
    assert left == 0


async def test_somebody_elses_codes_open_nothing(office: Office) -> None:
    """A code belongs to one account: the phone's, and the one on paper."""
    await give_phone(office, office.vaino)
    async with office.store.write() as tx:
        secret = office.house.vault.seal(totp.new_secret())
        await second_factor.set_up(tx, office.saara.id, secret, 0, ["0" * 32], may_replace=False)
    async with visitor(office, "Saara") as saara:
        statuses = [
            (await saara.sends("/console/code", "/console/code", code=code, to="")).status_code
            for code in (code_now(office), "AAAABBBBCCCCDDDD")
        ]

    assert statuses == [401, 401]


async def test_guessing_codes_ends_after_96_a_day_and_the_paper_still_helps(office: Office) -> None:
    """A million codes can't be tried; and whoever guesses doesn't lock the owner out."""
    await give_phone(office, office.vaino)
    subject = office.house.vault.lookup("one-time-code", office.vaino.id)
    async with office.store.write() as tx:
        tried = [{"subject": subject, "attempted_at": office.clock()} for _ in range(95)]
        await tx.execute(login_attempt.insert(), tried)
    office.clock.advance(timedelta(hours=20))
    statuses = []
    async with visitor(office, "Väinö") as vaino:
        for code in (wrong(office), code_now(office), "AAAA-BBBB-CCCC-DDDD"):
            answer = await vaino.sends("/console/code", "/console/code", code=code, to="")
            statuses.append(answer.status_code)
    office.clock.advance(timedelta(hours=4))
    async with visitor(office, "Väinö") as vaino:
        later = await vaino.sends("/console/code", "/console/code", code=code_now(office), to="")

    assert statuses == [401, 429, 303]
    assert later.status_code == 303


async def test_ten_codes_in_a_quarter_of_an_hour_are_enough(store: Store, vault: Vault) -> None:
    """So that a day's tries are not made in a minute, from many addresses at once."""
    now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    for _ in range(10):
        async with store.write() as tx:
            await login_attempts.count_one_time_code(tx, vault, account_id="1" * 32, now=now)
    async with store.write() as tx:
        with pytest.raises(login_attempts.TooMany) as refused:
            await login_attempts.count_one_time_code(tx, vault, account_id="1" * 32, now=now)
        await login_attempts.count_one_time_code(tx, vault, account_id="1" * 32, now=now + timedelta(minutes=15))

    assert refused.value.until == now + timedelta(minutes=15)


async def test_at_the_first_log_in_a_phone_is_set_up(office: Office) -> None:
    """The key stays the same until a right code shows that the phone has it; then there are ten codes for paper."""
    async with visitor(office, "Väinö") as vaino:
        to_set_up = await vaino.sees("/console/code")
        first = _key(await vaino.sees("/console/code/new"))
        refused = await vaino.sends("/console/code/new", "/console/code/new", code=wrong(office))
        again = _key(refused)
        done = await vaino.sends("/console/code/new", "/console/code/new", code=code_now(office, first))
        page = await vaino.sees("/console/")
    codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", done.text)
    async with visitor(office, "Väinö") as later:
        asked = await later.sees("/console/code")
        entered = await later.sends("/console/code", "/console/code", code=codes[3], to="")

    assert to_set_up.headers["location"] == "/console/code/new"
    assert first == again
    assert (refused.status_code, done.status_code, page.status_code) == (422, 200, 200)
    assert len(set(codes)) == 10
    assert (asked.status_code, entered.status_code) == (200, 303)


@pytest.mark.parametrize("has_phone", [False, True])
async def test_who_has_a_one_time_password_gets_in_by_code_then_password(office: Office, has_phone: bool) -> None:
    """A fresh account, or one helped after a forgotten password, is led through both steps and never in a circle."""
    if has_phone:
        await give_phone(office, office.vaino)
    async with office.store.write() as tx:
        await accounts.give_password(tx, office.vaino.id, PASSWORD_HASH)
    new = "hiljainen myrsky kaapissa"
    async with visitor(office, "Väinö") as vaino:
        to_code = await ends_at(vaino, "/console/")
        if has_phone:
            await vaino.sends("/console/code", "/console/code", code=code_now(office), to="")
        else:
            key = _key(await vaino.sees("/console/code/new"))
            await vaino.sends("/console/code/new", "/console/code/new", code=code_now(office, key))
        to_password = await ends_at(vaino, "/console/")
        await vaino.sends("/console/password", "/console/password", new=new, again=new)
        inside = await ends_at(vaino, "/console/")

    assert to_code == ("/console/code?to=/console/" if has_phone else "/console/code/new")
    assert (to_password, inside) == ("/console/password", "/console/")


async def ends_at(browser: Visitor, path: str) -> str:
    """Where a browser that follows the redirects from *path* stands in the end."""
    for _ in range(5):
        answer = await browser.sees(path)
        if answer.status_code != 303:
            return path
        path = answer.headers["location"]
    raise AssertionError(f"sent round and round, last to {path}")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_camera_reads_the_same_key_as_a_person(office: Office) -> None:
    """The picture is made here and stands in the page: no other server, and no cache, ever sees the key."""
    async with visitor(office, "Väinö") as vaino:
        page = await vaino.sees("/console/code/new")
    address = re.search(r'href="(otpauth:[^"]+)"', page.text)
    picture = re.search(r'<img [^>]*src="data:image/svg\+xml;charset=utf-8,([^"]+)"[^>]*alt="([^"]+)"', page.text)
    assert address
    assert picture
    strokes = re.search(r"stroke='#000' d='([^']+)'", unquote(html.unescape(picture[1])))
    expected = segno.make(html.unescape(address[1]), error="m", micro=False)

    assert strokes
    assert _modules(strokes[1]) == {
        (x, y) for y, row in enumerate(expected.matrix) for x, is_dark in enumerate(row) if is_dark
    }
    assert picture[2].startswith("QR-koodi")
    assert page.headers["cache-control"] == "no-store"
    assert "img-src 'self' data:" in page.headers["content-security-policy"]


def _modules(strokes: str) -> set[tuple[int, int]]:
    """The dark squares of a QR code drawn as rows of horizontal strokes."""
    x, y, dark = 0.0, 0.0, set()
    for command, numbers in re.findall(r"([Mmh])([-0-9. ]+)", strokes):
        values = [float(number) for number in numbers.split()]
        if command == "h":
            dark |= {(int(x) + step - 4, int(y) - 4) for step in range(int(values[0]))}
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return dark


async def test_what_is_kept_opens_nothing_by_itself(office: Office) -> None:
    """A stolen copy of the database holds no secret and no recovery code in the clear."""
    async with visitor(office, "Väinö") as vaino:
        secret = _key(await vaino.sees("/console/code/new"))
        done = await vaino.sends("/console/code/new", "/console/code/new", code=code_now(office, secret))
    codes = [code.replace("-", "") for code in re.findall(r"<code>([A-Z2-7-]{19})</code>", done.text)]
    async with office.store.read() as read:
        kept = (await read.execute(select(account_table.c.code_secret))).scalars().all()
        lookups = (await read.execute(select(recovery_code.c.lookup))).scalars().all()

    assert secret.encode() not in b"".join(filter(None, kept))
    assert not set(codes) & set(lookups)
    assert len(lookups) == 10


async def test_two_phones_can_not_be_set_up_by_the_password_alone(office: Office) -> None:
    """Whoever has a password and an old page of the first log-in must not replace the owner's phone."""
    async with visitor(office, "Väinö") as owner, visitor(office, "Väinö") as thief:
        owners, thiefs = [_key(await each.sees("/console/code/new")) for each in (owner, thief)]
        await owner.sends("/console/code/new", "/console/code/new", code=code_now(office, owners))
        answer = await thief.sends("/console/code/new", "/console/code/new", code=code_now(office, thiefs))
        page = await thief.sees("/console/")

    assert answer.headers["location"] == "/console/code"
    assert page.headers["location"].startswith("/console/code")


async def test_who_has_lost_phone_and_paper_is_helped_by_the_administrator(office: Office) -> None:
    """Everything of theirs ends at once, and the next log-in sets up another phone; it is written down."""
    await give_phone(office, office.vaino)
    await give_phone(office, office.yrjo)
    async with visitor(office, "Väinö") as vaino, visitor(office, "Yrjö") as yrjo:
        for each in (vaino, yrjo):
            await each.sends("/console/code", "/console/code", code=code_now(office), to="")
        path = f"/console/people/{office.vaino.id}/code"
        done = await yrjo.sends("/console/people", path)
        own = await yrjo.sends("/console/people", f"/console/people/{office.yrjo.id}/code")
        thrown_out = await vaino.sees("/console/")
        await vaino.logs_in("Väinö")
        new = await vaino.sees("/console/code")
    async with office.store.read() as read:
        acts = (await read.execute(select(audit.c.act).where(audit.c.account_id == office.yrjo.id))).scalars().all()

    assert (done.status_code, own.headers["location"]) == (303, "/console/password")
    assert thrown_out.headers["location"].startswith("/console/login")
    assert new.headers["location"] == "/console/code/new"
    assert "one-time codes reset" in acts


async def test_another_phone_takes_the_password_and_ends_the_first(office: Office) -> None:
    """An open screen isn't enough; and the old phone works until the new one does."""
    await give_phone(office, office.vaino)
    async with visitor(office, "Väinö") as vaino:
        await vaino.sends("/console/code", "/console/code", code=code_now(office), to="")
        refused = await vaino.sends("/console/password", "/console/code/renew", current="wrong")
        offered = await vaino.sends("/console/password", "/console/code/renew", current=PASSWORD)
        secret = _key(await vaino.sees("/console/code/new"))
        done = await vaino.sends("/console/code/new", "/console/code/new", code=code_now(office, secret))
    office.clock.advance(timedelta(seconds=60))
    async with visitor(office, "Väinö") as later:
        statuses = [
            (await later.sends("/console/code", "/console/code", code=code, to="")).status_code
            for code in (code_now(office), "AAAABBBBCCCCDDDD", code_now(office, secret))
        ]

    assert (refused.status_code, offered.status_code, done.status_code) == (422, 303, 200)
    assert statuses == [401, 401, 303]


async def test_a_new_password_keeps_the_log_in_confirmed(office: Office) -> None:
    """Who has just shown the code isn't asked for another at once."""
    await give_phone(office, office.vaino)
    async with visitor(office, "Väinö") as vaino:
        await vaino.sends("/console/code", "/console/code", code=code_now(office), to="")
        new = "hiljainen myrsky kaapissa"
        await vaino.sends("/console/password", "/console/password", current=PASSWORD, new=new, again=new)
        page = await vaino.sees("/console/")

    assert page.status_code == 200


async def test_who_only_has_the_password_ends_nobodys_log_in(office: Office) -> None:
    """Three at once per account: half log-ins must not push the owner's own out."""
    await give_phone(office, office.vaino)
    async with visitor(office, "Väinö") as vaino:
        await vaino.sends("/console/code", "/console/code", code=code_now(office), to="")
        for _ in range(4):
            async with visitor(office, "Väinö"):
                pass
        page = await vaino.sees("/console/")

    assert page.status_code == 200


async def test_each_step_is_in_the_audit_log(office: Office) -> None:
    """Who got how far must be seen afterwards; no code is in there."""
    await give_phone(office, office.vaino)
    async with visitor(office, "Väinö") as vaino:
        for code in (wrong(office), "AAAABBBBCCCCDDDD"):
            await vaino.sends("/console/code", "/console/code", code=code, to="")
    async with office.store.read() as read:
        lines = [(row.act, row.subject) for row in await read.execute(select(audit).order_by(audit.c.id))]

    assert [line[0] for line in lines] == ["password right", "one-time code wrong", "recovery code used", "log in"]
    assert {line[1] for line in lines} == {office.vaino.id}


@pytest.mark.parametrize("code", ["", " ", "ä" * 500, "\x00", "１２３４５６", "12 34 56 78", "'; --"])
async def test_whatever_is_typed_for_a_code_gets_an_answer(office: Office, code: str) -> None:
    """No fault and no way in, on both databases."""
    await give_phone(office, office.vaino)
    async with visitor(office, "Väinö") as vaino:
        answer = await vaino.sends("/console/code", "/console/code", code=code, to="")

    assert answer.status_code == 401


async def test_a_disabled_account_shows_no_codes(office: Office) -> None:
    """Between the two steps somebody may have left."""
    await give_phone(office, office.vaino)
    async with visitor(office, "Väinö") as vaino:
        form_token = token_in((await vaino.sees("/console/code")).text)
        async with office.store.write() as tx:
            await tx.execute(update(account_table).values(disabled_at=office.clock()))
        answer = await vaino.posts("/console/code", form_token=form_token, code=code_now(office), to="")

    assert answer.status_code == 401
    assert "Istuntosi on päättynyt" in answer.text


def _key(page: httpx.Response) -> str:
    """The key that the page shows, which is the one that its address holds."""
    shown = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)
    address = re.search(r'href="(otpauth:[^"]+)"', page.text)
    assert shown
    assert address
    key = shown[1].replace(" ", "")
    assert f"secret={key}&" in html.unescape(address[1])
    return key
