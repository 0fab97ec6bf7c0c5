"""Personal data is found and masked, and nothing else is."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.library import load
from knowledge.privacy import ALWAYS_MASKED, PLACEHOLDERS, SERVICE_NUMBERS_FILE, find, mask, mask_for_another

EVALUATION = Path(__file__).parents[2] / "knowledge" / "evaluation"
CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
EVERY_KIND = frozenset(PLACEHOLDERS)

DASHES = "-‐‑‒–—−－"
SENTENCES = (
    "{}",
    "hetuni on {} ja haluan hakea tukea",
    "moi mun henkilötunnus: {}, voitteko katsoa",
    "({})",
    "hetu{}",
    "id={}; nimi salainen",
    "onko päätös tullu? {}",
    "1. {}\n2. työtön",
    "min personbeteckning är {} hej",
    "my id is {}. Can you check?",
)


def identity_code(chance: random.Random) -> str:
    """A valid code of nobody: the individual numbers 900–999 are never given to people."""
    sign = chance.choice("-UVWXYABCDEF+")
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(0, 99)
    birth = f"{day:02}{month:02}{year:02}"
    number = f"{chance.randint(900, 999)}"
    return f"{birth}{sign}{number}{CHECK_CHARACTERS[int(birth + number) % 31]}"


def as_people_write_it(code: str, chance: random.Random) -> str:
    """*code* in small letters, with another dash, with spaces or line breaks inside, or in full-width characters."""
    if chance.random() < 0.3:
        code = code.lower()
    if chance.random() < 0.4:
        code = code.replace("-", chance.choice(DASHES))
    if chance.random() < 0.4:
        space = chance.choice((" ", "\n", "\u00a0", "  ", "\t", "\u200b"))
        places = {6} if chance.random() < 0.3 else {7} if chance.random() < 0.3 else {6, 7}
        code = "".join(f"{space}{sign}" if place in places else sign for place, sign in enumerate(code))
    elif chance.random() < 0.2:
        code = " ".join(code)
    if chance.random() < 0.1:
        code = "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() and sign.isalnum() else sign for sign in code)
    return code


def test_valid_identity_codes_are_masked_in_ten_thousand_contexts() -> None:
    """One that slips through stands in the database for months."""
    chance = random.Random(20261122)
    missed = []
    for _ in range(10_000):
        text = chance.choice(SENTENCES).format(as_people_write_it(identity_code(chance), chance))
        masked, spans = mask(text)
        if [span.kind for span in spans] != ["identity-code"] or PLACEHOLDERS["identity-code"] not in masked:
            missed.append(text)

    assert missed == []


@pytest.mark.parametrize(
    "code", ["131052-308T", "010594Y9021", "020594X903P", "010516B903X", "010190-900P", "290200A901C"]
)
def test_codes_with_old_and_new_signs_are_known(code: str) -> None:
    """The signs of 2023 count, and so does a leap day."""
    assert (mask(code)[0], len(mask(code)[1])) == ("[henkilötunnus peitetty]", 1)


@pytest.mark.parametrize(
    "text",
    [
        "010190-900A",  # another check character
        "310290-900X",  # no such day
        "diaarinumero 123456-789K",
    ],
)
def test_what_only_looks_like_an_identity_code_is_flagged_but_kept(text: str) -> None:
    """A mistyped code is worth a warning; masking every such pattern would eat reference numbers."""
    assert (text, []) == mask(text)
    assert [(span.kind, span.certain) for span in find(text)] == [("identity-code", False)]


def iban(chance: random.Random) -> str:
    account = "".join(chance.choices("0123456789", k=14))
    check = 98 - int(account + "1518" + "00") % 97
    return f"FI{check:02}{account}"


def test_valid_ibans_are_masked_however_they_are_spaced() -> None:
    """An account number is as telling as a name."""
    chance = random.Random(7)
    for _ in range(1000):
        code = iban(chance)
        groups = [code[place : place + 4] for place in range(0, len(code), 4)]
        written = chance.choice((code, code.lower(), " ".join(groups), "\n".join(groups), "-".join(groups)))

        assert (mask(f"tili {written} ok")[0], len(mask(written)[1])) == ("tili [tilinumero peitetty] ok", 1)


@pytest.mark.parametrize(
    "code", ["SE45 5000 0000 0583 9825 7466", "DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19"]
)
def test_foreign_ibans_are_masked(code: str) -> None:
    """Some of our askers are paid elsewhere."""
    assert mask(code)[0] == "[tilinumero peitetty]"


def test_a_mistyped_iban_is_flagged_but_kept() -> None:
    """The check number decides, as with identity codes."""
    assert [(span.kind, span.certain) for span in find("FI21 1234 5600 0007 86")] == [("iban", False)]
    assert mask("FI21 1234 5600 0007 86")[1] == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("soita 040 123 4567", "phone"),
        ("numero on 0401234567.", "phone"),
        ("+358 40 123 4567", "phone"),
        ("+358(0)401234567", "phone"),
        ("00358 50 1234567", "phone"),
        ("050-1234567", "phone"),
        ("0457 123 4567", "phone"),
        ("kotinumero 08 123 4567", "phone"),
        ("ring +46 70 123 45 67", "phone"),
        ("aino.asukas+koe@esimerkki.fi", "email"),
        ("aino (at) esimerkki.fi", "email"),
        ("asun Isokatu 12 B 4", "address"),
        ("isokadulla 12b4", "address"),
        ("Kajaanintie 50 as 3, 90100 Oulu", "address"),
        ("bor på Storgatan 5", "address"),
    ],
)
def test_ways_to_reach_a_person_are_found(text: str, kind: str) -> None:
    """They are masked too, unless the asker wants to be called."""
    assert [kind] == [span.kind for span in find(text)]
    assert text == mask(text)[0]
    assert PLACEHOLDERS[kind] in mask(text, EVERY_KIND)[0]  # type: ignore[index]


def service_numbers() -> list[str]:
    lines = SERVICE_NUMBERS_FILE.read_text(encoding="utf-8").splitlines()
    return [line.replace("*", " 123 456") for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("number", service_numbers())
def test_service_numbers_are_never_an_asker_s_phone(number: str) -> None:
    """A number that helps must stay readable in what the advisor and the asker see."""
    from_abroad = f"+358 {number[1:]}" if number.startswith("0") else number

    for written in (number, number.replace(" ", ""), number.replace(" ", "-"), from_abroad):
        assert "phone" not in {span.kind for span in find(f"soitin {written} eilen")}


@pytest.mark.parametrize(
    "text",
    [
        "auki 0900-1700",
        "haku päättyy 05.01.2027",
        "08 12 2026 klo 9",
        "Y-tunnus 0187690-1",
        "palkka 1 500 - 2 000 euroa",
        "sain 12.12.2026 a 300 e",
        "valtatie 4 on poikki",
        "opintopolku 2 vuotta",
        "tes sivut 10-12, luku 3",
        "viite 1234 5678 9012 3456",
        "oon 22v ja asun oulussa 90100",
        "seuraa @otappakoppi",
        "112 tai 116 117",
    ],
)
def test_ordinary_numbers_are_left_alone(text: str) -> None:
    """A question with holes in it can't be answered."""
    assert (text, []) == mask(text, EVERY_KIND)


def ordinary_messages() -> list[str]:
    asked = [
        line.split("\t")[0]
        for file in sorted(EVALUATION.glob("*.tsv"))
        for line in file.read_text(encoding="utf-8").splitlines()[1:]
    ]
    return asked + [text for entry in load().entries for texts in entry.phrasings.values() for text in texts]


def test_at_most_one_ordinary_message_in_ten_thousand_is_masked() -> None:
    """Measured on every phrasing and every development question there is, with every kind masked."""
    messages = ordinary_messages()
    masked = [message for message in messages if mask(message, EVERY_KIND)[1]]

    assert len(messages) > 10_000
    assert len(masked) <= len(messages) / 10_000, masked


@given(st.text() | st.text(alphabet="0123456789-+ABFI040@.katu ", max_size=200))
def test_any_text_is_searched_and_masking_is_final(text: str) -> None:
    """Spans are in order, within the text and apart; a masked text has nothing left to mask."""
    spans = find(text)

    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(first.end <= second.start for first, second in pairwise(spans))
    assert [span for span in mask(mask(text)[0])[1] if span.kind in ALWAYS_MASKED] == []


@pytest.mark.parametrize(
    "text", ["", "\ud800 010190-900P \udfff", "\0", "🙂" * 5000, "0" * 10_000, "a" * 10_000, "FI" * 5000]
)
def test_hostile_texts_do_no_harm(text: str) -> None:
    """An asker's text may be anything at all."""
    assert isinstance(mask(text, EVERY_KIND)[0], str)


def test_what_one_asker_was_told_tells_another_nothing_of_them() -> None:
    """A reply is offered for the next asker's: who the first was and how they are reached must not come along."""
    told = "Moi Ville! Soitan numeroon 040 123 4567, Kettu 482. Tunnuksesi 131052-308X oli väärin. Kela 020 634 2650."

    assert mask_for_another(told, "Kettu 482") == (
        "Moi! Soitan numeroon [puhelinnumero peitetty], [nimimerkki]. Tunnuksesi [henkilötunnus peitetty] oli väärin. "
        "Kela 020 634 2650."
    )
    assert mask_for_another("Hei Kettu 482, kiitos", "Kettu 482") == "Hei, kiitos"
    assert mask_for_another("Hyvä juttu!\nhei ville, nähdään. Moi taas Liisa!", "") == "Hyvä juttu!\nhei, nähdään. Moi!"
    assert mask_for_another("Moi! Avaa OmaKela.", "") == "Moi! Avaa OmaKela."
    assert mask_for_another("Hei. Ei hätää, katsotaan", "Susi 1") == "Hei. Ei hätää, katsotaan"
