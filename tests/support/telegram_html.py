"""Message HTML as Telegram's server parses it: what it would show, or the error it would answer.

Follows `parse_html` of the server's source (td/telegram/MessageEntity.cpp): the tags it knows, tags closed in the order
they were opened, four named entities and numeric ones; anything else is an error that refuses the whole message.
"""

import re
from dataclasses import dataclass

SUPPORTED_TAGS = {
    "a": "text_link", "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler", "tg-emoji": "custom_emoji", "code": "code", "pre": "pre",
    "blockquote": "blockquote",
}  # fmt: skip
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}

_ENTITY = re.compile(r"&(?:#(?P<decimal>\d{1,7})|#[xX](?P<hexadecimal>[0-9a-fA-F]{1,6})|(?P<name>lt|gt|amp|quot));?")
_NAME = re.compile(r"[^\s>]*")
_ATTRIBUTE = re.compile(r"\s*(?P<name>[^\s=>]+)\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[\w.-]+))")


class BadMarkup(Exception):
    """Telegram would refuse this; the message is the one it gives."""


@dataclass(frozen=True)
class Entity:
    """A marked stretch of text; offset and length in UTF-16 code units."""

    type: str
    offset: int
    length: int
    url: str | None = None


@dataclass(frozen=True)
class _Open:
    tag: str
    offset: int
    url: str | None


def units(text: str) -> int:
    """The length of *text* in UTF-16 code units, which Telegram's offsets count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse(html: str) -> tuple[str, list[Entity]]:
    """The text that people see and its entities. Raises `BadMarkup`."""
    shown: list[str] = []
    length = 0
    opened: list[_Open] = []
    entities: list[Entity] = []
    at = 0
    while at < len(html):
        if html[at] == "<" and html.startswith("</", at):
            at = _close(html, at, opened, entities, length)
        elif html[at] == "<":
            at, tag = _start(html, at, length)
            if tag.tag == "blockquote" and any(outer.tag == "blockquote" for outer in opened):
                raise BadMarkup("Can't parse entities: blockquote can't be nested")
            opened.append(tag)
        else:
            end = html.find("<", at)
            text = _decoded(html[at : end if end != -1 else len(html)])
            shown.append(text)
            length += units(text)
            at = end if end != -1 else len(html)
    if opened:
        raise BadMarkup(f'Can\'t find end tag corresponding to start tag "{opened[-1].tag}"')
    return "".join(shown), sorted(entities, key=lambda entity: (entity.offset, -entity.length))


def _start(html: str, at: int, length: int) -> tuple[int, _Open]:
    name = _NAME.match(html, at + 1)
    tag = (name[0] if name else "").lower()
    if ">" not in html[at:]:
        raise BadMarkup(f"Unclosed start tag at byte offset {_byte(html, at)}")
    if tag not in SUPPORTED_TAGS:
        raise BadMarkup(f'Unsupported start tag "{tag}" at byte offset {_byte(html, at)}')
    position = at + 1 + len(tag)
    attributes: dict[str, str] = {}
    while not (rest := html[position:].lstrip()).startswith(">"):
        found = _ATTRIBUTE.match(html, position)
        if not rest or found is None:
            raise BadMarkup(f'Can\'t parse an attribute of the tag "{tag}" at byte offset {_byte(html, at)}')
        attributes[found["name"].lower()] = _decoded(found["double"] or found["single"] or found["bare"] or "")
        position = found.end()
    if tag == "span" and attributes.get("class") != "tg-spoiler":
        raise BadMarkup(f'Tag "span" must have class "tg-spoiler" at byte offset {_byte(html, at)}')
    return html.index(">", position) + 1, _Open(tag, length, attributes.get("href"))


def _close(html: str, at: int, opened: list[_Open], entities: list[Entity], length: int) -> int:
    end = html.find(">", at)
    if end == -1:
        raise BadMarkup(f"Unclosed end tag at byte offset {_byte(html, at)}")
    if not opened:
        raise BadMarkup(f"Unexpected end tag at byte offset {_byte(html, at)}")
    tag, found = opened.pop(), html[at + 2 : end].strip().lower()
    if found not in {"", tag.tag}:
        raise BadMarkup(
            f'Unmatched end tag at byte offset {_byte(html, at)}, expected "</{tag.tag}>", found "</{found}>"'
        )
    if length > tag.offset:
        entities.append(Entity(SUPPORTED_TAGS[tag.tag], tag.offset, length - tag.offset, tag.url))
    return end + 1


def _decoded(text: str) -> str:
    return _ENTITY.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    if found["name"]:
        return NAMED[found["name"]]
    code = int(found["decimal"]) if found["decimal"] else int(found["hexadecimal"], 16)
    return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else found[0]


def _byte(html: str, at: int) -> int:
    return len(html[:at].encode("utf-8", "surrogatepass"))
