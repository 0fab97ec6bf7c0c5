"""The page for when the service is down: it must need nothing but itself."""

import base64
import hashlib
import re
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from admin import house as houses
from admin.cli import main
from admin.web import build_app
from bot.channels.webchat import away
from bot.profile import read_profile
from bot.settings import Settings
from knowledge.entry import LANGUAGES


def test_the_command_prints_every_number_of_the_owners_file_as_a_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One tap from a page that stands when nothing else does."""
    monkeypatch.setenv("KOPPI_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(main, ["away"])
    profile = read_profile(tmp_path)

    assert done.exit_code == 0
    for language in LANGUAGES:
        section = re.search(rf'<section lang="{language}">(.*?)</section>', done.output, re.DOTALL)
        assert section is not None
        digits = set(re.findall(r'href="tel:(\d+)"', section[1]))
        told = re.sub(r"(?<=\d) (?=\d)", "", profile.crisis.texts[language]["numbers"])
        assert digits >= {"112", "0447036235"}
        assert digits == set(re.findall(r"\d{3,}", told))


def test_the_page_asks_for_nothing_and_its_policy_lets_its_style_through(tmp_path: Path) -> None:
    """A link to a style or a script of the service that is down would leave it bare."""
    page = away.page(read_profile(tmp_path))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)

    assert style is not None
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in away.POLICY
    assert not re.search(r"<script|<link|<img|src=|url\(|@import", page)


async def test_while_the_database_is_away_the_service_shows_that_page(tmp_path: Path) -> None:
    """Half down is down, for somebody in need."""
    house = houses.build(Settings(_env_file=None, data_dir=tmp_path, database_url="postgresql://u:p@127.0.0.1:1/none"))
    transport = httpx.ASGITransport(build_app(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
        response = await browser.get("/palaa")
    await house.store.close()

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.headers["content-security-policy"] == away.POLICY
    assert 'href="tel:112"' in response.text
