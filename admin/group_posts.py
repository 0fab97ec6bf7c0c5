"""What stands in the advisors' groups, as Markdown: by default not a word of the asker's."""

from collections.abc import Sequence
from datetime import datetime
from textwrap import shorten

from admin.house import House
from bot import staff_wording
from bot.hours import moment_in_words
from bot.store import outbox
from bot.store.tickets import ENDED_BY_ASKER, TicketRow
from bot.wording import escape_markdown
from knowledge import privacy

FOR_WHOM = {"sosiaaliohjaaja": "Sosiaaliohjaajalle", "tyovoimaneuvoja": "Työvoimaneuvojalle"}
QUOTED = 1000  # characters of a question, where the owner wants it shown: the console has the rest
TOPIC_NAME = 128  # characters, Telegram's limit


def post(house: House, ticket: TicketRow, now: datetime) -> str:
    """Whose question, how it stands, about what, for whom and until when; and where to answer."""
    mark = "Kiireellinen. " if ticket.urgent and ticket.closed_at is None else ""
    about = _title(house, ticket) or "botti ei tunnistanut aihetta"
    lines = [f"**{mark}{_standing(ticket)}: {escape_markdown(ticket.alias)}**", f"Aihe: {escape_markdown(about)}"]
    if ticket.closed_at is None and ticket.replied_at is None:
        promised = moment_in_words(
            ticket.promised_at.astimezone(house.hours.zone), now.astimezone(house.hours.zone).date(), "fi"
        )
        lines.append(f"{FOR_WHOM[ticket.role]}, vastaus luvattu {escape_markdown(promised)}")
    elif ticket.closed_at is None:
        lines.append(FOR_WHOM[ticket.role])
    if house.profile.texts_in_group:
        lines.append(_quote(ticket.question))
    return "\n".join([*lines, _link(house, ticket)])


def topic(house: House, ticket: TicketRow) -> str:
    """The name of a question's own topic, in plain text."""
    title = _title(house, ticket)
    return f"{ticket.alias}: {title}"[:TOPIC_NAME] if title else ticket.alias


def superseded(ticket: TicketRow) -> str:
    """What is left of a post when the ticket has a newer one."""
    return f"**{staff_wording.POST_SUPERSEDED}: {escape_markdown(ticket.alias)}**"


def more(house: House, ticket: TicketRow, texts: Sequence[str]) -> str:
    """That the asker has written more: *texts*, which are shown only where the owner wants it."""
    head = staff_wording.ASKER_WROTE.format(alias=escape_markdown(ticket.alias))
    quoted = [_quote("\n".join(texts))] if house.profile.texts_in_group else []
    return "\n".join([f"**{head}**", *quoted, _link(house, ticket)])


def arrival(ticket: TicketRow, state: str, reason: str) -> str:
    """Whether an advisor's reply has arrived, by the *state* and the *reason* of its delivery."""
    if state == "sent":
        sentence = staff_wording.REPLY_ARRIVED
    elif outbox.may_have_arrived(reason):
        sentence = staff_wording.REPLY_UNSURE
    else:
        sentence = staff_wording.REPLY_FAILED if ticket.is_reachable else staff_wording.REPLY_BLOCKED
    return sentence.format(alias=escape_markdown(ticket.alias))


def _standing(ticket: TicketRow) -> str:
    name = escape_markdown(ticket.account_name or "")
    if ticket.outcome == ENDED_BY_ASKER and ticket.closed_at is not None:
        return staff_wording.POST_ENDED
    if ticket.closed_at is not None:
        return staff_wording.POST_CLOSED_BY.format(name=name) if name else staff_wording.POST_CLOSED
    if name:
        return (staff_wording.POST_REPLIED if ticket.replied_at else staff_wording.POST_TAKEN).format(name=name)
    if ticket.replied_at:
        return staff_wording.POST_FREE
    return staff_wording.POST_GOES_ON if ticket.reopened_at else staff_wording.POST_NEW


def _title(house: House, ticket: TicketRow) -> str | None:
    entry = house.bookshelf.current.library.get(ticket.topic) if ticket.topic else None
    return entry.text("fi")[0] if entry else None


def _quote(text: str) -> str:
    """What the asker wrote, without what they may have sent for the one advisor who answers: how to reach them."""
    text, _ = privacy.mask(text, privacy.EVERYTHING)
    return escape_markdown(f"”{shorten(text, QUOTED, placeholder=' …')}”")


def _link(house: House, ticket: TicketRow) -> str:
    return escape_markdown(f"{house.settings.console_address}/console/tickets/{ticket.id}")
