"""The office as a fixture."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.engine import Store
from bot.vault import Vault
from tests.admin.console.office import Office, opened


@pytest.fixture(scope="session")
def faq_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what is fitted from the small FAQ is kept for all tests."""
    return tmp_path_factory.mktemp("faq-cache")


@pytest.fixture
async def office(store: Store, vault: Vault, tmp_path: Path, faq_cache: Path) -> AsyncIterator[Office]:
    """The console at work, on both databases in turn."""
    async with opened(store, vault, tmp_path, faq_cache) as office:
        yield office
