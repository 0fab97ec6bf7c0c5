"""What every channel turns its network's bytes into, and how a channel says that it could not send."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.dialogue import Command as Commanded
from bot.dialogue import Empty, Left, Start, Text, Unreadable
from bot.store.outbox import Act
from knowledge import safety
from knowledge.entry import Language

MAX_TEXT = 4096  # characters that are read of one message; Telegram's own limit
COMMAND = re.compile(r"/([A-Za-zÅÄÖåäö_]{1,32})(?:@\w+)?(?:\s+(.*))?$", re.DOTALL)
WITHOUT_MARKS = str.maketrans("åäö", "aao")  # Telegram's menu takes no others, but people write "/hjälp"
# The commands' names in other languages; the Finnish ones are their own. What stands in both tells no language.
ENGLISH = {
    "begin": "start", "topics": "aiheet", "remind": "muistuta", "situations": "tilanteet", "tips": "vinkit",
    "human": "ihminen", "person": "ihminen", "emergency": "apua", "crisis": "apua", "language": "kieli", "share": "jaa",
    "mydata": "tietoni", "forget": "unohda", "delete": "unohda", "privacy": "tietosuoja", "help": "ohje",
    "info": "ohje",
}  # fmt: skip
SWEDISH = {
    "borja": "start", "amnen": "aiheet", "paminn": "muistuta", "situationer": "tilanteet",
    "tips": "vinkit", "tipset": "vinkit", "person": "ihminen", "manniska": "ihminen", "hjalp": "apua", "kris": "apua",
    "sprak": "kieli", "dela": "jaa", "minadata": "tietoni", "glom": "unohda", "dataskydd": "tietosuoja",
    "integritet": "tietosuoja", "info": "ohje", "instruktion": "ohje",
}  # fmt: skip

CRIES = {"apua", "auttakaa", "hjälp", "help"}  # alone they tell no danger, and yet nobody who writes them may wait


class Unparsable(Exception):
    """The bytes are not what this channel can bring; *reason* never quotes them."""


@dataclass(frozen=True)
class Pressed:
    """A button pressed, not yet looked up: *ordinal* of those under *message_id*."""

    message_id: int
    ordinal: int


@dataclass(frozen=True)
class LinkChat:
    """`/liita CODE`: a chat of the people behind the service asks to be linked."""

    code: str


@dataclass(frozen=True)
class MoveHere:
    """`/start` with a code of the web chat's: that conversation is to go on in this chat."""

    code: str


@dataclass(frozen=True)
class InGroup:
    """The bot was added to a group."""


@dataclass(frozen=True)
class PressedInGroup:
    """A button under a post in a group, pressed by whoever Telegram knows as *by*; 0: no post of ours carries it.

    *query_id*: what Telegram wants answered.
    """

    group_message_id: int
    by: str
    query_id: str


@dataclass(frozen=True)
class RepliedInGroup:
    """The message *external_id* of *by* in a group, a reply to the bot's message *to*; *text* is None in a picture."""

    external_id: str
    to: str
    by: str
    text: str | None
    is_edit: bool = False


@dataclass(frozen=True)
class GroupMoved:
    """A group has become the supergroup with the address *to*."""

    to: str


StaffSaid = LinkChat | PressedInGroup | RepliedInGroup | GroupMoved


@dataclass(frozen=True)
class Incoming:
    """One thing said, the channel's own *address* of who said it, and when, where the channel tells that.

    *campaign*: the code of the link that opened the page it was said on.
    """

    address: str
    said: Text | Start | Commanded | Unreadable | Empty | Left | Pressed | MoveHere | InGroup | StaffSaid
    language: str | None = None
    said_at: datetime | None = None
    campaign: str | None = None


@dataclass(frozen=True)
class Sendable:
    """One message to send, and the buttons' labels with the data they carry back.

    The bot's own words are in the Markdown of the FAQ; a person's are plain and shown as they were written, below
    their *signature*: who it is that speaks, where the channel doesn't tell that by itself.
    Another *act* than sending changes what was sent, and is Telegram's alone: to edit the message *target*, to delete
    it (or where that is forbidden, to leave *text* of it), to answer a press whose query is the address; to open a
    forum topic called *text*, where the group has any, or to drop the topic *target*.
    With *send*, *target* is the message that this one replies to, and *thread* the topic it belongs in.
    With *file*, its content, as text in UTF-8, goes along: what is kept of the asker.
    With *picture*, a PNG goes along as *file*, and *text* tells in words what it shows; None where it can't be made.
    """

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    act: Act = "send"
    target: str | None = None
    thread: str | None = None
    file: bytes | None = None
    signature: str | None = None


class SendFailed(Exception):
    """A message did not go out, or may not have.

    *permanent*: trying again is useless. *retry_after*: how long this chat asks us to wait. *uncertain*: it may have
    arrived. *unreachable*: the asker takes no messages any more. *moved_to*: the address that the chat has now.
    *reason*: for the advisor's eyes, no texts in it.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        uncertain: bool = False,
        unreachable: bool = False,
        moved_to: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after
        self.uncertain = uncertain
        self.unreachable = unreachable
        self.moved_to = moved_to


def clean(text: str) -> str:
    """*text* as it is stored: NFC, at most `MAX_TEXT` characters, and nothing that a database or a page can choke on.

    NUL (which PostgreSQL refuses) and lone surrogates (which can't be encoded) become U+FFFD; other control characters
    but line breaks and tabs go, and so do the invisible marks that turn the direction of writing.
    """
    kept = "".join(_kept(character) for character in text[: 4 * MAX_TEXT])
    return unicodedata.normalize("NFC", kept).strip()[:MAX_TEXT]


def read_command(text: str) -> tuple[str, str] | None:
    """The Finnish name of the command that *text* begins with, and what stands after it; None without one."""
    name, rest = _named(text)
    return (ENGLISH.get(name) or SWEDISH.get(name) or name, rest) if name else None


def command_language(text: str) -> Language | None:
    """The language of the name by which *text* gives a command; None for a Finnish one, and where it tells none."""
    name, _rest = _named(text)
    if (name in ENGLISH) == (name in SWEDISH):
        return None
    return "en" if name in ENGLISH else "sv"


def _named(text: str) -> tuple[str, str]:
    """The command that *text* begins with as the tables above have it, and what stands after it; "" without one."""
    found = COMMAND.match(unicodedata.normalize("NFC", text))  # some keyboards write "ä" as two signs
    return (found[1].lower().translate(WITHOUT_MARKS), (found[2] or "").strip()) if found else ("", "")


def calls_for_help(text: str) -> bool:
    """Whether whoever writes *text*, or gives it as a command, may be in danger, so that no limit may hold it back."""
    cleaned = clean(text)
    command, _rest = read_command(cleaned) or ("", "")
    words = set(re.findall(r"\w+", cleaned.casefold()))
    return command == "apua" or (bool(words) and words <= CRIES) or safety.assess(cleaned) is not None


def read_text(text: str) -> Text | Empty:
    """What was written, cleaned; `Empty` when nothing readable is left of it."""
    cleaned = clean(text)
    return Text(cleaned) if cleaned.strip("\ufffd ") else Empty()


def _kept(character: str) -> str:
    if character in "\n\t":
        return character
    if character == "\0" or unicodedata.category(character) == "Cs":
        return "\ufffd"
    if unicodedata.category(character) == "Cc" or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
        return ""
    return character
