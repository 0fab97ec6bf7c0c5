"""How much one asker or one network may send: counted in memory, forgotten when the time is over."""

import hashlib
import secrets
from datetime import date, datetime, timedelta
from ipaddress import IPv6Address, ip_address

KEYS_BEFORE_TIDYING = 10_000


class Pace:
    """At most *limit* acts of one key within *window*."""

    def __init__(self, limit: int, window: timedelta) -> None:
        self._limit = limit
        self._window = window
        self._acts: dict[str, dict[str, datetime]] = {}

    def allows(self, key: str, act: str, now: datetime) -> bool:
        """Whether *key* may do *act* at *now*; if so, it is counted, once however often it is tried again."""
        if len(self._acts) >= KEYS_BEFORE_TIDYING:
            self._tidy(now)
        recent = {done: at for done, at in self._acts.get(key, {}).items() if self._counts(at, now)}
        allowed = act in recent or len(recent) < self._limit
        self._acts[key] = {act: now} | recent if allowed else recent
        return allowed

    def _tidy(self, now: datetime) -> None:
        self._acts = {key: acts for key, acts in self._acts.items() if self._counts(max(acts.values()), now)}

    def _counts(self, at: datetime, now: datetime) -> bool:
        """Whether what was done *at* counts *now*; what lies far ahead was timed by a clock that was put back since."""
        return abs(now - at) < self._window


class DailyHash:
    """Network addresses as hashes that mean nothing the day after, and nothing in another process."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._salt = b""

    def of(self, address: str, day: date) -> str:
        """The same hash for the same *address* on the same *day*."""
        return self._hash(network_of(address), day)

    def side_by_side(self, address: str, day: date) -> str:
        """The same hash for all networks that one line may have rented together with that of *address*."""
        network = network_of(address)
        return self._hash(network[:14] if ":" in network else network.rpartition(".")[0], day)

    def _hash(self, text: str, day: date) -> str:
        if day != self._day:
            self._day, self._salt = day, secrets.token_bytes(32)
        return hashlib.blake2b(text.encode(), key=self._salt, digest_size=16).hexdigest()


def network_of(address: str) -> str:
    """Of an IPv6 address the part that one line has: its owner makes up the rest, as many as they like."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return found.exploded[:19]
    return str(found.ipv4_mapped if isinstance(found, IPv6Address) else found)
