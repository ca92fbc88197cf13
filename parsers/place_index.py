"""Names of the 91,599 regions of Kemendagri, ready to be looked up; built once, then only read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from parsers.stem import stem

PROVINCE, REGENCY, DISTRICT, VILLAGE = "provinsi", "kabkota", "kecamatan", "kelurahan_desa"
LEVELS: Final = {2: PROVINCE, 5: REGENCY, 8: DISTRICT, 13: VILLAGE}  # by length of the code
PREFIXES: Final = (2, 5, 8, 13)

WORD = re.compile(r"[^\W_]+")
KIND = re.compile(r"(?:Kabupaten|Kota)(?: Administrasi)? (?=\S)")
OLD_SPELLING = re.compile(r"oe|dj|tj")
MODERN = {"oe": "u", "dj": "j", "tj": "c"}
# How parts of names are shortened, in the gazetteer and on phones.
SHORT_WORDS: Final = {
    **dict.fromkeys(("tj", "tg", "tjg", "tjung"), "tanjung"),
    **dict.fromkeys(("kp", "kmp", "kampong"), "kampung"),
    **{"pd": "pondok", "pdk": "pondok", "gn": "gunung", "gng": "gunung", "sei": "sungai"},
    **{"ps": "pasar", "psr": "pasar", "bt": "batu", "btg": "batang", "lbk": "lubuk"},
    **{"kb": "kebon", "kbn": "kebon", "perk": "perkebunan", "mns": "meunasah"},
    **{"tlk": "teluk", "tl": "teluk", "kep": "kepulauan", "adm": "administrasi"},
    **{"sel": "selatan", "slt": "selatan", "sltn": "selatan", "utr": "utara", "ut": "utara"},
    **{"tmr": "timur", "tim": "timur", "brt": "barat", "tgh": "tengah", "pst": "pusat"},
}
BEGINNINGS: Final = (8, 6, 4)  # letters, longest first
CACHED_WORDS = 8192
QUALITY: Final = {0: 1.0, 1: 0.93, 2: 0.86}  # by number of mistakes


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """Words that are names and also something else."""

    everyday: frozenset[str]  # never a place without a cue
    roots: frozenset[str]  # the dictionary: a kecamatan or desa only with support


@dataclass(frozen=True, slots=True)
class Alias:
    """A short name such as `sby`; `bare` is False where it is another short word too (`plg`)."""

    codes: tuple[str, ...]
    bare: bool


def level_of(code: str) -> str:
    return LEVELS[len(code)]


def is_city(code: str) -> bool:
    """Kota are numbered from 71 within their province, kabupaten from 01."""
    return len(code) == 5 and code[3] >= "7"


def bare_name(code: str, name: str) -> str:
    """The name as people say it: without Kabupaten, Kota, or Kota Administrasi."""
    return KIND.sub("", name, count=1) if len(code) == 5 else name


def modern(word: str) -> str:
    """Soetomo and Sutomo, Tjokro and Cokro are one."""
    return OLD_SPELLING.sub(lambda m: MODERN[m.group()], word)


def name_keys(name: str) -> Iterable[str]:
    """Every way to write a name as one word."""
    folded = name.casefold()
    words = WORD.findall(folded)
    key = "".join(words)
    yield key
    if not folded.isascii() or "." in folded:
        expanded = "".join(SHORT_WORDS.get(word, word) for word in words)
        if expanded != key:
            yield expanded
    if "/" in folded or "(" in folded:
        yield from ("".join(WORD.findall(part)) for part in re.split(r"[/(]", folded))
    if (new := modern(key)) != key:
        yield new
    if words and words[0] == "sei":
        yield "sungai" + key[3:]


class PlaceIndex:
    """Looks names up, exactly or nearly; immutable after building but for a bounded cache."""

    def __init__(
        self,
        regions: Iterable[tuple[str, str]],
        *,
        aliases: Mapping[str, Alias],
        postcodes: Mapping[str, tuple[str, ...]],
        words: PlaceWords,
    ) -> None:
        self.names: Final = dict(regions)
        self.aliases: Final = aliases
        self.postcodes: Final = postcodes
        self.words: Final = words
        self._codes: Final[dict[str, str]] = {}  # key -> codes separated by blanks
        self._pools: Final[dict[tuple[str, str], list[str]]] = {}  # (level, first letter) -> keys
        for code, name in self.names.items():
            self._add(code, bare_name(code, name))
        for alias, found in aliases.items():
            if found.bare:
                self._prepend(alias, found.codes)
        self._beginnings: Final = {key[:size] for key in self._codes for size in BEGINNINGS}
        self.similar = lru_cache(CACHED_WORDS)(self._similar)
        self.ordinary = lru_cache(CACHED_WORDS)(self._ordinary)
        self._language: Final = words.everyday | words.roots
        self._everyday: Final[dict[str, list[str]]] = {}  # first letter -> words
        for word in words.everyday:
            self._everyday.setdefault(word[0], []).append(word)

    def _add(self, code: str, name: str) -> None:
        codes, level = self._codes, _pool_of(code)
        for key in name_keys(name):
            known = codes.get(key)
            if known is None:
                codes[key] = code
            elif not known.endswith(code):
                codes[key] = f"{known} {code}"
            self._pools.setdefault((level, key[:1]), []).append(key)

    def _prepend(self, alias: str, codes: tuple[str, ...]) -> None:
        known = self._codes.get(alias, "").split()
        self._codes[alias] = " ".join(dict.fromkeys((*codes, *known)))

    def codes(self, key: str) -> tuple[str, ...]:
        """All regions of that name (one word, lower case)."""
        found = self._codes.get(key)
        return tuple(found.split()) if found else ()

    def may_begin(self, letters: str) -> bool:
        """False if no name begins like this; quick, and never wrong about False."""
        for size in BEGINNINGS:
            if len(letters) >= size:
                return letters[:size] in self._beginnings
        return True

    def __contains__(self, key: str) -> bool:
        return key in self._codes

    def words_in(self, code: str) -> int:
        """How many words the name of a region has."""
        return len(WORD.findall(bare_name(code, self.names[code])))

    def _ordinary(self, word: str) -> bool:
        """A word of the language: no misspelling of a place."""
        return word in self._language or stem(word, self._language) != word

    def slip_of_word(self, word: str) -> bool:
        """`sebrang` is seberang rather than Serang."""
        pool = self._everyday.get(word[0], ())
        return bool(process.extractOne(word, pool, scorer=OSA.distance, score_cutoff=1))

    def _similar(self, key: str, level: str, slips: int) -> tuple[tuple[str, ...], float]:
        """Regions of a level (kabkota: provinces too) at most `slips` of the thumb away."""
        pool = self._pools.get((level, key[0]), ())
        near = process.extract(key, pool, scorer=OSA.distance, score_cutoff=slips, limit=5)
        best = [name for name, distance, _ in near if distance == near[0][1]]
        codes = dict.fromkeys(code for name in best for code in self.codes(name))
        kept = tuple(code for code in codes if _pool_of(code) == level)
        return kept, QUALITY[near[0][1]] if kept else 0.0


def _pool_of(code: str) -> str:
    return REGENCY if len(code) == 2 else level_of(code)
