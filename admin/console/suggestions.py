"""What an advisor may begin a reply with: answers of the FAQ, earlier replies to similar questions, templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from admin.console.variables import fill
from admin.console.visit import Visit
from bot.channels.incoming import clean
from bot.channels.markup import as_plain_text
from bot.conversation import WORTH_OFFERING, answer_with_sources
from bot.store import earlier, reply_templates
from bot.store.earlier import Told
from bot.store.reply_templates import ReplyTemplate
from bot.store.tickets import ThreadMessage, TicketRow
from knowledge import privacy
from knowledge.earlier import LIKELY, SAME_WORDS, Near, topics_of
from knowledge.entry import Entry, Language

ANSWERS, REPLIES, FOUND = 3, 3, 5  # at most so many of each
LONGEST_SEARCH = 200
_LEAST_CHANCE = 0.05  # of an entry to be the right one; less isn't worth reading
_BEGINNING = 100

# Whether it was said to another asker, and how well it fits: of what is as likely, an answer with its sources is first.
_ORDER = [
    (False, "likely"), (True, "same"), (True, "likely"), (False, "perhaps"), (True, "perhaps"), (False, "far"),
]  # fmt: skip


@dataclass(frozen=True)
class Suggestion:
    """A text to begin a reply with.

    *token* names it in a form: "faq cv", "reply <ticket id>", "template <its id>". *likeness* names the words for how
    well it fits, empty where nobody can tell. *told*: where it is from, if it was said to another asker; its texts are
    masked.
    """

    token: str
    title: str
    text: str
    language: Language
    likeness: str = ""
    told: Told | None = None

    @property
    def beginning(self) -> str:
        """The first words, on one line."""
        line = " ".join(self.text[: 2 * _BEGINNING].split())
        return line if len(line) <= _BEGINNING else f"{line[:_BEGINNING].rpartition(' ')[0] or line[:_BEGINNING]} …"

    @property
    def is_masked(self) -> bool:
        """Whether something was taken out of it that may have to be written anew."""
        holes = [*privacy.PLACEHOLDERS.values(), privacy.ALIAS_PLACEHOLDER]
        return self.told is not None and any(hole in self.text for hole in holes)


async def suggest(
    visit: Visit, read: AsyncConnection, ticket: TicketRow, thread: Sequence[ThreadMessage]
) -> list[Suggestion]:
    """The entries and the earlier replies that fit the question or the asker's latest message best, best first."""
    asked = _asked(visit, thread)
    near = visit.house.earlier.like(asked, k=2 * REPLIES)
    told = await earlier.told(read, [ticket_id for ticket_id, _ in near if ticket_id != ticket.id])
    replies = [_reply(told[ticket_id], likeness) for ticket_id, likeness in near if ticket_id in told]
    found = [*_answers(visit, ticket, asked), *_different(replies)[:REPLIES]]
    return sorted(found, key=lambda one: _ORDER.index((one.told is not None, one.likeness)))


async def templates(visit: Visit, read: AsyncConnection, ticket: TicketRow) -> list[Suggestion]:
    """Every reply template, filled in for this ticket and whoever looks at it."""
    return [_filled(visit, template, ticket) for template in await reply_templates.everything(read)]


def search(visit: Visit, ticket: TicketRow, words: str) -> list[Suggestion]:
    """The entries that answer *words* best, as they would an asker's."""
    base = visit.house.bookshelf.current
    hits = [hit for hit in base.index.search(words, k=FOUND) if hit.score >= WORTH_OFFERING]
    entries = [entry for hit in hits if (entry := base.library.get(hit.entry_id))]
    return [_answer(visit, entry, ticket.language) for entry in entries]


async def named(visit: Visit, read: AsyncConnection, ticket: TicketRow, token: str) -> Suggestion | None:
    """The suggestion of this *token* as it is now; None when it isn't there any more, or never was."""
    kind, _, id_ = token.partition(" ")
    if kind == "faq":
        entry = visit.house.bookshelf.current.library.get(id_)
        return _answer(visit, entry, ticket.language) if entry else None
    if kind == "reply":
        told = (await earlier.told(read, [id_])).get(id_)
        return _reply(told) if told else None
    if kind == "template":
        template = await reply_templates.get(read, id_)
        return _filled(visit, template, ticket) if template else None
    return None


def read_search(text: str) -> str:
    """What is searched for."""
    return " ".join(clean(text).split())[:LONGEST_SEARCH]


def _asked(visit: Visit, thread: Sequence[ThreadMessage]) -> dict[str, Mapping[str, float]]:
    """The question and the latest message, each with the chances of what it is about; no thanks, no phone numbers."""
    said = [message.text for message in thread if message.author == "asker" and not message.has_contacts]
    asked: dict[str, Mapping[str, float]] = {}
    for text in [*said[:1], *said[-1:]]:
        verdict = visit.house.bookshelf.current.judge(text)
        if verdict.kind != "smalltalk":
            asked[text] = topics_of(verdict)
    return asked


def _answers(visit: Visit, ticket: TicketRow, asked: Mapping[str, Mapping[str, float]]) -> list[Suggestion]:
    chances: dict[str, float] = {}
    for topics in asked.values():
        for entry_id, chance in topics.items():
            chances[entry_id] = max(chance, chances.get(entry_id, 0.0))
    best = sorted(chances.items(), key=lambda known: -known[1])[:ANSWERS]
    library = visit.house.bookshelf.current.library
    return [
        _answer(visit, entry, ticket.language, "likely" if chance >= 0.6 else "perhaps" if chance >= 0.2 else "far")
        for entry_id, chance in best
        if chance >= _LEAST_CHANCE and (entry := library.get(entry_id))
    ]


def _answer(visit: Visit, entry: Entry, language: Language, likeness: str = "") -> Suggestion:
    title, _, written_in = entry.text(language)
    places = visit.house.bookshelf.current.library.places
    text = as_plain_text(answer_with_sources(entry, places, language))
    return Suggestion(f"faq {entry.id}", title, text, written_in, likeness)


def _reply(told: Told, near: Near | None = None) -> Suggestion:
    question = privacy.mask_for_another(told.question, told.alias)
    reply = privacy.mask_for_another(told.reply, told.alias)
    likeness = ""
    if near is not None:
        same, likely = near.cosine >= SAME_WORDS, near.score >= LIKELY
        likeness = "same" if same else "likely" if likely else "perhaps"
    title = " ".join(question[: 2 * _BEGINNING].split())[:_BEGINNING]
    return Suggestion(f"reply {told.ticket_id}", title, reply, told.language, likeness, told)


def _filled(visit: Visit, template: ReplyTemplate, ticket: TicketRow) -> Suggestion:
    text, written_in = template.text(ticket.language)
    values = {
        "nimimerkki": ticket.alias,
        "ohjaaja": visit.account.shown_name,
        "aukiolo": visit.house.hours.week_in_words(written_in),
        "palvelu": visit.house.profile.name,
        "alue": visit.house.profile.region,
    }
    return Suggestion(f"template {template.id}", template.name, fill(text, values), written_in)


def _different(replies: Sequence[Suggestion]) -> list[Suggestion]:
    """Each text once: what is said often is likely the likest several times."""
    first: dict[str, Suggestion] = {}
    for reply in replies:
        first.setdefault(reply.text, reply)
    return list(first.values())
