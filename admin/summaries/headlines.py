"""The five figures that matter most, each as a number and the words after it. Pure, Finnish."""

from collections.abc import Mapping
from dataclasses import dataclass

from admin.summaries.due import Period, Span
from admin.summaries.statistics import Counts, Figures, Share
from admin.summaries.tables import people, text_of

IN_THE_LAST: Mapping[Period, str] = {
    "day": "edellisenä päivänä",
    "week": "edellisellä viikolla",
    "month": "edellisessä kuussa",
    "range": "edellisellä yhtä pitkällä jaksolla",
}

FOUR_WEEKS = 28


@dataclass(frozen=True)
class Headline:
    """A *number* as it is shown, and the *words* of the sentence that it begins; *key* is of `tables.KEY_FIGURES`."""

    key: str
    number: str
    words: str


def headlines(figures: Figures, *, is_over: bool) -> list[Headline]:
    """Questions, the hours nobody is there, answers at once, the time to a person, help; what is nothing is left out.

    A period that isn't over yet is compared with nothing, since that would always look like a fall.
    """
    counts = figures.counts
    before, last_year = (figures.before, figures.last_year) if is_over else (None, None)
    then = _then(figures.span)

    def compared(share: str) -> str:
        earlier = None if before is None else getattr(before, share).percent
        return "" if earlier is None else f"; ennen {earlier} %"

    said = [Headline("questions", str(counts.questions), _questions(counts, before, last_year, then))]
    if counts.questions:
        said += [
            _of(
                "outside",
                counts.outside_share,
                f"tuli virka-ajan ulkopuolella ({{}}{compared('outside_share')}).",
            ),
            _of(
                "answered",
                counts.answered_share,
                f"sai botilta vastauksen heti ({{}}{compared('answered_share')}). "
                f"Ihmiselle lähetettiin {counts.escalated}.",
            ),
        ]
    if counts.median_wait is not None:
        said.append(Headline("wait", text_of(counts.median_wait), _wait(counts, before)))
    if counts.helped_share.of:
        said.append(_of("helped", counts.helped_share, f"sanoi, että vastaus auttoi ({{}}{compared('helped_share')})."))
    return said


def _then(span: Span) -> str:
    if len(span.days) == FOUR_WEEKS:
        return "edellisillä neljällä viikolla"
    return IN_THE_LAST[span.period]


def _of(key: str, share: Share, words: str) -> Headline:
    return Headline(key, text_of(share), words.format(f"{share.cases} / {share.of}"))


def _questions(counts: Counts, before: Counts | None, last_year: Counts | None, then: str) -> str:
    said = "kysymys" if counts.questions == 1 else "kysymystä"
    if counts.questions:
        said += f" {text_of(people(counts))} kysyjältä"
    if before is not None:
        said += f", {_difference(counts.questions, before.questions)} kuin {then}"
    if last_year is not None:
        said += f". Vuosi sitten {last_year.questions}"
    return f"{said}."


def _difference(now: int, then: int) -> str:
    if now == then:
        return "yhtä monta"
    return f"{now - then} enemmän" if now > then else f"{then - now} vähemmän"


def _wait(counts: Counts, before: Counts | None) -> str:
    replies = "1 vastaus" if counts.waits == 1 else f"{counts.waits} vastausta"
    said = f"odotettiin ihmisen vastausta (mediaani, {replies}"
    if before is not None and before.median_wait is not None:
        said += f"; ennen {text_of(before.median_wait)}"
    kept = counts.kept_share
    return f"{said})." + (f" Luvatussa ajassa {kept.cases} / {kept.of}, {text_of(kept)}." if kept.of else "")
