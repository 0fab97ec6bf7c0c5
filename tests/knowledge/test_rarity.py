"""How rare a feature is depends on the language that has it most."""

import numpy as np
import pytest

from knowledge.features import Vectoriser
from knowledge.rarity import by_language, rarity

ENGLISH = 400


def test_what_every_english_question_says_is_no_rarity_in_a_finnish_faq() -> None:
    """Counted among all, *how do i* would be as telling as the name of a benefit, and find whatever says it too."""
    texts = [*(["miten", f"haen{place % 50}"] for place in range(1000)), *([["how", "soon"]] * ENGLISH)]
    languages = np.repeat(np.array([0, 2], dtype=np.uint8), [1000, ENGLISH])
    apart, together = Vectoriser.fit(texts, languages)[0], Vectoriser.fit(texts)[0]

    def rare(vectoriser: Vectoriser, word: str) -> float:
        ids, _, _ = vectoriser.vector([word])
        return float(vectoriser.idf[ids[-1]])  # the word itself comes after its pieces

    assert rare(together, "how") > rare(together, "miten") + 0.8
    assert rare(apart, "how") < rare(apart, "miten") + 0.4
    assert rare(apart, "haen7") == pytest.approx(rare(together, "haen7"), rel=0.1)


def test_of_one_language_rarity_is_the_usual_one() -> None:
    """A FAQ of Finnish alone is found in as before; and of a language with a few texts, little is believed."""
    in_texts, texts = np.array([[3, 0], [0, 2], [1, 1]]), np.array([100, 2])
    usual = np.log((1 + 100) / (1 + in_texts[:, 0])) + 1

    np.testing.assert_allclose(rarity(in_texts[:, :1], texts[:1]), usual, rtol=1e-6)
    assert rarity(in_texts, texts)[1] > np.log(103 / 3) + 1 - 0.5


def test_cells_are_counted_by_language() -> None:
    """A feature counted for another language would be rare where everyone uses it."""
    languages = np.array([0, 2, 2], dtype=np.uint8)

    in_texts, texts = by_language(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2]), languages, 2)

    assert in_texts.tolist() == [[1, 0, 1], [0, 0, 2]]
    assert texts.tolist() == [1, 0, 2]
