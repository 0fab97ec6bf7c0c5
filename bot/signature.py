"""Who speaks, in words: what stands above an advisor's reply where a chat shows all as the bot's."""

from bot import wording
from knowledge.entry import Language

LONGEST_NAME = 60  # in UTF-16 units: with it, the longest reply is still one message of Telegram's


def signature(language: Language, role: str, name: str) -> str:
    """Role and name of an advisor as plain text of one line, such as "Työvoimaneuvoja Väinö"."""
    return wording.say(language, wording.ADVISOR.get(role, wording.WEB_ADVISOR), name=shortened(name))


def shortened(name: str) -> str:
    """As much of *name* as a signature holds."""
    return name.encode("utf-16-le")[: 2 * LONGEST_NAME].decode("utf-16-le", "ignore")
