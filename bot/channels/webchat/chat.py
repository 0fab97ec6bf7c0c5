"""What the web chat's pages need of the service, and their templates, filled in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot import wording
from bot.channels.markup import as_web_html
from bot.channels.webchat.phones import with_calls
from bot.hours import OpeningHours
from bot.profile import ServiceProfile
from bot.store.engine import Store
from bot.vault import Vault
from knowledge.entry import Language

HERE = Path(__file__).parent


@dataclass(frozen=True)
class WebChat:
    """The rooms behind the pages.

    *telegram_name* gives the bot's name there, or None while there is none to tell; *language_of* the language of a
    text, or None where nothing in it tells. *widget_origins*: the sites that may show the chat in a frame.
    """

    store: Store
    vault: Vault
    profile: ServiceProfile
    hours: OpeningHours
    clock: Callable[[], datetime]
    is_secure: bool
    is_behind_proxy: bool
    telegram_name: Callable[[], str | None]
    language_of: Callable[[str], Language | None]
    widget_origins: tuple[str, ...] = ()


@cache
def _templates() -> Environment:
    """Autoescaped for every template whatever its name; an undefined value is an error, not a blank."""
    return Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)


class Face:
    """The templates of every page, with what all of them may say."""

    def __init__(self, chat: WebChat) -> None:
        self._chat = chat
        self._as_html = cache(lambda text: with_calls(as_web_html(text)))  # of the few texts that every page shows

    def render(self, template: str, language: Language, **values: object) -> str:
        """*template* as HTML in *language*."""

        def say(sentence: str, /, **filled: str) -> str:
            return wording.say(language, getattr(wording, sentence), **filled)

        return (
            _templates()
            .get_template(template)
            .render(
                say=say,
                language=language,
                profile=self._chat.profile,
                examples=self._chat.profile.examples.get(language, []),
                greeting=self._as_html(wording.say(language, wording.GREETING)),
                numbers=self._as_html(self._chat.profile.crisis.texts[language]["numbers"]),
                hours_line=self._chat.hours.today_in_words(self._chat.clock(), language),
                **values,
            )
        )
