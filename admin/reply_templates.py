"""The reply templates that a new service begins with."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from admin.house import House
from bot.store import reply_templates
from bot.store.reply_templates import Texts
from knowledge.entry import LANGUAGES

SHIPPED = Path(__file__).parent / "reply_templates.yaml"


def shipped() -> Sequence[tuple[str, Texts]]:
    """Their names and texts."""
    written = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    return [(one["name"], {language: one[language] for language in LANGUAGES}) for one in written]


async def ship(house: House) -> None:
    """Put them in where there have never been any."""
    async with house.store.write() as tx:
        await reply_templates.ship(tx, shipped(), house.clock())
