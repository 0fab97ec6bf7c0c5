"""Earlier questions are found by what is said in them and by what they are about."""

import numpy as np

from knowledge.earlier import Earlier, Question, read_keys
from knowledge.features import Vectoriser, keys_of


def _earlier(*questions: tuple[str, str | None]) -> Earlier:
    return Earlier.of([Question(read_keys(text), topic) for text, topic in questions])


def test_the_likest_question_comes_first_however_it_is_typed() -> None:
    """The same worry is typed in many ways, and hardly ever in the same words."""
    earlier = _earlier(("saako iguaanin tuoda töihin", None), ("vuokra on myöhässä", None), ("mikä on cv", None))

    assert [near.place for near in earlier.like("VOINKO TUODA IGUAANIN TOIHIN??", {})][:1] == [0]
    assert [near.place for near in earlier.like("vuokrat myöhäs mitä teen", {})][:1] == [1]


def test_what_both_are_about_finds_what_shares_no_word() -> None:
    """Two people hardly ever ask in the same words; what the FAQ makes of both is often the same."""
    earlier = _earlier(("en saanut töitä kesäksi", "kesatyo"), ("kela hylkäsi hakemuksen", "muutoksenhaku"))
    found = earlier.like("tuli kielteinen päätös", {"muutoksenhaku": 0.9, "kesatyo": 0.02})

    assert [near.place for near in found] == [1]
    assert found[0].score > 0.4 > found[0].cosine


def test_nothing_like_it_gives_nothing() -> None:
    """An answer to something else costs the advisor more time than none."""
    earlier = _earlier(("saako iguaanin tuoda töihin", None), ("vuokra on myöhässä", "vuokrarasti"))

    for text in ("", "???", "hur ansöker man om studiestöd", "a" * 5000):
        assert earlier.like(text, {}) == []
    assert Earlier.of([]).like("vuokra", {"vuokrarasti": 1.0}) == []
    assert Earlier.of([Question(read_keys(""), None)]).like("vuokra", {}) == []


def test_of_equals_the_newest_stands_first() -> None:
    """Rules change: the latest answer to the same question is the likeliest to hold. They are given newest first."""
    earlier = _earlier(*[("vuokra on myöhässä", "vuokrarasti")] * 4, ("ihan muuta", None))

    assert [near.place for near in earlier.like("vuokra on myöhässä", {}, k=3)] == [0, 1, 2]


def test_texts_weigh_as_in_the_index_of_the_faq() -> None:
    """One way to compare texts in the whole house: what is mended in the FAQ's is mended here."""
    texts = [["vuokra", "on", "myohassa"], ["vuokran", "maksu", "myohassa"], ["mika", "on", "cv"]]
    vectoriser, columns = Vectoriser.of_keys([keys_of(text) for text in texts])
    fitted, rows = Vectoriser.fit(texts)
    table = np.zeros((len(texts), len(fitted)))
    for text, (first, last) in enumerate(zip(rows.starts, rows.starts[1:], strict=False)):
        table[text, rows.ids[first:last]] = rows.weights[first:last]
    ours = np.zeros_like(table)
    for feature, (first, last) in enumerate(zip(columns.starts, columns.starts[1:], strict=False)):
        ours[columns.texts[first:last], feature] = columns.weights[first:last]

    assert (vectoriser.keys == fitted.keys).all()
    assert np.allclose(vectoriser.idf, fitted.idf)
    assert np.allclose(ours, table, atol=1e-6)
