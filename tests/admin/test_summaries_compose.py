"""How a period's figures read."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from admin.summaries.compose import summary
from admin.summaries.due import Period, span_of
from admin.summaries.periods import duration_in_words
from admin.summaries.situation import Situation
from admin.summaries.small_numbers import Group
from admin.summaries.statistics import Counts, Figures, Funnel
from admin.summaries.topics import Gap, Rising
from bot.channels.markup import as_plain_text, as_telegram_html, units
from bot.store.tallies import NONE
from knowledge.entry import Entry, Language
from knowledge.freshness import Due

MONDAY = date(2026, 11, 23)
LAST_WEEK = span_of("week", date(2026, 11, 16))
COUNTS = Counts(
    questions=23,
    askers=17,
    answered=15,
    choices=5,
    picked=4,
    not_found=3,
    escalated=4,
    human_replies=3,
    median_wait=timedelta(hours=2, minutes=10),
    outside_hours=14,
    helped=6,
    not_helped=2,
)
COUNTS = replace(COUNTS, returned=3, promises=4, promises_kept=3, waits=3)
BEFORE = replace(COUNTS, questions=15, askers=12, outside_hours=9, median_wait=None)
FIGURES = Figures(
    LAST_WEEK,
    COUNTS,
    BEFORE,
    {"telegram": Group(15, 10), "web": Group(8, 7)},
    funnel=Funnel(heard=40, came=30, asked=17, answered=15, choices=5, person=4, helped=6, returned=3),
    by_campaign={NONE: Group(14, 11), "k7mn2p": Group(9, 6)},
    by_topic={"cv": Group(9, 7), NONE: Group(14, 10)},
    rising=(Rising("cv", 9, 1),),
    gaps=(Gap("cv", 5, 5, 9), Gap(NONE, 5, 5, 14)),
)
CV = Entry(
    id="cv", category="hakeminen", title="CV:n teko", advisor="tyovoimaneuvoja", review_by=MONDAY, answer="**Näin.**"
)
SITUATION = Situation(entries={"cv": CV}, campaigns={"k7mn2p": "Abijuliste"}, running=1)


def _text(
    figures: Figures, today: date = MONDAY, *, language: Language = "fi", situation: Situation = SITUATION
) -> str:
    return as_plain_text(
        summary(
            figures,
            today=today,
            service="Otappa koppi",
            address="https://koppi.example",
            language=language,
            situation=situation,
        )
    )


def test_the_week_is_told_in_words_first() -> None:
    """Whoever reads one line only must have read what matters."""
    title, in_short, one_thing, *_ = _text(FIGURES).split("\n\n")

    assert title == "Otappa koppi · viikko 47 (16.11.–22.11.2026)"
    assert in_short == (
        "Viime viikolla 23 kysymystä, 8 enemmän kuin edellisellä. 14 tuli virka-ajan ulkopuolella. "
        "Kysyjiä oli 17. Heti vastauksen sai 15, ja ihmiselle lähetettiin 4."
    )
    assert one_thing == (
        "Yksi asia tälle viikolle: kirjoita tai korjaa vastaus ”CV:n teko”. "
        "Syy: 5 kysymystä siitä jäi ilman hyvää vastausta."
    )


def test_every_figure_stands_on_its_line_with_the_one_before_in_brackets() -> None:
    """What is said in words must be there to look up, and nothing else."""
    *_, numbers, groups, _console = _text(FIGURES).split("\n\n")

    assert numbers.splitlines() == [
        "Kysymyksiä: 23 (15)",
        "Kysyjiä: 17 (12)",
        "Heistä palasi 30 päivän sisällä: 3 (3)",
        "Botti vastasi heti: 15 (15)",
        "Botti tarjosi vaihtoehtoja: 5 (5)",
        "Vaihtoehto valittiin: 4 (4)",
        "Botti ei löytänyt vastausta: 3 (3)",
        "Lähetettiin ihmiselle: 4 (4)",
        "Ihminen vastasi: 3 (3)",
        "Odotus ihmisen vastaukseen, mediaani: 2 h 10 min (–)",
        "Luvatussa ajassa: 3 / 4 (3 / 4)",
        "Virka-ajan ulkopuolella: 14, 61 % (9, 60 %)",
        "Auttoi / ei auttanut: 6 / 2 (6 / 2)",
        "Suluissa edellinen viikko.",
    ]
    assert groups.splitlines() == [
        "Kampanjan linkki avattiin: 40",
        "Matka: tuli 30 → kysyi 17 → sai apua 6 → palasi 3",
        "Kanavat: Telegram 15, verkkochat 8",
        "Kampanjat: Abijuliste 9, ilman kampanjaa 14",
        "Eniten kysyttiin: CV:n teko 9",
        "Kysyttiin selvästi enemmän kuin ennen: CV:n teko 9 (1)",
        "Ilman hyvää vastausta: CV:n teko 5 / 9, mikään vastaus ei osunut 5",
    ]


def test_last_year_and_what_is_to_be_reviewed_are_told_where_there_are_any() -> None:
    """The season explains more than the week before; and an old answer is nobody's news unless it is told."""
    year_ago = replace(FIGURES, last_year=replace(COUNTS, questions=20))
    text = _text(year_ago, situation=replace(SITUATION, reviews=(Due(MONDAY, "answer", "cv", "CV:n teko"),)))

    assert "8 enemmän kuin edellisellä, 3 enemmän kuin vuosi sitten. 14 tuli" in text
    assert "Kysymyksiä: 23 (15; vuosi sitten 20)\n" in text
    assert "\n\nTarkistettavia vastauksia: 1, ensimmäisenä CV:n teko\n\n" in text


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "sv",
            [
                "Otappa koppi · vecka 47 (16.11.–22.11.2026)",
                "Förra veckan 23 frågor, 8 fler än veckan före. 14 kom utanför tjänstetid. Frågeställarna var 17.",
                "En sak för den här veckan: skriv eller rätta svaret ”CV:n teko”. Varför: 5 frågor om det blev",
                "Väntan på en människas svar, median: 2 h 10 min (–)",
                "Kanaler: Telegram 15, webbchatten 8",
            ],
        ),
        (
            "en",
            [
                "Otappa koppi · week 47 (16 Nov–22 Nov 2026)",
                "Last week 23 questions, 8 more than the week before. 14 came outside office hours. Askers: 17.",
                "One thing for this week: write or mend the answer “CV:n teko”. Why: 5 questions on it got no good",
                "Outside office hours: 14, 61% (9, 60%)",
                "In brackets the week before.",
            ],
        ),
    ],
)
def test_the_same_is_told_in_swedish_and_in_english(language: Language, told: list[str]) -> None:
    """Each reader gets it in their language, with the same figures in it."""
    text = _text(FIGURES, language=language)

    assert [line for line in told if line not in text] == []
    assert len(text.split("\n\n")) == len(_text(FIGURES).split("\n\n"))
    assert re.findall(r"\d+", text.replace("16 Nov", "16.11.").replace("22 Nov ", "22.11.")) == re.findall(
        r"\d+", _text(FIGURES)
    )


def test_a_week_without_a_question_says_so_and_what_to_do() -> None:
    """Silence is this service's main trouble: it is said aloud, with one thing to try."""
    silent = _text(Figures(LAST_WEEK, Counts(), BEFORE, {}))
    a_year_on = Figures(LAST_WEEK, Counts(), BEFORE, {}, last_year=replace(COUNTS, questions=40))

    assert "Viime viikolla ei yhtään kysymystä, edellisellä 15." in silent
    assert "Yksi asia tälle viikolle: avaa chat osoitteessa https://koppi.example ja kokeile" in silent
    assert "Viime viikolla ei yhtään kysymystä, edellisellä 15, vuosi sitten 40." in _text(a_year_on)
    assert "no questions, the week before 15, a year ago 40." in _text(a_year_on, language="en")
    assert "inga frågor, veckan före 15, för ett år sedan 40." in _text(a_year_on, language="sv")


def test_a_period_that_still_runs_is_compared_with_nothing() -> None:
    """A Wednesday against a whole week always looks like a fall."""
    so_far = _text(FIGURES, today=date(2026, 11, 18))

    assert "Luvut tähän asti, jakso on vielä kesken." in so_far
    assert "Tällä viikolla 23 kysymystä. 14 tuli" in so_far
    assert "Suluissa" not in so_far


def test_the_first_period_is_compared_with_nothing() -> None:
    """There was no service to compare with: "23 more" would be no news."""
    assert "Viime viikolla 23 kysymystä. 14 tuli" in _text(replace(FIGURES, before=None))


def test_an_old_period_is_called_by_its_name() -> None:
    """ "Last week" must not mean a week in spring."""
    spoken: dict[Period, str] = {"day": "2.10.2026: 23", "week": "Viikolla 40 23", "month": "Lokakuussa 23"}
    for period, words in spoken.items():
        text = _text(replace(FIGURES, span=span_of(period, date(2026, 10, 2))), today=date(2026, 12, 24))

        assert f"\n\n{words} kysymystä, 8 enemmän kuin edellise" in text


def test_a_week_across_new_year_names_both_years() -> None:
    """Week 1 begins in the year before, and a reader of old summaries must find it."""
    text = _text(replace(FIGURES, span=span_of("week", date(2027, 1, 1))), today=date(2027, 1, 4))

    assert text.startswith("Otappa koppi · viikko 53 (28.12.2026–3.1.2027)")


def test_one_and_none_are_worded_as_people_say_them() -> None:
    """A summary that says "1 kysymystä" sounds like nobody read it."""
    one = replace(COUNTS, questions=1, outside_hours=0)

    assert "1 kysymys, 14 vähemmän kuin edellisellä. Yksikään ei tullut virka-ajan ulkopuolella." in _text(
        replace(FIGURES, counts=one)
    )
    assert "15 kysymystä, yhtä monta kuin edellisellä." in _text(replace(FIGURES, counts=BEFORE))


def test_what_is_too_small_to_show_is_not_shown() -> None:
    """Where few ask, the channel alone may tell a reader who it was."""
    some_hidden = Counts(questions=30, askers=20)
    hidden = _text(replace(FIGURES, by_channel={}))
    partly = _text(replace(FIGURES, counts=some_hidden, by_channel={"telegram": Group(20, 15)}))

    assert "Kanavat: ei eritellä, koska jossakin on alle 5 kysyjää" in hidden
    assert "Kanavat: Telegram 20, muut 10" in partly


def test_no_name_of_anything_can_break_the_message_or_make_it_too_long() -> None:
    """A name such as "Koppi *2* [Oulu]" must not turn into marks, or Telegram refuses the whole message."""
    hostile = "Koppi *2* [Oulu](javascript:x) <b> {0} _%s_"
    titles = {
        f"e{n}": CV.model_copy(update={"id": f"e{n}", "title": f"{hostile} {n}".ljust(200, "*")}) for n in range(9)
    }
    many = {entry_id: Group(9, 7) for entry_id in titles}
    figures = replace(
        FIGURES,
        by_topic=many,
        by_campaign={f"c{n}": Group(9, 7) for n in range(40)},
        gaps=tuple(Gap(entry_id, 5, 5, 9) for entry_id in titles),
        rising=tuple(Rising(entry_id, 9, 1) for entry_id in titles),
    )
    situation = Situation(entries=titles, campaigns={f"c{n}": f"{hostile} {n}".ljust(80, "_") for n in range(40)})
    text = summary(figures, today=MONDAY, service=hostile, address="https://koppi.example", situation=situation)
    html = as_telegram_html(text)

    assert html.startswith("<b>Koppi *2* [Oulu](javascript:x) &lt;b&gt; {0} _%s_ · viikko 47")
    assert set(re.findall(r"<[^>]*>", html)) == {"<b>", "</b>"}
    assert as_plain_text(text).count("[Oulu](javascript:x)") == 1 + 1 + 3 + 3 + 3 + 3
    assert units(html) < 4096


def test_a_wait_is_told_in_the_units_people_think_in() -> None:
    """Nobody can picture 7,812 seconds."""
    waits = {
        timedelta(seconds=59): "alle 1 min",
        timedelta(minutes=35, seconds=40): "35 min",
        timedelta(hours=2): "2 h",
        timedelta(hours=26, minutes=5): "26 h 5 min",
        timedelta(days=3, hours=4, minutes=50): "3 vrk 4 h",
        timedelta(days=2): "2 vrk",
    }

    assert list(waits.values()) == [duration_in_words(wait) for wait in waits]
