"""Which desk: topic x level of government x place x what the text itself names."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from parsers.catalogue import Agency, Catalogue, Category
from parsers.kept import Kept
from parsers.learned import Verdict
from parsers.match import BEST, LEAST, OF_AGENCY, Weights, Words, is_sure, likely
from parsers.phrases import NameIndex, Phrase, PhraseIndex, Reading, evidence
from parsers.understanding import Candidate

# Digits and dots of the Kemendagri code that an office of each level stands at.
STANDS_AT = {"provinsi": 2, "kabkota": 5, "kecamatan": 8, "kelurahan_desa": 13}
NEGLIGIBLE = 0.02  # probability of a topic
LOCAL = 5  # a local office without its kabupaten or kota cannot be addressed
NAMED = "disebut: "  # begins the reason of an office that the text itself names


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskWeights:
    """How the work of a topic is shared among its agencies, before and after what the text says."""

    usual: float = 1.0
    seldom: float = 0.05
    said: float = 9.0  # named in the text, or a rule of competence holds
    other: float = 0.45  # share of a body that the text names and the topic does not know
    other_alone: float = 0.8  # the same where no topic is likely
    likely: float = 0.6  # from which a topic is likely
    settled: float = 0.7  # share of the work by the table from which examples may be sure
    fallback: float = 0.3  # of the doubt, for the local government


@dataclass
class Desk:
    """A possible agency while it is being weighed."""

    share: float = 0.0
    reason: str = ""

    def add(self, share: float, reason: str) -> None:
        self.share += share
        self.reason = self.reason or reason


class AgencyMatcher:
    """Ranks agencies; a local office carries its area, `DINAS_PUPR@32.04`."""

    def __init__(
        self,
        catalogue: Catalogue,
        words: Words,
        *,
        area_name: Callable[[str], str],
        sure: float,
        margin: float,
        weights: DeskWeights | None = None,
    ) -> None:
        self._catalogue, self._words, self._area_name = catalogue, words, area_name
        self._sure, self._margin, self._weights = sure, margin, weights or DeskWeights()
        agencies = catalogue.agencies.values()
        self._names = NameIndex(
            phrase
            for agency in agencies
            for text in _called(agency)
            for phrase in words.name(text, agency.code)
        )
        self._rules = PhraseIndex(
            phrase
            for place, rule in enumerate(catalogue.rules)
            for text in rule.words
            for phrase in words.phrase(text, str(place), 1.0)
        )

        topics = catalogue.categories
        self._usual = Kept(lambda code: self._work(topics[code], {}, {}))  # of each topic

    @cached_property
    def _described(self) -> PhraseIndex:
        """Built at the first text whose topic has no agency: of most catalogues that is seldom."""
        agencies = self._catalogue.agencies.values()
        return PhraseIndex(p for agency in agencies for p in self._phrases(agency))

    def _phrases(self, agency: Agency) -> Iterator[Phrase]:
        """For a catalogue that does not say which agency handles what."""
        yield from self._words.bag(agency.name, agency.code, Weights().only_name)
        for text in (*agency.aliases, *agency.keywords):
            yield from self._words.phrase(text, agency.code, 1.0)

    def rank(
        self, reading: Reading, topics: Mapping[str, float], place: str
    ) -> tuple[Candidate, ...]:
        """The best few; `topics` are probabilities, `place` is the Kemendagri code known, or ""."""
        desks = self.desks(reading, topics, place)
        best = _best({code: desk.share for code, desk in desks.items()})
        ranked = [(code, desks[code]) for code, _ in best]
        scores = OF_AGENCY.scores([desk.share for _, desk in ranked])
        clear = is_sure(scores, self._sure, self._margin)
        return self._candidates(ranked, scores, place, clear=clear)

    def taught(
        self, verdict: Verdict, reading: Reading, topics: Mapping[str, float], place: str
    ) -> tuple[Candidate, ...]:
        """The best few by what officers decided before; the reason of one that is named is that."""
        named, reason = self._named(reading), verdict.reason
        ranked = [
            (code, Desk(share, f"{NAMED}{named[code]}" if code in named else reason))
            for code, share in _best(verdict.shares)
        ]
        scores = [desk.share * 100 for _, desk in ranked]
        clear = verdict.sure and is_sure(scores, 0.0, self._margin)
        clear = clear and self._settled(ranked[0][0], reading, topics)
        return self._candidates(ranked, scores, place, clear=clear)

    def _settled(self, code: str, reading: Reading, topics: Mapping[str, float]) -> bool:
        """Whether the table of competence leads to that office too, and hardly to another.

        Street lamps are the work of Dishub here and of Perkim there: no example can know where.
        A catalogue that does not say who handles what leaves it to the examples.
        """
        categories = self._catalogue.categories
        if not any(categories[topic].handles for topic in topics):
            return True
        desk = self.desks(reading, topics, "").get(code)
        return desk is not None and desk.share >= self._weights.settled

    def desks(
        self, reading: Reading, topics: Mapping[str, float], place: str
    ) -> Mapping[str, Desk]:
        """Every agency that may act, with its share and the reason."""
        named = self._named(reading)
        desks: defaultdict[str, Desk] = defaultdict(Desk)
        self._by_topic(desks, reading, topics, named)
        self._by_name(desks, named, topics)
        self._by_place(desks, topics, place)
        return desks

    def _named(self, reading: Reading) -> dict[str, str]:
        """Agencies that the text names, with the words; who took over stands for who was."""
        found: dict[str, str] = {}
        for name in self._names.found(reading):
            words = " ".join(name.words)
            for code in self._catalogue.current(name.target):
                if len(words) > len(found.get(code, "")):
                    found[code] = words
        return found

    def _by_topic(
        self,
        desks: dict[str, Desk],
        reading: Reading,
        topics: Mapping[str, float],
        named: Mapping[str, str],
    ) -> None:
        holds, unassigned = self._holding(reading), 0.0
        for code, share in topics.items():
            if share < NEGLIGIBLE:
                continue
            category = self._catalogue.categories[code]
            if not category.handles:
                unassigned += share
                continue
            plain = code not in holds and named.keys().isdisjoint(category.handles)
            work = self._usual[code] if plain else self._work(category, named, holds.get(code, {}))
            for agency, (part, reason) in work.items():
                desks[agency].add(share * part, reason)
        if unassigned:
            self._described_by(desks, reading, unassigned)

    def _holding(self, reading: Reading) -> dict[str, dict[str, str]]:
        """For each topic the agencies whose rule of competence holds, with the reason."""
        found: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for hit in self._rules.hits(reading):
            if hit.share > 0.5:
                rule = self._catalogue.rules[int(hit.phrase.target)]
                found[rule.category].setdefault(rule.agency, rule.reason)
        return found

    def _work(
        self, category: Category, named: Mapping[str, str], rules: Mapping[str, str]
    ) -> dict[str, tuple[float, str]]:
        """For each agency its part of the work, and the reason."""
        weights = self._weights
        work: dict[str, tuple[float, str]] = {}
        for code in dict.fromkeys((*category.handles, *rules)):
            weight = weights.seldom if code in category.seldom else weights.usual
            reason = f"menangani {category.name}"
            if code not in category.handles:
                weight = 0.0
            if code in rules:
                weight, reason = weight + weights.said, rules[code]
            if code in named:
                weight, reason = weight + weights.said, f"{NAMED}{named[code]}"
            work[code] = (weight, reason)
        total = sum(weight for weight, _ in work.values())
        return {code: (weight / total, reason) for code, (weight, reason) in work.items()}

    def _described_by(self, desks: dict[str, Desk], reading: Reading, share: float) -> None:
        index = self._described
        found = evidence(index, list(index.hits(reading)), reading)
        scores = {code: sum(words.values()) for code, words in found.items()}
        for code, part in likely(scores, len(reading.words), Weights()).items():
            desks[code].add(share * part, "kata-kata instansi itu")

    def _by_name(
        self, desks: dict[str, Desk], named: Mapping[str, str], topics: Mapping[str, float]
    ) -> None:
        """A body that no likely topic leads to: strong alone, a doubt beside a topic."""
        agencies = self._catalogue.agencies
        meant = {words for code, words in named.items() if code in desks}
        others = [
            code
            for code, words in named.items()
            if words not in meant and not agencies[code].level.startswith("pemda_")
        ]
        if not others:
            return
        certain = max(topics.values(), default=0.0) >= self._weights.likely
        part = self._weights.other if certain else self._weights.other_alone
        for desk in desks.values():
            desk.share *= 1 - part
        for code in others:
            desks[code].add(part / len(others), f"{NAMED}{named[code]}")

    def _by_place(self, desks: dict[str, Desk], topics: Mapping[str, float], place: str) -> None:
        government = self._catalogue.governments.get(place[:LOCAL])
        doubt = 1.0 - sum(topics.values())
        if government and doubt > 0:
            desks[government.code].add(doubt * self._weights.fallback, "pemerintah setempat")

    def _candidates(
        self,
        ranked: Sequence[tuple[str, Desk]],
        scores: Sequence[float],
        place: str,
        *,
        clear: bool,
    ) -> tuple[Candidate, ...]:
        found = []
        for position, ((code, desk), score) in enumerate(zip(ranked, scores, strict=True)):
            if score < LEAST and position:
                continue
            office, name, known = self._office(self._catalogue.agencies[code], place)
            sure = clear and known and position == 0
            named = desk.reason.startswith(NAMED)
            found.append(Candidate(office, name, score, sure, reason=desk.reason, named=named))
        return tuple(found)

    def _office(self, agency: Agency, place: str) -> tuple[str, str, bool]:
        """Code and name of the office at the place, and whether it can be addressed."""
        size = STANDS_AT.get(agency.level)
        if size is None or agency.area:
            return agency.code, agency.name, True
        area = place[:size]
        if len(area) < min(size, LOCAL):
            return agency.code, agency.name, False
        return f"{agency.code}@{area}", f"{agency.name} {self._area_name(area)}", len(area) == size


def _best(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(shares.items(), key=lambda item: -round(item[1], 6))[:BEST]


def _called(agency: Agency) -> tuple[str, ...]:
    """What it is called; `kecamatan` and `kelurahan` alone are parts of an address."""
    in_address = STANDS_AT.get(agency.level, 0) > LOCAL
    return agency.aliases if in_address else (agency.name, *agency.aliases)
