"""Labelled questions: what they are, and the files of the development set."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DEVELOPMENT_FOLDER = Path(__file__).parent / "evaluation"

DEVELOPMENT_FILES = ("in-scope", "out-of-scope", "smalltalk", "crisis", "crisis-idioms")
"""What is fitted on. `sample` stands beside them and is fitted on by nothing: a look at unseen questions."""

HARD_FILE = "crisis-fourth-calm"
"""Its questions in scope are fitted on, too. Of its others nobody has said whether an entry would answer them."""

_HEADING = "question\ttopic\talso\tregister\tpersona"


@dataclass(frozen=True)
class Question:
    """A question someone might ask, and what would be right.

    *topic* is an entry's id, or "none" (the FAQ must not answer), "smalltalk" or "crisis". *also* are other entries
    that would be as right; *register* is how it is written, *persona* who writes it and, after a colon, about what.
    """

    text: str
    topic: str
    also: frozenset[str]
    register: str
    persona: str

    @property
    def right(self) -> frozenset[str]:
        """The ids of the entries that answer it."""
        return self.also | {self.topic} if self.is_in_scope else self.also

    @property
    def is_in_scope(self) -> bool:
        return self.topic not in ("none", "smalltalk", "crisis")


def read_questions(file: Path) -> list[Question]:
    """The questions of a TSV file: question, topic, also, register, persona. Raises ValueError, naming the line."""
    heading, *lines = file.read_text(encoding="utf-8").splitlines()
    if heading != _HEADING:
        raise ValueError(f"{file}:1: the heading isn't {_HEADING!r}")
    questions = []
    for number, line in enumerate(lines, start=2):
        fields = line.split("\t")
        if len(fields) != 5:
            raise ValueError(f"{file}:{number}: {len(fields)} fields, not 5")
        text, topic, also, register, persona = fields
        questions.append(Question(text, topic, frozenset(filter(None, also.split(","))), register, persona))
    return questions


def development(names: Iterable[str] = DEVELOPMENT_FILES) -> list[Question]:
    """The development questions of these files, in the order of the files and their lines."""
    return [question for name in names for question in read_questions(DEVELOPMENT_FOLDER / f"{name}.tsv")]


def fitted_on() -> list[Question]:
    """The questions that the search is fitted on: the development set, and those in scope of a hard one."""
    return [*development(), *(question for question in development([HARD_FILE]) if question.is_in_scope)]
