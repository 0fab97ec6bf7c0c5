"""`koppi evaluate --compare`: the same questions put to other ways of searching the same FAQ, which live beside the
benchmarks and in an environment of their own: the service needs none of them."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from knowledge.base import KnowledgeBase
from knowledge.comparing import Compared, Found, compare
from knowledge.index import ways_of_asking
from knowledge.questions import Question

_ROOT = Path(__file__).parents[1]
_PEERS = "tests.bench.peers"


class PeersMissing(Exception):
    """The other searches aren't here, or could not be run."""


def compared(base: KnowledgeBase, questions: Sequence[Question], *, without: str = "") -> dict[str, Compared]:
    """How the service and the others did on those of *questions* that are in scope; *without* those whose name begins
    so. Raises PeersMissing."""
    inside = [question for question in questions if question.is_in_scope]
    return compare(inside, _ours(base, inside), _peers(base, inside, without))


def _ours(base: KnowledgeBase, questions: Sequence[Question]) -> Found:
    began = time.process_time()
    first = [[hit.entry_id for hit in base.judge(question.text).hits] for question in questions]
    return Found(first, (time.process_time() - began) / max(1, len(questions)) * 1000)


def _peers(base: KnowledgeBase, questions: Sequence[Question], without: str) -> Mapping[str, Found]:
    given = {
        "entries": {entry.id: ways_of_asking(entry) for entry in base.library.entries},
        "questions": [question.text for question in questions],
        "without": without,
    }
    if not (_ROOT / f"{_PEERS.replace('.', '/')}.py").exists():
        raise PeersMissing("the other searches come with the source code, beside its benchmarks")
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-m", _PEERS],
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        check=False,
    )
    if done.returncode:
        raise PeersMissing(f"the other searches ended with status {done.returncode}")
    return {name: Found(each["first"], each["milliseconds"]) for name, each in json.loads(done.stdout).items()}
