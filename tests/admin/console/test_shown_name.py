"""The name that askers see is the advisor's own choice: a first name until they have chosen, never the account's."""

from sqlalchemy import select

from bot.store import accounts, schema
from tests.admin.console.office import Office
from tests.support.people import LONG_AGO, PASSWORD_HASH

ASKS = "/console/me", "/console/me/name"


async def test_askers_hear_from_whoever_the_advisor_chose_to_be(office: Office) -> None:
    """In the line that tells who has come, in the preview, while they write; colleagues keep to the account's name."""
    ticket_id = await office.ticket()
    page = f"/console/tickets/{ticket_id}"
    async with office.at_work(office.vaino) as vaino:
        saved = await vaino.sends(*ASKS, shown="  Väiski \n <b>&  ")
        form = {"act": "preview", "mode": "reply", "key": "0" * 32, "draft": "0"}
        preview = await vaino.sends(page, f"{page}/say", **form, text="Hei!")
        await vaino.sends(page, f"{page}/claim")
        await vaino.sends("/console/password", f"{page}/typing", typing="on")
    async with office.at_work(office.saara) as saara:
        colleague = await saara.sees(page)
    async with office.store.read() as read:
        told = (
            (await read.execute(select(schema.message.c.text).where(schema.message.c.author == "bot"))).scalars().all()
        )

    assert (saved.status_code, saved.headers["location"]) == (303, "/console/me?done=name#name-title")
    assert [text for text in told if "Väiski" in text and "Väinö" not in text] == told[-1:]
    assert "Väiski &lt;b&gt;&amp;" in preview.text
    assert office.store.hub.presence.writer_to_asker(ticket_id, office.clock()) == "Väiski <b>&"
    assert "Väinö" in colleague.text
    assert "Väiski" not in colleague.text


async def test_a_name_nobody_can_read_is_not_taken_and_none_is_the_first_name_again(office: Office) -> None:
    """What was kept stays, and the page says what to do; who empties the field goes by their first name."""
    async with office.at_work(office.vaino) as vaino:
        refused = [(await vaino.sends(*ASKS, shown=name)).status_code for name in ("a" * 41, "Väi\u202enö", "👍" * 31)]
        await vaino.sends(*ASKS, shown="Väiski")
        await vaino.sends(*ASKS, shown=" ")
        page = await vaino.sees("/console/me")

    assert refused == [422, 422, 422]
    assert 'value="Väinö"' in page.text


async def test_an_account_begins_by_its_first_name(office: Office) -> None:
    """Whoever invites writes whole names: a surname is nothing that an asker is told without its bearer's choice."""
    async with office.store.write() as tx:
        new = await accounts.add(
            tx,
            name="Ville-Petteri von Essen",
            role="tyovoimaneuvoja",
            password_hash=PASSWORD_HASH,
            must_change_password=False,
            now=LONG_AGO,
        )
        kept = await accounts.get(tx.connection, new.id)

    assert new.shown_name == "Ville-Petteri"
    assert kept == new
