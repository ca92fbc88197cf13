"""Names of places that start at a word of a message, exact, in short, or misspelt."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from parsers.place_index import PlaceIndex, modern
from parsers.place_words import PROVINCE, REGENCY, Role, level_of
from parsers.text import Token

LONGEST_NAME = 4  # words
MIN_FUZZY = 5  # letters after a cue; below this one wrong letter is another word
MIN_FUZZY_BARE = 6  # letters without a cue
MAX_FUZZY = 40  # letters; the longest name has 36
LONG_NAME = 9  # letters from which two slips are forgiven after a cue
COMPASS = frozenset(
    ["utara", "selatan", "timur", "barat", "tengah", "hulu", "hilir", "ulu", "ilir"]
)


@dataclass(frozen=True, slots=True)
class Match:
    codes: tuple[str, ...]
    size: int  # tokens
    quality: float
    common: int


class NameReader:
    """The words of one message beside the index of all names."""

    def __init__(self, index: PlaceIndex, tokens: Sequence[Token], text: str) -> None:
        self.index = index
        self.roles = index.words.roles
        self.tokens = tokens
        self.words = [token.norm for token in tokens]
        self.modern = [modern(word) for word in self.words]
        short = index.words.short
        self.full = [short.get(a) or b for a, b in zip(self.words, self.modern, strict=True)]
        self.respelt = [a != b for a, b in zip(self.words, self.full, strict=True)]
        self.gaps = [text[a.end : b.start] for a, b in pairwise(tokens)]
        self.soft = [_soft(*pair) for pair in zip(self.gaps, self.words, strict=False)]
        self.soft.append(False)

    def name(self, at: int, cue: str | None) -> Match | None:
        """The longest name that starts here; with a cue, one of its level before all others."""
        best: Match | None = None
        for size in range(self._feasible(at), 0, -1):
            codes = self._exact(at, size, cued=cue is not None)
            if not codes:
                continue
            match = Match(codes, size, 1.0, self._common(at, size))
            if cue is None or self.fits(match, cue):
                return match
            best = best or match
        return best

    def fits(self, match: Match, cue: str) -> bool:
        return any(level_of(code) == cue for code in match.codes)

    def _feasible(self, at: int) -> int:
        """How many words from here may be a name, at most; nearly always 0 or 1."""
        size, key, last = 0, "", self._reach(at)
        while size < last:
            if any(self.respelt[at : at + size + 1]):
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
        if not cued and self._common(at, size) == 2:  # `suka maju` is no Sukamaju
            return tuple(code for code in codes if self.index.words_in(code) == size)
        return codes if not {words[0], words[-1]} & self.roles[Role.UNNAMED] else ()

    def _spelt(self, at: int, size: int) -> tuple[str, ...]:
        """As written, in modern spelling, or with `tj`, `kp` in full."""
        end = at + size
        found = self.index.codes("".join(self.words[at:end]))
        if not found and any(self.respelt[at:end]):
            found = self.index.codes("".join(self.modern[at:end]))
            if not found and size > 1:
                found = self.index.codes("".join(self.full[at:end]))
        return found

    def _common(self, at: int, size: int) -> int:
        words = self.words[at : at + size]
        everyday = self.index.words.everyday
        if all(word in everyday or len(word) < 3 for word in words):
            return 2
        return 1 if size == 1 and self.index.ordinary(words[0]) else 0

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
                best = Match(codes, size, quality, 0)
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
                return Match(codes, size, quality - 0.03, 0)
        return None

    def part(self, at: int, match: Match | None) -> Match | None:
        """`smd ulu`, `bnjai utara`: a short or misspelt city, then the rest of its kecamatan."""
        size = match.size if match else 1
        after = at + size
        if after >= len(self.words) or not self.soft[after - 1]:
            return None
        key = "".join(self.words[at:after])
        cities, quality = match.codes if match else (), 1.0
        if match is None and len(key) == MIN_FUZZY and self.full[after] in COMPASS:
            cities, quality = self.index.similar(key, REGENCY, 1)
        for city in cities:
            whole = self.index.key(city)
            if len(city) == 5 and whole != key:
                found = [c for c in self.index.codes(whole + self.full[after]) if city == c[:5]]
                if found := [code for code in found if len(code) == 8]:
                    return Match(tuple(found), size + 1, quality, 0)
        return None


def _soft(gap: str, before: str) -> bool:
    """May a name go on here? `Kali Anyar`, `Dr. Soetomo`, `Bau-Bau`, not `rusak. Bandung`."""
    if gap == " ":
        return True
    if len(gap) > 3 or gap.strip(" .-'\u2019`\t\xa0"):
        return False
    return "." not in gap or len(before) <= 4
