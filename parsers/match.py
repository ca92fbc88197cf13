"""From the words of a text to ranked categories; misspelt words become known ones."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from rapidfuzz import process
from rapidfuzz.distance import OSA

from parsers.catalogue import Catalogue, Category
from parsers.kept import Kept
from parsers.learned import Verdict
from parsers.phrases import Hit, Phrase, PhraseIndex, Reading, Wording, evidence
from parsers.several import Told
from parsers.stem import stem
from parsers.text import Lexicon, Normaliser, tokenise
from parsers.understanding import Candidate

SHORTEST_GUESS = 4  # letters; shorter words have too many neighbours
LONGEST_GUESS = 20
SPELLING = 0.79  # share of letters that must stay: one slip in five letters
SLIPS = 1 - SPELLING + 1e-9
VOWELS = re.compile("[aeiou]")
NAME_PARTS = re.compile(r"[/,()]")
BEST = 3  # candidates that are kept
LEAST = 5.0  # score of a candidate worth showing
NEVER_POLITE: Set[str] = frozenset()
NEVER = 0.002  # nothing is surer than this or less likely


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each field of a category counts, and how evidence becomes a score."""

    keyword: float = 1.0
    hint: float = 0.3
    name: float = 0.35  # each word of a name, beside keywords
    only_name: float = 0.7  # the same, where there are no keywords
    doubt: float = 2.6  # evidence that "none of them" has in every text
    enough: float = 12.0  # evidence grows no further much beyond this
    steepness: float = 1.0
    long: int = 20  # telling words from which evidence is worth less


@dataclass(frozen=True, slots=True)
class Calibration:
    """The chance that the best is right, from its share of the evidence.

    Fitted on benchmarks/corpus/tune.jsonl, with its words known and not known to the catalogue.
    """

    level: float
    slope: float

    def score(self, share: float) -> float:
        """0..100."""
        bounded = min(max(share, NEVER), 1 - NEVER)
        odds = math.exp(self.level + self.slope * math.log(bounded / (1 - bounded)))
        return 100 * odds / (1 + odds)

    def scores(self, shares: Sequence[float]) -> list[float]:
        """Of the best and of those after it, which share what is left."""
        if not shares:
            return []
        best = self.score(shares[0])
        left = (100 - best) / max(1 - shares[0], NEVER)
        return [best, *(min(best, share * left) for share in shares[1:])]


OF_CATEGORY = Calibration(level=0.55, slope=1.0)
OF_AGENCY = Calibration(level=1.2, slope=1.2)


class Speller:
    """Reads a misspelt or vowelless word as the one word of the vocabulary it must be."""

    def __init__(self, vocabulary: Set[str]) -> None:
        self._like: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        skeletons: defaultdict[str, set[str]] = defaultdict(set)
        for word in sorted(vocabulary):
            if word.isalpha() and len(word) >= SHORTEST_GUESS - 1:
                for length in range(SHORTEST_GUESS, LONGEST_GUESS + 1):
                    if abs(len(word) - length) <= SLIPS * max(len(word), length):
                        self._like[word[0], length].append(word)
                skeletons[VOWELS.sub("", word)].add(word)
        self._skeletons = {bare: min(words) for bare, words in skeletons.items() if len(words) == 1}

    def guess(self, word: str) -> str | None:
        if not VOWELS.search(word):
            return self._skeletons.get(word) if len(word) >= SHORTEST_GUESS - 1 else None
        if not SHORTEST_GUESS <= len(word) <= LONGEST_GUESS:
            return None
        found = process.extractOne(
            word,
            self._like.get((word[0], len(word)), ()),
            scorer=OSA.normalized_similarity,
            score_cutoff=SPELLING,
        )
        return found[0] if found else None


class Words:
    """One way to read words for catalogue and messages alike."""

    def __init__(self, lexicon: Lexicon, texts: Iterable[str]) -> None:
        self._lexicon = lexicon
        written = frozenset(token.norm for text in texts for token in tokenise(text))
        self._plain = Normaliser(lexicon, written, lambda _: None)
        vocabulary = {word for token in written for word in self._plain.words[token]}
        self.vocabulary = frozenset(vocabulary)
        self.normaliser = Normaliser(lexicon, self.vocabulary, Speller(vocabulary).guess)
        self._polite: defaultdict[str, set[str]] = defaultdict(set)
        for first, second in map(str.split, lexicon.polite):
            self._polite[second].add(first)
        self._wordings = Kept(self._wording)

    def read(self, words: Sequence[tuple[str, ...]], masked: Set[int] = frozenset()) -> Reading:
        return Reading(words, self._wordings, masked)

    def _wording(self, word: str) -> Wording:
        lexicon = self._lexicon
        return Wording(
            root=stem(word, lexicon.roots),
            silent=word in lexicon.stopwords,
            landmark=word in lexicon.landmarks,
            polite=self._polite.get(word, NEVER_POLITE),
        )

    def phrase(self, text: str, target: str, weight: float) -> Iterator[Phrase]:
        """The text as a phrase; nothing if it has no telling words."""
        reading = self.read(self._plain(tokenise(text)))
        if reading.words:
            yield Phrase(target, tuple(reading.words), tuple(reading.stems), weight)

    def name(self, text: str, target: str) -> Iterator[Phrase]:
        """The name of a body, unless it is shorthand for another word (BPK is also `bapak`)."""
        tokens = tokenise(text)
        if len(tokens) > 1 or not any(token.norm in self._lexicon.shorthand for token in tokens):
            yield from self.phrase(text, target, 1.0)

    def bag(self, text: str, target: str, weight: float) -> Iterator[Phrase]:
        """Each telling word of the text by itself."""
        for token in tokenise(text):
            yield from self.phrase(token.norm, target, weight)


class CategoryMatcher:
    """Ranks the categories of a catalogue by phrases found in a text."""

    def __init__(
        self,
        catalogue: Catalogue,
        words: Words,
        *,
        sure: float,
        margin: float,
        weights: Weights | None = None,
    ) -> None:
        self._catalogue, self._words = catalogue, words
        self._sure, self._margin = sure, margin
        self._weights = weights or Weights()
        topics = catalogue.topics
        self._index = PhraseIndex(phrase for topic in topics for phrase in self._phrases(topic))

    def _phrases(self, topic: Category) -> Iterator[Phrase]:
        weights, code, words = self._weights, topic.code, self._words
        told = bool(topic.keywords or topic.aliases)
        yield from words.bag(topic.name, code, weights.name if told else weights.only_name)
        if not told:
            for part in NAME_PARTS.split(topic.name):
                yield from words.phrase(part, code, weights.keyword)
        for text in (*topic.aliases, *topic.keywords):
            yield from words.phrase(text, code, weights.keyword)
        for text in topic.hints:
            yield from words.phrase(text, code, weights.hint)

    def shares(self, reading: Reading) -> tuple[dict[str, float], list[Hit]]:
        """For each category the probability that the text is about it; the rest is doubt."""
        hits = list(self._index.hits(reading))
        found = evidence(self._index, hits, reading)
        size = len(reading.words)
        return likely({c: sum(w.values()) for c, w in found.items()}, size, self._weights), hits

    def rank(self, shares: Mapping[str, float], hits: Iterable[Hit]) -> tuple[Candidate, ...]:
        """The best few; the first is sure if it is likely enough and well ahead."""
        ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:BEST]
        scores = OF_CATEGORY.scores([share for _, share in ranked])
        sure = is_sure(scores, self._sure, self._margin)
        return tuple(
            self._candidate(code, score, hits, sure=sure and place == 0)
            for place, ((code, _), score) in enumerate(zip(ranked, scores, strict=True))
            if score >= LEAST or place == 0
        )

    def taught(self, verdict: Verdict) -> tuple[Candidate, ...]:
        """The best few by what officers decided before."""
        ranked = sorted(verdict.shares.items(), key=lambda item: (-item[1], item[0]))[:BEST]
        scores = [share * 100 for _, share in ranked]
        sure = verdict.sure and is_sure(scores, 0.0, self._margin)
        return tuple(
            self._named(code, share * 100, verdict.reason, sure=sure and place == 0)
            for place, (code, share) in enumerate(ranked)
            if share * 100 >= LEAST or place == 0
        )

    def with_both(
        self,
        candidates: tuple[Candidate, ...],
        both: Told,
        shares: Mapping[str, float],
        hits: Sequence[Hit],
    ) -> tuple[Candidate, ...]:
        """The best, and both topics of a text that tells two; where it says so, none is sure."""
        known = {candidate.code for candidate in candidates}
        new = [
            self._candidate(code, shares.get(code, 0.0) * 100, hits, sure=False)
            for code in both.topics
            if code not in known
        ]
        kept = candidates[: max(1, BEST - len(new))] if both.announced else candidates
        found = (*kept, *new)[:BEST]
        return tuple(replace(c, sure=c.sure and not both.announced) for c in found)

    def knows(self, code: str) -> bool:
        return code in self._catalogue.categories

    def _candidate(self, code: str, score: float, hits: Iterable[Hit], *, sure: bool) -> Candidate:
        reason = because(hit for hit in hits if hit.phrase.target == code)
        return self._named(code, score, reason, sure=sure)

    def _named(self, code: str, score: float, reason: str, *, sure: bool) -> Candidate:
        category = self._catalogue.categories[code]
        return Candidate(
            code=code,
            name=category.name,
            score=score,
            sure=sure,
            parent=category.parent,
            reason=reason,
        )


def is_sure(scores: Sequence[float], least: float, margin: float) -> bool:
    """Whether the first is likely enough and well ahead of the second."""
    return bool(scores) and scores[0] >= least and scores[0] - sum(scores[1:2]) >= margin


def likely(scores: Mapping[str, float], size: int, weights: Weights) -> dict[str, float]:
    """Evidence as probabilities, with room for "none of them"; long texts prove less."""
    steep = weights.steepness * min(1.0, math.sqrt(weights.long / max(size, 1)))
    enough = steep * weights.enough  # bounds every exponent
    powers = {
        code: math.exp(enough * (1 - math.exp(-score / weights.enough)))
        for code, score in scores.items()
    }
    total = sum(powers.values())
    total += math.exp(enough * (1 - math.exp(-weights.doubt / weights.enough)))
    return {code: power / total for code, power in powers.items()}


def because(hits: Iterable[Hit]) -> str:
    """The most telling phrases, in words an officer can read."""
    best = sorted(hits, key=lambda hit: -hit.phrase.weight * hit.share * len(hit.phrase.words))
    words: list[str] = []
    for hit in best:
        phrase = " ".join(hit.phrase.words)
        if not any(phrase in other or other in phrase for other in words):
            words.append(phrase)
    return "disebut: " + ", ".join(words[:BEST]) if words else ""
