"""From mentions to places: evidence is added up per kabupaten/kota, then kecamatan, then desa."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from parsers.places.evidence import Weigher
from parsers.places.weights import PlaceWeights
from parsers.places.words import Common, Manner, Mention, is_city

MAX_MENTIONS = 60
ANSWERS = 3
SAID_AS_NAME: Final = frozenset({Manner.CUED, Manner.PIN, Manner.NAMED, Manner.STREET})
STRENGTH: Final = {manner: at for at, manner in enumerate(Manner)}
BARE: Final = frozenset({Manner.NAMED, Manner.CHAINED, Manner.PLAIN, Manner.STREET})


@dataclass(frozen=True, slots=True)
class Scored:
    """A region, its score, the weight of each piece of evidence, and the mention that names it."""

    code: str
    score: float
    evidence: Mapping[int, float]  # by number of the mention; below 0: province, area
    mention: Mention | None
    sure: bool = False


FROM_PROVINCE, FROM_AREA = -1, -2


class Resolver:
    """Turns mentions into at most three places, the settled one first."""

    def __init__(
        self, *, sure: float, margin: float, weights: PlaceWeights, population: Mapping[str, float]
    ) -> None:
        self.sure: Final = sure
        self.margin: Final = margin
        self.weights: Final = weights
        self.weigh: Final = Weigher(weights)
        self.population: Final = population  # code of a kabupaten/kota -> 0..1

    def resolve(self, mentions: Sequence[Mention], area: str) -> list[Scored]:
        mentions = _distinct(mentions)[:MAX_MENTIONS]
        regencies = self._regencies(mentions, area)
        if regencies and self._settled(regencies):
            return self._descend(mentions, regencies[0], area)
        open_ = [self._deepest(mentions, found, area) for found in regencies[:ANSWERS]]
        ranked = _ranked([*open_, *self._provinces(mentions)])[:ANSWERS]
        return [found for found in ranked if found.score >= self._least(found.code, area)]

    def _least(self, code: str, area: str) -> float:
        near = not area or code.startswith(area) or area.startswith(code[:5])
        return self.weights.least if near else self.weights.outside

    # Which kabupaten or kota

    def _regencies(self, mentions: Sequence[Mention], area: str) -> list[Scored]:
        weights, gathered = self.weights, self._gather(mentions, 5, self.weigh.anywhere)
        provinces = _named_provinces(mentions)
        found = []
        for code, evidence in gathered.items():
            self._forget_weak(mentions, evidence, at_home=area.startswith(code))
            if not evidence:
                continue
            self._add_context(code, evidence, provinces, area)
            if provinces and code[:2] not in provinces:
                evidence = {at: w * weights.other_province for at, w in evidence.items()}
            score = _together(evidence.values())
            score += (1.0 - score) * self._first(code)
            found.append((code, score, evidence))
        return _scored(mentions, found)

    def _forget_weak(
        self, mentions: Sequence[Mention], evidence: dict[int, float], *, at_home: bool
    ) -> None:
        """Many bare village names in a long text do not add up to a kabupaten, nor do words."""
        bare = self.weights.village + self.weights.located
        weak = sorted(
            (weight, at)
            for at, weight in evidence.items()
            if weight <= bare and (at_home or _rather_place(mentions[at]))
        )
        kept = {at for _, at in weak[-self.weights.weak_mentions :]}
        for at in [at for at, weight in evidence.items() if weight <= bare and at not in kept]:
            del evidence[at]

    def _add_context(
        self, code: str, evidence: dict[int, float], provinces: Mapping[str, set[int]], area: str
    ) -> None:
        if provinces.get(code[:2], set()) - set(evidence):  # said besides the region itself
            evidence[FROM_PROVINCE] = self.weights.in_province
        if area.startswith(code):
            evidence[FROM_AREA] = self.weights.area
        elif area == code[:2]:
            evidence[FROM_AREA] = self.weights.area / 2

    def _first(self, code: str) -> float:
        """Kota before kabupaten, large before small: an order, never a decision."""
        city = self.weights.city_first if is_city(code) else 0.0
        return city + self.weights.population * self.population.get(code, 0.0)

    # Within a kabupaten or kota

    def _below(
        self, mentions: Sequence[Mention], parent: str, size: int, area: str
    ) -> list[Scored]:
        """Regions with codes of `size` characters under `parent`, by evidence."""
        mentions = [_within(mention, parent) for mention in mentions]
        found = []
        for code, evidence in self._gather(mentions, size, self.weigh.inside, under=parent).items():
            if area.startswith(code):
                evidence[FROM_AREA] = self.weights.inside_area
            found.append((code, _together(evidence.values()), evidence))
        return _scored(mentions, found)

    def _gather(
        self,
        mentions: Sequence[Mention],
        size: int,
        weigh: Callable[[Mention, str], float],
        under: str = "",
    ) -> dict[str, dict[int, float]]:
        """Region of that level -> number of the mention -> its best weight in or below it.

        A mention weighs the same for all of its regions of one level.
        """
        gathered: dict[str, dict[int, float]] = defaultdict(dict)
        for at, mention in enumerate(mentions):
            weights: dict[int, float] = {}  # by length of the code, which says the level
            for code in mention.codes:
                if (length := len(code)) < size or not code.startswith(under):
                    continue
                if length not in weights:
                    weights[length] = weigh(mention, code)
                evidence = gathered[code[:size]]
                if weights[length] > evidence.get(at, 0.0):
                    evidence[at] = weights[length]
        return {code: evidence for code, evidence in gathered.items() if evidence}

    def _descend(self, mentions: Sequence[Mention], top: Scored, area: str) -> list[Scored]:
        """The deepest settled region, then what it may be below that."""
        settled, below = top, self._below(mentions, top.code, 8, area)
        if below and self._settled(below):
            settled, below = below[0], self._below(mentions, below[0].code, 13, area)
            if below and self._settled(below):
                settled, below = below[0], below[1:]
        answer = replace(settled, sure=True)
        guesses = [self._deepest(mentions, found, area) for found in below[:2]]
        if guesses and self._says_more(settled, guesses, area):
            return [*guesses, answer]
        return [answer, *guesses]

    def _says_more(self, settled: Scored, guesses: Sequence[Scored], area: str) -> bool:
        """Where the area tells the kabupaten/kota anyway, a finer guess tells more than it."""
        said = _together(weight for at, weight in settled.evidence.items() if at >= 0)
        if said < self.sure:
            return True
        guess, *rivals = guesses
        clear = all(guess.score - rival.score >= self.margin for rival in rivals)
        if not clear or not guess.code.startswith(settled.code):
            return False
        if len(settled.code) == 5:
            return not _same_words(guess.mention, settled.mention)
        bare = guess.mention is not None and guess.mention.manner in BARE
        return bare and area.startswith(settled.code[:5])

    def _deepest(self, mentions: Sequence[Mention], top: Scored, area: str) -> Scored:
        """The region at or below `top` that a mention names."""
        for size in (8, 13):
            if len(top.code) >= size or (_named(top) and not (area and _also_village(top))):
                continue
            below = self._below(mentions, top.code, size, area)
            if not below:
                break
            top = replace(below[0], score=top.score)
        return top

    def _provinces(self, mentions: Sequence[Mention]) -> list[Scored]:
        named = [(m, code) for m in mentions for code in m.codes if len(code) == 2]
        best = {code: Scored(code, self.weigh.anywhere(m, code), {}, m) for m, code in named}
        return list(best.values())

    def _settled(self, ranked: Sequence[Scored]) -> bool:
        """Strong enough, and no rival explains what was said nearly as well."""
        best, *others = ranked[:5]
        return _together(best.evidence.values()) >= self.sure and all(
            _lead(best.evidence, other.evidence) >= self.margin for other in others
        )


def _rather_place(mention: Mention) -> bool:
    """`di Sawahan` may be a kecamatan; `gapura`, `titik` and `bahu` alone are words."""
    if mention.common < Common.WORD or mention.manner in SAID_AS_NAME:
        return True
    phrase = mention.words > 1 and mention.common is Common.WORD
    located = mention.manner is Manner.LOCATED
    return phrase or (located and any(len(code) == 8 for code in mention.codes))


def _named(found: Scored) -> bool:
    """False for what is only implied, as the kabupaten of a named desa is."""
    return found.mention is not None and found.code in found.mention.codes


def _same_words(one: Mention | None, other: Mention | None) -> bool:
    """`di Lamongan` speaks of the kabupaten, not of its kecamatan Lamongan."""
    return one is not None and other is not None and one.start == other.start


def _also_village(found: Scored) -> bool:
    """A street or quarter that is called like a kecamatan mostly lies in the desa of that name."""
    if found.mention is None or len(found.code) != 8 or found.mention.manner not in BARE:
        return False
    return any(len(code) == 13 and code.startswith(found.code) for code in found.mention.codes)


def _lead(best: Mapping[int, float], other: Mapping[int, float]) -> float:
    """By how much `best` is better supported, counting only evidence that tells them apart."""
    gain = _together(max(weight - other.get(at, 0.0), 0.0) for at, weight in best.items())
    loss = _together(max(weight - best.get(at, 0.0), 0.0) for at, weight in other.items())
    return gain - loss


def _distinct(mentions: Iterable[Mention]) -> list[Mention]:
    """A name said twice is evidence once; the stronger manner counts."""
    listed = list(mentions)
    cued = {mention.codes for mention in listed if mention.cue}
    best: dict[tuple[str, tuple[str, ...]], Mention] = {}
    for mention in listed:
        if not mention.cue and mention.codes in cued:
            continue
        key = (mention.cue, mention.codes)
        known = best.setdefault(key, mention)
        if _rank(mention) < _rank(known):
            best[key] = mention
    return list(best.values())


def _rank(mention: Mention) -> tuple[bool, int]:
    """What says where comes before an office, then the stronger manner."""
    return mention.body, STRENGTH[mention.manner]


def _within(mention: Mention, parent: str) -> Mention:
    """Only the readings in that kabupaten/kota or kecamatan."""
    codes = tuple(c for c in mention.codes if c.startswith(parent))
    same = not codes or len(codes) == len(mention.codes)  # without any it counts for nothing there
    return mention if same else replace(mention, codes=codes)


def _named_provinces(mentions: Iterable[Mention]) -> dict[str, set[int]]:
    """Code of a province -> numbers of the mentions that name it."""
    named: dict[str, set[int]] = defaultdict(set)
    for at, mention in enumerate(mentions):
        if mention.manner not in {Manner.STREET, Manner.OTHER}:
            for code in mention.codes:
                if len(code) == 2:
                    named[code].add(at)
    return named


def _naming(
    mentions: Sequence[Mention], code: str, evidence: Mapping[int, float]
) -> Mention | None:
    """The mention that names this very region, else the one that tells most about it."""
    at_hand = (at for at in evidence if at >= 0)
    heard = sorted(at_hand, key=lambda at: (mentions[at].body, -evidence[at]))
    named = [at for at in heard if code in mentions[at].codes]
    return mentions[(named or heard)[0]] if heard else None


def _together(weights: Iterable[float]) -> float:
    missing = 1.0
    for weight in weights:
        missing *= 1.0 - weight
    return 1.0 - missing


def _scored(
    mentions: Sequence[Mention], found: Iterable[tuple[str, float, Mapping[int, float]]]
) -> list[Scored]:
    """The best first; only those that may be answered get the mention that names them."""
    ranked = sorted(found, key=lambda item: (-item[1], item[0]))
    return [
        Scored(code, score, evidence, _naming(mentions, code, evidence) if at < ANSWERS else None)
        for at, (code, score, evidence) in enumerate(ranked)
    ]


def _ranked(found: Iterable[Scored]) -> list[Scored]:
    return sorted(found, key=lambda item: (-item.score, item.code))
