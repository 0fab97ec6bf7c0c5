"""The page for when the service is down: the numbers to call in three languages, whole in itself.

The operator's proxy serves it from a file, so it may ask for nothing: no script, no picture, its style within.
"""

import base64
import hashlib
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from bot import wording
from bot.channels.markup import as_web_html
from bot.channels.webchat.chat import HERE
from bot.channels.webchat.phones import with_calls
from bot.profile import ServiceProfile
from knowledge.entry import LANGUAGES

STYLE = (HERE / "away.css").read_text(encoding="utf-8").strip()
# What the page needs and nothing else: its own style, known by its hash.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def _template() -> Template:
    """The page without the owner's words, compiled once a process."""
    templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    return templates.get_template("away.html")


def page(profile: ServiceProfile) -> str:
    """The page as HTML, with the numbers of the owner's `service.yaml`."""
    parts = [
        {
            "language": language,
            "title": wording.say(language, wording.AWAY_TITLE),
            "words": wording.say(language, wording.AWAY),
            "numbers": with_calls(as_web_html(profile.crisis.texts[language]["numbers"])),
        }
        for language in LANGUAGES
    ]
    style = Markup(STYLE)  # noqa: S704 - a file of ours
    return _template().render(name=profile.name, style=style, parts=parts)
