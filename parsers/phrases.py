"""Phrases of a catalogue found in the words of a text, weighted by how telling their words are."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from operator import eq
from typing import NamedTuple

LANDMARK_SHARE = 0.25  # of its weight, for a word that names a landmark
STEM_SHARE = 0.85  # of a word of a phrase that shares only the root
LONE_STEM_SHARE = 0.5  # a single word that shares only the root
WHOLE = 0.9  # share from which a phrase explains the words in it
WITHIN_SHARE = 0.5  # of a phrase within a longer one
FAR_COST = 0.1  # of the weight for each word between the words of a phrase
FAR_LEAST = 0.15
TURNED_SHARE = 0.8  # of a phrase whose words stand in another order
LATE_COST = 0.6  # of the weight at the end of a text: people say first what it is about
LATE_WORDS = 8  # shorter texts have no end
PART_SPREAD = 0.2  # of a target that has the word only within longer phrases
OCCURRENCES = 4  # of one word that are tried


@dataclass(frozen=True, slots=True)
class Phrase:
    """What points to `target`: words without stopwords, and their roots."""

    target: str
    words: tuple[str, ...]
    stems: tuple[str, ...]
    weight: float


class Hit(NamedTuple):
    """A phrase found in a text, with the share of its weight that counts."""

    phrase: Phrase
    positions: tuple[int, ...]
    share: float


class Wording(NamedTuple):
    """What a reading has to know of one word by itself."""

    root: str
    silent: bool  # a stopword
    landmark: bool  # the next word says where, not what
    polite: Set[str]  # words after which it only asks kindly: `mohon bantuan`


class Reading:
    """The telling words of one text, with their roots and the tokens that they come from."""

    def __init__(
        self,
        words: Sequence[tuple[str, ...]],
        wordings: Mapping[str, Wording],
        masked: Set[int] = frozenset(),
    ) -> None:
        self.words: list[str] = []
        self.stems: list[str] = []
        self.tokens: list[int] = []
        self.where: dict[str, list[int]] = {}
        self.landmarks: set[int] = set()
        beside_landmark, before = False, ""
        for index, parts in enumerate(words):
            for word in parts:
                last, before = before, word
                root, silent, landmark, polite = wordings[word]
                if landmark:
                    beside_landmark = True
                elif silent or index in masked or last in polite:
                    continue
                elif not self.words or self.words[-1] != word:
                    if beside_landmark:
                        self.landmarks.add(len(self.words))
                        beside_landmark = False
                    self.where.setdefault(root, []).append(len(self.words))
                    self.words.append(word)
                    self.stems.append(root)
                    self.tokens.append(index)


class NameIndex:
    """Finds names, whose words stand together and in order."""

    def __init__(self, names: Iterable[Phrase]) -> None:
        self._names: defaultdict[tuple[str, ...], list[Phrase]] = defaultdict(list)
        self._sizes: defaultdict[str, set[int]] = defaultdict(set)  # by the first word
        for name in names:
            self._names[name.words].append(name)
            self._sizes[name.words[0]].add(len(name.words))

    def found(self, reading: Reading) -> Iterator[Phrase]:
        """Names in the text, but for those that tell where something is."""
        sizes = self._sizes
        for place in [place for place, word in enumerate(reading.words) if word in sizes]:
            for size in sizes[reading.words[place]]:
                end = place + size
                names = self._names.get(tuple(reading.words[place:end]))
                if names and reading.landmarks.isdisjoint(range(place, end)):
                    yield from names


class PhraseIndex:
    """Finds phrases by their most telling word, so only few are tried for a text."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        kept = {(p.target, p.words): p for p in sorted(phrases, key=lambda p: p.weight)}
        targets = {target for target, _ in kept}
        spread = Counter(
            root for _, root in {(p.target, root) for p in kept.values() for root in p.stems}
        )
        self.telling = {root: math.log(1 + len(targets) / n) for root, n in spread.items()}
        lone = Counter(p.stems[0] for p in kept.values() if len(p.stems) == 1)
        self.telling_alone = {
            root: math.log(1 + len(targets) / (n + (spread[root] - n) * PART_SPREAD))
            for root, n in lone.items()
        }
        shared = Counter(p.stems for p in kept.values())
        self._by_anchor: defaultdict[str, list[tuple[str | None, Phrase]]] = defaultdict(list)
        for phrase in kept.values():
            whole = math.log(1 + len(targets) / shared[phrase.stems])
            anchor = max(phrase.stems, key=self.telling.__getitem__)
            other = next((root for root in phrase.stems if root != anchor), anchor)
            self._by_anchor[anchor].append(
                (other if len(phrase.stems) > 1 else None, self._weighed(phrase, whole))
            )

    def _weighed(self, phrase: Phrase, whole: float) -> Phrase:
        """Common words may be telling together, and rare ones are not twice as telling."""
        if len(phrase.stems) == 1:
            return phrase
        parts = sum(self.telling[root] for root in phrase.stems)
        return replace(phrase, weight=phrase.weight * math.sqrt(whole / parts))

    def hits(self, reading: Reading) -> Iterator[Hit]:
        """Every phrase whose words all stand in the text."""
        where, anchors = reading.where, self._by_anchor
        for root in [root for root in where if root in anchors]:
            for other, phrase in anchors[root]:
                if other is None:
                    yield _lone(phrase, where[root], reading)
                elif other in where and where.keys() >= set(phrase.stems):
                    yield _together(phrase, root, reading)


def _lone(phrase: Phrase, places: list[int], reading: Reading) -> Hit:
    position, landmarks, words = places[0], reading.landmarks, reading.words
    exact = phrase.words[0] == words[position]
    if len(places) > 1:
        exact = phrase.words[0] in [words[place] for place in places]
        position = next((place for place in places if place not in landmarks), position)
    share = 1.0 if exact else LONE_STEM_SHARE
    if landmarks and position in landmarks:
        share *= LANDMARK_SHARE
    return Hit(phrase, (position,), share)


def _together(phrase: Phrase, anchor: str, reading: Reading) -> Hit:
    """The words of the phrase where they stand nearest to each other."""
    where, words, stems = reading.where, reading.words, phrase.stems
    at = [where[root] for root in stems]
    chosen: list[int] = []
    span = len(words)
    if sum(map(len, at)) == len(at):
        chosen = [places[0] for places in at]
        span = max(chosen) - min(chosen)
    else:
        for start in where[anchor][:OCCURRENCES]:
            near = [_nearest(places, start) for places in at]
            if max(near) - min(near) < span:
                chosen, span = near, max(near) - min(near)
    share = 1.0
    said = [words[place] for place in chosen]
    if tuple(said) != phrase.words:
        same = sum(map(eq, phrase.words, said))
        share = STEM_SHARE + (1 - STEM_SHARE) * same / len(chosen)
    between = span - len(chosen) + 1
    if between > 0:
        share *= max(FAR_LEAST, 1 - FAR_COST * between)
    if chosen != sorted(chosen):
        share *= TURNED_SHARE
    if reading.landmarks and not reading.landmarks.isdisjoint(chosen):
        share *= LANDMARK_SHARE
    return Hit(phrase, tuple(chosen), share)


def _nearest(places: list[int], start: int) -> int:
    return places[0] if len(places) == 1 else min(places, key=lambda place: abs(place - start))


def _explained(hits: Sequence[Hit], size: int) -> Iterator[tuple[Phrase, float]]:
    """`lampu mati` counts less within `lampu jalan mati`, and `polisi` within `polisi tidur`."""
    late = LATE_COST / max(size, LATE_WORDS)
    wide = {frozenset(p) for _, p, share in hits if len(p) > 1 and share >= WHOLE}
    covered = frozenset().union(*wide)
    for phrase, positions, share in hits:
        share *= 1 - late * min(positions)
        if not covered.isdisjoint(positions) and any(map(frozenset(positions).__lt__, wide)):
            share *= WITHIN_SHARE
        yield phrase, share


def evidence(
    index: PhraseIndex, hits: Sequence[Hit], reading: Reading
) -> dict[str, dict[str, float]]:
    """For each target the weight of each word that speaks for it; a word counts once."""
    found: dict[str, dict[str, float]] = {}
    for phrase, share in _explained(hits, len(reading.words)):
        weight = phrase.weight * share
        telling = index.telling_alone if len(phrase.stems) == 1 else index.telling
        words = found.setdefault(phrase.target, {})
        for root in phrase.stems:
            value = weight * telling[root]
            if value > words.get(root, 0.0):
                words[root] = value
    return found
