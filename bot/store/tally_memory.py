"""What was read of days that are over, kept by the process for who looks at the same days again.

Each day that is added up has a mark, made anew when it is added up again: what was read goes by the marks of its days.
Bounded, and forgotten with the database's engine.
"""

from array import array
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sized
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection

MOST = 24  # answers: a page of figures asks for nine
LARGEST = 5_000  # cells of one answer: what is larger is read anew
LARGEST_ARRAYS = 150_000  # numbers of one answer, which take less room

Answer = TypeVar("Answer", bound=Sized)

_memory: WeakKeyDictionary[object, OrderedDict[Hashable, Any]] = WeakKeyDictionary()


async def remembered(read: AsyncConnection, question: Hashable, look: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer to *question*, from memory or else by *look*; the caller must not change it."""
    answers = _memory.setdefault(read.sync_engine, OrderedDict())
    if question in answers:
        answers.move_to_end(question)
        kept: Answer = answers[question]
        return kept
    answer = await look()
    if _is_small(answer):
        answers[question] = answer
        while len(answers) > MOST:
            answers.popitem(last=False)
    return answer


def _is_small(answer: Sized) -> bool:
    parts = list(answer.values()) if isinstance(answer, dict) else [answer]
    cells = sum(1 if isinstance(part, tuple) else len(part) for part in parts if not isinstance(part, array))
    return cells <= LARGEST and sum(len(part) for part in parts if isinstance(part, array)) <= LARGEST_ARRAYS
