"""Names of categories, agencies and regions, as other systems write them, turned into codes."""

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from io import StringIO
from typing import Final

from parsers.catalogue import Catalogue
from store.agency_models import AgencyRow
from store.gazetteer import SEED

WORD = re.compile(r"[^\W_]+")
SHORT: Final = {"kab": "kabupaten", "prov": "provinsi", "kep": "kepulauan", "adm": "administrasi"}
SHORT_OFFICES: Final = {"pemkab": "kabupaten", "pemkot": "kota", "pemprov": "provinsi"}
SPECIAL: Final = (  # the two regions whose names begin in many ways
    (re.compile(r"\b(?:daerah khusus(?: ibu ?kota)?|dki|dk) (?=jakarta\b)"), ""),
    (re.compile(r"\b(?:daerah istimewa|di|d i) (?=yogyakarta\b)"), ""),
    (re.compile(r"\bdiy\b"), "yogyakarta"),
    (re.compile(r"\b(?:nanggroe aceh darussalam|nad)\b"), "aceh"),
)
PROVINCE, KABKOTA, KECAMATAN = 2, 5, 8  # characters of a Kemendagri code
LOCAL: Final = {"provinsi": 2, "kabkota": 5, "kecamatan": 8, "kelurahan_desa": 13}
AREA_WORDS: Final = ("kabupaten", "kota", "provinsi")
TITLES: Final = {
    KECAMATAN: ("kecamatan", "kec", "distrik", "kapanewon", "kemantren"),
    13: ("kelurahan", "kel", "desa", "ds", "nagari", "gampong", "kampung", "kalurahan"),
}
WHERE = re.compile(r" *\(.*\)| (?:kabupaten/kota|provinsi)\b", re.IGNORECASE)
PARTS = re.compile(r"\s*[>|]\s*")


def words_of(name: str) -> str:
    """Letters and digits only, in lower case, short forms written out."""
    said = " ".join(SHORT.get(word, word) for word in WORD.findall(name.casefold()))
    for pattern, instead in SPECIAL:
        said = pattern.sub(instead, said)
    return said


class Regions:
    """The regions of Kemendagri by exact name; Kab. and Kota of one name are two."""

    def __init__(self, regions: Iterable[tuple[str, str]]) -> None:
        self._names = dict(regions)
        self._within: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._bare: defaultdict[str, list[str]] = defaultdict(list)  # of kabupaten and kota
        for code, name in self._names.items():
            above = "" if len(code) <= KABKOTA else code.rpartition(".")[0]
            said = words_of(name).replace(" administrasi", "")
            self._within[above][_joined(said)] = code
            if len(code) == KABKOTA:
                self._bare[_joined(said.partition(" ")[2])].append(code)
        self.find = lru_cache(20_000)(self._find)

    def __contains__(self, code: str) -> bool:
        return code in self._names

    def _find(
        self, province: str, regency: str = "", district: str = "", village: str = ""
    ) -> tuple[str, bool]:
        """The smallest region that is sure, and whether every name was understood."""
        code = self._province(province)
        sure = bool(code) or not province.strip()
        if regency.strip():
            found = self.regency(regency, code)
            code, sure = found or code, sure and bool(found)
        for name, size in ((district, KECAMATAN), (village, 13)):
            if name.strip():
                found = self._below(name, code, size)
                code, sure = found or code, sure and bool(found)
        return code, sure

    def _province(self, name: str) -> str:
        key = _joined(words_of(name).removeprefix("provinsi "))
        found = self._within[""].get(key, "")
        return found if len(found) == PROVINCE else ""

    def regency(self, name: str, province: str = "") -> str:
        """A full name is enough, whatever its province was; a bare one must be the only one."""
        key = _joined(words_of(name).replace(" administrasi", ""))
        found = self._within[""].get(key, "")
        if len(found) == KABKOTA:
            return found
        bare = [code for code in self._bare.get(key, ()) if code.startswith(province)]
        return bare[0] if len(bare) == 1 else ""

    def _below(self, name: str, above: str, size: int) -> str:
        if len(above) != (KABKOTA if size == KECAMATAN else KECAMATAN):
            return ""
        title, _, rest = words_of(name).partition(" ")
        known = self._within[above]
        found = known.get(_joined(words_of(name)), "")
        return found or (known.get(_joined(rest), "") if title in TITLES[size] else "")

    def area(self, name: str) -> str:
        """`kota bandung`, `provinsi jawa barat`."""
        return self._province(name) if name.startswith("provinsi ") else self.regency(name)


def _joined(words: str) -> str:
    return words.replace(" ", "")


@cache
def national_regions() -> Regions:
    packed = (SEED / "wilayah.csv.gz").read_bytes()
    rows = csv.reader(StringIO(gzip.decompress(packed).decode(), newline=""))
    next(rows)
    return Regions((code, name) for code, name in rows)


class Names:
    """The categories, agencies and regions of this deployment."""

    def __init__(
        self, catalogue: Catalogue, agencies: Iterable[AgencyRow], regions: Regions
    ) -> None:
        self.regions = regions
        self._catalogue = catalogue
        self._categories = _categories(catalogue)
        self._units = {row.code: row.name for row in agencies}
        units = {words_of(name): [code] for code, name in self._units.items()}
        self._agencies = {**_agencies(catalogue), **units}
        self.category = lru_cache(4_096)(self._category)
        self.agency = lru_cache(20_000)(self._agency)

    def _category(self, said: str) -> str:
        """A code or name; of `Topic > Sub-topic` the sub-topic if we have it."""
        for part in (said, *reversed(PARTS.split(said))):
            code = part.strip()
            if code in self._catalogue.categories:
                return code
            if found := self._categories.get(words_of(part)):
                return found
        return ""

    def _agency(self, said: str, place: str = "") -> str:
        """A code, a name, or the office that a name means where the report is from."""
        code = said.strip()
        if self._is_code(code):
            return code
        said = words_of(said)
        here = [known for known in self._agencies.get(said, ()) if self._size(known) == 0]
        if len(here) == 1:
            return here[0]
        return self._office(said) or self._office_at(said, place)

    def _is_code(self, code: str) -> bool:
        if code in self._units:
            return True
        kind, at, area = code.partition("@")
        if kind not in self._catalogue.agencies:
            return False
        return area in self.regions if at else self._size(kind) == 0

    def _size(self, code: str) -> int:
        """How long the code of its area must be; 0 for one that exists once."""
        agency = self._catalogue.agencies.get(code)
        return 0 if code in self._units or not agency else LOCAL.get(agency.level, 0)

    def _office(self, said: str) -> str:
        """`dinas perhubungan kota bandung`."""
        words = said.split()
        for start in range(1, len(words)):
            word = SHORT_OFFICES.get(words[start], words[start])
            if word in AREA_WORDS:
                area = self.regions.area(" ".join((word, *words[start + 1 :])))
                kind = " ".join(words[:start]).removesuffix(" pemerintah")
                if area and (found := self._kind(kind, len(area))):
                    return f"{found}@{area}"
        return ""

    def _office_at(self, said: str, place: str) -> str:
        """The office of the smallest area around the place that has such a one."""
        for size in sorted(LOCAL.values(), reverse=True):
            if len(place) >= size and (found := self._kind(said, size)):
                return f"{found}@{place[:size]}"
        return ""

    def _kind(self, said: str, size: int) -> str:
        known = [code for code in self._agencies.get(said, ()) if self._size(code) == size]
        return known[0] if len(known) == 1 else ""


@cache
def _categories(catalogue: Catalogue) -> Mapping[str, str]:
    """Names before aliases, and the first of several: topics above come first in the catalogue."""
    found: dict[str, str] = {}
    entries = list(catalogue.categories.items())
    for code, category in entries:
        found.setdefault(words_of(category.name), code)
    for code, category in entries:
        for alias in category.aliases:
            found.setdefault(words_of(alias), code)
    return found


@cache
def _agencies(catalogue: Catalogue) -> Mapping[str, list[str]]:
    """The codes of every name; an agency with a successor gives way to one without."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, code, old in _named(catalogue):
        others = found[words_of(name)]
        if code not in others and not (old and others):
            others.append(code)
    return found


def _named(catalogue: Catalogue) -> Iterator[tuple[str, str, bool]]:
    by_age = sorted(catalogue.agencies.items(), key=lambda item: bool(item[1].successor))
    for code, agency in by_age:
        names = {agency.name, *agency.aliases}
        if agency.level in LOCAL:  # `Dinas Kehutanan (provinsi)` is said with the province's name
            names.add(WHERE.sub("", agency.name))
        for name in names:
            yield name, code, bool(agency.successor)
