"""What `koppi knowledge check` says of an entry, in Finnish and at its field of the form."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from knowledge import library
from knowledge.entry import Language
from knowledge.library import Fault


@dataclass(frozen=True)
class Said:
    """A fault in words; *may_pass*: a rule of good writing, which somebody may knowingly leave unkept for now."""

    text: str
    may_pass: bool = False


_CANT_SHOW = {
    "a heading": "väliotsikko (#)",
    "an image": "kuva",
    "HTML": "HTML-merkintä",
    "a table": "taulukko",
    "an emoji": "emoji",
}
_MONTHS = {"6 months": "6 kuukautta", "24 months": "24 kuukautta", "90 days": "90 päivää"}
_LANGUAGES = {"fi": "suomeksi", "sv": "ruotsiksi", "en": "englanniksi"}

# What the check says -> how it is said here. `{0}` and so on are what the parentheses of the pattern hold.
_WORDS: tuple[tuple[str, str, bool], ...] = (
    (r"(\d+) words; an answer has (\d+)-(\d+)", "Vastauksessa on {0} sanaa. Hyvässä on {1}–{2}.", True),
    (
        r"([\d.]+) words a sentence on average; at most (\d+) are easy to read",
        "Virkkeissä on keskimäärin {0} sanaa. Helppolukuisessa on enintään {1}.",
        True,
    ),
    (r"a sentence of (\d+) words: (.*)", "Virkkeessä on {0} sanaa: ”{1}” Jaa se.", True),
    (
        r"(\d+)% of the words have four syllables or more; at most (\d+)% are easy to read",
        "Sanoista {0} % on pitkiä (vähintään neljä tavua). Helppolukuisessa niitä on enintään {1} %.",
        True,
    ),
    (r"the answer doesn't begin with its gist in bold", "Aloita vastauksen ytimellä **lihavoituna**.", True),
    (
        r"(\d+) phrasings in (fi|sv|en); at least (\d+) find it",
        "Tapoja kysyä {1} on {0}. Löytyäkseen vastaus tarvitsee vähintään {2}.",
        True,
    ),
    (
        r"(a heading|an image|HTML|a table|an emoji), which a chat can't show",
        "Tätä keskustelu ei osaa näyttää: {0}.",
        False,
    ),
    (
        r"the link \[(.*)\]\((.*)\) isn't well-formed",
        "Linkki [{0}]({1}) ei toimi. Osoite alkaa https://, ja linkillä on nimi.",
        False,
    ),
    (r"bold that isn't closed", "Lihavointi jää auki: jokaisella ** on pari.", False),
    (r"figures: (.*) isn't in the answer", "Luettelossa on {0}, mutta vastauksessa ei.", False),
    (
        r"figures: (.*) is in the answer but not listed",
        "Vastauksessa on {0}, mutta luettelossa ei. Tarkista se lähteestä ja lisää.",
        False,
    ),
    (
        r"figures: (.*) isn't in the Finnish answer, nor listed here",
        "Lukua {0} ei ole suomenkielisessä vastauksessa. Korjaa se, tai lisää tähän, jos se on vain tämän kielen.",
        False,
    ),
    (r"no source", "Lisää ainakin yksi lähde, josta tiedon voi tarkistaa.", False),
    (r"checked after review_by", "Tarkistettu vasta sen jälkeen, kun vastaus on jo tarkistettava uudelleen.", False),
    (
        r"more than (6 months|24 months|90 days) after a source was checked",
        "Enintään {0} siitä, kun vanhin lähde on tarkistettu.",
        False,
    ),
    (
        r"too like (.*) to tell them apart",
        "Liian samanlainen kuin {0}. Botti ei erota niitä: päätä, kumpi vastaus auttaa.",
        False,
    ),
    (
        r"the Finnish is \w+ now",
        "Suomenkielinen vastaus on muuttunut. Kysyjä saa suomenkielisen, kunnes käännös on käyty läpi.",
        True,
    ),
    (r"no entry or topic has the id (.*)", "Vastausta {0} ei ole.", False),
    (r"an entry isn't related to itself", "Vastaus ei voi liittyä itseensä.", False),
    (r"no place has the key (.*)", "Paikkaa {0} ei ole.", False),
    (r"a phrasing longer than (\d+) characters", "Yksi tapa kysyä on enintään {0} merkkiä.", False),
    (r"busy", "Moni julkaisi samaan aikaan. Yritä hetken päästä uudelleen.", False),
    (r"there is no .* beside it", "Julkaise ensin suomenkielinen vastaus.", False),
)


# Where a value can't be read at all, by the last name of its place.
_UNREADABLE = {
    "title": "Kirjoita yhdelle riville, enintään 200 merkkiä.",
    "url": "Kirjoita sivun koko osoite: se alkaa https://",
    "checked": "Kirjoita päivä, esimerkiksi 2027-05-21.",
    "review_by": "Kirjoita päivä, esimerkiksi 2027-05-21.",
    "advisor": "Valitse yksi.",
    "category": "Valitse yksi.",
    "answer": "Tämä puuttuu.",
    "basis": "Valitse yksi.",
    "season": "Kirjoita kuukaudet numeroina 1–12, esimerkiksi 5, 6, 8.",
    "figures": "Kirjoita yksi luku riville.",
}


def said(fault: Fault) -> Said:
    """The fault in words of this page; in the check's own where it has none."""
    for pattern, words, may_pass in _WORDS:
        if found := re.fullmatch(pattern, fault.message, re.DOTALL):
            return Said(words.format(*map(_translated, found.groups())), may_pass)
    names = [str(name) for name in fault.where if not isinstance(name, int)]
    if names and fault.message.startswith(".".join(map(str, fault.where))) and names[-1] in _UNREADABLE:
        return Said(_UNREADABLE[names[-1]])
    return Said(fault.message)


def by_field(faults: Iterable[Fault], entry_id: str, language: Language) -> Mapping[str, list[Said]]:
    """The faults of one language at the fields of its form; those in no field under "form".

    What is wrong elsewhere (another language, another entry) stands there too, if it would keep this from being used.
    """
    own = {library.edited_file(entry_id, language, part) for part in ("answer", "phrasings")}
    placed: dict[str, list[Said]] = {}
    for fault in faults:
        words = said(fault)
        if fault.where[:1] == ("phrasings",) and fault.where[-1] in {"fi", "sv", "en"} - {language}:
            continue  # too few in another language: that has a page of its own
        if fault.file in own or fault.where == ("phrasings", language):
            at = placed.setdefault(_field(fault), [])
            numbered = fault.where[:1] == ("phrasings",) and isinstance(fault.where[-1], int)
            words = Said(f"Rivi {fault.line}: {words.text}", words.may_pass) if numbered else words
        elif _is_of(fault, entry_id):
            continue  # another language of this entry: it has a page of its own
        else:
            at = placed.setdefault("form", [])
            words = Said(f"{fault.file}: {words.text}" if fault.file else words.text)
        if words not in at:
            at.append(words)
    return placed


def _field(fault: Fault) -> str:
    match fault.where:
        case ("sources", int(number), str(name)):
            return f"source_{number + 1}_{name}"
        case ("sources", *_):
            return "source_1_title"
        case (("related" | "places") as name, int(number)):
            return f"{'place' if name == 'places' else name}_{number + 1}"
        case (str(name), *_) if name in {
            "title", "answer", "figures", "phrasings", "category", "advisor", "review_by", "season",
        }:  # fmt: skip
            return name
    return "form"


def _is_of(fault: Fault, entry_id: str) -> bool:
    """Whether it is a rule of writing unkept in another language of the same entry."""
    name = fault.file.rpartition("/")[2]
    is_writing = bool(fault.where) and not fault.message.startswith("there is no")
    return is_writing and name.partition(".")[0] == entry_id


def _translated(found: str) -> str:
    return {**_CANT_SHOW, **_MONTHS, **_LANGUAGES}.get(found, found)
