"""`koppi evaluate`: how well questions find their answers, and fitting what is fitted on the development questions."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.settings import Settings
from knowledge import evaluation, library
from knowledge.base import KnowledgeBase
from knowledge.evaluation import Report


def evaluate(
    settings: Settings, files: Sequence[Path], *, fit: bool, as_json: bool, out: Callable[[str], None]
) -> None:
    """Report on the questions in *files* (the development set without any); first fit and keep the fit, if asked to."""
    books = library.load()
    if fit:
        evaluation.fit(books).write()
    questions = [question for file in files for question in evaluation.read_questions(file)]
    cache = settings.data_dir / "cache" if settings.data_dir.is_dir() else None
    report = evaluation.evaluate(KnowledgeBase.build(books, cache), questions or evaluation.development())
    out(json.dumps(report.as_json(), ensure_ascii=False) if as_json else _in_words(report))


def _in_words(report: Report) -> str:
    lines = [f"{report.questions} questions; intervals are 90 %", ""]
    lines += [f"{name:45} {measure}" for name, measure in report.measures.items()]
    for group, names in report.groups.items():
        lines += ["", f"by {group}: recall@1 · recall@3"]
        for name, measures in names.items():
            both = [f"{measures[which].share:.1%}" for which in ("recall@1", "recall@3") if which in measures]
            lines.append(f"  {name:30} {' · '.join(both)}")
    lines += ["", f"calibration error {report.calibration_error:.3f}"]
    return "\n".join(lines)
