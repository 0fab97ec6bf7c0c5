"""What a reply template may leave open, as "{nimimerkki}", to be filled in when it is put into a reply."""

import re
from collections.abc import Mapping

# The name as it is written between the braces, and what stands in its place.
VARIABLES: Mapping[str, str] = {
    "nimimerkki": "asiakkaan nimimerkki",
    "ohjaaja": "sinun nimesi",
    "aukiolo": "milloin ohjaajat ovat paikalla, kuten ”ma–to klo 9–16, pe klo 9–15”",
    "palvelu": "palvelun nimi",
    "alue": "alue, jota palvelu koskee",
}

_VARIABLE = re.compile(r"\{([^{}\n]{0,60})\}")


def unknown_in(text: str) -> list[str]:
    """What stands in braces and is none of `VARIABLES`, as written, each once."""
    return list(dict.fromkeys(found[0] for found in _VARIABLE.finditer(text) if _name(found) not in VARIABLES))


def fill(text: str, values: Mapping[str, str]) -> str:
    """*text* with each of *values* in its place. What a value says in braces stays as it is."""
    return _VARIABLE.sub(lambda found: values.get(_name(found), found[0]), text)


def _name(found: re.Match[str]) -> str:
    return found[1].strip().casefold()
