"""Coming in by an invitation: a link that is good once, for a week, for choosing one's own password."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from admin import letters
from bot.channels.email import NAME as EMAIL
from bot.channels.email import EmailChannel, post
from bot.delivery import Delivery
from bot.store import accounts, invitations, schema
from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.console.office import OURS, PASSWORD, Office, Person, opened, token_in
from tests.admin.console.test_second_factor import code_now, ends_at, give_phone, visitor
from tests.support.mail_server import SENDER, mail_server

NEW = "hiljainen myrsky kaapissa"
AINA = {"name": "Aina Uusi", "role": "sosiaaliohjaaja"}


def link_in(page: httpx.Response) -> str:
    """The path of the link that the page shows."""
    found = re.search(r"https?://[^/<]+(/console/invited/[A-Za-z0-9_-]{43})", page.text)
    assert found, page.text
    return found[1]


async def invite(admin: Person, **fields: str) -> httpx.Response:
    """Send the form of the page of accounts."""
    return await admin.sends("/console/people", "/console/people", **{**AINA, **fields})


async def accept(guest: Person, link: str, new: str = NEW, again: str | None = None) -> httpx.Response:
    """Choose a password on the page of the link."""
    return await guest.client.post(link, data={"new": new, "again": new if again is None else again}, headers=OURS)


async def count(office: Office, table: object) -> int:
    async with office.store.read() as read:
        return (await read.execute(select(func.count()).select_from(table))).scalar_one()  # type: ignore[arg-type]


async def test_an_invited_person_chooses_a_password_and_is_in(office: Office) -> None:
    """Nobody else ever knows it; looking at the link uses nothing up, and it is good once."""
    async with office.at_work(office.yrjo) as yrjo, office.visitor() as aina, office.visitor() as other:
        link = link_in(await invite(yrjo))
        pending = (await yrjo.sees("/console/people")).text
        looked = [(await aina.sees(link)).status_code for _ in range(2)]
        differs = await accept(aina, link, again=NEW + "x")
        weak = await accept(aina, link, "aina uusi on aina", "aina uusi on aina")
        done = await accept(aina, link)
        inside = await aina.sees("/console/")
        late = [await other.sees(link), await accept(other, link)]
        login = await other.client.post("/console/login", data={"name": "Aina Uusi", "password": NEW, "to": ""})
        listed = (await yrjo.sees("/console/people")).text
    async with office.store.read() as read:
        rows = (await read.execute(select(schema.audit.c.act).order_by(schema.audit.c.id))).scalars().all()

    assert link.rpartition("/")[2] not in pending
    assert "Peru kutsu" in pending
    assert "Peru kutsu" not in listed
    assert looked == [200, 200]
    assert (differs.status_code, weak.status_code, done.status_code) == (422, 422, 303)
    assert "Aina Uusi" in inside.text
    assert [page.status_code for page in late] == [404, 404]
    assert "Linkki ei ole enää voimassa" in late[0].text
    assert login.status_code == 303
    assert rows == ["invited", "invitation accepted", "log in", "log in"]
    assert await count(office, schema.invitation) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_is_kept_of_a_link_opens_nothing(office: Office) -> None:
    """A stolen copy of the database holds no link that works."""
    async with office.at_work(office.yrjo) as yrjo:
        token = link_in(await invite(yrjo)).rpartition("/")[2]
    async with office.store.read() as read:
        rows = str([(await read.execute(select(table))).all() for table in schema.metadata.sorted_tables])

    assert token not in rows


async def test_a_link_used_twice_at_the_same_moment_makes_one_account(office: Office) -> None:
    """A double tap, or a thief who was as quick: one of them is in, the other hears that it is gone."""
    async with office.at_work(office.yrjo) as yrjo, office.visitor() as one, office.visitor() as two:
        link = link_in(await invite(yrjo))
        answers = await asyncio.gather(accept(one, link), accept(two, link, "toinen salasana tässä"))

    assert sorted(answer.status_code for answer in answers) == [303, 404]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_password_is_reset_also_where_the_name_had_been_invited(office: Office) -> None:
    """Meanwhile the account was made on the server: its owner must get in, and the link made before must not."""
    async with office.at_work(office.yrjo) as yrjo, office.visitor() as guest:
        first = link_in(await invite(yrjo, name="Aina"))
        async with office.store.write() as tx:
            aina = await accounts.add(
                tx, name="Aina", role="yllapitaja", password_hash="x", must_change_password=False, now=office.clock()
            )
        reset = await yrjo.sends("/console/people", f"/console/people/{aina.id}/reset")
        opened = [(await guest.sees(link)).status_code for link in (first, link_in(reset))]

    assert opened == [404, 200]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_link_ends_by_time_by_being_revoked_and_with_who_made_it(office: Office) -> None:
    """Seven days; or at once, when the administrator takes it back or is shut out."""
    async with office.store.write() as tx:
        second = await accounts.add(
            tx, name="Toinen", role="yllapitaja", password_hash="x", must_change_password=False, now=office.clock()
        )
    async with office.at_work(office.yrjo) as yrjo, office.at_work(second) as toinen, office.visitor() as guest:
        first = link_in(await invite(yrjo))
        twice = await invite(yrjo)
        invitation_id = re.search(r"/invitations/([0-9a-f]{32})/revoke", (await yrjo.sees("/console/people")).text)
        assert invitation_id
        path = f"/console/people/invitations/{invitation_id[1]}/revoke"
        revoked = await yrjo.sends("/console/people", path)
        gone = [(await guest.sees(first)).status_code, (await yrjo.sends("/console/people", path)).status_code]
        his = link_in(await invite(toinen, name="Liian myöhään"))
        open_before = (await guest.sees(his)).status_code
        await yrjo.sends("/console/people", f"/console/people/{second.id}/disable")
        after = (await guest.sees(his)).status_code
        third = link_in(await invite(yrjo, name="Hidas"))
        office.clock.advance(timedelta(days=6, hours=23))
        in_time = (await guest.sees(third)).status_code
        office.clock.advance(timedelta(hours=2))
        too_late = [(await guest.sees(third)).status_code, (await accept(guest, third)).status_code]
    async with office.at_work(office.yrjo) as yrjo:
        again = await invite(yrjo, name="Hidas")

    assert (twice.status_code, revoked.status_code) == (409, 303)
    assert gone == [404, 404]
    assert (open_before, after) == (200, 404)
    assert (in_time, too_late, again.status_code) == (200, [404, 404], 200)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_who_has_lost_a_password_gets_a_link_too(office: Office) -> None:
    """The old password is worth nothing at once, everything open is closed; the account stays what it was."""
    async with (
        office.at_work(office.vaino) as vaino,
        office.at_work(office.yrjo) as yrjo,
        office.visitor() as later,
    ):
        page = await yrjo.sends("/console/people", f"/console/people/{office.vaino.id}/reset")
        thrown_out = await vaino.sees("/console/")
        old = await later.client.post("/console/login", data={"name": "Väinö", "password": PASSWORD, "to": ""})
        second = link_in(await yrjo.sends("/console/people", f"/console/people/{office.vaino.id}/reset"))
        first = await later.sees(link_in(page))
        done = await accept(later, second)
        inside = await later.sees("/console/")
        taken = await invite(yrjo, name="Väinö")
        out = await yrjo.sends("/console/people", f"/console/people/{office.vaino.id}/sessions/end")
        ended = await later.sees("/console/")

    assert (thrown_out.status_code, old.status_code, first.status_code) == (303, 401, 404)
    assert (done.status_code, inside.status_code, taken.status_code) == (303, 200, 409)
    assert (out.status_code, ended.status_code) == (303, 303)
    assert await count(office, schema.account) == 5


# --- where others reach us, and by e-mail -------------------------------------------------------------------------


@pytest.fixture
async def public(store: Store, vault: Vault, tmp_path: Path, faq_cache: Path) -> AsyncIterator[Office]:
    """The console at a public https address, with a mail server."""
    async with (
        mail_server() as server,
        opened(
            store, vault, tmp_path, faq_cache, public_url="https://koppi.example",
            smtp_url=SecretStr(server.url), smtp_from=SENDER,
        ) as office,
    ):  # fmt: skip
        office.mail = server  # type: ignore[attr-defined]
        yield office


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_invitation_by_e_mail_leads_to_the_phone_and_into_the_console(public: Office) -> None:
    """The administrator never sees the link; the first page after the password sets the phone up."""
    office = public
    await give_phone(office, office.yrjo)
    async with visitor(office, "Yrjö") as yrjo, visitor(office) as aina:
        await yrjo.sends("/console/code", "/console/code", code=code_now(office), to="")
        bad = await yrjo.sends("/console/people", "/console/people", **AINA, email="aina@kunta\nBcc: x@y.example")
        sent = await yrjo.sends("/console/people", "/console/people", **AINA, email="aina@kunta.example")
        page = await yrjo.sees(sent.headers["location"])
        await _deliver(office)
        (mail,) = office.mail.received  # type: ignore[attr-defined]
        link = re.search(r"https://koppi\.example(/console/invited/\S+)", mail.get_content())
        assert link
        await aina.posts(link[1], new=NEW, again=NEW)
        stands_at = await ends_at(aina, "/console/")

    assert (bad.status_code, sent.status_code) == (422, 303)
    assert "Kutsu lähti sähköpostilla" in page.text
    assert "/console/invited/" not in page.text
    assert mail["To"] == "aina@kunta.example"
    assert "Aina Uusi" in mail.get_content()
    assert stands_at == "/console/code/new"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_revoked_invitation_is_not_sent_any_more(public: Office) -> None:
    """The mail server was away; meanwhile the administrator has thought better of it."""
    office = public
    await give_phone(office, office.yrjo)
    async with visitor(office, "Yrjö") as yrjo:
        await yrjo.sends("/console/code", "/console/code", code=code_now(office), to="")
        await yrjo.sends("/console/people", "/console/people", **AINA, email="aina@kunta.example")
        found = re.search(r"/console/people/invitations/\w+/revoke", (await yrjo.sees("/console/people")).text)
        assert found
        await yrjo.sends("/console/people", found[0])
    await _deliver(office)

    assert office.mail.received == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_link_that_opens_nothing_any_more_is_not_sent(public: Office) -> None:
    """The mail server was away for a week, or whoever invited was shut out: a dead link would puzzle its reader."""
    office = public
    async with office.store.write() as tx:
        second = await accounts.add(
            tx, name="Toinen", role="yllapitaja", password_hash="x", must_change_password=False, now=office.clock()
        )
        for admin, name in ((second, "Shut Out"), (office.yrjo, "Too Late")):
            invited, token = await invitations.invite(
                tx, name=name, role="koordinaattori", invited_by=admin.id, now=office.clock()
            )
            letter = letters.invitation(office.house, invited, token, by=admin.name, now=office.clock())
            address = office.house.vault.seal("x@y.example")
            await post(
                tx,
                office.house.vault,
                letter,
                key=name,
                recipient=invited.id,
                sealed_address=address,
                now=office.clock(),
            )
    await give_phone(office, office.yrjo)
    async with visitor(office, "Yrjö") as yrjo:
        await yrjo.sends("/console/code", "/console/code", code=code_now(office), to="")
        await yrjo.sends("/console/people", f"/console/people/{second.id}/disable")
    async with office.store.read() as read:
        queued = (await read.execute(select(schema.outbox.c.state))).scalars().all()
    office.clock.advance(timedelta(days=7))
    for _ in range(2):
        await _deliver(office)
    async with office.store.read() as read:
        kept = (await read.execute(select(schema.outbox.c.state, schema.outbox.c.reason))).all()

    assert queued == ["queued"]
    assert office.mail.received == []  # type: ignore[attr-defined]
    assert [tuple(row) for row in kept] == [("failed", "the link in it opens nothing any more")]


async def _deliver(office: Office) -> None:
    house = office.house
    assert house.settings.mail_server is not None
    channels = {EMAIL: EmailChannel(house.settings.mail_server, house.vault, house.clock)}
    delivery = Delivery(house.store, house.vault, channels, house.clock, file_of=None, in_flight=1, per_second=9)  # type: ignore[arg-type]
    await delivery._start_sends()
    for task in list(delivery._sending):
        await task


# --- hostile ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_whatever_is_written_for_a_name_or_a_token_stays_text(office: Office) -> None:
    """A name is shown to every colleague and to askers; a token is guessed by strangers."""
    hostile = "<img src=x onerror=alert(1)>"
    async with office.at_work(office.yrjo) as yrjo, office.visitor() as guest:
        page = await invite(yrjo, name=hostile)
        link = link_in(page)
        pages = [page.text, (await yrjo.sees("/console/people")).text, (await guest.sees(link)).text]
        refused = [
            (await invite(yrjo, name=name)).status_code
            for name in ("", " ", "a" * 61, "\u202eoniäV", "\x1b[31mpunainen", "x")
        ]
        no_role = (await invite(yrjo, name="Y", role="keisari")).status_code
        odd = [
            (await guest.sees(f"/console/invited/{token}")).status_code
            for token in ("x", "%00" * 43, "ä" * 43, "a" * 43, "a" * 5000)
        ]
        cross = await guest.client.post(link, data={"new": NEW, "again": NEW}, headers={"Sec-Fetch-Site": "cross-site"})

    assert all(hostile not in text and html.escape(hostile) in text for text in pages)
    assert refused == [422, 422, 422, 422, 422, 200]
    assert (no_role, odd, cross.status_code) == (422, [404] * 5, 403)
    assert token_in(pages[2]) == ""
