"""What was worked out about single words that people write, remembered to be quick, and forgotten all at once.

A word may be a name: of somebody who has had their messages erased, none may stay.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar
from weakref import WeakSet

Found = TypeVar("Found")

_caches: WeakSet[Any] = WeakSet()


def remembered(most: int) -> Callable[[Callable[[str], Found]], Callable[[str], Found]]:
    """Makes a pure function of a word remember what it gave for the last *most* words, until `forget`."""

    def remembering(of: Callable[[str], Found]) -> Callable[[str], Found]:
        cached = lru_cache(most)(of)
        _caches.add(cached)
        return cached

    return remembering


def forget() -> None:
    """Remember nothing of any word."""
    for cached in list(_caches):
        cached.cache_clear()


def count() -> int:
    """Of how many words something is remembered, each counted once for every function."""
    return sum(cached.cache_info().currsize for cached in list(_caches))
