"""What `koppi ask --explain` shows: why a question got its verdict, for whoever mends an entry."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from knowledge.explaining import Candidate, Explanation
from knowledge.index import SIGNS

_COLOURS = {"answer": "green", "choices": "yellow", "escalate": "magenta", "smalltalk": "blue", "crisis": "red"}


def show(explanation: Explanation, console: Console) -> None:
    """Print the question as it was compared, the verdict, its candidates and the signals of its confidence."""
    verdict = explanation.verdict
    console.print(Text("read as    ", "dim"), Text(" ".join(explanation.words) or "nothing", "bold"), sep="")
    console.print(Text("verdict    ", "dim"), Text(verdict.kind, f"bold {_COLOURS[verdict.kind]}"), sep="")
    if verdict.safety:
        console.print(Text(f"safety     {verdict.safety.kind}, {verdict.safety.certainty}", "red"))
    if verdict.confidence is not None and explanation.among is not None:
        console.print(Text(f"first is right   {verdict.confidence:.3f}   answer from  {explanation.answer_from:.3f}"))
        console.print(Text(f"among the three  {explanation.among:.3f}   choices from {explanation.choices_from:.3f}"))
    if explanation.candidates:
        console.print(_candidates(explanation))
        for candidate in explanation.candidates:
            console.print(_nearest(candidate))
        console.print(_signals(explanation))


def _candidates(explanation: Explanation) -> Table:
    table = Table("entry", "chance", *SIGNS, title="candidates and their signs", title_justify="left")
    for candidate in explanation.candidates:
        signs = [f"{value:.2f}" for value in candidate.signs.values()]
        table.add_row(Text(candidate.entry_id, "cyan"), f"{candidate.score:.3f}", *signs)
    return table


def _nearest(candidate: Candidate) -> Text:
    """The phrasing the question is nearest to, and what both have, the brighter the weightier."""
    text = Text.assemble((candidate.entry_id, "cyan"), (f"  {candidate.title}\n", "dim"), f"  {candidate.phrasing}\n  ")
    for shared in candidate.shared:
        text.append(f"{shared.what} {shared.share:.0%}  ", "bold green" if shared.share >= 0.05 else "green")
    return text


def _signals(explanation: Explanation) -> Table:
    table = Table("signal", "adds to the log odds", title="what the confidence is made of", title_justify="left")
    for name, value in sorted(explanation.signals.items(), key=lambda signal: -abs(signal[1])):
        if value:
            table.add_row(name, Text(f"{value:+.2f}", "green" if value > 0 else "red"))
    return table
