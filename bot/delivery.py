"""Outbox → channel: leases what may go now, sends within the limits, records the truth.

An item is one message: whoever queues a longer text splits it, so that each part is paced, retried and judged alone.
Order per destination is the lease query's promise; pace per chat and over all is kept here. A send that may have
arrived is repeated once and recorded as uncertain: better twice than never. A definite failure backs off for a day.
What nobody waits for, a broadcast, goes in its hours only, evenly, and leaves room for what somebody does wait for.
"""

import asyncio
import contextlib
import random
from bisect import insort
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from structlog.contextvars import bound_contextvars

from bot.channels.incoming import Sendable, SendFailed
from bot.store import chat_links, conversations, outbox
from bot.store.engine import Store, StoreUnavailable, Tx
from bot.store.outbox import OutboxItem
from bot.vault import Vault, WrongKey

GIVE_UP_AFTER = timedelta(hours=24)
FEWEST_TRIES = 5  # of a broadcast, which may have waited for its hours for longer than that
CHAT_GAP = timedelta(seconds=1)
MAX_PACED_CHATS = 10_000
BROADCAST_SHARE = 0.95  # of the pace
BROADCAST_CATCHES_UP = timedelta(seconds=0.25)  # where a busy moment has let some turns pass
KEPT_FOR_PEOPLE = 1  # of the sends that may be under way, where there is more than one
SEND_TIMEOUT_SECONDS = 25  # shorter than the lease, so that a slow send is ours to judge
LOOK_AGAIN_SECONDS = 1.0
SHORT_PAUSE_SECONDS = 0.02  # between two looks at what somebody else will end
STOP_SECONDS = 5.0
ERASED = "erased at the asker's wish"

log = structlog.get_logger()


class Channel(Protocol):
    """What can send: Telegram, or the web chat's own store of messages."""

    name: str

    async def send(self, address: str, message: Sendable) -> str | None:
        """Send *message* (or edit it, or delete it), return the channel's id of it. Raises `SendFailed`."""
        ...


class TurnOver(Exception):
    """The lease has ended before the send began: another process has the message, or will have it."""


class Pace:
    """At most *per_second* sends over all chats in any second, and a second between two in one chat.

    The first reply to what somebody wrote goes at once, and so do the line that an advisor has come and their replies:
    people set that pace themselves, and nobody waits for their own answer. Telegram allows a chat such short bursts;
    should it mind, it says how long to wait. Broadcasts come one by one, as seldom as makes their share:
    an answer goes between two of them, and nobody's waits for a burst of tips to others.
    """

    def __init__(self, per_second: float) -> None:
        self._most = max(1, int(per_second))
        self._span = timedelta(seconds=max(1.0, 1 / per_second))
        self._planned: list[datetime] = []  # sends of the last second and those still waiting for their turn, in order
        self._chats: dict[str, datetime] = {}  # when each chat may get another message that nobody asked for
        self._broadcast_gap = timedelta(seconds=1 / (BROADCAST_SHARE * per_second))
        self._next_broadcast: datetime | None = None
        self._after_broadcast: dict[str, datetime] = {}  # when each chat may get anything again
        self._seen: datetime | None = None  # when it was last asked

    def room(self, now: datetime) -> int:
        """How many more sends fit into the next second."""
        self._notice(now)
        return max(0, self._most - sum(1 for at in self._planned if at > now))

    def wait_for(
        self, destination: str, now: datetime, *, is_direct_reply: bool, is_broadcast: bool = False
    ) -> timedelta:
        """How long this send has to wait from *now*; its place in the row is taken by asking."""
        self._notice(now)
        self._planned = [at for at in self._planned if at > now - self._span]
        moment = now
        if is_broadcast:
            turn = max(now - BROADCAST_CATCHES_UP, self._next_broadcast or now)
            self._next_broadcast = turn + self._broadcast_gap
            moment = max(now, turn)
        gap = self._after_broadcast if is_direct_reply else self._chats
        at = self._free_from(max(moment, gap.get(destination, moment)))
        insort(self._planned, at)
        self._chats[destination] = max(at + CHAT_GAP, self._chats.get(destination, at))
        if is_broadcast:
            self._after_broadcast[destination] = at + CHAT_GAP
        if len(self._chats) > MAX_PACED_CHATS:
            self._chats, self._after_broadcast = (
                {chat: after for chat, after in chats.items() if after > now}
                for chats in (self._chats, self._after_broadcast)
            )
        return at - now

    def _notice(self, now: datetime) -> None:
        """Forget what was planned by a clock that has been put back since: it lies in a future that is far away."""
        if self._seen is not None and now < self._seen - self._span:
            self._planned, self._chats, self._after_broadcast, self._next_broadcast = [], {}, {}, None
        self._seen = now

    def _free_from(self, moment: datetime) -> datetime:
        """The first moment from *moment* on at which one more send overfills no second."""
        for first, last in zip(self._planned, self._planned[self._most - 1 :], strict=False):
            if last - self._span < moment < first + self._span:
                moment = first + self._span
        return moment


@dataclass
class Slot:
    """Room for one reply. Whoever writes the reply may lease it into *item*: it is sent without being looked for."""

    address: str
    item: OutboxItem | None = None


class Delivery:
    """Sends what the outbox holds, a bounded number at a time.

    *file_of* makes the file of all that is kept of the asker of a conversation, at a moment; None once that is erased.
    *picture_of* draws what an item names as its target, as PNG.
    *count_broadcast* writes down for the figures that one has arrived, in the same transaction.
    *may_broadcast* tells whether at this moment something may be sent that nobody asked for.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime],
        *,
        file_of: Callable[[str, datetime], Awaitable[bytes | None]],
        picture_of: Callable[[str], Awaitable[bytes]] | None = None,
        in_flight: int,
        per_second: float,
        may_broadcast: Callable[[datetime], bool] = lambda _now: True,
        count_broadcast: Callable[[Tx, OutboxItem, datetime], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._vault = vault
        self._channels = channels
        self._clock = clock
        self._file_of = file_of
        self._picture_of = picture_of
        self._may_broadcast = may_broadcast
        self._count_broadcast = count_broadcast
        self._has_broadcast = False  # to send, as far as was seen at the latest look
        self._is_full = False  # at the latest look: nothing could have been sent
        self._in_flight = in_flight
        self._paces = {name: Pace(per_second) for name in channels if name == "telegram"}
        self._sending: set[asyncio.Task[None]] = set()
        self._promised = 0  # slots given to transactions that may yet fill them

    @property
    def is_sending(self) -> bool:
        """Whether any send is under way."""
        return bool(self._sending)

    @contextlib.contextmanager
    def slot(self, channel: str, address: str) -> Iterator[Slot | None]:
        """Room to send one reply to *address* right after the transaction inside the block; None when there is none.

        What was leased into the slot is sent once the block has ended well.
        """
        has_room = channel in self._channels and self._room() > 0 and not self._store.hub.is_stopping
        slot = Slot(address) if has_room else None
        self._promised += has_room
        try:
            yield slot
        finally:
            self._promised -= has_room
        if slot is not None and slot.item is not None:
            self._start(slot.item)

    async def run(self) -> None:
        """Deliver until the service stops, then finish the sends under way: what is sent is also written down."""
        with self._store.hub.subscribe(outbox.TOPIC) as news:
            while not self._store.hub.is_stopping:
                looked_at = self._clock()
                try:
                    pause = await self._until_next_turn()
                    if pause == 0 and await self._start_sends():
                        continue
                except StoreUnavailable:
                    pause = LOOK_AGAIN_SECONDS
                await news.wait(max(pause, SHORT_PAUSE_SECONDS))
                if not self._is_full:  # then nobody waits for just that, and what came together is looked at together
                    since = (self._clock() - looked_at).total_seconds()
                    # A clock that was put back meanwhile makes no pause of an hour.
                    await self._store.hub.pause(SHORT_PAUSE_SECONDS - max(0.0, since))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                # A decision under way may yet lease its reply: neither a task nor an event tells of both.
                while self._promised or self._sending:  # noqa: ASYNC110
                    await asyncio.sleep(SHORT_PAUSE_SECONDS)

    async def _start_sends(self) -> int:
        """Start what is due, as far as there is room; returns how many.

        Until they have started, all that room is taken: a decision made meanwhile would send one too many.
        """
        room = 0
        try:
            async with self._store.write(brief=True) as tx:
                room = self._room()
                self._promised += room
                broadcasts = self._room_for_broadcasts(room) if self._has_broadcast else 0
                items = await outbox.lease(
                    tx, self._clock(), channels=list(self._channels), limit=room, broadcasts=broadcasts
                )
            for item in items:
                self._start(item)
            return len(items)
        finally:
            self._promised -= room

    def _room(self) -> int:
        """How many may be leased now: a lease must not run out while its send only waits for its turn."""
        in_pace = (pace.room(self._clock()) for pace in self._paces.values())
        return min([self._in_flight - len(self._sending) - self._promised, *in_pace])

    def _room_for_broadcasts(self, room: int) -> int:
        """How many of *room* may be for what nobody waits for."""
        kept = KEPT_FOR_PEOPLE if self._in_flight > KEPT_FOR_PEOPLE else 0
        return max(0, room - kept) if self._may_broadcast(self._clock()) else 0

    def _start(self, item: OutboxItem) -> None:
        task = asyncio.create_task(self._deliver(item))
        self._sending.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._store.hub.announce(outbox.TOPIC)

    async def _until_next_turn(self) -> float:
        """Seconds to wait before leasing: 0 when something is due and there is room for it."""
        room = self._room()
        self._is_full = room <= 0
        if self._is_full:
            return LOOK_AGAIN_SECONDS
        async with self._store.read(brief=True) as read:
            turn = await outbox.next_turn(read, list(self._channels), self._clock())
        self._has_broadcast = turn.has_broadcast
        if turn.has_broadcast and self._room_for_broadcasts(room) > 0:
            return 0
        if turn.at is None:
            return LOOK_AGAIN_SECONDS
        return min(LOOK_AGAIN_SECONDS, max(0.0, (turn.at - self._clock()).total_seconds()))

    async def _deliver(self, item: OutboxItem) -> None:
        with bound_contextvars(outbox=item.id, **({} if item.inbox_id is None else {"inbox": item.inbox_id})):
            await self._try(item)

    async def _try(self, item: OutboxItem) -> None:
        failure = None
        external_id = None
        try:
            external_id = await self._send(item)
        except TurnOver:
            log.info("turn_over", item=item.id, attempt=item.attempts)
            return
        except SendFailed as error:
            failure = error
        except Exception as error:
            # A fault of ours must not look like a delivered message, nor stop the others. Never log the text.
            log.error("delivery_fault", item=item.id, fault=type(error).__name__)
            failure = SendFailed(f"fault before sending ({type(error).__name__})")
        if failure is None:
            await self._record(lambda: self._sent(item, external_id))
        else:
            await self._record(lambda: self._failed(item, failure))

    async def _send(self, item: OutboxItem) -> str | None:
        if item.text is None or (item.address is None and item.sealed_address is None):
            raise SendFailed(ERASED, permanent=True)
        try:
            address = item.address or self._vault.unseal(item.sealed_address or b"")
        except WrongKey as error:
            raise SendFailed("the address can't be opened: KOPPI_SECRET_KEY has changed") from error
        channel = self._channels[item.channel]
        if pace := self._paces.get(item.channel):
            wait = pace.wait_for(
                item.destination,
                self._clock(),
                is_direct_reply=item.is_direct_reply,
                is_broadcast=item.is_broadcast,
            )
            await asyncio.sleep(wait.total_seconds())
        labels = tuple(
            (button["label"], f"{button['verb']}:{item.message_id or item.group_message_id}:{ordinal}")
            for ordinal, button in enumerate(item.buttons)
        )
        is_made = False
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                file = await self._made(item)
                if self._clock() >= item.leased_until:  # this process stood still, or the machine did
                    raise TurnOver
                is_made = True
                return await channel.send(
                    address,
                    Sendable(item.text, labels, item.act, item.target, item.thread, file, item.signature),
                )
        except (SendFailed, TurnOver):
            raise
        except TimeoutError as error:
            raise SendFailed("no answer in time", uncertain=is_made) from error
        except Exception as error:  # such as an answer that can't be read: what it answers may well have arrived
            log.error("sending_fault", item=item.id, fault=type(error).__name__)
            raise SendFailed(f"fault while sending ({type(error).__name__})", uncertain=is_made) from error

    async def _made(self, item: OutboxItem) -> bytes | None:
        """What goes along with the text, where anything does."""
        match item.act:
            case "file":
                return await self._file(item)
            case "picture":
                return await self._picture(item)
        return None

    async def _picture(self, item: OutboxItem) -> bytes | None:
        """None where it can't be drawn: the words that come with it tell the same."""
        try:
            return await self._picture_of(item.target or "") if self._picture_of else None
        except StoreUnavailable:
            raise
        except Exception as error:
            log.error("picture_fault", item=item.id, fault=type(error).__name__)
            return None

    async def _file(self, item: OutboxItem) -> bytes:
        """Made of what there is now: its content is stored nowhere else.

        Where that fails, it is given up: replies wait behind it.
        """
        try:
            file = await self._file_of(item.destination, self._clock())
        except StoreUnavailable:
            raise
        except Exception as error:
            log.error("file_fault", item=item.id, fault=type(error).__name__)
            raise SendFailed(f"the file can't be made ({type(error).__name__})", permanent=True) from error
        if file is None:
            raise SendFailed(ERASED, permanent=True)
        return file

    async def _sent(self, item: OutboxItem, external_id: str | None) -> None:
        async def write_down(tx: Tx, _nothing: None) -> None:
            now = self._clock()
            is_ours = await outbox.sent(tx, item, external_id, now)
            if is_ours and item.is_broadcast and self._count_broadcast:
                await self._count_broadcast(tx, item, now)

        await self._store.together(write_down, contextlib.nullcontext)
        log.info("sent", channel=item.channel, attempt=item.attempts, uncertain=item.uncertain)

    async def _failed(self, item: OutboxItem, failure: SendFailed) -> None:
        now = self._clock()
        was_repeated = failure.uncertain and item.uncertain
        is_tried = item.attempts >= FEWEST_TRIES or not item.is_broadcast
        is_too_old = is_tried and now - item.queued_at > GIVE_UP_AFTER
        async with self._store.write() as tx:
            if failure.moved_to is not None and await self._follow(tx, item, failure.moved_to):
                await outbox.retry(tx, item, now, uncertain=False)
            elif failure.permanent or was_repeated or is_too_old:
                reason = f"{outbox.PERHAPS}: {failure.reason}" if failure.uncertain else failure.reason
                await outbox.failed(tx, item, reason, now)
                if failure.unreachable and item.message_id is not None:
                    await conversations.set_reachable(tx, item.destination, reachable=False)
            else:
                wait = failure.retry_after or _back_off(item.attempts)
                if failure.uncertain:
                    wait = max(wait, outbox.UNCERTAIN_PAUSE)
                await outbox.retry(tx, item, now + wait, uncertain=failure.uncertain)
        log.info(
            "send_failed",
            item=item.id,
            reason=failure.reason,
            attempt=item.attempts,
            uncertain=failure.uncertain,
        )

    async def _follow(self, tx: Tx, item: OutboxItem, address: str) -> bool:
        """Remember where a chat of the staff's is now; whether *item* is to be sent there, too."""
        is_moved = await chat_links.move(
            tx, self._vault, address=self._vault.unseal(item.sealed_address or b""), to=address
        )
        return is_moved and item.act in {"send", "picture"}  # what was to be edited or deleted is out of reach there

    async def _record(self, write: Callable[[], Awaitable[None]]) -> None:
        """Keep trying to write the outcome down until the lease ends; then the next owner counts it as uncertain."""
        for _ in range(20):
            with contextlib.suppress(StoreUnavailable):
                await write()
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _back_off(attempts: int) -> timedelta:
    """Full jitter from one second up to a minute."""
    return timedelta(seconds=random.uniform(0.5, min(60.0, 2.0**attempts)))  # noqa: S311 - not a secret
