"""The rules of good writing: what *load* lets pass and a curator should still mend."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from statistics import mean

from knowledge.entry import Entry, Language, Translation
from knowledge.language import clean, words

LEAST_PHRASINGS: Mapping[Language, int] = {"fi": 60, "sv": 15, "en": 15}
LEAST_WORDS, MOST_WORDS = 60, 160
LONGEST_MEAN_SENTENCE = 12.0
LONGEST_SENTENCE = 25
MOST_LONG_WORDS = 0.36
"""Share of words of four syllables or more in a Finnish answer: the measure of Wiio's readability index (1968)."""

MOST_LIKE = 0.85
"""Two phrasings of different entries whose letter trigrams overlap this much (Jaccard) can't tell the entries apart."""

_LEAST_SHARED = MOST_LIKE / (1 + MOST_LIKE)
"""The share of the trigrams of both, counted separately, that are in both where the overlap is `MOST_LIKE`."""

_ROUNDING = 1e-9

_FEW_WORDS = 3

_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*)\)")
_STEP = re.compile(r"^\s*(?:\d+\.|[-*])\s+", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+(?=[A-ZÅÄÖ0-9*\[\"”])|\n+")
_NUMBER = re.compile(r"(?<!\w)\d+(?:[ .,:–-]\d+)*(?![^\W_])")
_PHONE = re.compile(r"\b0\d{1,3} \d[\d ]{4,}\d\b|\b116 \d{3}\b")
_FORBIDDEN = (
    (re.compile(r"^#{1,6} ", re.MULTILINE), "a heading"),
    (re.compile(r"!\["), "an image"),
    (re.compile(r"</?[a-zA-Z]"), "HTML"),
    (re.compile(r"^\s*\|", re.MULTILINE), "a table"),
    (re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]"), "an emoji"),
)
_VOWELS = re.compile(r"aa|ee|ii|oo|uu|yy|ää|öö|ai|ei|oi|ui|yi|äi|öi|au|eu|iu|ou|ey|iy|äy|öy|ie|uo|yö|[aeiouyäöå]")


def sentences(markdown: str) -> list[list[str]]:
    """The sentences of an answer, each as its words; a step of a list ends one too."""
    plain = _LINK.sub(r"\1", _STEP.sub("\n", markdown)).replace("**", "")
    return [found for sentence in _SENTENCE_END.split(plain) if (found := re.findall(r"\w[\w:’'.,-]*", sentence))]


def share_of_long_words(markdown: str) -> float:
    """The share of words of four syllables or more, 0-1: what makes Finnish heavy to read."""
    found = [word.lower() for sentence in sentences(markdown) for word in sentence]
    return sum(len(_VOWELS.findall(word)) > 3 for word in found) / max(1, len(found))


def faults_of_answer(entry: Entry) -> Iterator[str]:
    """What is wrong with the way the Finnish answer is written."""
    said = sentences(entry.answer)
    count = sum(map(len, said))
    average = mean(map(len, said)) if said else 0.0
    longest = max(said, key=len, default=[])
    if not LEAST_WORDS <= count <= MOST_WORDS:
        yield f"{count} words; an answer has {LEAST_WORDS}-{MOST_WORDS}"
    if average > LONGEST_MEAN_SENTENCE:
        yield f"{average:.1f} words a sentence on average; at most {LONGEST_MEAN_SENTENCE:g} are easy to read"
    if len(longest) > LONGEST_SENTENCE:
        yield f"a sentence of {len(longest)} words: {' '.join(longest[:6])} …"
    if (share := share_of_long_words(entry.answer)) > MOST_LONG_WORDS:
        yield f"{share:.0%} of the words have four syllables or more; at most {MOST_LONG_WORDS:.0%} are easy to read"
    if not entry.answer.startswith("**"):
        yield "the answer doesn't begin with its gist in bold"
    yield from faults_of_markdown(entry.answer)


def faults_of_markdown(markdown: str) -> Iterator[str]:
    """What the text holds that neither chat can show, and links that lead nowhere."""
    for forbidden, name in _FORBIDDEN:
        if forbidden.search(markdown):
            yield f"{name}, which a chat can't show"
    for text, url in _LINK.findall(markdown):
        if not re.fullmatch(r"https?://[^\s/]+\.[^\s]+", url) or not text.strip():
            yield f"the link [{text}]({url}) isn't well-formed"
    if markdown.count("**") % 2:
        yield "bold that isn't closed"


def faults_of_figures(entry: Entry) -> Iterator[str]:
    """Figures listed that the answer doesn't have, and numbers in it that aren't listed."""
    for figure in entry.figures:
        if figure not in entry.answer:
            yield f"figures: {figure} isn't in the answer"
    listed = " ".join(entry.figures)
    for number in _numbers(entry.answer):
        if number not in listed:
            yield f"figures: {number} is in the answer but not listed"


def faults_of_translated_figures(entry: Entry, translation: Translation) -> Iterator[str]:
    """Numbers of a translation that the Finnish doesn't have, nor the translation's own list of figures."""
    known = {digits for text in (entry.answer, *translation.figures) for digits in re.findall(r"\d+", text)}
    for number in _numbers(translation.answer):
        if not known.issuperset(re.findall(r"\d+", number)):
            yield f"figures: {number} isn't in the Finnish answer, nor listed here"


def has_phone_number(markdown: str) -> bool:
    """Whether somebody is sent to ring; 112 doesn't count, it never changes."""
    return _PHONE.search(markdown) is not None


def _numbers(markdown: str) -> list[str]:
    """The numbers of an answer as written, but for those of steps, addresses and names such as Oulu10."""
    return _NUMBER.findall(_STEP.sub("\n", _LINK.sub(r"\1", markdown)))


def twins(phrasings: Sequence[tuple[str, str]]) -> Iterator[tuple[int, int]]:
    """Pairs of places of phrasings (entry id, text) that are the same, or too like under different entries.

    In the order of the later place, then of the earlier one. Few pairs are compared: of two sets of trigrams that
    overlap by `MOST_LIKE`, each has most of its trigrams in common with the other, one of its rarest few among them.
    """
    grams = [_trigrams(text) for _, text in phrasings]
    common = Counter(gram for own in grams for gram in own)
    rarity = {gram: rank for rank, gram in enumerate(sorted(common, key=lambda gram: (common[gram], gram)))}
    sets = [frozenset(rarity[gram] for gram in own) for own in grams]
    holders: dict[int, list[tuple[int, int, int]]] = {}  # by a rare trigram: place, size, how many come after it
    for place, own in enumerate(sets):
        size = len(own)
        smallest, largest = MOST_LIKE * size - _ROUNDING, size / MOST_LIKE + _ROUNDING
        rarest = [(gram, size - at) for at, gram in enumerate(sorted(own)[: size - ceil(smallest) + 1], start=1)]
        seen: set[int] = set()
        found: list[int] = []
        for gram, after in rarest:
            for other, other_size, other_after in holders.get(gram, ()):
                if not smallest <= other_size <= largest or other in seen:
                    continue
                seen.add(other)
                # This is the rarest they share: all else they share comes after it in both.
                if 1 + min(after, other_after) >= _LEAST_SHARED * (size + other_size) - _ROUNDING:
                    shared = len(own & sets[other])
                    likeness = shared / (size + other_size - shared)
                    if likeness == 1.0 or (likeness >= MOST_LIKE and phrasings[other][0] != phrasings[place][0]):
                        found.append(other)
        for other in sorted(found):
            yield other, place
        for gram, after in rarest:
            holders.setdefault(gram, []).append((place, size, after))


def twins_among(own: Sequence[str], others: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of places in *own* and *others*, phrasings of different entries, that are too like, as `twins` finds them.

    Quick where *own* are few. Looked at closely are pairs that share half of their words, since two texts so alike have
    more than that in common; and of a few words all, since a word may be long.
    """
    holders: dict[str, list[int]] = {}
    sets = [frozenset(words(clean(text))) for text in own]
    for place, said in enumerate(sets):
        for word in said:
            holders.setdefault(word, []).append(place)
    short = [place for place, said in enumerate(sets) if len(said) <= _FEW_WORDS]
    grams = [_trigrams(text) for text in own]
    for other, text in enumerate(others):
        said = frozenset(words(clean(text)))
        shared = Counter(place for word in said for place in holders.get(word, ()))
        near = {place for place, count in shared.items() if 2 * count >= max(len(said), len(sets[place]))}
        near.update(short if len(said) <= _FEW_WORDS else ())
        if near:
            other_grams = _trigrams(text)
            for place in sorted(near):
                if len(grams[place] & other_grams) / len(grams[place] | other_grams) >= MOST_LIKE:
                    yield place, other


def _trigrams(text: str) -> frozenset[str]:
    padded = f" {' '.join(words(clean(text)))} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))
