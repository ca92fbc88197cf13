"""How alike two reports are: whether several people, or one again, tell of the same spot."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import cos, hypot, radians
from typing import Final

from rapidfuzz import fuzz

from parsers import spots
from parsers.spots import Shared, SpotWords, Told

METRES: Final = 111_320.0  # of one degree of latitude
REGION, DISTRICT, VILLAGE = 5, 8, 13  # characters of a Kemendagri code
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHORTEST: Final = 7  # telling words of a text that may be the same text
HALF: Final = 50.0  # alike by chance


class Reason(StrEnum):
    TOPIC = "same_topic"
    PLACE = "same_place"
    ADDRESS = "same_address"
    NEAR = "near"
    WORDS = "same_words"
    PHOTO = "same_photo"
    TIME = "same_time"
    REPORTER = "same_reporter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each finding adds to the score; tuned on benchmarks/corpus/families.jsonl."""

    topic: float = 15
    place: Mapping[int, float] = field(
        default_factory=lambda: {REGION: 3.0, DISTRICT: 10.0, VILLAGE: 20.0}
    )
    address: float = 26  # one name of the spot in common
    more: float = 9  # each further name or number, two at most
    near: float = 42  # at no distance; half of it at the limit
    photo: float = 55
    text: float = 50  # the same text
    words: float = 18  # the same words in part
    reporter: float = 26
    hours: float = 8  # within three hours
    days: float = 4  # within three days


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The limits of a deployment; scores are 0..100."""

    spots: SpotWords
    propose: float = 50
    near_metres: float = 150
    far_metres: float = 1500  # pins further apart are two spots
    photo_bits: int = 6  # of 64 may differ
    same_text: float = 90
    alike: float = 68  # of the words, where little is told of the place
    weights: Weights = Weights()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is compared of a complaint: plain values."""

    at: datetime
    words: tuple[str, ...]  # roots of the telling words, in their order
    spot: Told
    places: frozenset[str] = frozenset()  # words that name its village, kecamatan, kabupaten
    category: str | None = None
    place: str | None = None
    pin: tuple[float, float] | None = None
    pictures: tuple[int, ...] = ()  # perceptual hashes of 64 bits
    digests: frozenset[str] = frozenset()  # SHA-256 of files
    reporter: int | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Two reports and what can be measured between them."""

    one: Report
    other: Report
    level: int  # characters of the place that both are in; 0 unknown, -1 they exclude each other
    metres: float | None
    photo: bool
    alike: float  # 0..100: the telling words, without those of the place
    whole: float  # 0..100: the same in any order; 0 for texts too short to tell
    spot: Shared

    @property
    def same_topic(self) -> bool:
        return self.one.category is not None and self.one.category == self.other.category

    @property
    def same_reporter(self) -> bool:
        return self.one.reporter is not None and self.one.reporter == self.other.reporter


def compare(one: Report, other: Report, rules: Rules) -> Likeness | None:
    """None where they are, or may well be, two matters."""
    pair = _measured(one, other, rules)
    spot = dict(_evidence(pair, rules))
    if _excluded(pair, spot, rules) or not (spot or _repeats(pair) or _whole_village(pair, rules)):
        return None
    found = dict(_support(pair, rules)) | spot
    score = round(min(sum(found.values()), 100.0), 1)
    if score < rules.propose:
        return None
    return Likeness(score, tuple(reason for reason in Reason if reason in found))


def _measured(one: Report, other: Report, rules: Rules) -> _Pair:
    places = one.places | other.places
    mine, theirs = (
        [word for word in report.words if word not in places] for report in (one, other)
    )
    long = min(len(mine), len(theirs)) >= SHORTEST
    return _Pair(
        one=one,
        other=other,
        level=_level(one.place, other.place),
        metres=_metres(one.pin, other.pin) if one.pin and other.pin else None,
        photo=_same_photo(one, other, rules.photo_bits),
        alike=fuzz.token_set_ratio(" ".join(mine), " ".join(theirs)),
        whole=fuzz.token_sort_ratio(" ".join(mine), " ".join(theirs)) if long else 0.0,
        spot=spots.shared(one.spot, other.spot, places, rules.spots),
    )


def _evidence(pair: _Pair, rules: Rules) -> Iterator[tuple[Reason, float]]:
    """What speaks for one spot; without any of it a common kabupaten says nothing."""
    weights = rules.weights
    if pair.metres is not None and pair.metres <= rules.near_metres:
        yield Reason.NEAR, weights.near * (1 - pair.metres / rules.near_metres / 2)
    if pair.photo:
        yield Reason.PHOTO, weights.photo
    if pair.whole >= rules.same_text:
        yield Reason.WORDS, weights.text
    if _same_address(pair, rules):
        more = min(max(pair.spot.names + pair.spot.numbers - 1, 0.0), 2.0)
        yield Reason.ADDRESS, weights.address + weights.more * more


def _same_address(pair: _Pair, rules: Rules) -> bool:
    """A Jalan Sudirman is in every town; a market or an RT needs the same words about it."""
    names, numbers = pair.spot.names, pair.spot.numbers
    if pair.level < DISTRICT:
        return pair.level == REGION and names >= 1 and names + numbers > 1
    return names >= 1 or (names + numbers > 0 and pair.alike >= rules.alike)


def _excluded(pair: _Pair, spot: Collection[Reason], rules: Rules) -> bool:
    """Another region, topic or number; of these a photo or a pin knows better than words."""
    near = Reason.NEAR in spot
    if pair.level < 0 and not near and not (pair.photo and _same_region(pair)):
        return True
    topics = {pair.one.category, pair.other.category} - {None}
    if len(topics) > 1 and not pair.photo and Reason.WORDS not in spot:
        return True
    far = pair.metres is not None and pair.metres > rules.far_metres
    return not pair.photo and (far or (pair.spot.apart and not near))


def _same_region(pair: _Pair) -> bool:
    one, other = pair.one.place, pair.other.place
    return one is not None and other is not None and one[:REGION] == other[:REGION]


def _repeats(pair: _Pair) -> bool:
    """One person about one topic again, in words that do not say that it is another spot."""
    same = pair.same_reporter and pair.same_topic and pair.level >= REGION
    return same and (not pair.spot.both or pair.alike >= HALF)


def _whole_village(pair: _Pair, rules: Rules) -> bool:
    """A village where nothing finer is told: `air mati di Sukamaju`."""
    same = pair.same_topic and pair.level == VILLAGE
    return same and not pair.spot.both and pair.alike >= rules.alike


def _support(pair: _Pair, rules: Rules) -> Iterator[tuple[Reason, float]]:
    """What speaks for one matter, but not for one spot."""
    weights = rules.weights
    if pair.same_topic:
        yield Reason.TOPIC, weights.topic
    if pair.level in weights.place:
        yield Reason.PLACE, weights.place[pair.level]
    if pair.alike > HALF:
        yield Reason.WORDS, weights.words * (pair.alike - HALF) / (100 - HALF)
    between = abs(pair.one.at - pair.other.at)
    if between <= 3 * HOUR:
        yield Reason.TIME, weights.hours
    elif between <= 3 * DAY:
        yield Reason.TIME, weights.days
    if pair.same_reporter:
        yield Reason.REPORTER, weights.reporter


def _level(one: str | None, other: str | None) -> int:
    if not one or not other:
        return 0
    short, long = sorted((one, other), key=len)
    return len(short) if long.startswith(short) else -1


def _metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Flat is good enough for the few kilometres that are asked about."""
    north = (one[0] - other[0]) * METRES
    east = (one[1] - other[1]) * METRES * cos(radians(one[0]))
    return hypot(north, east)


def _same_photo(one: Report, other: Report, bits: int) -> bool:
    return not one.digests.isdisjoint(other.digests) or any(
        (mine ^ theirs).bit_count() <= bits for mine in one.pictures for theirs in other.pictures
    )
