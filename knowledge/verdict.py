"""What the bot makes of a message: answer, choices, escalate, small talk or crisis."""

from dataclasses import dataclass
from typing import Any, Literal

from knowledge.confidence import Fitted, is_here, signals
from knowledge.entry import Language
from knowledge.index import Finding, Hit
from knowledge.safety import SafetySign
from knowledge.smalltalk import SmallTalk

VerdictKind = Literal["answer", "choices", "escalate", "smalltalk", "crisis"]

SHOWN = 3

CERTAIN = 0.99
"""The confidence in an entry that has the question among its phrasings, word for word."""


@dataclass(frozen=True)
class Verdict:
    """*hits* are the 3 best (fewer in a small FAQ) whatever the kind; *confidence* is P(the first is right), or None.

    *safety* may be unsure beside any kind; it is sure exactly when the kind is "crisis".
    """

    kind: VerdictKind
    hits: tuple[Hit, ...] = ()
    confidence: float | None = None
    language: Language | None = None
    safety: SafetySign | None = None
    smalltalk: SmallTalk | None = None


def reach(
    finding: Finding,
    fitted: Fitted,
    *,
    safety: SafetySign | None,
    smalltalk: SmallTalk | None,
    language: Language | None,
) -> Verdict:
    """The verdict on a message in which all this was noticed. Danger goes first, then manners, then what was found.

    "Are you a bot" is small talk, but whoever made it a phrasing of an entry wants it answered by that.

    A question that names a place elsewhere is answered only by what says so word for word: what holds here may not
    hold there. A wrong answer is worse than choices, and choices without the right one are worse than a person: so the
    thresholds are high, and set from measured errors (fitted/judgement.json).
    """
    found = signals(finding, fitted.scope) if finding.hits else None
    confidence = fitted.right_first.chance(found) if found else None
    if confidence is not None and finding.is_word_for_word:
        confidence = max(confidence, CERTAIN)
    kind: VerdictKind
    if safety is not None and safety.certainty == "sure":
        kind = "crisis"
    elif smalltalk is not None and not finding.is_word_for_word:
        kind = "smalltalk"
    elif found is None or confidence is None:
        kind = "escalate"
    elif finding.is_word_for_word or (confidence >= fitted.thresholds.answer and is_here(finding.words)):
        kind = "answer"
    elif fitted.right_among.chance(found) >= fitted.thresholds.choices:
        kind = "choices"
    else:
        kind = "escalate"
    return Verdict(
        kind=kind,
        hits=finding.hits[:SHOWN],
        confidence=confidence,
        language=language,
        safety=safety,
        smalltalk=smalltalk if kind == "smalltalk" else None,
    )


def verdict_as_json(question: str, verdict: Verdict) -> dict[str, Any]:
    """What `koppi ask --json` prints of a question and its verdict."""
    return {
        "question": question,
        "verdict": verdict.kind,
        "entries": [{"id": hit.entry_id, "score": round(hit.score, 4)} for hit in verdict.hits],
        "confidence": None if verdict.confidence is None else round(verdict.confidence, 4),
        "language": verdict.language,
        "safety": None
        if verdict.safety is None
        else {"kind": verdict.safety.kind, "certainty": verdict.safety.certainty},
    }
