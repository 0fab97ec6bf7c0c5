"""Which phrasings are too like is found by a short cut; it finds what comparing every two would."""

import random

from knowledge import review
from knowledge.library import Library
from knowledge.review import MOST_LIKE, twins, twins_among

LETTERS = "aeiknstuäö "


def compared_each_with_each(phrasings: list[tuple[str, str]]) -> list[tuple[int, int]]:
    """What *twins* must find, the slow way."""
    grams = [review._trigrams(text) for _, text in phrasings]
    found = []
    for place, own in enumerate(grams):
        for other in range(place):
            either = own | grams[other]
            likeness = len(own & grams[other]) / len(either) if either else 0.0
            if likeness == 1.0 or (likeness >= MOST_LIKE and phrasings[other][0] != phrasings[place][0]):
                found.append((other, place))
    return found


def misspelt(text: str, times: int) -> str:
    """*text* with so many letters changed, dropped or added."""
    letters = list(text)
    for _ in range(times):
        at = random.randrange(len(letters) or 1)
        letters[at : at + random.randrange(2)] = random.choice(LETTERS) * random.randrange(2)
    return "".join(letters)


def test_the_short_cut_finds_what_comparing_each_with_each_finds(whole_library: Library) -> None:
    """A twin that is missed makes the bot waver between two answers for ever."""
    written = [text for entry in whole_library.entries for texts in entry.phrasings.values() for text in texts]
    phrasings = [
        (f"entry {random.randrange(3)}", misspelt(text, times))
        for text in [*random.sample(written, 60), "moi", "?!", "a b", "kela kela kela kela"]
        for times in (0, 0, 1, 2, 3)
    ]
    phrasings += [("shorter", " ".join(text.split()[:-1])) for _, text in phrasings[::5]]
    random.shuffle(phrasings)

    expected = compared_each_with_each(phrasings)

    assert len(expected) > 60
    assert list(twins(phrasings)) == expected


def test_the_bound_itself_is_too_like() -> None:
    """17 of 20 trigrams shared is 0.85 exactly: rounding on the short cut must not lose it; 16 of 19 is less."""
    letters = "abcdefghijklmnopqrs"

    assert list(twins([("one", letters[:18]), ("other", letters[:19])])) == [(0, 1)]
    assert list(twins([("one", letters[:19]), ("other", letters[:18])])) == [(0, 1)]
    assert list(twins([("one", letters[:17]), ("other", letters[:18])])) == []


def test_a_few_new_phrasings_are_compared_with_all_others_as_the_whole_faq_is(whole_library: Library) -> None:
    """What the console lets pass, the check of the files must not find on the day the edit comes home."""
    written = [text for entry in whole_library.entries for texts in entry.phrasings.values() for text in texts]
    others = [*random.sample(written, 200), "työttömyyspäivärahahakemuslomake", "moi"]
    own = [misspelt(text, times) for text in [*others[:20], *others[-2:]] for times in (0, 1, 2)]
    both = [("own", text) for text in own] + [("other", text) for text in others]

    expected = {(one, other - len(own)) for one, other in twins(both) if one < len(own) <= other}

    assert len(expected) > 20
    assert set(twins_among(own, others)) == expected
