"""Who is asked to wait: one asker's flood, one network's new conversations. Never who may be in danger.

Counted in memory, for the page and the widget together; a network only by a hash that means nothing the day after.
"""

import secrets
from collections import Counter
from datetime import timedelta
from ipaddress import ip_address

from starlette.requests import Request

from bot import wording
from bot.channels.incoming import calls_for_help
from bot.channels.web_security import source_address
from bot.channels.webchat.chat import WebChat
from bot.channels.webchat.pace import DailyHash, Pace
from bot.channels.webchat.posts import Post
from bot.channels.webchat.visitor import Visitor

MESSAGES_A_MINUTE = 20
NEW_CONVERSATIONS_AN_HOUR = 5
TYPING_A_MINUTE = 40  # a page that is written in tells of it every five seconds, and when it ends
FILES_A_MINUTE = 5  # of all that is kept of one asker
STREAMS = 1000  # beyond these, and these of one asker, pages ask by themselves every now and then
STREAMS_OF_ONE = 4


class Limits:
    """What has been counted since the start."""

    def __init__(self, chat: WebChat) -> None:
        self._chat = chat
        self._pace = Pace(MESSAGES_A_MINUTE, timedelta(minutes=1))
        self._openings = Pace(NEW_CONVERSATIONS_AN_HOUR, timedelta(hours=1))
        self._typing = Pace(TYPING_A_MINUTE, timedelta(minutes=1))
        self._files = Pace(FILES_A_MINUTE, timedelta(minutes=1))
        self._networks = DailyHash()
        self.streams: Counter[str] = Counter()  # open event streams of each asker

    def takes_typing(self, lookup: str) -> bool:
        """Whether this asker's page may tell once more that they write."""
        now = self._chat.clock()
        return self._typing.allows(lookup, secrets.token_hex(8), now)

    def takes_file(self, lookup: str) -> bool:
        """Whether this asker may fetch once more what is kept of them."""
        return self._files.allows(lookup, secrets.token_hex(8), self._chat.clock())

    def takes_stream(self, lookup: str) -> bool:
        """Whether one more open page of this asker gets a stream of its own."""
        return self.streams.total() < STREAMS and self.streams[lookup] < STREAMS_OF_ONE

    def refusal(self, request: Request, act: Post, asker: Visitor, key: str) -> str | None:
        """The sentence that asks for patience, or None. Who may be in danger is never asked to wait.

        *key*: the act's in the inbox. Posted again until it is confirmed, it counts once.
        """
        sentence = self._over_the_limit(request, asker, key)
        return None if sentence and self._may_be_in_danger(act, asker) else sentence

    def _may_be_in_danger(self, act: Post, asker: Visitor) -> bool:
        is_after_danger = asker.talk is not None and asker.talk.state.is_after_danger(self._chat.clock())
        return is_after_danger or calls_for_help(act.text)

    def _over_the_limit(self, request: Request, asker: Visitor, key: str) -> str | None:
        now = self._chat.clock()
        if not self._pace.allows(asker.lookup, key, now):
            return wording.WEB_SLOW_DOWN
        source = source_address(request, is_behind_proxy=self._chat.is_behind_proxy)
        # Behind a proxy that tells no addresses everybody comes from this machine: then it must do the counting.
        if asker.talk is None and not _is_this_machine(source):
            network = self._networks.of(source, now.astimezone(self._chat.hours.zone).date())
            if not self._openings.allows(network, key, now):
                return wording.WEB_MANY_NEW
        return None


def _is_this_machine(source: str) -> bool:
    try:
        return ip_address(source).is_loopback
    except ValueError:
        return not source  # a socket without an address; a proxy may tell one with its port
