"""Names of places that start at a word of a message, exact, in short, or misspelt."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from parsers.places.index import MIN_FUZZY, PlaceIndex
from parsers.places.words import PROVINCE, REGENCY, Common, Role, Start, level_of
from parsers.text import Token

OUTSIDE = re.compile(r"@[\w.]+|(?:https?:|www\.)\S+")
LONGEST_NAME = 4  # words
MIN_FUZZY_BARE = 6  # letters without a cue
MAX_FUZZY = 40  # letters; the longest name has 36
LONG_NAME = 9  # letters from which two slips are forgiven after a cue
COMPASS = frozenset(
    ["utara", "selatan", "timur", "barat", "tengah", "hulu", "hilir", "ulu", "ilir"]
)
QUARTERS = COMPASS | {"wetan", "kulon", "lor", "kidul", "kaler"}


@dataclass(frozen=True, slots=True)
class Match:
    codes: tuple[str, ...]
    size: int  # tokens
    quality: float
    common: Common


class NameReader:
    """The words of one message beside the index of all names."""

    def __init__(
        self, index: PlaceIndex, tokens: Sequence[Token], text: str, area: str = ""
    ) -> None:
        self.index, self.text, self.area = index, text, area
        self.roles = index.words.roles
        self.tokens = tokens
        self.words = [token.norm for token in tokens]
        spelling = index.spelling
        self.known = [spelling[word] for word in self.words]
        self.gaps = [text[a.end : b.start] for a, b in pairwise(tokens)]
        pairs = zip(self.gaps, self.words, strict=False)
        self.soft = [gap == " " or _soft(gap, word) for gap, word in pairs]
        self.soft.append(False)
        self.outside = dict(outside(tokens, text))

    def name(self, at: int, cue: str | None) -> Match | None:
        """The longest name that starts here; with a cue, one of its level before all others."""
        best: Match | None = None
        for size in range(self._feasible(at), 0, -1):
            codes = self._exact(at, size, cued=cue is not None)
            if not codes:
                continue
            if city := self._quarter(at, size, codes):
                return city
            match = Match(codes, size, 1.0, self._common(at, size))
            if cue is None or self.fits(match, cue):
                return match
            best = best or match
        return best

    def _quarter(self, at: int, size: int, codes: tuple[str, ...]) -> Match | None:
        """`Surabaya Timur` is the east of Surabaya rather than a desa elsewhere.

        The same holds for the east of a desa of the area.
        """
        if size == 1 or len(codes[0]) < 13 or self.words[at + size - 1] not in QUARTERS:
            return None
        whole = self._spelt(at, size - 1)
        if cities := tuple(code for code in whole if len(code) == 5):
            return Match(cities, size, 1.0, Common.NAME)
        near = self.area[:5]
        if not near or any(code.startswith(near) for code in codes):
            return None
        around = any(code.startswith(near) for code in whole)
        return Match(whole, size, 1.0, Common.NAME) if around else None

    def fits(self, match: Match, cue: str) -> bool:
        return any(level_of(code) == cue for code in match.codes)

    def may_start(self, at: int) -> bool:
        """False for nearly all words of a message."""
        start = self.known[at].start
        if start is Start.NEVER or start is Start.ALONE:
            return start is Start.ALONE
        if self.soft[at]:
            if self.known[at + 1].respelt:
                return True
            if self.index.may_begin(self.words[at] + self.words[at + 1]):
                return True
        return start is Start.BEFORE_NAME and at + 1 < len(self.words) and self.may_start(at + 1)

    def _feasible(self, at: int) -> int:
        """How many words from here may be a name, at most; nearly always 0 or 1."""
        size, key, last = 0, "", self._reach(at)
        while size < last:
            if self.known[at + size].respelt:
                return last
            key += self.words[at + size]
            if not self.index.may_begin(key):
                break
            size += 1
        return size

    def _reach(self, at: int) -> int:
        size = 1
        while size < LONGEST_NAME and at + size < len(self.words) and self.soft[at + size - 1]:
            size += 1
        return size

    def _exact(self, at: int, size: int, *, cued: bool) -> tuple[str, ...]:
        words = self.words[at : at + size]
        if size == 1:
            known = len(words[0]) > 2 or words[0] in self.index.aliases
            return self._spelt(at, 1) if known else ()
        codes = self._spelt(at, size)
        if not codes:
            return ()
        if own := self.index.given("".join(words), size):
            return tuple(code for code in codes if code in own or self.index.words_in(code) == size)
        if not cued and self._all_everyday(at, size):  # `suka maju` is no Sukamaju
            return tuple(code for code in codes if self.index.words_in(code) == size)
        return codes if not {words[0], words[-1]} & self.roles[Role.UNNAMED] else ()

    def _spelt(self, at: int, size: int) -> tuple[str, ...]:
        """As written, in modern spelling, or with `tj`, `kp` in full."""
        end = at + size
        found = self.index.codes("".join(self.words[at:end]))
        known = self.known[at:end]
        if not found and any(word.respelt for word in known):
            found = self.index.codes("".join(word.modern for word in known))
            if not found and size > 1:
                found = self.index.codes("".join(word.full for word in known))
        return found

    def _common(self, at: int, size: int) -> Common:
        words = self.words[at : at + size]
        if " ".join(words) in self.index.words.everyday:
            return Common.EVERYDAY
        if size == 1:
            return self.index.common(words[0])
        return Common.WORD if self._all_everyday(at, size) else Common.NAME

    def _all_everyday(self, at: int, size: int) -> bool:
        everyday = self.index.words.everyday
        return all(word in everyday or len(word) < 3 for word in self.words[at : at + size])

    def misspelt(self, at: int, cue: str) -> Match | None:
        level = REGENCY if cue == PROVINCE else cue
        best: Match | None = None
        for size in range(min(self._reach(at), 3), 0, -1):
            words = self.words[at : at + size]
            key = "".join(words)
            if not MIN_FUZZY <= len(key) <= MAX_FUZZY or all(
                self.index.ordinary(word) for word in words
            ):
                continue
            slips = 2 if len(key) >= LONG_NAME else 1
            codes, quality = self.index.similar(key, level, slips)
            if codes and (best is None or quality > best.quality):
                best = Match(codes, size, quality, Common.NAME)
        return best

    def misspelt_regency(self, at: int) -> Match | None:
        """Only a kabupaten, kota or province may be misspelt without a cue."""
        word = self.words[at]
        if not MIN_FUZZY_BARE <= len(word) <= MAX_FUZZY or self.index.ordinary(word):
            return None
        for size in (2, 1) if self._reach(at) > 1 else (1,):
            key = "".join(self.words[at : at + size])
            codes, quality = self.index.similar(key, REGENCY, 1)
            if codes and self.index.words_in(codes[0]) == size and not self.index.slip_of_word(key):
                return Match(codes, size, quality - 0.03, Common.NAME)
        return None

    def part(self, at: int, match: Match | None) -> Match | None:
        """`smd ulu`, `bnjai utara`: a short or misspelt city, then the rest of its kecamatan."""
        size = match.size if match else 1
        after = at + size
        if after >= len(self.words) or not self.soft[after - 1]:
            return None
        key = "".join(self.words[at:after])
        cities, quality = match.codes if match else (), 1.0
        if match is None and len(key) == MIN_FUZZY and self.known[after].full in COMPASS:
            cities, quality = self.index.similar(key, REGENCY, 1)
        for city in cities:
            if len(city) != 5 or (whole := self.index.key(city)) == key:
                continue
            named = self.index.codes(whole + self.known[after].full)
            if found := tuple(c for c in named if len(c) == 8 and c.startswith(city)):
                return Match(found, size + 1, quality, Common.NAME)
        return None


def outside(tokens: Sequence[Token], text: str) -> Iterator[tuple[int, bool]]:
    """The words of `@kec_coblong` (True) and of web addresses (False), by their number."""
    if "@" not in text and "http" not in text and "www." not in text:
        return
    at = 0
    for match in OUTSIDE.finditer(text):
        while at < len(tokens) and tokens[at].start < match.end():
            if tokens[at].start >= match.start():
                yield at, text[match.start()] == "@"
            at += 1


def _soft(gap: str, before: str) -> bool:
    """May a name go on here? `Kali Anyar`, `Dr. Soetomo`, `Bau-Bau`, not `rusak. Bandung`."""
    if len(gap) > 3 or gap.strip(" .-'\u2019`\t\xa0"):
        return False
    return "." not in gap or len(before) <= 4
