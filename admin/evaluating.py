"""`koppi evaluate`: how well questions find their answers, and fitting what is fitted on the development questions."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from admin import comparing
from admin.risk_picture import as_svg
from bot.settings import Settings
from knowledge import evaluation, library
from knowledge.base import KnowledgeBase
from knowledge.comparing import as_table
from knowledge.evaluation import Report
from knowledge.fitting import MOST_WRONG
from knowledge.library import Library

_CONFUSIONS_SHOWN = 40


def evaluate(
    settings: Settings,
    files: Sequence[Path],
    *,
    fit: bool,
    as_json: bool,
    picture: Path | None,
    peers: bool,
    out: Callable[[str], None],
) -> None:
    """Report on the questions in *files* (the development set without any); first fit and keep the fit, if asked to.

    *picture* is where the risk-coverage curve is drawn as SVG; with *peers* other searches are asked the same, and a
    table of how all of them did takes the report's place. Raises PeersMissing.
    """
    books = library.load()
    if fit:
        _fit_everything(books)
    questions = [question for file in files for question in evaluation.read_questions(file)]
    cache = settings.data_dir / "cache" if settings.data_dir.is_dir() else None
    base, questions = KnowledgeBase.build(books, cache), questions or evaluation.development()
    if peers:
        table = comparing.compared(base, questions)
        out(json.dumps({name: asdict(one) for name, one in table.items()}) if as_json else as_table(table))
        return
    report = evaluation.evaluate(base, questions)
    if picture:
        picture.write_text(as_svg(report.risk, MOST_WRONG), encoding="utf-8")
    out(json.dumps(report.as_json(), ensure_ascii=False) if as_json else _in_words(report))


def _fit_everything(books: Library) -> None:
    """Signs of danger first: whether a question is judged at all depends on them. Progress goes to standard error."""
    from knowledge import unease_fitting

    def say(what: str) -> None:
        print(f"fitting {what} …", file=sys.stderr, flush=True)

    unease_fitting.fit(unease_fitting.labelled_messages(), say).save()
    evaluation.fit(books, say=say).write()


def _in_words(report: Report) -> str:
    lines = [f"{report.questions} questions; intervals are 90 %", ""]
    lines += [f"{name:45} {measure}" for name, measure in report.measures.items()]
    for group, names in report.groups.items():
        lines += ["", f"by {group}: recall@1 · recall@3"]
        for name, measures in names.items():
            both = [f"{measures[which].share:.1%}" for which in ("recall@1", "recall@3") if which in measures]
            lines.append(f"  {name:30} {' · '.join(both)}")
    lines += ["", f"calibration error {report.calibration_error}"]
    lines += ["", "cross-fitted, when confidence was fitted"]
    lines += [f"  {name:45} {value}" for name, value in report.cross_fitted.items()]
    lines += ["", "answered at once → of those wrong"]
    lines += [f"  {share:6.1%}  {wrong:6.1%}  {'█' * round(wrong * 100)}" for share, wrong in report.risk[::5]]
    surest = sorted(report.confusions, key=lambda confusion: -(confusion.confidence or 0.0))[:_CONFUSIONS_SHOWN]
    lines += ["", f"the surest of {len(report.confusions)} confusions: meant → found, by which phrasing"]
    for confusion in surest:
        lines.append(
            f"  {confusion.confidence or 0.0:.2f}  {confusion.topic} → {confusion.found}  ({confusion.verdict})"
        )
        lines.append(f"        asked  {confusion.question}")
        lines.append(f"        found  {confusion.phrasing}")
    return "\n".join(lines)
