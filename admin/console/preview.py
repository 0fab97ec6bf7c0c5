"""A reply before it goes, as its asker will see it: made by the code that shows it to them."""

from dataclasses import dataclass

from markupsafe import Markup

from admin.console.visit import Visit
from bot import advising, wording
from bot.channels import telegram
from bot.channels.incoming import clean
from bot.channels.markup import as_plain_text, as_signed_html, as_telegram_html
from bot.channels.webchat import transcript
from bot.channels.webchat.transcript import Said
from bot.signature import signature
from bot.store.tickets import TicketRow


@dataclass(frozen=True)
class Bubble:
    """One message as the asker sees it; *who* says it, empty where the channel tells nobody apart."""

    who: str
    words: Markup


@dataclass(frozen=True)
class Preview:
    """What goes out: the reply, and before it what the bot says of who has come.

    *has_marks*: there are marks in it that the asker sees as they are.
    """

    bubbles: list[Bubble]
    has_marks: bool


def preview(visit: Visit, ticket: TicketRow, text: str) -> Preview:
    """What this account's reply *text* looks like to the asker."""
    said = [Said(None, "advisor", visit.account.shown_name, clean(text), (), visit.now)]
    if ticket.account_id is None:
        said.insert(0, Said(None, "bot", "", advising.joining(ticket, visit.account), (), visit.now))
    show = _in_telegram if ticket.channel == telegram.NAME else _on_the_web
    return Preview(show(visit, ticket, said), has_marks=as_plain_text(clean(text)) != clean(text))


def _in_telegram(visit: Visit, ticket: TicketRow, said: list[Said]) -> list[Bubble]:
    """All come from the bot: who else speaks stands above the words."""
    name = signature(ticket.language, visit.account.role, visit.account.shown_name)
    shown = [as_telegram_html(line.text) if line.author == "bot" else as_signed_html(name, line.text) for line in said]
    return [Bubble("", Markup(html)) for html in shown]  # noqa: S704 - escaped there


def _on_the_web(visit: Visit, ticket: TicketRow, said: list[Said]) -> list[Bubble]:
    zone = visit.house.hours.zone
    lines = transcript.lines(
        said,
        zone,
        ticket.language,
        visit.house.bookshelf.current.language_of,
        visit.now.astimezone(zone).date(),
        is_whole_page=False,
    )
    return [Bubble(_speaker(ticket, line.author, line.name), line.words) for line in lines]


def _speaker(ticket: TicketRow, author: str, name: str) -> str:
    sentence = wording.WEB_BOT if author == "bot" else wording.WEB_ADVISOR
    return wording.say(ticket.language, sentence, **({} if author == "bot" else {"name": name}))
