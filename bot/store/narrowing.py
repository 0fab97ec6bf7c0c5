"""Which of the questions are meant: by what came of them, their topic, channel and language, as the figures count."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, and_, exists, func, or_, true

from bot.conversation import ROUTING_CONFIDENCE
from bot.store.schema import asker, conversation, message, ticket
from bot.store.tallies import NONE

Came = Literal["answered", "choices", "picked", "person", "nothing", "lacking", "helped", "got_help"]


@dataclass(frozen=True)
class Narrowing:
    """Conditions that all have to hold; None asks for nothing.

    Attributes
        came: *answered* at once, got *choices* and *picked* one, was sent to a *person*; the bot found *nothing*;
            a good answer was *lacking*; an answer *helped*; *got_help* from an answer or a person.
        topic: the entry that was or came nearest to the answer; `NONE`: nothing came near.
    """

    came: Came | None = None
    topic: str | None = None
    channel: str | None = None
    language: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What holds of the messages meant, joined with their conversation, asker and ticket."""
        found = []
        if self.channel is not None:
            found.append(conversation.c.channel == self.channel)
        if self.language is not None:
            found.append(asker.c.language == self.language)
        if self.came == "lacking":
            found.append(_lacked(self.topic))
        else:
            found += [_is_about(self.topic)] if self.topic is not None else []
            found += [_came(self.came)] if self.came is not None else []
        return found


ALL = Narrowing()

_KIND: ColumnElement[str] = message.c.verdict["kind"].as_string()
_REPLY = message.alias("reply")
_HELPED = _REPLY.c.helped.is_(True)


def _came(came: Came) -> ColumnElement[bool]:
    match came:
        case "answered":
            return _KIND == "answer"
        case "choices":
            return _KIND == "choices"
        case "picked":
            return and_(_KIND == "choices", _was_given(_REPLY.c.entry_id.is_not(None)))
        case "person":
            return message.c.ticket_id.is_not(None)
        case "helped":
            return _was_given(_HELPED)
        case "got_help":
            return or_(_was_given(_HELPED), ticket.c.outcome == "answered")
        case _:
            return _KIND == "escalate"


def _is_about(topic: str) -> ColumnElement[bool]:
    """The first of the hits; of a question without an answer only where the bot was sure enough to tell its topic."""
    confidence = func.coalesce(message.c.verdict["confidence"].as_float(), 0.0)
    first: ColumnElement[str] = message.c.verdict[("hits", 0, 0)].as_string()
    is_told = and_(first.is_not(None), or_(_KIND != "escalate", confidence >= ROUTING_CONFIDENCE))
    return and_(is_told, first == topic) if topic != NONE else ~is_told


def _lacked(topic: str | None) -> ColumnElement[bool]:
    """The bot found nothing, or the answer didn't help: then the topic is what was given."""
    nothing = and_(_KIND == "escalate", _is_about(topic) if topic is not None else true())
    given = _REPLY.c.entry_id == topic if topic is not None else true()
    return or_(nothing, _was_given(_REPLY.c.helped.is_(False), given))


def _was_given(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a reply to the question is so."""
    return exists().where(_REPLY.c.question_id == message.c.id, *conditions)
