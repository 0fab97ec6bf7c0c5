"""Sealing: the database alone names nobody."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.vault import KEY_FILE, Vault, WrongKey

VAULT = Vault("a key")


@given(st.text(alphabet=st.characters()))
def test_whatever_was_sealed_comes_back(text: str) -> None:
    """Also what can't be encoded as UTF-8: a lone surrogate comes in by JSON."""
    assert VAULT.unseal(VAULT.seal(text)) == text


def test_a_sealed_text_shows_nothing_of_itself_nor_that_it_was_sealed_before() -> None:
    """Equal bytes would tell who wrote the same twice."""
    assert b"123456" not in VAULT.seal("123456")
    assert VAULT.seal("123456") != VAULT.seal("123456")


def test_another_key_opens_nothing_and_says_so_without_the_bytes() -> None:
    """A changed key is told to the operator in words."""
    with pytest.raises(WrongKey, match="cannot be opened"):
        Vault("another key").unseal(VAULT.seal("hello"))


def test_altered_bytes_are_refused() -> None:
    """Who can write to the database must not redirect replies."""
    sealed = bytearray(VAULT.seal("123456"))
    sealed[-1] ^= 1
    with pytest.raises(WrongKey):
        VAULT.unseal(bytes(sealed))


def test_a_lookup_is_the_same_for_the_same_parts_and_key_alone() -> None:
    """It finds an address again, and nobody without the key can try all phone numbers against it."""
    found = VAULT.lookup("telegram", "1001")

    assert found == Vault("a key").lookup("telegram", "1001")
    assert found not in {
        VAULT.lookup("web", "1001"),
        VAULT.lookup("telegram1001"),
        Vault("b").lookup("telegram", "1001"),
    }
    assert len(found) == 32


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    """A second key would make the first one's addresses unreadable."""
    sealed = Vault.open(tmp_path, None).seal("hello")

    assert Vault.open(tmp_path, None).unseal(sealed) == "hello"
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_processes_that_start_at_once_use_one_key(tmp_path: Path) -> None:
    """The loser of the race must read the winner's key, not keep its own."""
    with ThreadPoolExecutor(8) as starts:
        vaults = list(starts.map(lambda _: Vault.open(tmp_path, None), range(8)))

    assert len({vault.lookup("x") for vault in vaults}) == 1
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]


def test_a_secret_from_the_environment_leaves_no_file(tmp_path: Path) -> None:
    """Who keeps the key elsewhere does not want it here, too."""
    Vault.open(tmp_path, "from the environment")

    assert list(tmp_path.iterdir()) == []
