"""Words that tell the kind of a message, its urgency and its language (parsers/tables/cues.csv)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


class CueSet:
    """Phrases of one meaning, found as whole words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        for phrase in phrases:
            words = tuple(phrase.split())
            self._by_first.setdefault(words[0], []).append(words)

    def __contains__(self, word: str) -> bool:
        return (word,) in self._by_first.get(word, ())

    def find(self, words: Sequence[str]) -> list[tuple[int, str]]:
        """Where each phrase starts, in the order of the text."""
        return [
            (place, " ".join(phrase))
            for place, word in enumerate(words)
            for phrase in self._by_first.get(word, ())
            if tuple(words[place : place + len(phrase)]) == phrase
        ]


@dataclass(frozen=True, slots=True)
class Cues:
    """A CueSet for each kind of the table."""

    sets: Mapping[str, CueSet]

    def __getitem__(self, kind: str) -> CueSet:
        return self.sets[kind]
