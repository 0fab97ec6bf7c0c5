"""An entry's text with some of it changed, and the rest left byte for byte as it was.

So a diff shows what somebody changed and nothing else, whoever wrote the file and in whatever style of YAML.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from knowledge import plain_yaml
from knowledge.library import Unreadable, split

Front = Mapping[str, Any]
"""The fields of a front matter: texts (dates too), numbers, lists of those, and sources as a list of such mappings."""

_QUOTED = frozenset(["figures"])  # lists in which a bare word could be read as a number
_BARE = re.compile(r"[a-z][a-z0-9-]*")


def read(text: str) -> tuple[dict[str, Any], str]:
    """The fields and the body of an entry's text, whether or not they make a valid entry. Raises `Unreadable`."""
    front, body = split(text)
    try:
        fields = plain_yaml.read(front)
    except yaml.YAMLError as error:
        raise Unreadable(2, "the front matter isn't YAML") from error
    if not isinstance(fields, dict):
        raise Unreadable(2, "the front matter isn't a list of `key: value`")
    return fields, body.strip()


def amend(text: str | None, front: Front, body: str) -> str:
    """*text* with these fields, in the order given where they are new, and this body.

    A field or a body that says what it said keeps its lines as they were written. Without a *text* that can be read,
    all is written anew.
    """
    try:
        standing, standing_body = read(text or "")
        written, written_body = split(text or "")
    except Unreadable:
        standing, standing_body, written, written_body = {}, "", "", ""
    lines = _lines_of_fields(written) if standing else {}
    kept = [key for key in standing if key in front] + [key for key in front if key not in standing]
    dumped = "".join(
        lines[key] if key in standing and _meaning(standing[key]) == _meaning(front[key]) else _dump(key, front[key])
        for key in kept
    )
    below = written_body if standing and body.strip() == standing_body else f"{body.strip()}\n"
    return f"---\n{dumped}---\n{below}"


def _lines_of_fields(front: str) -> dict[str, str]:
    """The lines of each field as written, with the comments below it."""
    lines = front.splitlines(keepends=True)
    starts = plain_yaml.lines_of_fields(front)
    ends = [*(line for _, line in starts[1:]), len(lines) + 1]
    first_end = starts[0][1] if starts else 1
    found = {key: "".join(lines[start - 1 : end - 1]) for (key, start), end in zip(starts, ends, strict=True)}
    if starts and first_end > 1:  # comments above the first field
        found[starts[0][0]] = "".join(lines[: first_end - 1]) + found[starts[0][0]]
    return found


def _meaning(value: Any) -> Any:
    """What two ways of writing a field have in common."""
    if isinstance(value, Mapping):
        return {key: str(each) for key, each in {"basis": "page", **value}.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_meaning(each) for each in value]
    return str(value)


def _dump(key: str, value: Any) -> str:
    if isinstance(value, str):
        return f"{key}: {_scalar(value)}\n"
    if value and isinstance(value[0], Mapping):
        items = ("\n    ".join(_pair(*pair) for pair in item.items()) for item in value)
        return f"{key}:\n" + "".join(f"  - {item}\n" for item in items)
    quote = key in _QUOTED
    return f"{key}: [{', '.join(_item(each, quote=quote) for each in value)}]\n"


def _pair(name: str, value: str) -> str:
    return f"{name}: {_quoted(value) if name == 'title' else _scalar(value)}"


def _item(value: str | int, *, quote: bool) -> str:
    if isinstance(value, int) or (not quote and _BARE.fullmatch(value) and _is_text(value)):
        return str(value)
    return _quoted(value)


def _scalar(value: str) -> str:
    return value if _is_text(value) else _quoted(value)


def _is_text(value: str) -> bool:
    """Whether bare *value* is read back as itself."""
    try:
        read_back: Any = plain_yaml.read(f"key: {value}\n")
    except yaml.YAMLError:
        return False
    return bool(read_back == {"key": value})


def _quoted(value: str) -> str:
    dumped: str = yaml.safe_dump(value, allow_unicode=True, default_style='"', width=10_000_000)
    return dumped.strip()
