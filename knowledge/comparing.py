"""How far the service's search is ahead of others that were asked the same questions about the same FAQ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.evaluation import Measure, measure
from knowledge.questions import Question

OURS = "this service"


@dataclass(frozen=True)
class Found:
    """What a search found: for each question the ids of the first three entries, best first; and what one took."""

    first: Sequence[Sequence[str]]
    milliseconds: float


@dataclass(frozen=True)
class Compared:
    """How well a search did; *ahead* is by how much the service's recall@1 is above its own, question by question."""

    recall_1: Measure
    recall_3: Measure
    ahead: Measure
    milliseconds: float


def compare(questions: Sequence[Question], ours: Found, others: Mapping[str, Found]) -> dict[str, Compared]:
    """By name, the service first. Each needs something found for each of the *questions*, all of them in scope."""
    own = _is_first_right(questions, ours)
    compared = {}
    for name, found in {OURS: ours, **others}.items():
        is_first = _is_first_right(questions, found)
        is_among = [not question.right.isdisjoint(ids) for question, ids in zip(questions, found.first, strict=True)]
        ahead = [float(one) - float(other) for one, other in zip(own, is_first, strict=True)]
        compared[name] = Compared(measure(is_first), measure(is_among), measure(ahead), found.milliseconds)
    return compared


def _is_first_right(questions: Sequence[Question], found: Found) -> list[bool]:
    return [bool(ids) and ids[0] in question.right for question, ids in zip(questions, found.first, strict=True)]


def as_table(compared: Mapping[str, Compared]) -> str:
    """The comparison in Markdown, intervals in brackets."""
    lines = ["| search | recall@1 | recall@3 | recall@1 behind | ms a question |", "|---|---|---|---|---|"]
    for name, one in compared.items():
        behind = "" if name == OURS else f"{one.ahead.share:.1%} [{one.ahead.low:.1%}, {one.ahead.high:.1%}]"
        cells = [name, _interval(one.recall_1), _interval(one.recall_3), behind, f"{one.milliseconds:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _interval(of: Measure) -> str:
    return f"{of.share:.1%} [{of.low:.1%}, {of.high:.1%}]"
