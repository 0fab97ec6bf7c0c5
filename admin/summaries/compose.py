"""A period's figures in words: what matters in two or three sentences, one thing to do, then every figure. Pure.

The text is the Markdown of the FAQ with bold only, so that it reads the same in Telegram, in an e-mail, in the console
and, without its marks, on a terminal.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from admin.summaries import wording
from admin.summaries.action import Action, suggest
from admin.summaries.periods import dated, duration_in_words, title, when
from admin.summaries.situation import Situation
from admin.summaries.small_numbers import FEWEST_ASKERS, Group
from admin.summaries.statistics import Counts, Figures, Share
from bot.store.tallies import NONE
from bot.wording import escape_markdown
from knowledge.entry import Language

NOTHING_KNOWN = Situation()
MOST = 3  # of topics and of campaigns: what is named must be read on a phone


def summary(
    figures: Figures,
    *,
    today: date,
    service: str,
    address: str,
    language: Language = "fi",
    situation: Situation = NOTHING_KNOWN,
) -> str:
    """The summary of *figures* for a reader on *today*; *service* is its name, *address* where people ask.

    A period that isn't over yet is compared with nothing, since that would always look like a fall.
    """
    is_over = figures.span.last_day < today
    told = _Told(figures, situation, language, is_over=is_over)
    parts = [f"**{escape_markdown(service)} · {title(figures.span, language)}**"]
    if not is_over:
        parts.append(told.say(wording.STILL_RUNNING))
    parts.append(told.in_short(today))
    parts.append(told.one_thing(address))
    parts.extend("\n".join(lines) for lines in told.lines() if lines)
    parts.append(told.say(wording.MORE_IN_CONSOLE, address=f"{address}/console/figures"))
    return "\n\n".join(parts)


class _Told:
    """The figures of one period in one language."""

    def __init__(self, figures: Figures, situation: Situation, language: Language, *, is_over: bool) -> None:
        self._figures = figures
        self._situation = situation
        self._language = language
        self._is_over = is_over
        self._before = figures.before if is_over else None
        self._last_year = figures.last_year if is_over else None

    def say(self, sentence: str, **values: object) -> str:
        """*sentence* in the reader's language; its values stand as they are, whatever marks are in them."""
        safe = {name: escape_markdown(str(value)) for name, value in values.items()}
        return wording.say(self._language, sentence, **safe)

    # --- in short -------------------------------------------------------------------------------------------------

    def in_short(self, today: date) -> str:
        """Two or three sentences; whoever reads no further has read what matters."""
        counts, span = self._figures.counts, self._figures.span
        asked = self._asked(when(span, today, self._language))
        if not counts.questions:
            return asked
        outside = {0: wording.OUTSIDE_NONE, 1: wording.OUTSIDE_ONE}.get(counts.outside_hours, wording.OUTSIDE)
        who = {"askers": counts.askers, "answered": counts.answered, "escalated": counts.escalated}
        return f"{asked} {self._raw(outside, count=counts.outside_hours)} {self._raw(wording.WHO, **who)}"

    def _asked(self, spoken: str) -> str:
        counts, period = self._figures.counts, self._figures.span.period
        sentence = {0: wording.QUESTIONS_NONE, 1: wording.QUESTIONS_ONE}.get(counts.questions, wording.QUESTIONS)
        asked = self._raw(sentence, when=spoken, count=counts.questions)
        than = self._raw(wording.THAN_BEFORE[period])
        if self._before is not None and (counts.questions or self._before.questions):
            asked += f", {self._compared(counts.questions, self._before.questions, than)}"
        if self._last_year is not None and (counts.questions or self._last_year.questions):
            than = self._raw(wording.THAN_LAST_YEAR)
            asked += f", {self._compared(counts.questions, self._last_year.questions, than)}"
        return f"{asked}."

    def _compared(self, now: int, then: int, than: str) -> str:
        if now == 0:
            return self._raw(wording.NONE_BUT_BEFORE, than=than, count=then)
        if now == then:
            return self._raw(wording.AS_MANY, than=than)
        return self._raw(wording.MORE if now > then else wording.FEWER, count=abs(now - then), than=than)

    def one_thing(self, address: str) -> str:
        """What to do, and why."""
        action = suggest(self._figures, self._situation, is_over=self._is_over)
        values = self._values(action, address)
        head = self._raw(wording.ONE_THING[self._figures.span.period])
        return (
            f"**{head}** {self.say(wording.DO[action.kind], **values)} {self.say(wording.WHY[action.kind], **values)}"
        )

    def _values(self, action: Action, address: str) -> Mapping[str, object]:
        """Everything that the words of any action may hold."""
        counts, about = self._figures.counts, action.about or ""
        reviews = {due.id: due.by for due in self._situation.reviews}
        return {
            **action.because,
            "address": address,
            "topic": self._situation.title(about, self._language),
            "campaign": about,
            "by": dated(reviews[about], self._language) if about in reviews else "",
            "percent": counts.outside_share.percent,
            "wait": "" if counts.median_wait is None else duration_in_words(counts.median_wait, self._language),
        }

    # --- every figure ---------------------------------------------------------------------------------------------

    def lines(self) -> Sequence[Sequence[str]]:
        """Every figure on its line, in groups; those of other periods in brackets."""
        if self._figures.counts == Counts() and self._figures.funnel.came == 0:
            return [self._reviews()]
        return [[*self._numbers(), *self._meaning()], [*self._way(), *self._where(), *self._what()], self._reviews()]

    def _numbers(self) -> Sequence[str]:
        return [
            self._line("questions", lambda counts: counts.questions),
            self._line("askers", lambda counts: counts.askers),
            self._line("returned", lambda counts: counts.returned),
            self._line("answered", lambda counts: counts.answered),
            self._line("choices", lambda counts: counts.choices),
            self._line("picked", lambda counts: counts.picked),
            self._line("not_found", lambda counts: counts.not_found),
            self._line("escalated", lambda counts: counts.escalated),
            self._line("human_replies", lambda counts: counts.human_replies),
            self._line("median_wait", self._wait),
            self._line("promises", lambda counts: self._part(counts.kept_share)),
            self._line("outside_hours", lambda counts: self._percent(counts.outside_share)),
            self._line("helped", lambda counts: f"{counts.helped} / {counts.not_helped}"),
        ]

    def _line(self, name: str, value: Callable[[Counts], object]) -> str:
        beside = [str(value(self._before))] if self._before is not None else []
        if self._last_year is not None:
            beside.append(self._raw(wording.LAST_YEAR, value=value(self._last_year)))
        now = str(value(self._figures.counts))
        return self._named(name, self._raw(wording.BESIDE, value=now, beside="; ".join(beside)) if beside else now)

    def _meaning(self) -> Sequence[str]:
        return [] if self._before is None else [self._raw(wording.MEANING[self._figures.span.period])]

    def _wait(self, counts: Counts) -> str:
        if counts.median_wait is None:
            return self._raw(wording.NOTHING)
        return duration_in_words(counts.median_wait, self._language)

    def _part(self, share: Share) -> str:
        if not share.of:
            return self._raw(wording.NOTHING)
        return self._raw(wording.PART, part=share.cases, whole=share.of)

    def _percent(self, share: Share) -> str:
        if share.percent is None:
            return str(share.cases)
        return self._raw(wording.PERCENT, count=share.cases, percent=share.percent)

    def _way(self) -> Sequence[str]:
        funnel = self._figures.funnel
        steps = [self._raw(sentence, count=getattr(funnel, step)) for step, sentence in wording.WAY.items()]
        heard = [self._named("heard", str(funnel.heard))] if funnel.heard else []
        visited = [self._named("visited", str(funnel.visited))] if funnel.visited else []
        return [*heard, *visited, self._named("way", " → ".join(steps))]

    def _where(self) -> Sequence[str]:
        """The channels always, the campaigns where there are any."""
        channels = {
            wording.say(self._language, wording.CHANNELS[name]) if name in wording.CHANNELS else name: group
            for name, group in self._figures.by_channel.items()
        }
        lines = [self._named("channels", self._groups(channels, most=len(channels)))]
        by_code = self._figures.by_campaign
        campaigns = {
            escape_markdown(self._situation.campaigns.get(code, code)): group
            for code, group in by_code.items()
            if code != NONE
        }
        if campaigns:
            none = [self._raw(wording.NO_CAMPAIGN, count=by_code[NONE].questions)] if NONE in by_code else []
            lines.append(self._named("campaigns", ", ".join([*_first(campaigns), *none])))
        return lines

    def _what(self) -> Sequence[str]:
        """The topics by name, where enough people asked for them to be told apart."""
        topics = {self._topic(topic): group for topic, group in self._figures.by_topic.items() if topic != NONE}
        rising = [
            self._topic(one.topic) + f" {one.questions}" + (f" ({one.before})" if one.before is not None else "")
            for one in self._figures.rising[:MOST]
            if self._is_over
        ]
        gaps = [
            f"{self._topic(gap.topic)} {gap.lacking}"
            + ("" if gap.questions is None or gap.topic == NONE else f" / {gap.questions}")
            for gap in self._figures.gaps[:MOST]
        ]
        found = {"topics": _first(topics), "rising": rising, "gaps": gaps}
        return [self._named(name, ", ".join(values)) for name, values in found.items() if values]

    def _topic(self, topic: str) -> str:
        if topic == NONE:
            return self._raw(wording.UNKNOWN_TOPIC)
        return escape_markdown(self._situation.title(topic, self._language))

    def _groups(self, groups: Mapping[str, Group], *, most: int) -> str:
        if not self._figures.counts.questions:
            return self._raw(wording.NOTHING)
        if not groups:
            return self._raw(wording.TOO_SMALL, fewest=FEWEST_ASKERS)
        hidden = self._figures.counts.questions - sum(group.questions for group in groups.values())
        others = [self._raw(wording.OTHERS, count=hidden)] if hidden else []
        return ", ".join([*_first(groups, most), *others])

    def _reviews(self) -> Sequence[str]:
        reviews = self._situation.reviews
        if not reviews:
            return []
        first = (
            self._situation.title(reviews[0].id, self._language) if reviews[0].kind == "answer" else reviews[0].title
        )
        return [self._named("reviews", self.say(wording.REVIEWS, count=len(reviews), title=first))]

    def _named(self, name: str, value: str) -> str:
        return self._raw(wording.LINE, name=self._raw(wording.NAMES[name]), value=value)

    def _raw(self, sentence: str, **values: object) -> str:
        """As `say`, for values that are numbers or Markdown already."""
        return wording.say(self._language, sentence, **{name: str(value) for name, value in values.items()})


def _first(groups: Mapping[str, Group], most: int = MOST) -> Sequence[str]:
    return [f"{name} {group.questions}" for name, group in list(groups.items())[:most]]
