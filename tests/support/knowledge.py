"""A small FAQ of six entries, and a knowledge base on it whose verdicts a test can foretell."""

import re
from dataclasses import replace
from pathlib import Path

from knowledge import library
from knowledge.base import KnowledgeBase
from knowledge.verdict import Verdict

FOLDER = Path(__file__).parent / "faq"

# What the six entries answer, what they might, and what they don't.
KNOWN = "Miten haen asumistukea"
ALSO_KNOWN = "Miten teen CVn"
VAGUE = "Jotain asumistukea"
UNKNOWN = "Saako iguaanin tuoda kouluun?"


class SteadyKnowledge(KnowledgeBase):
    """Real in all but its certainty: that is fitted to the whole FAQ, and moves whenever the FAQ does.

    A phrasing, word for word, is answered; a word of an entry's title gives choices; anything else goes to a person.
    Danger and small talk are what the real one takes them for.
    """

    def judge(self, question: str) -> Verdict:
        verdict = super().judge(question)
        if verdict.kind in ("crisis", "smalltalk"):
            return verdict
        for hit in verdict.hits:
            entry = self.library.get(hit.entry_id)
            phrasings = {_plain(text) for texts in entry.phrasings.values() for text in texts} if entry else set()
            if entry and _plain(question) in phrasings | {_plain(entry.title)}:
                others = tuple(other for other in verdict.hits if other != hit)
                return replace(verdict, kind="answer", hits=(hit, *others), confidence=0.99)
        titles = {word for entry in self.library.entries for word in _plain(entry.title).split() if len(word) > 5}
        if titles & set(_plain(question).split()):
            return replace(verdict, kind="choices", confidence=0.5)
        return replace(verdict, kind="escalate", confidence=0.05)


def small_knowledge_base(cache_folder: Path) -> SteadyKnowledge:
    """The six entries, fitted."""
    built = SteadyKnowledge.build(library.load(FOLDER), cache_folder)
    assert isinstance(built, SteadyKnowledge)
    return built


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
