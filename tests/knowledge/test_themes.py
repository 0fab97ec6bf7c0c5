"""Words that mean alike are heard alike, also beside words they were never seen with."""

from knowledge.safety import lexicon_rows
from knowledge.themes import near_each_other, themes_of


def test_words_of_three_languages_and_any_ending_have_their_theme_in_common() -> None:
    """What is learnt of one is learnt of all of them."""
    for word in ("kuolisinkohan", "buried", "begravas"):
        assert "death" in themes_of(word)
    assert "height" in themes_of("parvekkeelta") & themes_of("rooftop") & themes_of("balkongen")
    assert not themes_of("mehiläinen")
    assert "minor" not in themes_of("140")


def test_two_themes_near_each_other_are_heard_in_either_order() -> None:
    """On the roof tonight is tonight on the roof; ten words later it may be about something else."""
    pair = "%height%time-now"

    assert pair in near_each_other(["tonight", "on", "the", "roof"])
    assert pair in near_each_other(["katolla", "olen", "illalla"])
    assert pair not in near_each_other(["katolla", *["ja"] * 6, "illalla"])
    assert near_each_other([]) == set()


def test_every_theme_is_written_so_that_it_can_be_read() -> None:
    """A beginning of two letters would be heard in every other word; a name twice is a slip of the pen."""
    rows = list(lexicon_rows("crisis-themes.tsv"))

    assert len({name for name, _ in rows}) == len(rows)
    assert not [word for _, words in rows for word in words.split() if word.endswith("*") and len(word) < 4]
