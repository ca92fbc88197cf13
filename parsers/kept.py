"""What was found out about single words, which come again and again."""

from collections.abc import Callable
from typing import TypeVar

FULL = 20_000  # words
Found = TypeVar("Found")


class Kept(dict[str, Found]):
    """`kept[word]` asks once for each word; when full it forgets all, and starts anew.

    Three fifths of the cost of an lru_cache, which writes down the order of every question.
    """

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], Found]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> Found:
        if len(self) >= FULL:
            self.clear()
        self[word] = found = self._find(word)
        return found
