"""Who gets the summaries: added and changed in the console, confirmed and ended by whom the address belongs to."""

import re
from html import unescape

import pytest
from sqlalchemy import select, update

from bot.store import chat_links, outbox, schema, summary_readers
from bot.store.summary_readers import Reader
from tests.admin.console.office import OURS, Office
from tests.support.mail_server import MailServer
from tests.support.people import LONG_AGO, VAINO_CHAT

KAISA = "kaisa@kunta.example"
HOSTILE = '"><script>xqz</script>@x.example'
LIST = "/console/readers"
PRESS = {**OURS, "Content-Type": "application/x-www-form-urlencoded"}  # a form of nothing but its button


@pytest.fixture
def office(office_with_mail: Office) -> Office:
    """The console with a mail server, on both databases in turn."""
    return office_with_mail


async def readers(office: Office) -> list[Reader]:
    """Everybody on the list."""
    async with office.store.read() as read:
        return await summary_readers.everyone(read)


async def acts(office: Office) -> list[str]:
    """What the audit log tells, without its ids."""
    async with office.store.read() as read:
        return list((await read.execute(select(schema.audit.c.act).order_by(schema.audit.c.id))).scalars())


async def test_an_address_gets_summaries_once_its_owner_has_said_so_and_none_once_they_say_no(
    office: Office, server: MailServer
) -> None:
    """Whoever types in a stranger's address must not flood them; and one leaves the list without an account."""
    async with office.at_work(office.kaisa) as kaisa:
        refused = [
            (await kaisa.sends(LIST, LIST, email=email, language=language, **wants)).status_code
            for email, language, wants in (
                ("", "sv", {"week": "on"}),
                (HOSTILE, "sv", {"week": "on"}),
                (KAISA, "sv", {}),
                (KAISA, "de", {"week": "on"}),
            )
        ]
        added = await kaisa.sends(LIST, LIST, email=f" {KAISA} ", language="sv", week="on", month="on")
        twice = await kaisa.sends(LIST, LIST, email=KAISA.title(), language="fi", day="on")
        page = (await kaisa.sees(LIST)).text
    assert "valitse useampi vain sille, joka saa lukea kysymyksiäkin" in page  # a month less its weeks is few people's
    await office.sends_mail()
    (letter,) = server.received
    link = re.search(r"http://\S+/console/reading/\S+", letter.get_content())
    assert link is not None
    path = link[0].removeprefix(office.address)
    async with office.visitor() as owner:
        wrong = [
            (await owner.sees(path[:-32] + "0" * 32)).status_code,
            (await owner.sees(f"/console/reading/{'0' * 32}/{path[-32:]}")).status_code,
            (await owner.client.post(f"{path}/confirm", headers={"Sec-Fetch-Site": "cross-site"})).status_code,
            (await owner.client.post(f"{path}/confirm", data={"x": "y"}, headers=OURS)).status_code,
        ]
        question = (await owner.sees(path)).text
        before = await readers(office)
        confirmed = await owner.client.post(f"{path}/confirm", headers=PRESS, follow_redirects=True)
        after = await readers(office)
        ended = await owner.client.post(f"{path}/end", headers=PRESS)
        gone = await owner.sees(path)
    async with office.at_work(office.kaisa) as kaisa:
        once_more = await kaisa.sends(LIST, LIST, email=KAISA, language="sv", week="on")

    assert (refused, added.status_code, twice.status_code) == ([422, 422, 422, 400], 303, 409)
    assert KAISA in page
    assert "odottaa vahvistusta" in page
    assert letter["Subject"] == "Otappa koppi: vill du ha sammandragen?"
    assert "Kaisa lade till den här adressen" in letter.get_content()
    assert wrong == [404, 404, 403, 400]
    assert "Vill du ha sammandragen till din e-post?" in question
    assert "veckans sammandrag på måndagar kl. 8, månadens sammandrag" in question
    assert 'lang="sv"' in question
    assert [reader.since for reader in before] == [None]
    assert [reader.since is not None for reader in after] == [True]
    assert "Tack, din adress är bekräftad." in confirmed.text
    assert (ended.status_code, gone.status_code, await readers(office)) == (200, 404, [])
    assert all(
        words in gone.text for words in ("Yhteenvetoja ei enää tule", "Inga fler sammandrag", "No more summaries")
    )
    assert (once_more.status_code, "on kieltäytynyt" in once_more.text) == (409, True)
    assert [act for act in await acts(office) if act.startswith("summary")] == [
        "summary reader added",
        "summary reader confirmed",
        "summary reader left",
    ]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_console_shows_what_did_not_arrive_and_what_to_do_about_it(
    office: Office, server: MailServer
) -> None:
    """A coordinator who never hears takes silence for a quiet week; here somebody sees it, and can send it again."""
    house = office.house
    async with house.store.write() as tx:
        chat = await chat_links.link(tx, house.vault, purpose="coordinator", address=str(VAINO_CHAT), now=LONG_AGO)
        key = f"summary:week:2026-11-16:{chat}"
        await outbox.add_notice(tx, key=key, text="Viikko", chat_link_id=chat, now=office.clock())
        failed = {"state": "failed", "finished_at": office.clock(), "reason": "the asker has blocked the bot"}
        await tx.execute(update(schema.outbox).values(**failed))
    server.to_recipient += ["550 no such mailbox"]
    async with office.at_work(office.yrjo) as yrjo:
        await yrjo.sends(LIST, LIST, email=KAISA, language="fi", day="on", week="on", month="on")
        await office.sends_mail()
        shown = " ".join(unescape((await yrjo.sees(LIST)).text).split())
        troubles = " ".join((await yrjo.sees("/console/troubles")).text.split())
        mailbox = (await readers(office))[1].id
        again = [await yrjo.sends(LIST, f"{LIST}/{reader}/again") for reader in (chat, mailbox, mailbox)]
        await office.sends_mail()
        async with house.store.write() as tx:
            await summary_readers.confirm(tx, mailbox, office.clock())
            await summary_readers.bounced(tx, mailbox, office.clock())
        bounced = " ".join((await yrjo.sees(LIST)).text.split())
        changed = await yrjo.sends(LIST, f"{LIST}/{chat}", language="en", day="on")
        nothing = await yrjo.sends(LIST, f"{LIST}/{'0' * 32}", language="en", day="on")
        removed = await yrjo.sends(LIST, f"{LIST}/{mailbox}/end")
    async with house.store.read() as read:
        keys = (await read.execute(select(schema.outbox.c.key).order_by(schema.outbox.c.id))).scalars().all()

    assert "vastaanottaja on estänyt botin tai poistanut sen ryhmästä. Pyydä vastaanottajaa avaamaan" in shown
    assert "sähköpostipalvelin ei hyväksy vastaanottajan osoitetta. Tarkista osoite." in shown
    assert '<strong>Yhteenveto</strong> (<a href="/console/readers">saajat</a>), Telegram: vastaanottaja on' in troubles
    assert "Saisi päivän, viikon ja kuukauden yhteenvedon suomeksi." in shown
    assert ("posti palautui" in bounced, "kysymys perillä" in bounced) == (True, False)
    assert [each.status_code for each in again] == [303, 303, 404]  # the second is on its way by then
    assert keys[2].startswith(f"{key}:")
    assert len(server.received) == 1
    assert (changed.status_code, nothing.status_code, removed.status_code) == (303, 404, 303)
    assert [(reader.language, set(reader.wants)) for reader in await readers(office)] == [("en", {"day"})]
