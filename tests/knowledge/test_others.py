"""What an entry is told from."""

import numpy as np

from knowledge import others as module
from knowledge.entry import LANGUAGES
from knowledge.others import others


def test_an_entry_is_told_from_its_likest_others_in_every_language() -> None:
    """Most ways of asking are Finnish: by likeness alone, no English neighbour would be among those kept off."""
    random = np.random.default_rng(7)
    languages = np.repeat(np.arange(3, dtype=np.uint8), [9000, 400, 2000])
    like = np.where(languages == 0, 10, 0) + random.permutation(len(languages)) / len(languages)
    is_own = np.zeros(len(languages), dtype=bool)
    is_own[::100] = True

    chosen = others(is_own, like.astype(np.float32), languages, np.random.default_rng(0))

    assert (np.diff(chosen) > 0).all()
    assert not is_own[chosen].any()
    for language, least in (("fi", module.LIKEST), ("sv", 300), ("en", 600)):
        spoken = np.flatnonzero(~is_own & (languages == LANGUAGES.index(language)))
        assert set(spoken[np.argsort(-like[spoken])][:least]) <= set(chosen)
    assert len(chosen) > module.LIKEST + module.OTHERS
    again = others(is_own, like.astype(np.float32), languages, np.random.default_rng(0))
    np.testing.assert_array_equal(chosen, again)


def test_of_a_few_others_all_are_taken() -> None:
    """A small FAQ, or one of a single language, has fewer than are asked for."""
    is_own = np.array([True, False, False, False])

    chosen = others(is_own, np.array([1, 0.5, 0.2, 0.1], dtype=np.float32), np.array([0, 0, 2, 0], dtype=np.uint8),
                    np.random.default_rng(0))  # fmt: skip

    assert chosen.tolist() == [1, 2, 3]
