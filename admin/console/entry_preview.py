"""An answer as an asker gets it, made by what makes the real one: the words, the buttons, both channels' looks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup
from pydantic import ValidationError

from admin.console.entry_form import PLACES, RELATED, SOURCES
from admin.console.visit import Visit
from bot.channels.markup import TELEGRAM_LIMIT, as_telegram_html, split, units
from bot.channels.webchat import transcript
from bot.channels.webchat.transcript import Said
from bot.conversation import decide
from bot.dialogue import Conversation, Press, Signals
from knowledge.entry import AdvisorRole, Entry, Language, Source, Translation


@dataclass(frozen=True)
class Preview:
    """What an asker sees: the messages in Telegram, the one on the web, and the buttons under both."""

    telegram: list[Markup]
    web: Markup
    buttons: list[str]
    units: int

    @property
    def is_too_long(self) -> bool:
        """Whether Telegram would not take it in one message."""
        return self.units > TELEGRAM_LIMIT


def preview(visit: Visit, entry: Entry, language: Language) -> Preview:
    """What an asker of *language* gets of *entry*, which need be in no library."""
    house = visit.house
    library = house.bookshelf.current.library
    signals = Signals(
        promise=house.hours.promise_at(visit.now), entries={**library.by_id, entry.id: entry}, places=library.places
    )
    asker = Conversation("", "", language, "telegram")
    reply = decide(asker, Press("open", entry.id, 0), signals, visit.now).replies[0]
    said = Said(0, "bot", "", reply.text, (), visit.now)
    today = visit.today
    detect = house.bookshelf.current.language_of
    (line,) = transcript.lines([said], house.hours.zone, language, detect, today, is_whole_page=True)
    return Preview(
        telegram=[_leading_away(as_telegram_html(piece)) for piece in split(reply.text)],
        web=line.words,
        buttons=[button.label for button in reply.buttons],
        units=units(as_telegram_html(reply.text)),
    )


def unfinished(entry_id: str, finnish: Mapping[str, str]) -> Entry:
    """The entry that a form means so far: what can't be read yet is left out, so that the rest can be seen."""
    advisor: AdvisorRole = "sosiaaliohjaaja" if finnish["advisor"] == "sosiaaliohjaaja" else "tyovoimaneuvoja"
    return Entry.model_construct(
        id=entry_id,
        category=finnish["category"],
        title=finnish["title"] or "…",
        advisor=advisor,
        sources=tuple(_sources(finnish)),
        review_by=date.max,
        related=tuple(filter(None, (finnish[f"related_{number}"] for number in range(1, RELATED + 1)))),
        places=tuple(filter(None, (finnish[f"place_{number}"] for number in range(1, PLACES + 1)))),
        season=(),
        figures=(),
        answer=finnish["answer"] or "…",
        phrasings={},
        translations={},
    )


def translated(entry: Entry, language: Language, fields: Mapping[str, str]) -> Entry:
    """The entry with the translation that a form means so far; without one while the form is empty."""
    if not (fields["title"] or fields["answer"]):
        return entry
    translation = Translation.model_construct(
        title=fields["title"] or "…", answer=fields["answer"] or "…", translates=entry.fingerprint, figures=()
    )
    return entry.model_copy(update={"translations": {language: translation}})


def _sources(finnish: Mapping[str, str]) -> Iterator[Source]:
    for number in range(1, SOURCES + 1):
        title, url, checked = (finnish[f"source_{number}_{name}"] for name in ("title", "url", "checked"))
        try:
            yield Source(title=title, url=url, checked=date.fromisoformat(checked))
        except (ValidationError, ValueError):
            continue


def _leading_away(html: str) -> Markup:
    """Telegram's HTML for our page: its links open beside it, so that nothing being written is left."""
    leading = html.replace("<a href=", '<a target="_blank" rel="noopener noreferrer nofollow" href=')
    return Markup(leading)  # noqa: S704 - all but its own tags is escaped
