"""Personal data in a text: where it is, of what kind, and the text without it."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

DataKind = Literal["identity-code", "iban", "phone", "email", "address"]

ALWAYS_MASKED: frozenset[str] = frozenset({"identity-code", "iban"})
"""What is never stored, whatever the asker wishes."""

SERVICE_NUMBERS_FILE = Path(__file__).parent / "lexicon" / "service-numbers.txt"


@dataclass(frozen=True, order=True)
class Span:
    """Personal data at ``text[start:end]``. *certain* is false for what only looks like it (a wrong check character)."""

    start: int
    end: int
    kind: DataKind
    certain: bool


def find(text: str) -> list[Span]:
    """The personal data in *text*, in order and not overlapping. Takes any string and never raises."""
    plain = _plain(text)
    found: list[Span] = []
    for look_for in (_identity_codes, _ibans, _emails, _phones, _addresses):
        for span in look_for(plain):
            if all(span.end <= other.start or other.end <= span.start for other in found):
                found.append(span)
    return sorted(found)


def mask(text: str, kinds: Collection[str] = ALWAYS_MASKED) -> tuple[str, list[Span]]:
    """*text* with the certain finds of these *kinds* replaced by a placeholder, and those finds as they stood in *text*."""
    masked = [span for span in find(text) if span.certain and span.kind in kinds]
    parts, place = [], 0
    for span in masked:
        parts += [text[place : span.start], PLACEHOLDERS[span.kind]]
        place = span.end
    return "".join([*parts, text[place:]]), masked


PLACEHOLDERS: dict[DataKind, str] = {
    "identity-code": "[henkilötunnus peitetty]",
    "iban": "[tilinumero peitetty]",
    "phone": "[puhelinnumero peitetty]",
    "email": "[sähköpostiosoite peitetty]",
    "address": "[osoite peitetty]",
}


# One character for one, so that a place found in the plain text is the same place in the asker's own.


def _plain(text: str) -> str:
    """*text* in capitals, with plain digits, hyphens and spaces; exactly as long as *text*."""
    return "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    if "!" <= character <= "~":
        return character.upper()
    category = unicodedata.category(character)
    if category == "Pd" or character in "\u00ad\u2043\u2212":
        return "-"
    if category in {"Zs", "Zl", "Zp", "Cc", "Cf"}:
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(character))
    composed = unicodedata.normalize("NFKC", character).upper()
    return composed if len(composed) == 1 else character


# Identity codes

_GAP = r"[ ]{0,3}"
_CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CENTURIES = {"+": 1800} | dict.fromkeys("-UVWXY", 1900) | dict.fromkeys("ABCDEF", 2000)


def _spaced(*pieces: str) -> str:
    return _GAP.join(pieces)


_DAY_MONTH = _spaced(r"([0-3])", r"(\d)\.?", r"([01])", r"(\d)\.?")
_IDENTITY_CODE = re.compile(
    r"(?<!\d)(?=("
    + _spaced(_DAY_MONTH, r"(?:(?:19|20)(?=\d\d))?(\d)", r"(\d)", r"(-{1,2}|[+A-FU-Y])", r"(\d)", r"(\d)", r"(\d)")
    + r"([ ]{0,3})([0-9A-Z])))"
)
_IDENTITY_CODE_SHAPE = re.compile(r"(?<![0-9A-Z])\d{6}[-+A-FU-Y]\d{3}[0-9A-Z](?![0-9A-Z])")


def _identity_codes(plain: str) -> Iterator[Span]:
    for match in _IDENTITY_CODE.finditer(plain):
        *digits, sign, n1, n2, n3, gap, check = match.groups()[1:]
        end = match.end(1)
        following = plain[end : end + 1]
        begins_a_word = bool(gap) and following.isalpha()
        if following.isdigit() or begins_a_word:
            continue
        birth, number = "".join(digits), n1 + n2 + n3
        if _is_date(birth, _CENTURIES[sign[0]]) and _CHECK_CHARACTERS[int(birth + number) % 31] == check:
            yield Span(match.start(1), end, "identity-code", certain=True)
    for match in _IDENTITY_CODE_SHAPE.finditer(plain):
        yield Span(match.start(), match.end(), "identity-code", certain=False)


def _is_date(birth: str, century: int) -> bool:
    try:
        date(century + int(birth[4:]), int(birth[2:4]), int(birth[:2]))
    except ValueError:
        return False
    return True


# IBANs

_IBAN = re.compile(r"(?=(FI(?:[ -]{0,3}\d){16}))(?!FI(?:[ -]{0,3}\d){16}\d)")


def _ibans(plain: str) -> Iterator[Span]:
    for match in _IBAN.finditer(plain):
        code = re.sub(r"[ -]", "", match[1])
        number = "".join(str(int(character, 36)) for character in code[4:] + code[:4])
        yield Span(match.start(1), match.end(1), "iban", certain=int(number) % 97 == 1)


# What is masked unless the asker wants to be reached

_EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[A-Z]{2,}")
_PHONE = re.compile(r"(?<![\dA-Z+])(?:\+358|00358|0)[ -]?(?:4\d|50)(?:[ -]?\d){5,8}(?!\d)")
_ADDRESS = re.compile(r"\b\w{2,}(?:KATU|TIE|KUJA|POLKU) \d{1,3}(?:[ ]?[A-Z](?:[ ]?\d{1,3})?)?\b")
_SERVICE_NUMBERS: frozenset[str] = frozenset({"0447036235"})


def _emails(plain: str) -> Iterator[Span]:
    for match in _EMAIL.finditer(plain):
        yield Span(match.start(), match.end(), "email", certain=True)


def _phones(plain: str) -> Iterator[Span]:
    for match in _PHONE.finditer(plain):
        if re.sub(r"\D", "", match[0]) not in _SERVICE_NUMBERS:
            yield Span(match.start(), match.end(), "phone", certain=True)


def _addresses(plain: str) -> Iterator[Span]:
    for match in _ADDRESS.finditer(plain):
        yield Span(match.start(), match.end(), "address", certain=True)
