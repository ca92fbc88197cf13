"""Words that tell the kind of a message, its urgency and its language (parsers/tables/cues.csv)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

Spotted = Mapping[str, Sequence[tuple[int, str]]]  # kind of cue -> (place of its first word, cue)


class Cues:
    """Phrases of many kinds, found as whole words in one pass."""

    def __init__(self, cues: Iterable[tuple[str, str]], languages: Iterable[str]) -> None:
        self._by_first: defaultdict[str, list[tuple[str, list[str], str]]] = defaultdict(list)
        self._languages: defaultdict[str, list[str]] = defaultdict(list)
        singles: defaultdict[str, set[str]] = defaultdict(set)
        spoken = frozenset(languages)
        for kind, phrase in cues:
            if kind in spoken:
                self._languages[phrase].append(kind)
                continue
            words = phrase.split()
            self._by_first[words[0]].append((kind, words[1:], phrase))
            if len(words) == 1:
                singles[kind].add(phrase)
        self._singles = {kind: frozenset(words) for kind, words in singles.items()}

    def words(self, kind: str) -> frozenset[str]:
        """The cues of one kind that are single words."""
        return self._singles[kind]

    def spot(self, words: list[str]) -> Spotted:
        """Where each cue stands, in the order of the text; a kind that was not found is empty."""
        found: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for place, word in enumerate(words):
            for kind, others, phrase in self._by_first.get(word, ()):
                if not others or words[place + 1 : place + 1 + len(others)] == others:
                    found[kind].append((place, phrase))
        return found

    def languages(self, words: Iterable[str]) -> Counter[str]:
        """How many of the words belong to each language."""
        languages = self._languages
        return Counter([code for word in words for code in languages.get(word, ())])
