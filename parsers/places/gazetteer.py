"""Places named in a message, down to the desa, from the Kemendagri gazetteer."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import isfinite, log10
from typing import Final

from parsers.catalogue import Area
from parsers.places.address import AddressReader
from parsers.places.index import Alias, PlaceIndex
from parsers.places.mentions import scan
from parsers.places.own import doubts, own_names
from parsers.places.pins import PinMap
from parsers.places.resolve import Resolver, Scored
from parsers.places.weights import PlaceWeights
from parsers.places.words import REGENCY, Manner, Mention, PlaceWords, is_city, level_of
from parsers.text import Token
from parsers.understanding import PlaceCandidate

PAPUA = frozenset({"91", "92", "93", "94", "95", "96"})  # kecamatan are called distrik there
MAX_KEYWORD = 60  # characters
MIN_KEYWORD = 6  # letters of a misspelt keyword
PREFIXES: Final = (
    ("pemkab", "kab"),
    ("kabupaten", "kab"),
    ("kab", "kab"),
    ("pemkot", "kota"),
    ("kodya", "kota"),
    ("kota", "kota"),
    ("pemprov", "prov"),
    ("provinsi", "prov"),
    ("prov", "prov"),
)
SUFFIXES: Final = (
    ("kabupaten", "kab"),
    ("kab", "kab"),
    ("kota", "kota"),
    ("kot", "kota"),
    ("prov", "prov"),
)
NOT_WORD = re.compile(r"[\W_]+")


class Gazetteer:
    """Finds places in messages; immutable, but the map of pins loads at the first pin."""

    def __init__(
        self,
        regions: Iterable[tuple[str, str]],
        *,
        aliases: Mapping[str, Alias],
        postcodes: Mapping[str, tuple[str, ...]],
        population: Mapping[str, int],
        words: PlaceWords,
        pins: Callable[[], PinMap],
        areas: Iterable[Area] = (),
        place_sure: float = 75.0,
        place_margin: float = 5.0,
        weights: PlaceWeights | None = None,
    ) -> None:
        own = own_names(areas, words.short)
        self._keywords: Final = own.keywords
        self._index: Final = PlaceIndex(
            regions, aliases=aliases, postcodes=postcodes, words=words, own=own.names
        )
        self._addresses: Final = AddressReader(words, self._index.ordinary, self._is_large)
        self._load_pins: Final = pins
        self._weights: Final = weights or PlaceWeights()
        self._resolver: Final = Resolver(
            sure=place_sure / 100,
            margin=place_margin / 100,
            weights=self._weights,
            population=_relative(population),
        )

    @cached_property
    def _pins(self) -> PinMap:
        return self._load_pins()

    def find(
        self,
        tokens: Sequence[Token],
        text: str,
        *,
        area: str | None = None,
        lat: float | None = None,
        lon: float | None = None,
    ) -> tuple[PlaceCandidate, ...]:
        """At most three places, best first; `area` is a prior that the text may contradict."""
        mentions = scan(self._index, tokens, text, area or "")
        if lat is not None and lon is not None and isfinite(lat) and isfinite(lon):
            mentions = [*self._pinned(lat, lon), *mentions]
        if not mentions:
            return ()
        found = self._resolver.resolve(mentions, area or "")
        return tuple(self._candidate(item, text, area or "") for item in found[:3])

    def address(self, tokens: Sequence[Token], text: str) -> str | None:
        """Streets, numbers and landmarks, as an officer would write them."""
        return self._addresses.read(tokens, text)

    def _pinned(self, lat: float, lon: float) -> list[Mention]:
        """The kecamatan of a pin; the desa too, as good as its centroid is the nearest by far."""
        at = self._pins.at(lat, lon)
        if at is None:
            return []
        codes = (at.district, at.village) if at.village else (at.district,)
        return [Mention(codes, -1, -1, Manner.PIN, quality=0.55 + 0.4 * at.lead)]

    def _candidate(self, item: Scored, text: str, area: str) -> PlaceCandidate:
        """Without offsets where the text names an office, or the area that is known anyway."""
        start, end = -1, -1
        if item.mention and not item.mention.body and not area.startswith(item.code):
            start, end = item.mention.start, item.mention.end
        return PlaceCandidate(
            code=item.code,
            level=level_of(item.code),
            name=self.name(item.code),
            score=round(item.score * 100, 1),
            sure=item.sure,
            text=text[start:end] if start >= 0 else "",
            start=start,
            end=end,
        )

    def region_keyword(self, word: str) -> str | None:
        """The region of a keyword (TANGKAB, KOTABDG, SULSEL), None if it is none or ambiguous."""
        key = NOT_WORD.sub("", word[:MAX_KEYWORD]).casefold()
        if key in self._index.words.everyday:
            return None
        if given := self._keywords.get(key):
            return given[0] if len(given) == 1 else None
        whole = self._large(key)
        if len(whole) == 1:
            return whole[0]
        return self._with_kind(key) or (None if whole else self._misspelt(key))

    def doubts(self, area: Area) -> Iterator[str]:
        """Why a name of the deployment may not be read as it was meant."""
        return doubts(self._index, area)

    def _with_kind(self, key: str) -> str | None:
        """The one region whose name is `key` without the kab or kota before or after it."""
        found = []
        for prefix, kind in PREFIXES:
            if key.startswith(prefix):
                found += self._of_kind(key.removeprefix(prefix), kind)
        for suffix, kind in SUFFIXES:
            if key.endswith(suffix):
                found += self._of_kind(key.removesuffix(suffix), kind)
        return found[0] if len(set(found)) == 1 else None

    def _of_kind(self, base: str, kind: str) -> list[str]:
        codes = self._large(base) if len(base) > 2 else []
        if kind == "prov":
            return [code for code in codes if len(code) == 2]
        return [code for code in codes if len(code) == 5 and is_city(code) == (kind == "kota")]

    def _large(self, key: str) -> list[str]:
        """Provinces, kabupaten and kota of that name or short name."""
        alias = self._index.aliases.get(key)
        codes = (*(alias.codes if alias else ()), *self._index.codes(key))
        return [code for code in dict.fromkeys(codes) if len(code) <= 5]

    def _is_large(self, name: str) -> bool:
        return bool(self._large(name))

    def _misspelt(self, key: str) -> str | None:
        if len(key) < MIN_KEYWORD or self._index.ordinary(key) or key in self._index:
            return None
        codes, _ = self._index.similar(key, REGENCY, 1)
        return codes[0] if len(codes) == 1 else None

    @property
    def codes(self) -> Collection[str]:
        """Every place there is, by its Kemendagri code."""
        return self._index.names.keys()

    def name(self, code: str) -> str:
        return self._index.names[code]

    def level(self, code: str) -> str:
        """provinsi, kabkota, kecamatan or kelurahan_desa; KeyError for an unknown code."""
        self.name(code)
        return level_of(code)

    def full_name(self, code: str) -> str:
        """`Kec. Coblong, Kota Bandung`, as short as an SMS wants it."""
        parts = [self._titled(code[:size]) for size in (13, 8, 5) if len(code) >= size]
        return ", ".join(parts) or f"Provinsi {self.name(code)}"

    def _titled(self, code: str) -> str:
        name, papua = self.name(code), code[:2] in PAPUA
        if len(code) == 8:
            return f"{'Distrik' if papua else 'Kec.'} {name}"
        if len(code) == 13:
            title = "Kel." if code[9] == "1" else "Kampung" if papua else "Desa"
            return f"{title} {name}"
        return name


def _relative(population: Mapping[str, int]) -> dict[str, float]:
    """Inhabitants of kabupaten and kota on a scale from 0 (ten thousand) to 1 (ten million)."""
    return {
        code: min(max((log10(max(people, 1)) - 4) / 3, 0.0), 1.0)
        for code, people in population.items()
        if len(code) == 5
    }
