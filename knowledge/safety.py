"""Signs in a text that someone is in danger: what kind of danger, and how certain the sign is."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "self-harm", "medical", "violence", "sexual-violence", "child-in-danger", "threat-to-others", "no-shelter"
]
Certainty = Literal["sure", "unsure"]

_DIRECT = re.compile(
    r"\b(?:itsemurh|itsari|itsetuho|tapan itse|tapan itte|haluun kuolla|haluan kuolla|en halua elää|en jaksa elää"
    r"|viiltel|kill myself|suicid|want to die|wanna die|självmord|vill dö)"
)


@dataclass(frozen=True)
class SafetySign:
    """What was noticed. *sure*: answer nothing but with help; *unsure*: one gentle line, then the ordinary answer."""

    kind: Kind
    certainty: Certainty


def assess(text: str) -> SafetySign | None:
    """The gravest sign of danger in *text*, in Finnish, Swedish or English; None when there is none.

    Pure and thread-safe; takes any string and never raises.
    """
    if _DIRECT.search(unicodedata.normalize("NFC", text).casefold()):
        return SafetySign("self-harm", "sure")
    return None
