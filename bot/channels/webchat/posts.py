"""What the web chat's pages post, as it stands in the inbox: written by the routes, read by the service."""

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.channels.incoming import Incoming, Pressed, Unparsable, read_command, read_text
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


def as_body(post: Post) -> str:
    """*post* as the inbox keeps it; ASCII, so that even a lone surrogate survives."""
    return json.dumps(post.model_dump(), ensure_ascii=True)


def parse(body: str) -> Incoming:
    """What was posted. Raises `Unparsable`."""
    try:
        post = Post.model_validate(json.loads(body))
    except (ValueError, ValidationError) as error:
        raise Unparsable(f"not a web post ({type(error).__name__})") from error
    match post.act:
        case "say":
            return Incoming(post.address, _said(post.text), post.language)
        case "press":
            return Incoming(post.address, Pressed(post.message_id, post.ordinal), post.language)
        case "command":
            return Incoming(post.address, Command(post.text), post.language)
        case "start":
            return Incoming(post.address, Start(post.text or None), post.language)


def _said(text: str) -> Text | Empty | Command | Start:
    """What was written; the bot's own texts name its commands, so they work when typed here, too."""
    command, rest = read_command(text.strip()) or ("", "")
    if not command or rest:  # words after a command are words: a slash must not swallow a question
        return read_text(text)
    return Start() if command == "start" else Command(command)
