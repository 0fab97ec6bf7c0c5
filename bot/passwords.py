"""Which passwords may be chosen: any that is long enough and that nobody would guess early."""

import re
from functools import cache
from pathlib import Path

MIN_LENGTH, MAX_LENGTH = 12, 128
FEWEST_CHARACTERS = 5  # different ones
COMMON = Path(__file__).parent / "common_passwords.txt"
SERVICE_WORDS = frozenset(
    ["otappa", "koppi", "otappakoppi", "oulu", "nuoriso", "nuoret", "ohjaaja", "konsoli", "salasana", "kesä", "talvi"]
)
ORNAMENT = "0123456789!\"#¤%&/()=?+-_.,:;*@$€<>|'~^ "  # what people put around a word when they are asked for more


class WeakPassword(Exception):
    """The password can't be used; the message says why, in Finnish, for the one who chose it."""


def check(password: str, name: str) -> None:
    """Raises `WeakPassword` for what others would guess; any composition is fine. *name*: its owner's."""
    lowered = password.casefold()
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WeakPassword(f"Salasanassa on oltava {MIN_LENGTH}–{MAX_LENGTH} merkkiä.")
    if name.casefold() in lowered or len(set(lowered)) < FEWEST_CHARACTERS:
        raise WeakPassword("Salasana on liian helppo arvata: siinä on nimesi tai vain muutama eri merkki.")
    words = {_said_once(lowered), _said_once(lowered).strip(ORNAMENT), _said_once(lowered.strip(ORNAMENT))}
    if words & SERVICE_WORDS:
        raise WeakPassword("Salasana on liian helppo arvata: älä käytä palvelun sanoja.")
    if words & _common():
        raise WeakPassword("Salasana on liian helppo arvata: se on yleisten salasanojen listalla.")


def _said_once(word: str) -> str:
    """ "sunshine" for "sunshinesunshine": saying it again makes nothing harder to guess."""
    found = re.fullmatch(r"(.+?)\1+", word, re.DOTALL)
    return found[1] if found else word


@cache
def _common() -> frozenset[str]:
    """What people choose most often, in small letters."""
    lines = COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("# "))
