"""What the web chat's pages post, as it stands in the inbox: written by the routes, read by the service."""

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.channels.incoming import Incoming, Pressed, Unparsable, command_language, read_command, read_text
from bot.dialogue import Command, Empty, Start, Text
from knowledge.entry import Language

NAME = "web"


class Post(BaseModel):
    """One act of an asker on the page; *address* is the token of their cookie."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str
    act: Literal["say", "press", "command", "start"]
    text: str = ""  # what was written, or the command's name, or the campaign of a start
    message_id: int = 0
    ordinal: int = 0
    language: Language = "fi"
    campaign: str = ""  # the code of the link that opened the page


def as_body(post: Post) -> str:
    """*post* as the inbox keeps it; ASCII, so that even a lone surrogate survives."""
    return json.dumps(post.model_dump(), ensure_ascii=True)


def parse(body: str) -> Incoming:
    """What was posted. Raises `Unparsable`."""
    try:
        post = Post.model_validate(json.loads(body))
    except (ValueError, ValidationError) as error:
        raise Unparsable(f"not a web post ({type(error).__name__})") from error
    return Incoming(post.address, _heard(post), post.language, campaign=post.campaign or None)


def _heard(post: Post) -> Text | Empty | Command | Start | Pressed:
    match post.act:
        case "say":
            return _said(post.text)
        case "press":
            return Pressed(post.message_id, post.ordinal)
        case "command":
            return Command(post.text)
        case "start":
            return Start(post.text or None)


def _said(text: str) -> Text | Empty | Command | Start:
    """What was written; the bot's own texts name its commands, so they work when typed here, too."""
    command, rest = read_command(text.strip()) or ("", "")
    if not command or rest:  # words after a command are words: a slash must not swallow a question
        return read_text(text)
    language = command_language(text.strip())
    return Start(language=language) if command == "start" else Command(command, language)
