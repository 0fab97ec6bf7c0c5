"""How a period's figures read."""

from dataclasses import replace
from datetime import date, timedelta

from admin.summaries.compose import duration_in_words, summary
from admin.summaries.due import Period, span_of
from admin.summaries.statistics import Counts, Figures, Group
from bot.channels.markup import as_plain_text, as_telegram_html

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
BEFORE = replace(COUNTS, questions=15, askers=12, outside_hours=9, median_wait=None)
FIGURES = Figures(LAST_WEEK, COUNTS, BEFORE, {"telegram": Group(15, 10), "web": Group(8, 7)})


def _text(figures: Figures, today: date = MONDAY) -> str:
    return as_plain_text(summary(figures, today=today, service="Otappa koppi", address="https://koppi.example"))


def test_the_week_is_told_in_words_first() -> None:
    """Whoever reads one line only must have read what matters."""
    title, in_short, *_ = _text(FIGURES).split("\n\n")

    assert title == "Otappa koppi · viikko 47 (16.11.–22.11.2026)"
    assert in_short == (
        "Viime viikolla 23 kysymystä, 8 enemmän kuin edellisellä. 14 tuli virka-ajan ulkopuolella. "
        "Kysyjiä oli 17. Botti vastasi heti 15 kertaa, ja ihmiselle lähetettiin 4."
    )


def test_every_figure_stands_on_its_line_with_the_one_before_in_brackets() -> None:
    """What is said in words must be there to look up, and nothing else."""
    *_, lines = _text(FIGURES).split("\n\n")

    assert lines.splitlines() == [
        "Kysymyksiä: 23 (15)",
        "Kysyjiä: 17 (12)",
        "Botti vastasi heti: 15 (15)",
        "Botti tarjosi vaihtoehtoja: 5 (5)",
        "Vaihtoehto valittiin: 4 (4)",
        "Botti ei löytänyt vastausta: 3 (3)",
        "Lähetettiin ihmiselle: 4 (4)",
        "Ihminen vastasi: 3 (3)",
        "Odotus ihmisen vastaukseen, mediaani: 2 h 10 min (–)",
        "Virka-ajan ulkopuolella: 14, 61 % (9, 60 %)",
        "Auttoi / ei auttanut: 6 / 2 (6 / 2)",
        "Kanavat: Telegram 15, verkkochat 8",
        "Suluissa edellinen viikko.",
    ]


def test_a_week_without_a_question_says_so_and_what_to_do() -> None:
    """Silence is this service's main trouble: it is said aloud, with one thing to try."""
    silent = _text(Figures(LAST_WEEK, Counts(), BEFORE, {}))

    assert "Viime viikolla ei yhtään kysymystä, edellisellä 15." in silent
    assert "Yksi asia tälle viikolle: avaa chat osoitteessa https://koppi.example ja kokeile" in silent


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


def test_the_owners_name_of_the_service_cannot_break_the_message() -> None:
    """A name such as "Koppi *2* [Oulu]" must not turn into marks, or Telegram refuses the whole message."""
    text = summary(FIGURES, today=MONDAY, service="Koppi *2* [Oulu](x) <b>", address="https://koppi.example")

    assert as_telegram_html(text).startswith("<b>Koppi *2* [Oulu](x) &lt;b&gt; · viikko 47")


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
