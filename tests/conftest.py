"""What every test can ask for: both databases, a Telegram of our own, the bot in this process or as `koppi serve`."""

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import certifi
import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from bot.store import accounts, migrate
from bot.store.engine import Store
from bot.vault import Vault
from knowledge import library
from knowledge.base import KnowledgeBase
from tests.support import koppi as koppi_support
from tests.support import people, postgres, processes, run_folder, stores
from tests.support.clock import Clock
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.knowledge import SteadyKnowledge, small_knowledge_base
from tests.support.koppi import Koppi
from tests.support.processes import Launch, ServiceProcess

TOGETHER = ("tests/browser/", "tests/knowledge/test_evaluation.py")

StartService = Callable[..., AbstractAsyncContextManager[ServiceProcess]]


def pytest_configure() -> None:
    """Before the first temporary folder is made; and no example fails for being slow on a busy machine."""
    run_folder.prefer_memory()
    hypothesis.settings.register_profile("koppi", deadline=None)
    hypothesis.settings.load_profile("koppi")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, the rest in any order: one that began last would keep a single core busy at the end."""
    items.sort(key=lambda item: "system" not in item.path.parts)


class _DearThingsOnce(LoadScopeScheduling):
    """What shares a browser, or the verdicts on a thousand questions, runs in one process; all else where there is
    room. (xdist's own groups do nothing under this pytest: it keeps a test's id elsewhere.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((together for together in TOGETHER if nodeid.startswith(together)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _DearThingsOnce:
    """How tests are shared out among the processes."""
    return _DearThingsOnce(config, log)


def pytest_collection_finish() -> None:
    """What was imported stays to the end: no garbage collection has to look through it again."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """Two a core: many tests wait for a browser, a database or a process, and five minutes are less than six."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_developers_own() -> None:
    """KOPPI_… of the shell must not reach a test, a real bot's token least of all."""
    for name in [name for name in os.environ if name.startswith("KOPPI_") and name != "KOPPI_BROWSER"]:
        del os.environ[name]


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """Hashed with as little memory as that of the tests' people: a real hash takes longer than a whole test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", people.quick_hasher())
        yield


@pytest.fixture(autouse=True, scope="session")
def _few_authorities(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One certificate to trust instead of a hundred: each HTTP client reads them all, and hardly one speaks TLS."""
    first, end, _ = Path(certifi.where()).read_text(encoding="utf-8").partition("-----END CERTIFICATE-----\n")
    one = tmp_path_factory.mktemp("authorities") / "one.pem"
    one.write_text(first + end, encoding="utf-8")
    os.environ["SSL_CERT_FILE"] = str(one)


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[postgres.Cluster]:
    """One PostgreSQL server for all tests."""
    with postgres.cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file to copy."""
    path = tmp_path_factory.mktemp("template") / "koppi.sqlite3"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


async def _migrate(url: str) -> None:
    store = Store.at(url)
    await migrate.upgrade(store)
    await store.close()


@pytest.fixture(scope="session")
def sqlite_address(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a link to the test's own file stands: with one address for all, no test compiles its statements anew."""
    return tmp_path_factory.mktemp("address") / "koppi.sqlite3"


@pytest.fixture(scope="session")
def postgresql_database(postgresql_cluster: postgres.Cluster) -> Iterator[postgres.Database]:
    """A migrated database, to be emptied after each test."""
    with postgresql_cluster.database(name="koppi") as name:
        asyncio.run(_migrate(postgresql_cluster.url(name)))
        with postgresql_cluster.connection(name) as connection:
            yield postgres.Database(postgresql_cluster.url(name), connection)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database: each test that asks for it runs on both kinds."""
    if request.param == "postgresql":
        database: postgres.Database = request.getfixturevalue("postgresql_database")
        yield database.url
        database.empty()
    else:
        address: Path = request.getfixturevalue("sqlite_address")
        address.unlink(missing_ok=True)
        address.symlink_to(shutil.copyfile(request.getfixturevalue("migrated_sqlite"), tmp_path / "koppi.sqlite3"))
        yield f"sqlite+aiosqlite:///{address}"


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """A migrated store; at the end no connection may be left out of its pool."""
    async with stores.opened(database) as store:
        yield store


@pytest.fixture
def vault() -> Vault:
    """A vault with the key of the tests."""
    return people.VAULT


@pytest.fixture
def clock() -> Clock:
    """A clock to set."""
    return Clock()


@pytest.fixture(scope="session")
def knowledge_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six entries, fitted once a run: a cache folder to read, or to copy where a test fits more."""
    folder = run_folder.shared_by_workers(tmp_path_factory) / "small-faq"
    with run_folder.one_at_a_time(folder):
        small_knowledge_base(folder)
    return folder


@pytest.fixture(scope="session")
def knowledge_base(knowledge_cache: Path) -> SteadyKnowledge:
    """Six entries, with verdicts that a test can foretell."""
    return small_knowledge_base(knowledge_cache)


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    """A Telegram of our own; a request it had to refuse as malformed fails the test."""
    async with FakeTelegram() as telegram:
        yield telegram

    assert telegram.violations == []


@pytest.fixture
async def koppi(
    store: Store, vault: Vault, knowledge_base: SteadyKnowledge, telegram: FakeTelegram, tmp_path: Path
) -> AsyncIterator[Koppi]:
    """The bot at work in this process, on both databases in turn."""
    async with koppi_support.running(store, vault, knowledge_base, telegram, tmp_path) as koppi:
        yield koppi


@pytest.fixture(scope="session")
def fitted_faq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole FAQ, fitted once a run: a cache folder to read, or to copy into a data folder."""
    folder = run_folder.shared_by_workers(tmp_path_factory) / "whole-faq"
    with run_folder.one_at_a_time(folder):
        KnowledgeBase.build(library.load(), folder)
    return folder


@pytest.fixture(scope="session")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """Launches our programs without their second of imports."""
    with processes.fork_server(run_folder.shared_by_workers(tmp_path_factory)) as fork:
        yield fork


@pytest.fixture
def start_service(fitted_faq: Path, fork: Launch, tmp_path: Path) -> StartService:
    """Starts `koppi serve` for as long as the context it returns lasts; *launch* it to start it as an operator does."""

    def start(
        telegram: FakeTelegram | None = None, data_dir: Path | None = None, launch: Launch = fork, **settings: str
    ) -> AbstractAsyncContextManager[ServiceProcess]:
        if telegram is not None:
            settings = {"telegram_token": TOKEN, "telegram_api": telegram.url, **settings}
        data_dir = data_dir or tmp_path / "data"
        run_folder.link_copy(fitted_faq, data_dir / "cache")
        return processes.service(data_dir, launch, **settings)

    return start
