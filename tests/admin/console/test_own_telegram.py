"""One's own Telegram, linked to one's account: how the advisors' group knows who presses and who replies."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot.store import chat_links, telegram_accounts
from bot.store.engine import Store
from bot.store.schema import audit
from bot.vault import Vault
from tests.admin.console.office import Office, opened
from tests.support.fake_telegram import TOKEN

CODE = re.compile(r"<code>/liita (\S+)</code>")


@pytest.fixture
async def office_with_telegram(store: Store, vault: Vault, tmp_path: Path, faq_cache: Path) -> AsyncIterator[Office]:
    """An office whose service has a bot; nothing is asked of Telegram."""
    bot = {"telegram_token": SecretStr(TOKEN), "telegram_api": "http://127.0.0.1:9"}
    async with opened(store, vault, tmp_path, faq_cache, **bot) as office:
        yield office


async def test_a_code_is_shown_once_and_links_the_one_who_made_it(office_with_telegram: Office) -> None:
    """Whoever holds it answers in that name: it stands on no page again, and the page tells that it is linked."""
    office = office_with_telegram
    async with office.at_work(office.vaino) as vaino:
        page = await vaino.sends("/console/me", "/console/me/telegram")
        again = (await vaino.sees("/console/me")).text
        (code,) = CODE.findall(page.text)
        async with office.store.write() as tx:
            made_for = await chat_links.use_code(tx, office.house.vault, code=code, address="7", now=office.clock())
            await telegram_accounts.link(
                tx, office.house.vault, account_id=office.vaino.id, telegram_id="7", now=office.clock()
            )
        linked = (await vaino.sees("/console/me")).text

    assert (page.status_code, CODE.findall(again)) == (200, [])
    assert made_for == chat_links.Code(None, office.vaino.id)
    assert "/console/me/telegram/unlink" not in again
    assert "/console/me/telegram/unlink" in linked


async def test_the_link_is_undone_in_the_console(office_with_telegram: Office) -> None:
    """A lost telephone must not answer young people."""
    office = office_with_telegram
    async with office.store.write() as tx:
        await telegram_accounts.link(
            tx, office.house.vault, account_id=office.vaino.id, telegram_id="7", now=office.clock()
        )
    async with office.at_work(office.vaino) as vaino:
        done = await vaino.sends("/console/me", "/console/me/telegram/unlink")
        page = (await vaino.sees(done.headers["location"])).text
    async with office.store.read() as read:
        found = await telegram_accounts.find(read, office.house.vault, "7")
        acts = (await read.execute(select(audit.c.act))).scalars().all()

    assert (done.status_code, found) == (303, None)
    assert "ei ole enää yhdistetty" in page
    assert "own telegram unlinked" in acts


async def test_who_answers_nobody_is_offered_no_link(office_with_telegram: Office) -> None:
    """A coordinator never sees a thread, in Telegram either."""
    office = office_with_telegram
    async with office.at_work(office.kaisa) as kaisa:
        page = (await kaisa.sees("/console/me")).text

    assert "/console/me/telegram" not in page
    assert "Oma Telegram" not in page
