"""The words and the link by which an asker passes the service on to a friend.

The link is the same for everybody: it brings whoever opens it to the service's own campaign, and tells nothing of who
passed it on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from bot import wording
from bot.channels import telegram
from bot.store.campaigns import SHARED, telegram_link, web_link
from bot.wording import escape_markdown
from knowledge.entry import Language


@dataclass(frozen=True)
class WaysIn:
    """Where a friend gets in: the service's *address*, and the bot's name in Telegram once that is known."""

    address: str
    telegram_name: Callable[[], str | None]


def ready(ways: WaysIn, channel: str, language: Language, service: str) -> str:
    """What an asker of *channel* gets to pass on, as Markdown; empty while there is no link to give.

    *service* is its name.
    """
    say = wording.say
    message = say(language, wording.SHARE_MESSAGE, name=service)
    if channel != telegram.NAME:
        return _told(language, message, web_link(ways.address, SHARED, language))
    name = ways.telegram_name()
    if name is None:
        return ""
    link = telegram_link(name, SHARED)
    chooser = f"[{say(language, wording.SHARE_CHOOSE)}]({telegram_chooser(link, message)})"
    return f"{_told(language, message, link)}\n\n{chooser}"


def telegram_chooser(link: str, message: str) -> str:
    """Telegram's own page that asks whom to send *message* with *link* to."""
    return f"https://t.me/share/url?{urlencode({'url': link, 'text': message}, quote_via=quote)}"


def whatsapp_chooser(link: str, message: str) -> str:
    """The same of WhatsApp."""
    return f"https://wa.me/?{urlencode({'text': f'{message} {link}'}, quote_via=quote)}"


def _told(language: Language, message: str, link: str) -> str:
    return f"{wording.say(language, wording.SHARE_READY)}\n\n{escape_markdown(message)} <{link}>"
