"""The office as a fixture."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.console.office import Office, opened
from tests.support import run_folder
from tests.support.mail_server import SENDER, MailServer, mail_server


@pytest.fixture
def faq_cache(knowledge_cache: Path, tmp_path: Path) -> Path:
    """What is fitted from the small FAQ, in a folder of the test's own: it keeps only the newest few."""
    return run_folder.link_copy(knowledge_cache, tmp_path / "cache")


@pytest.fixture
async def office(store: Store, vault: Vault, tmp_path: Path, faq_cache: Path) -> AsyncIterator[Office]:
    """The console at work, on both databases in turn."""
    async with opened(store, vault, tmp_path, faq_cache) as office:
        yield office


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    """A mail server that takes everything."""
    async with mail_server() as server:
        yield server


@pytest.fixture
async def office_with_mail(
    store: Store, vault: Vault, tmp_path: Path, faq_cache: Path, server: MailServer
) -> AsyncIterator[Office]:
    """The console with a mail server, on both databases in turn."""
    mail = {"smtp_url": SecretStr(server.url), "smtp_from": SENDER}
    async with opened(store, vault, tmp_path, faq_cache, **mail) as office:
        yield office
