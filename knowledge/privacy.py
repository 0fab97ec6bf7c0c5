"""Personal data in a text: where it is, of what kind, and the text without it."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

DataKind = Literal["identity-code", "iban", "phone", "email", "address"]

ALWAYS_MASKED: frozenset[DataKind] = frozenset({"identity-code", "iban"})
"""What is never stored, whatever the asker wishes."""

CONTACTS: frozenset[DataKind] = frozenset({"phone", "email", "address"})
"""What is stored only where the asker wants to be reached."""

EVERYTHING: frozenset[DataKind] = ALWAYS_MASKED | CONTACTS

PLACEHOLDERS: dict[DataKind, str] = {
    "identity-code": "[henkilötunnus peitetty]",
    "iban": "[tilinumero peitetty]",
    "phone": "[puhelinnumero peitetty]",
    "email": "[sähköposti peitetty]",
    "address": "[osoite peitetty]",
}

ALIAS_PLACEHOLDER = "[nimimerkki]"

SERVICE_NUMBERS_FILE = Path(__file__).parent / "lexicon" / "service-numbers.txt"


@dataclass(frozen=True, order=True)
class Span:
    """Personal data at ``text[start:end]``. *certain* is false for what only has the look (a wrong check character)."""

    start: int
    end: int
    kind: DataKind
    certain: bool


def find(text: str) -> list[Span]:
    """The personal data in *text*, in order and not overlapping. Takes any string and never raises."""
    plain = _plain(text)
    taken = bytearray(len(text))
    found: list[Span] = []
    for look_for in (_identity_codes, _ibans, _emails, _phones, _addresses):
        for span in look_for(plain):
            if not any(taken[span.start : span.end]):
                taken[span.start : span.end] = b"\x01" * (span.end - span.start)
                found.append(span)
    return sorted(found)


def mask(text: str, kinds: Collection[str] = ALWAYS_MASKED, *, if_uncertain: bool = False) -> tuple[str, list[Span]]:
    """*text* with these *kinds* of personal data replaced by placeholders, and where they stood in *text*.

    What isn't certain stays, but *if_uncertain*: a mistyped code is flagged by `find`, and masking it would eat
    reference numbers.
    """
    masked = [span for span in find(text) if (span.certain or if_uncertain) and span.kind in kinds]
    parts: list[str] = []
    place = 0
    for span in masked:
        parts += [text[place : span.start], PLACEHOLDERS[span.kind]]
        place = span.end
    return "".join([*parts, text[place:]]), masked


def mask_for_another(text: str, alias: str) -> str:
    """What was said to the asker called *alias*, for another one's eyes.

    Everything that has the look of personal data goes, the alias, and a name that is greeted. A name elsewhere is
    not found: whoever passes the text on has to read it.
    """
    masked, _ = mask(text, EVERYTHING, if_uncertain=True)
    if alias:
        masked = masked.replace(alias, ALIAS_PLACEHOLDER)
    return _GREETED_BY_NAME.sub(r"\1", masked)


# One character for one, so that a place in the plain text is the same place in the asker's own.


def _plain(text: str) -> str:
    """*text* in capitals, with plain digits, hyphens and spaces; exactly as long as *text*."""
    return "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    if "!" <= character <= "~":
        return character.upper()
    category = unicodedata.category(character)
    if category == "Pd" or character in "\u00ad\u2043\u2212":
        return "-"
    if category in {"Zs", "Zl", "Zp", "Cc", "Cf", "Mn"}:
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(character))
    composed = unicodedata.normalize("NFKC", character).upper()
    return composed if len(composed) == 1 else character


# Identity codes: DDMMYY, a sign for the century, three digits and a check character. The signs are those of 2023, the
# check is the remainder by 31 (Finnish Digital Agency).

_GAP = " {0,3}"
_CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CENTURIES = {"+": 1800} | dict.fromkeys("-UVWXY", 1900) | dict.fromkeys("ABCDEF", 2000)
_SMALLEST_NUMBER = 2


def _spaced(*pieces: str) -> str:
    return _GAP.join(pieces)


_BIRTH = _spaced(r"([0-3])", r"(\d)[./]?", r"([01])", r"(\d)[./]?", r"(?:(?:19|20)(?=\d\d))?(\d)", r"(\d)")
_NUMBER = _spaced(r"(\d)", r"(\d)", r"(\d)")
_IDENTITY_CODE = re.compile(
    rf"(?<!\d)(?=({_spaced(_BIRTH, r'(-{1,2}|[+A-FU-Y])', _NUMBER)}({_GAP})([0-9A-Z])))".replace("{_GAP}", _GAP)
)
_WITHOUT_SIGN = re.compile(rf"(?<!\d)(?=({_spaced(_BIRTH, _NUMBER)}([A-Z])(?![A-Z])))")
_IDENTITY_CODE_SHAPE = re.compile(r"(?<![0-9A-Z])\d{6}[-+A-FU-Y]\d{3}[0-9A-Z](?![0-9A-Z])")


def _identity_codes(plain: str) -> Iterator[Span]:
    """Valid ones wherever spaces stand in them; then those that only have the shape."""
    for match in _IDENTITY_CODE.finditer(plain):
        _, *digits, sign, n1, n2, n3, gap, check = match.groups()
        following = plain[match.end(1) : match.end(1) + 1]
        begins_a_word = bool(gap) and following.isalpha()
        is_free = not following.isdigit() and not begins_a_word
        if is_free and _is_valid("".join(digits), n1 + n2 + n3, check, {_CENTURIES[sign[0]]}):
            yield Span(match.start(1), match.end(1), "identity-code", certain=True)
    for match in _WITHOUT_SIGN.finditer(plain):
        _, *digits, n1, n2, n3, check = match.groups()
        if _is_valid("".join(digits), n1 + n2 + n3, check, set(_CENTURIES.values())):
            yield Span(match.start(1), match.end(1), "identity-code", certain=True)
    for match in _IDENTITY_CODE_SHAPE.finditer(plain):
        yield Span(match.start(), match.end(), "identity-code", certain=False)


def _is_valid(birth: str, number: str, check: str, centuries: Collection[int]) -> bool:
    return (
        int(number) >= _SMALLEST_NUMBER
        and _CHECK_CHARACTERS[int(birth + number) % 31] == check
        and any(_is_date(birth, century) for century in centuries)
    )


def _is_date(birth: str, century: int) -> bool:
    try:
        date(century + int(birth[4:]), int(birth[2:4]), int(birth[:2]))
    except ValueError:
        return False
    return True


# IBANs: those whose account number is digits, perhaps after a bank's four letters, from where our askers have accounts

_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "FI DK NL", 19: "SI", 20: "EE LT AT LU", 21: "LV HR CH", 22: "DE GB IE BG",
        24: "SE ES CZ SK RO", 25: "PT", 26: "IS TR", 28: "PL HU", 29: "UA",
    }.items()
    for country in countries.split()
}  # fmt: skip
_IBAN = re.compile(
    rf"(?=({'|'.join(_LENGTHS)})([ .-]{{0,3}}\d){{2}}(?:[ .-]{{0,3}}[A-Z]){{0,4}}(?:[ .-]{{0,3}}\d){{9,26}})"
)
_FINNISH_IBAN_SHAPE = re.compile(r"(?<![0-9A-Z])FI(?:[ .-]{0,3}\d){16}(?![0-9A-Z])")


def _ibans(plain: str) -> Iterator[Span]:
    for match in _IBAN.finditer(plain):
        end = _end_of_characters(plain, match.start(), _LENGTHS[match[1]])
        code = re.sub("[ .-]", "", plain[match.start() : end])
        number = "".join(str(int(character, 36)) for character in code[4:] + code[:4])
        if len(code) == _LENGTHS[match[1]] and int(number) % 97 == 1:
            yield Span(match.start(), end, "iban", certain=True)
    for match in _FINNISH_IBAN_SHAPE.finditer(plain):
        yield Span(match.start(), match.end(), "iban", certain=False)


def _end_of_characters(plain: str, start: int, count: int) -> int:
    """Where *count* letters and digits from *start* have been passed, spaces between them not counted."""
    for match in re.compile("[0-9A-Z]|[^ .-]").finditer(plain, start):
        if not match[0].isalnum():
            return match.start()
        count -= 1
        if not count:
            return match.end()
    return len(plain)


_GREETED_BY_NAME = re.compile(
    r"(?:^|(?<=[.!?]\s))((?:moi|moikka|hei|heippa|moro|terve|hej|hejsan|hi|hello|hey))"
    r"(?: (?:taas|vaan|again|igen))? (?:\[nimimerkki\]|[\w-]+(?: \d+)?)(?=\s*[!,.])",
    re.IGNORECASE | re.MULTILINE,
)

# What is masked unless the asker wants to be reached

_EMAIL = re.compile(r"[\w.+-]{1,64} ?(?:@|[(\[]?(?<=[(\[])(?:AT|ÄT)[)\]]) ?(?:[\w-]{1,63}\.){1,4}[A-Z]{2,12}")

_PHONE = re.compile(
    r"(?<![\d+])(?:"
    r"(?:\+|00) ?358[ .-]?(?:\(0\) ?|0)?[1-9](?:[ ./-]{0,2}\d){5,9}"  # Finnish, from abroad
    r"|\+[1-9]\d{0,2}(?:[ ./-]{0,2}\d){7,11}"  # of another country
    r"|0[ ]?(?:4\d|50)(?:[ ./-]{0,2}\d){6,8}"  # mobile
    r"|0(?:1[3-9]|[235689])(?:[ -]{0,2}\d){6,8}"  # at home
    r")(?!\d)"
)
_NOT_A_PHONE = re.compile(
    r"\d{1,2}[ ./-]\d{1,2}[ ./-](?:19|20)\d\d"  # a date
    r"|(?:[01]\d|2[0-4])[0-5]\d ?- ?(?:[01]\d|2[0-4])[0-5]\d"  # from one time to another
    r"|\d{7}-\d"  # a company's identity code
)

_STREET = (
    "KATU|KADUN|KADULLA|KADULTA|KADULLE|TIE|TIEN|TIELLÄ|TIELTÄ|TIELLE|KUJA|KUJAN|KUJALLA|KUJALTA|POLKU|POLUN|POLULLA"
    "|VÄYLÄ|VÄYLÄN|VÄYLÄLLÄ|RAITTI|RAITIN|RAITILLA|KAARI|KAAREN|KAARELLA|RINNE|RINTEEN|PENGER|BULEVARDI|AUKIO"
    "|GATAN|VÄGEN|GRÄND|STIGEN"
)
_ROADS_AND_PATHS = frozenset({"VALTATIE", "KANTATIE", "SEUTUTIE", "MOOTTORITIE", "MAANTIE", "OPINTOPOLKU", "URAPOLKU"})
_ADDRESS = re.compile(
    rf"\b(\w{{2,40}}(?:{_STREET})) \d{{1,4}}(?:-\d{{1,4}})?"
    r"(?: ?[A-Z](?![\w])| ?[A-Z] ?\d{1,3}\b)?(?: (?:AS\.? ?)?\d{1,3}\b(?! ?(?:€|EUR|E\b|KK|V\b|VUO|H\b)))?"
    r"(?!\w|[.,]\d| ?(?:€|%|EUR|KERTAA|VUO|VIIK|KUUK|KK\b|PÄIV))"
    r"(?:,? \d{5}(?: \w+)?)?"
)


def _emails(plain: str) -> Iterator[Span]:
    for match in _EMAIL.finditer(plain):
        yield Span(match.start(), match.end(), "email", certain=True)


def _phones(plain: str) -> Iterator[Span]:
    for match in _PHONE.finditer(plain):
        if not _NOT_A_PHONE.match(match[0]) and not _is_service_number(match[0]):
            yield Span(match.start(), match.end(), "phone", certain=True)


def _is_service_number(written: str) -> bool:
    whole, beginnings = _service_numbers()
    number = re.sub(r"^(?:\+|00) ?358[ .-]?(?:\(0\)|0)?", "0", written)
    digits = re.sub(r"\D", "", number)
    return digits in whole or digits.startswith(beginnings)


@cache
def _service_numbers() -> tuple[frozenset[str], tuple[str, ...]]:
    """Whole numbers, and beginnings of numbers, of services."""
    lines = [line.replace(" ", "") for line in SERVICE_NUMBERS_FILE.read_text(encoding="utf-8").splitlines()]
    numbers = [line for line in lines if line and not line.startswith("#")]
    whole = frozenset(number for number in numbers if not number.endswith("*"))
    return whole, tuple(number[:-1] for number in numbers if number.endswith("*"))


def _addresses(plain: str) -> Iterator[Span]:
    for match in _ADDRESS.finditer(plain):
        if match[1] not in _ROADS_AND_PATHS:
            yield Span(match.start(), match.end(), "address", certain=True)
