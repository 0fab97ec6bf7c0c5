"""`python -m tests.bench.suggestions`: how good and how quick the suggestions from earlier replies are.

Quality: each development question in scope is taken for an open ticket, all the others for closed ones; how often the
first of them, or one of three, is about the same. Speed and memory: with 10,000 closed tickets on SQLite, in CPU time.
"""

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from admin.earlier import EarlierReplies
from bot.store import earlier, migrate
from bot.store.engine import Store
from bot.store.schema import account, asker, conversation, message, ticket
from knowledge import library
from knowledge.base import KnowledgeBase
from knowledge.earlier import LEAST, Earlier, Question, read_keys, topics_of
from knowledge.questions import Question as Labelled
from knowledge.questions import development
from tests.bench.running import ROOT, megabytes, percentile

TICKETS = 10_000
BATCH = 1000
A_REPLY = "Moi! Avaa OmaKela ja lisää liite hakemukseen. Soita numeroon 040 123 4567, jos se ei onnistu. " * 4


async def main() -> None:
    """Print both tables."""
    base = KnowledgeBase.build(library.load(), ROOT / "data" / "cache")
    labelled = development(["in-scope"])
    print("\n| closed tickets' topics | first is about the same | one of three is | offered | of those right |")
    print("|---|---|---|---|---|")
    topics_first = [next((hit.entry_id for hit in base.judge(one.text).hits), None) for one in labelled]
    for what, topics, weigh in (
        ("none known: words alone", [None] * len(labelled), False),
        ("as the bot guessed them", topics_first, True),
        ("as advisors confirm them", [one.topic for one in labelled], True),
    ):
        print(f"| {what} | {quality(base, labelled, topics, weigh=weigh)} |", flush=True)
    print("\n| with 10,000 closed tickets, CPU | measured |\n|---|---|")
    for words in (1, 3):
        with tempfile.TemporaryDirectory() as folder:
            await speed(base, Path(folder), phrasings_each=words)


def quality(base: KnowledgeBase, labelled: Sequence[Labelled], topics: Sequence[str | None], *, weigh: bool) -> str:
    """The cells of a line of the first table."""
    index = Earlier.of([Question(read_keys(one.text), topic) for one, topic in zip(labelled, topics, strict=True)])
    first = among = offered = right = 0
    for place, one in enumerate(labelled):
        chances = topics_of(base.judge(one.text)) if weigh else {}
        near = [found for found in index.like(one.text, chances, k=4, least=0.0) if found.place != place][:3]
        same = [bool(labelled[found.place].right & one.right) for found in near]
        first, among = first + same[0], among + any(same)
        if near[0].score >= LEAST:
            offered, right = offered + 1, right + same[0]
    count = len(labelled)
    return f"{first / count:.1%} | {among / count:.1%} | {offered / count:.1%} | {right / max(1, offered):.1%}"


async def speed(base: KnowledgeBase, folder: Path, *, phrasings_each: int) -> None:
    """Lines of the second table: questions of so many phrasings of the FAQ, put one after another."""
    dice = random.Random(0)
    ways = [way for entry in base.library.entries for texts in entry.phrasings.values() for way in texts]
    questions = [" ".join(dice.sample(ways, phrasings_each)) for _ in range(TICKETS)]
    topics = [entry.id for entry in base.library.entries]
    store = Store.at(f"sqlite+aiosqlite:///{folder / 'koppi.sqlite3'}")
    await migrate.upgrade(store)
    await fill(store, questions, topics, dice)
    replies, before = EarlierReplies(), megabytes_here()
    began = time.process_time()
    await replies.refresh(store)
    whole, after = time.process_time() - began, megabytes_here()
    began = time.process_time()
    await replies.refresh(store)
    look = time.process_time() - began
    began = time.process_time()
    Earlier.of([Question(replies._keys[one.message_id], one.topic) for one in replies._asked])
    anew = time.process_time() - began
    each = []
    for question in dice.sample(questions, 200):
        began = time.process_time()
        near = replies.like({question: topics_of(base.judge(question))}, k=6)
        async with store.read() as read:
            await earlier.told(read, [ticket_id for ticket_id, _ in near])
        each.append((time.process_time() - began) * 1000)
    length = statistics.mean(map(len, questions))
    print(f"| letters of a question, mean | {length:.0f} |")
    print(f"| questions kept | {len(replies)} |")
    print(f"| read in at the start, in the background | {whole:.1f} s |")
    print(f"| looked whether something changed | {look * 1000:.0f} ms |")
    print(f"| index made anew after a change | {anew * 1000:.0f} ms |")
    print(
        f"| suggestions for a question, median (p95) | {statistics.median(each):.1f} ms ({percentile(each, 95):.1f}) |"
    )
    print(f"| resident memory | +{after - before:.0f} MB |", flush=True)
    await store.close()


async def fill(store: Store, questions: Sequence[str], topics: Sequence[str], dice: random.Random) -> None:
    """Closed tickets with a question and a reply each, straight into the tables."""
    now = datetime.now(UTC)
    async with store.write() as tx:
        await tx.execute(
            account.insert().values(id="a" * 32, name="Väinö", role="tyovoimaneuvoja", password_hash="", created_at=now)
        )
    for start in range(0, len(questions), BATCH):
        numbers = range(start, min(start + BATCH, len(questions)))
        ids = [f"{number:032x}" for number in numbers]
        at = [now - timedelta(minutes=number) for number in numbers]
        async with store.write() as tx:
            await tx.execute(asker.insert(), [
                {"id": id_, "alias": "Kettu 482", "language": "fi", "created_at": t, "last_seen_at": t,
                 "last_events": {}}
                for id_, t in zip(ids, at, strict=True)
            ])  # fmt: skip
            await tx.execute(conversation.insert(), [
                {"id": id_, "asker_id": id_, "channel": "web", "state": {}, "created_at": t}
                for id_, t in zip(ids, at, strict=True)
            ])  # fmt: skip
            await tx.execute(ticket.insert(), [
                {"id": id_, "conversation_id": id_, "role": "tyovoimaneuvoja", "topic": dice.choice(topics),
                 "opened_at": t, "promised_at": t, "closed_at": t, "account_id": "a" * 32}
                for id_, t in zip(ids, at, strict=True)
            ])  # fmt: skip
            await tx.execute(message.insert(), [
                {"conversation_id": id_, "ticket_id": id_, "author": author, "text": text, "buttons": [],
                 "account_id": "a" * 32 if author == "advisor" else None, "created_at": t}
                for id_, t, number in zip(ids, at, numbers, strict=True)
                for author, text in (("asker", questions[number]), ("advisor", A_REPLY))
            ])  # fmt: skip


def megabytes_here() -> float:
    """The resident memory of this process."""
    return megabytes(os.getpid())


if __name__ == "__main__":
    asyncio.run(main())
