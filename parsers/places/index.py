"""Names of the 91,599 regions of Kemendagri, ready to be looked up; built once, then only read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from parsers.kept import FULL, Kept
from parsers.places.words import (
    LEVEL_ROLES,
    REGENCY,
    Common,
    PlaceWords,
    Role,
    Spelling,
    Start,
    level_of,
)
from parsers.stem import stem

WORD = re.compile(r"[^\W_]+")
KIND = re.compile(r"(?:Kabupaten|Kota)(?: Administrasi)? (?=\S)")
OLD_SPELLING = re.compile(r"oe|dj|tj")
MODERN = {"oe": "u", "dj": "j", "tj": "c"}
JOINED = re.compile(r"(di|ke|jln|jl)(\w{5,})")
MIN_FUZZY: Final = 5  # letters; below this one wrong letter is another word
BEGINNINGS: Final = (3, 4, 5, 6, 7)  # letters
NUMBERS: Final = {  # Seberang Ulu Satu is also written Seberang Ulu I and Seberang Ulu 1
    word: same
    for same in (("1", "i", "satu"), ("2", "ii", "dua"), ("3", "iii", "tiga"), ("4", "iv", "empat"))
    for word in same
}
QUALITY: Final = {0: 1.0, 1: 0.93, 2: 0.86}  # by number of mistakes


@dataclass(frozen=True, slots=True)
class Alias:
    """A short or everyday name such as `sby`; `bare` is False where only a keyword may use it."""

    codes: tuple[str, ...]
    bare: bool
    weak: bool = False  # also another short word (`sda`): needs `di`, a cue, or a second place


@dataclass(frozen=True, slots=True)
class Own:
    """A name that the deployment gave; with several codes it is ambiguous."""

    codes: tuple[str, ...]
    words: int  # that it is written with


def bare_name(code: str, name: str) -> str:
    """The name as people say it: without Kabupaten, Kota, or Kota Administrasi."""
    return KIND.sub("", name, count=1) if len(code) == 5 else name


def modern(word: str) -> str:
    """Soetomo and Sutomo, Tjokro and Cokro are one."""
    return OLD_SPELLING.sub(lambda m: MODERN[m.group()], word)


def name_keys(name: str, short: Mapping[str, str]) -> Iterable[str]:
    """Every way to write a name as one word."""
    folded = name.casefold()
    words = WORD.findall(folded)
    key = "".join(words)
    yield key
    if not folded.isascii() or "." in folded:
        expanded = "".join(short.get(word, word) for word in words)
        if expanded != key:
            yield expanded
    if "/" in folded or "(" in folded:
        yield from ("".join(WORD.findall(part)) for part in re.split(r"[/(]", folded))
    if (new := modern(key)) != key:
        yield new
    if words and words[0] == "sei":
        yield "sungai" + key[3:]
    if len(words) > 1 and words[-1] in NUMBERS:
        yield from ("".join(words[:-1]) + same for same in NUMBERS[words[-1]] if same != words[-1])


class PlaceIndex:
    """Looks names up, exactly or nearly; immutable after building but for a bounded cache."""

    def __init__(
        self,
        regions: Iterable[tuple[str, str]],
        *,
        aliases: Mapping[str, Alias],
        postcodes: Mapping[str, tuple[str, ...]],
        words: PlaceWords,
        own: Mapping[str, Own] | None = None,
    ) -> None:
        self.names: Final = dict(regions)
        self.own: Final = own or {}
        self.aliases: Final = aliases
        self.postcodes: Final = postcodes
        self.words: Final = words
        self.cues: Final = {w: role.value for role in LEVEL_ROLES for w in words.roles[role]}
        self.weak: Final = frozenset(alias for alias, found in aliases.items() if found.weak)
        self._codes: Final[dict[str, str]] = {}  # key -> codes separated by blanks
        self._pools: Final[dict[tuple[str, str], list[str]]] = {}  # (level, first letter) -> keys
        for code, name in self.names.items():
            self._add(code, bare_name(code, name))
        for alias, found in aliases.items():
            if found.bare:
                self._prepend(alias, found.codes)
        for name, given in self.own.items():
            self._prepend(name, given.codes)
        self._beginnings: Final = {key[:size] for key in self._codes for size in BEGINNINGS}
        self.similar = lru_cache(FULL)(self._similar)
        self._as_long = lru_cache(FULL)(self._names_as_long)
        self.ordinary: Final = Kept(self._ordinary).__getitem__
        self.spelling: Final = Kept(self._spelling)
        self._language: Final = words.everyday.union(words.roots, *words.roles.values())
        self._everyday: Final[dict[str, list[str]]] = {}  # first letter -> words
        for word in words.everyday:
            self._everyday.setdefault(word[0], []).append(word)

    def _add(self, code: str, name: str) -> None:
        codes, level = self._codes, _pool_of(code)
        for key in filter(None, name_keys(name, self.words.short)):
            known = codes.get(key)
            if known is None:
                codes[key] = code
            elif not known.endswith(code):
                codes[key] = f"{known} {code}"
            self._pools.setdefault((level, key[0]), []).append(key)

    def _prepend(self, alias: str, codes: tuple[str, ...]) -> None:
        known = self._codes.get(alias, "").split()
        self._codes[alias] = " ".join(dict.fromkeys((*codes, *known)))

    def codes(self, key: str) -> tuple[str, ...]:
        """All regions of that name (one word, lower case)."""
        found = self._codes.get(key)
        return tuple(found.split()) if found else ()

    def key(self, code: str) -> str:
        """The name of a region as one word."""
        return "".join(WORD.findall(bare_name(code, self.names[code]).casefold()))

    def may_begin(self, letters: str) -> bool:
        """False if no name begins like this; quick, and never wrong about False."""
        return len(letters) < BEGINNINGS[0] or letters[: BEGINNINGS[-1]] in self._beginnings

    def __contains__(self, key: str) -> bool:
        return key in self._codes

    def words_in(self, code: str) -> int:
        """How many words the name of a region has."""
        return len(WORD.findall(bare_name(code, self.names[code])))

    def given(self, key: str, size: int) -> tuple[str, ...]:
        """The regions that the deployment calls so, in so many words."""
        own = self.own.get(key)
        return own.codes if own and own.words == size else ()

    def _spelling(self, word: str) -> Spelling:
        new = modern(word)
        full = self.words.short.get(word) or new
        joined, street = self._joined(word), self._in_street(word)
        start = Start.ALONE if joined else self._start(word, full)
        idle = start is Start.NEVER and street is None
        return Spelling(new, full, full != word, start, street, joined, idle)

    def _start(self, word: str, full: str) -> Start:
        if word in self.cues or full != word or (word.isdecimal() and word in self.postcodes):
            return Start.ALONE
        if codes := self.codes(word):
            small = min(map(len, codes)) > 5
            return Start.BEFORE_NAME if small and word in self.words.everyday else Start.ALONE
        if len(word) >= MIN_FUZZY and not self.ordinary(word):
            return Start.ALONE
        return Start.WITH_NEXT if self.may_begin(word) else Start.NEVER

    def _in_street(self, word: str) -> Role | None:
        roles = self.words.roles
        if word.isdigit() or word in roles[Role.STREET_END]:
            return Role.STREET_END
        named = (role for role in (Role.STREET, Role.STREET_TITLE) if word in roles[role])
        return next(named, None)

    def _joined(self, word: str) -> tuple[str, str] | None:
        """`diCoblong`, `jlDago`: the small word, and the name that it runs into."""
        match = JOINED.fullmatch(word)
        if match is None or word in self._codes or self.ordinary(word):
            return None
        prefix, name = match.groups()
        known = name in self._codes and self.common(name) < Common.WORD
        return (prefix, name) if known else None

    def common(self, word: str) -> Common:
        """How far one word is a word of the language."""
        if word in self._language:
            return Common.WORD
        return Common.DERIVED if self.ordinary(word) else Common.NAME

    def _ordinary(self, word: str) -> bool:
        """A word of the language: no misspelling of a place."""
        return word in self._language or stem(word, self._language) != word

    def slip_of_word(self, word: str) -> bool:
        """`sebrang` is seberang rather than Serang."""
        pool = self._everyday.get(word[0], ())
        return bool(process.extractOne(word, pool, scorer=OSA.distance, score_cutoff=1))

    def _names_as_long(self, level: str, first: str, length: int, slips: int) -> list[str]:
        size = range(length - slips, length + slips + 1)
        return [name for name in self._pools.get((level, first), ()) if len(name) in size]

    def _similar(self, key: str, level: str, slips: int) -> tuple[tuple[str, ...], float]:
        """Regions of a level (kabkota: provinces too) at most `slips` of the thumb away."""
        pool = self._as_long(level, key[0], len(key), slips)
        near = process.extract(key, pool, scorer=OSA.distance, score_cutoff=slips, limit=5)
        best = [name for name, distance, _ in near if distance == near[0][1]]
        codes = dict.fromkeys(code for name in best for code in self.codes(name))
        kept = tuple(code for code in codes if _pool_of(code) == level)
        return kept, QUALITY[near[0][1]] if kept else 0.0


def _pool_of(code: str) -> str:
    return REGENCY if len(code) == 2 else level_of(code)
