"""The picture that goes with a summary: what it shows, the same in words, and that the service itself draws nothing."""

import struct
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from admin.summaries import picture
from admin.summaries.drawn import Pictures
from admin.summaries.due import span_of
from admin.summaries.situation import Situation
from admin.summaries.small_numbers import Group
from admin.summaries.statistics import Counts, Day, Figures, Funnel
from bot.channels.markup import as_plain_text, units
from bot.store.engine import Store
from bot.store.tallies import NONE
from bot.vault import Vault
from knowledge.entry import Entry
from tests.admin.a_house import a_house
from tests.support.clock import Clock

MONDAY = date(2026, 11, 16)
WEEK = Figures(
    span_of("week", MONDAY),
    Counts(questions=23, answered=15, choices=5, not_found=3),
    Counts(questions=15, answered=9, choices=4, not_found=2),
    {},
    funnel=Funnel(came=30, asked=17, answered=12, person=4, helped=6, returned=3),
    funnel_before=Funnel(came=22, asked=12, answered=9, person=5, helped=2, returned=1),
    by_topic={NONE: Group(9, 8), "cv": Group(8, 7)},
    by_day=[Day(MONDAY + timedelta(days=n), n, n) for n in range(7)],
)
LONG = Entry(
    id="cv", category="hakeminen", title="CV $x_1$ " + "pitkä " * 30, advisor="tyovoimaneuvoja", review_by=MONDAY,
    answer="**Näin.**",
)  # fmt: skip


def test_the_words_tell_every_number_that_the_picture_shows() -> None:
    """Who can't see it, or has no time to load it, misses nothing."""
    drawn = picture.of(WEEK, Situation(entries={"cv": LONG}), "fi")

    assert as_plain_text(picture.words(drawn, "fi")) == (
        "Kuvassa: Viikko 47 (16.11.–22.11.2026), suluissa ja harmaalla edellinen viikko: "
        "kysymykset päivittäin: ma 0, ti 1, ke 2, to 3, pe 4, la 5, su 6; "
        "kuinka pitkälle päästiin: tuli 30 (22), kysyi 17 (12), sai vastauksen 12 (9), lähetti ihmiselle 4 (5), "
        "sai apua 6 (2), palasi 3 (1); "
        "mitä botti vastasi: vastauksen 15 (9), vaihtoehtoja 5 (4), ei löytänyt 3 (2); "
        "kysytyimmät aiheet: CV $x_1$ pitkä pitkä pitkä pitkä pitkä pitkä pi… 8"
    )
    assert [chart.kind for chart in drawn.charts] == ["columns", "bars", "bars", "bars"]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_words_of_the_longest_month_fit_below_a_picture(language: picture.Language) -> None:
    """Telegram takes 1,024 units there, and refuses the picture with one more."""
    month = Figures(
        span_of("month", date(2026, 10, 1)),
        Counts(*[99_999] * 8),
        Counts(*[99_999] * 8),
        {},
        funnel=Funnel(*[99_999] * 8),
        funnel_before=Funnel(*[99_999] * 8),
        by_topic=dict.fromkeys(["cv", "b", "c"], Group(99_999, 9)),
        by_day=[Day(date(2026, 10, 1 + n), 9_999, 9) for n in range(31)],
    )
    titles = dict.fromkeys(["cv", "b", "c"], LONG)
    words = as_plain_text(picture.words(picture.of(month, Situation(entries=titles), language), language))

    assert units(words) <= 1024
    assert " 30: 9999, 31: 9999; " in words


def test_a_picture_is_known_by_its_name_and_nothing_else_is_one() -> None:
    """The name stands in the outbox until the picture is sent; nothing else does."""
    name = picture.name(WEEK.span, "sv")

    assert picture.named(name) == (WEEK.span, "sv")
    assert len(name) <= 40
    for wrong in ("", "week:2026-11-16", "year:2026-01-01:fi", "week:x:fi", "week:2026-11-16:de"):
        with pytest.raises(ValueError):  # noqa: PT011 - whichever part is wrong
            picture.named(wrong)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_it_is_drawn_in_a_process_of_its_own_and_once_for_many_readers(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    """What draws takes 80 MB, which nobody who asks should wait for or pay for."""
    pictures = Pictures(a_house(store, vault, Clock(), tmp_path))
    png = await pictures.draw("week:2026-11-16:fi")
    again = await pictures.draw("week:2026-11-16:fi")

    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    assert width == 1080
    assert 500 < height < 2000
    assert again is png
    assert "matplotlib" not in sys.modules
