"""Words that tell the kind of a message, its urgency and its language (parsers/tables/cues.csv)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

Phrase = tuple[str, list[str], str]
Cue = tuple[int, str]  # the place of its first word, and all its words
Spotted = Mapping[str, Sequence[Cue]]  # by kind of cue
NEAR = 8  # words within which two cues speak of the same thing


class Cues:
    """Phrases of many kinds, found as whole words in one pass."""

    def __init__(self, cues: Iterable[tuple[str, str]], languages: Iterable[str]) -> None:
        self._lone: defaultdict[str, list[str]] = defaultdict(list)  # kinds of a single word
        # Of phrases: first word, second word -> kind, the words behind, the phrase.
        self._pairs: defaultdict[str, defaultdict[str, list[Phrase]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._languages: defaultdict[str, list[str]] = defaultdict(list)
        singles: defaultdict[str, set[str]] = defaultdict(set)
        spoken = frozenset(languages)
        for kind, phrase in cues:
            if kind in spoken:
                self._languages[phrase].append(kind)
                continue
            first, *others = phrase.split()
            if others:
                self._pairs[first][others[0]].append((kind, others[1:], phrase))
            else:
                self._lone[first].append(kind)
                singles[kind].add(phrase)
        self._firsts = frozenset((*self._lone, *self._pairs))
        self._singles = {kind: frozenset(words) for kind, words in singles.items()}

    def words(self, kind: str) -> frozenset[str]:
        """The cues of one kind that are single words."""
        return self._singles[kind]

    def spot(self, words: list[str]) -> Spotted:
        """Where each cue stands, in the order of the text; a kind that was not found is empty."""
        found: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        firsts, lone, pairs, last = self._firsts, self._lone, self._pairs, len(words) - 1
        for place, word in [(at, word) for at, word in enumerate(words) if word in firsts]:
            if word in lone:
                for kind in lone[word]:
                    found[kind].append((place, word))
            if place < last and word in pairs and (second := words[place + 1]) in pairs[word]:
                for kind, others, phrase in pairs[word][second]:
                    if not others or words[place + 2 : place + 2 + len(others)] == others:
                        found[kind].append((place, phrase))
        return found

    def languages(self, words: Iterable[str]) -> Counter[str]:
        """How many of the words belong to each language."""
        languages = self._languages
        return Counter([code for w in words if w in languages for code in languages[w]])


def covered(found: Iterable[Cue]) -> set[int]:
    """The places of all words of these cues."""
    return {place + n for place, phrase in found for n in range(len(phrase.split()))}


def beyond(found: Iterable[Cue], others: Iterable[Cue]) -> bool:
    """Whether any of the cues is no part of the others: `bantuan` in `butuh bantuan` is."""
    within = covered(others)
    return any(place not in within for place, _ in found)


def together(spotted: Spotted, tables: Iterable[Sequence[str]]) -> Iterator[list[Cue]]:
    """Cues of all kinds of one table, near to one of its first kind."""
    for table in tables:
        if all(map(spotted.get, table)):
            first, *others = table
            for cue in spotted[first]:
                near = [_beside(cue, spotted[kind]) for kind in others]
                if all(near):
                    yield [cue, *filter(None, near)]


def _beside(cue: Cue, others: Iterable[Cue]) -> Cue | None:
    return next((other for other in others if 0 < abs(other[0] - cue[0]) <= NEAR), None)
