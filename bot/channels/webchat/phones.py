"""Phone numbers in a page's text made callable by a tap: the Finnish ones, and 112 and 116 xxx."""

import re

from markupsafe import Markup

SPACE = "[ \u00a0]"
NUMBER = re.compile(
    rf"""
    (?<! [\w.,:/+–-] ) (?<! \d{SPACE} )                          # not the tail of a sum, a date or an address
    (?: 112 | 116{SPACE}?\d{{3}} | (?:\+358{SPACE}?\d | 0\d) (?:{SPACE}?\d){{5,9}} )
    (?! \w | [.,:/–-]\d | {SPACE}? (?: [€%§] | euro ) )          # nor the head of one
    """,
    re.VERBOSE,
)
TAG = re.compile(r"(<[^>]*>)")


def with_calls(html: Markup) -> Markup:
    """*html* with each phone number in its text as a `tel:` link, except inside a link that is there already.

    *html* is escaped: every `<` in it begins a tag.
    """
    parts, is_in_link = [], False
    for part in TAG.split(html):
        if part.startswith("<"):
            is_in_link = part.startswith("<a ") or (is_in_link and part != "</a>")
            parts.append(part)
        else:
            parts.append(part if is_in_link else NUMBER.sub(_call, part))
    return Markup("".join(parts))  # noqa: S704 - made of escaped HTML and digits


def _call(found: re.Match[str]) -> str:
    return f'<a href="tel:{re.sub(r"[^+0-9]", "", found[0])}">{found[0]}</a>'
