"""Reading what the page's forms post: size counted as it comes, every field known, exactly one act in it."""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qsl

from starlette.requests import Request

from bot import wording
from bot.channels.incoming import MAX_TEXT
from bot.channels.web_security import is_same_origin
from bot.channels.webchat.posts import Post
from knowledge.entry import Language

MAX_BODY_BYTES = 64 * 1024
CONTENT_TYPE = "application/x-www-form-urlencoded"
FIELDS = frozenset({"key", "campaign", "text", "press", "command"})
KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
PRESS = re.compile(r"(\d{1,18}):(\d{1,2})", re.ASCII)
COMMAND = re.compile(r"[a-z]{1,16}")
CAMPAIGN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class BadForm(Exception):
    """The post is refused with *status*; *sentence* of `wording` says why, and *draft* is what had been written."""

    def __init__(self, status: Literal[403, 413, 415, 422], sentence: str, draft: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.sentence = sentence
        self.draft = draft


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of one of the chat's forms. Raises `BadForm` for what none of them posts."""
    fields = await read_fields(request, FIELDS)
    if not KEY.fullmatch(fields.get("key", "")):
        raise BadForm(422, wording.WEB_BAD_FORM)
    return fields


async def read_from_script(request: Request, known: frozenset[str]) -> Mapping[str, str]:
    """What a script of our own pages posts by itself, for nobody to read an answer. Raises `BadForm`."""
    if not is_same_origin(request.headers, request.headers.get("host", "")):
        raise BadForm(403, wording.WEB_BAD_FORM)
    return await read_fields(request, known)


async def read_fields(request: Request, known: frozenset[str]) -> Mapping[str, str]:
    """The fields that are posted, each *known* and given once. Raises `BadForm`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise BadForm(415, wording.WEB_BAD_FORM)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BadForm(413, wording.TOO_LONG)
    try:
        # What is not UTF-8 becomes U+FFFD: a broken letter loses nobody's message.
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace", max_num_fields=len(known)
        )
    except ValueError as error:
        raise BadForm(422, wording.WEB_BAD_FORM) from error
    fields = dict(pairs)
    if len(fields) != len(pairs) or not known.issuperset(fields):
        raise BadForm(422, wording.WEB_BAD_FORM)
    return fields


def read_post(fields: Mapping[str, str], address: str, language: Language) -> Post:
    """The one act that *fields* ask for. Raises `BadForm`."""
    post = _read_act(fields, address, language)
    campaign = fields.get("campaign", "")  # a made-up one is no reason to refuse what somebody has written
    return post.model_copy(update={"campaign": campaign}) if CAMPAIGN.fullmatch(campaign) else post


def _read_act(fields: Mapping[str, str], address: str, language: Language) -> Post:
    acts = fields.keys() - {"key", "campaign"}
    if len(acts) != 1:
        raise BadForm(422, wording.WEB_BAD_FORM)
    if press := fields.get("press"):
        if not (found := PRESS.fullmatch(press)):
            raise BadForm(422, wording.WEB_BAD_FORM)
        return Post(address=address, act="press", message_id=int(found[1]), ordinal=int(found[2]), language=language)
    if command := fields.get("command"):
        if not COMMAND.fullmatch(command):
            raise BadForm(422, wording.WEB_BAD_FORM)
        return Post(address=address, act="command", text=command, language=language)
    text = fields.get("text", "").replace("\r\n", "\n")
    if not text.strip():
        raise BadForm(422, wording.EMPTY)
    if len(text) > MAX_TEXT:
        raise BadForm(422, wording.TOO_LONG, draft=text)
    return Post(address=address, act="say", text=text, language=language)
