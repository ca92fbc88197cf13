"""Words of a message that may name a place, with what stands around them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from parsers.place_index import PlaceIndex, modern
from parsers.place_words import (
    PROVINCE,
    REGENCY,
    VILLAGE,
    Manner,
    Mention,
    Role,
    is_city,
    level_of,
)
from parsers.text import Token

MAX_TOKENS = 400
LONGEST_NAME = 4  # words
STREET_WORDS = 2  # words after `jl` that are the street's own name
MIN_FUZZY = 5  # letters after a cue; below this one wrong letter is another word
MIN_FUZZY_BARE = 6  # letters without a cue
MAX_FUZZY = 40  # letters; the longest name has 36
LONG_NAME = 9  # letters from which two slips are forgiven after a cue


@dataclass(frozen=True, slots=True)
class _Match:
    codes: tuple[str, ...]
    size: int  # tokens
    quality: float
    common: int


def scan(index: PlaceIndex, tokens: Sequence[Token], text: str) -> list[Mention]:
    """All mentions in the order of the text; names do not overlap."""
    return list(_Scanner(index, tokens[:MAX_TOKENS], text).mentions())


class _Scanner:
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
        self.street = 0  # words since `jl` in an unbroken run, 0 outside of a street

    def mentions(self) -> Iterator[Mention]:
        at = 0
        while at < len(self.words):
            found, size = self._cued(at) or self._uncued(at) or (None, 1)
            if found is not None:
                yield found
            self._walk_street(at, size)
            at += size

    def _walk_street(self, at: int, size: int) -> None:
        """Keep count of how far the name of a street may still go on."""
        word, last = self.words[at], at + size - 1
        if word in self.roles[Role.STREET]:
            self.street = 1
        elif self.street and word not in self.roles[Role.STREET_TITLE]:
            self.street += size
        if word in self.roles[Role.STREET_END] or word.isdigit() or not self.soft[last]:
            self.street = 0

    def _cued(self, at: int) -> tuple[Mention, int] | None:
        """`kec. Coblong`: the cue, then a name, exact or misspelt."""
        cue = self.index.cues.get(self.words[at])
        if cue is None:
            return None
        name_at = at + 1
        while name_at < len(self.words) and self._filler(at, name_at):
            name_at += 1
        if name_at >= len(self.words) or self.words[name_at] in self.roles[Role.UNNAMED]:
            return None
        if not self._joined_cue(name_at - 1):
            return None
        match = self._name(name_at, cue) or self._misspelt(name_at, cue)
        whole = self._name(at, None) if at + 1 < len(self.words) else None
        if whole and whole.size > 1 and not (match and self._fits(match, cue)):
            return None  # Kota Agung, Desa Baru: the cue is part of the name
        if match is None:
            return None
        codes = self._of_kind(match.codes, self.words[at])
        return self._mention(match, name_at, Manner.CUED, cue, codes), name_at - at + match.size

    def _filler(self, cue_at: int, at: int) -> bool:
        """`wali kota X`, `kota administrasi X`, `desa/kelurahan X`."""
        word = self.words[at]
        same = self.index.cues.get(word) == self.index.cues[self.words[cue_at]]
        return word in self.roles[Role.FILLER] and (same or word in {"adm", "administrasi"})

    def _joined_cue(self, at: int) -> bool:
        return at < len(self.gaps) and not self.gaps[at].strip(" .:/-\t\xa0@")

    def _fits(self, match: _Match, cue: str) -> bool:
        return any(level_of(code) == cue for code in match.codes)

    def _of_kind(self, codes: tuple[str, ...], cue: str) -> tuple[str, ...]:
        """`kab` and `kota` settle twins."""
        city = cue in self.roles[Role.IS_CITY]
        if not city and cue not in self.roles[Role.IS_REGENCY]:
            return codes
        wanted = [c for c in codes if len(c) == 5 and is_city(c) == city]
        return tuple(wanted) or codes

    def _uncued(self, at: int) -> tuple[Mention, int] | None:
        word = self.words[at]
        if len(word) == 5 and word.isdecimal() and word.isascii():
            return self._postcode(at)
        match = self._name(at, None) or self._misspelt_regency(at)
        if match is None:
            return None
        manner = self._manner(at, match)
        if match.common == 2 and not self._bearable(match, manner):
            return None
        codes, size = self._suffix(match, at)
        cue = REGENCY if size > match.size else ""
        manner = Manner.CUED if cue else manner
        return self._mention(match, at, manner, cue, codes), size

    def _bearable(self, match: _Match, manner: Manner) -> bool:
        """`pasar minggu` may stand alone, `baru` may not, `di Batu` may."""
        large = any(len(code) <= 5 for code in match.codes)
        return match.size > 1 or (large and manner is Manner.LOCATED)

    def _manner(self, at: int, match: _Match) -> Manner:
        before = self.words[at - 1] if at else ""
        if self.street:
            return Manner.STREET if self._still_street(at, match) else Manner.PLAIN
        if before in self.roles[Role.LOCATIVE]:
            return Manner.LOCATED
        if self._numbered(at + match.size):
            return Manner.STREET
        person = before in self.roles[Role.NOT_PLACE] and self.soft[at - 1]
        return Manner.OTHER if person else Manner.PLAIN

    def _still_street(self, at: int, match: _Match) -> bool:
        """Of `jl kenjeran surabaya` only kenjeran, of `jl bandung-garut` both."""
        if self.street == 1 or "-" in self.gaps[at - 1]:
            return True
        return self.street <= STREET_WORDS and not any(len(code) == 5 for code in match.codes)

    def _numbered(self, at: int) -> bool:
        """`Jepara 1/27`, `Ploso gg 3`: a street of that name; not `Jepara 2 hari`."""
        if at >= len(self.words) or self.gaps[at - 1] != " ":
            return False
        word = self.words[at]
        if not (word.isdecimal() and len(word) < 4):
            return word in self.roles[Role.GANG]
        last = at + 1 == len(self.words) or self.gaps[at] != " "
        return last or self.words[at + 1] in self.roles[Role.STREET_END]

    def _suffix(self, match: _Match, at: int) -> tuple[tuple[str, ...], int]:
        """`Bandung kota`, `Malang kab.`"""
        after = at + match.size
        if after >= len(self.words) or not self.soft[after - 1]:
            return match.codes, match.size
        cue = self.words[after]
        known = any(len(code) == 5 for code in match.codes)
        if not known or (cue not in {"kota", "kab", "kabupaten"}) or self._starts_name(after + 1):
            return match.codes, match.size
        return self._of_kind(match.codes, cue), match.size + 1

    def _starts_name(self, at: int) -> bool:
        match = self._name(at, REGENCY) if at < len(self.words) and self.soft[at - 1] else None
        return bool(match and self._fits(match, REGENCY))

    def _postcode(self, at: int) -> tuple[Mention, int] | None:
        codes = self.index.postcodes.get(self.words[at], ())
        if not codes:
            return None
        cued = bool(at) and self.words[at - 1] in self.roles[Role.POSTCODE]
        token = self.tokens[at]
        manner = Manner.CUED if cued else Manner.PLAIN
        return Mention(codes, token.start, token.end, manner, VILLAGE, postcode=True), 1

    def _name(self, at: int, cue: str | None) -> _Match | None:
        """The longest name that starts here; with a cue, one of its level before all others."""
        best: _Match | None = None
        for size in range(self._feasible(at), 0, -1):
            codes = self._exact(at, size, cued=cue is not None)
            if not codes:
                continue
            match = _Match(codes, size, 1.0, self._common(at, size))
            if cue is None or self._fits(match, cue):
                return match
            best = best or match
        return best

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

    def _misspelt(self, at: int, cue: str) -> _Match | None:
        level = REGENCY if cue == PROVINCE else cue
        best: _Match | None = None
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
                best = _Match(codes, size, quality, 0)
        return best

    def _misspelt_regency(self, at: int) -> _Match | None:
        """Only a kabupaten, kota or province may be misspelt without a cue."""
        word = self.words[at]
        if not MIN_FUZZY_BARE <= len(word) <= MAX_FUZZY or self.index.ordinary(word):
            return None
        for size in (2, 1) if self._reach(at) > 1 else (1,):
            key = "".join(self.words[at : at + size])
            codes, quality = self.index.similar(key, REGENCY, 1)
            if codes and self.index.words_in(codes[0]) == size and not self.index.slip_of_word(key):
                return _Match(codes, size, quality - 0.03, 0)
        return None

    def _mention(
        self, match: _Match, at: int, manner: Manner, cue: str, codes: tuple[str, ...]
    ) -> Mention:
        start, end = self.tokens[at].start, self.tokens[at + match.size - 1].end
        found = Mention(
            tuple(sorted(codes, key=len)),
            start,
            end,
            manner,
            cue,
            match.quality,
            match.common,
            words=match.size,
        )
        tail = self.street > STREET_WORDS and all(len(code) == 13 for code in codes)
        return replace(found, manner=Manner.STREET) if tail and manner is Manner.PLAIN else found


def _soft(gap: str, before: str) -> bool:
    """May a name go on here? `Kali Anyar`, `Dr. Soetomo`, `Bau-Bau`, not `rusak. Bandung`."""
    if gap == " ":
        return True
    if len(gap) > 3 or gap.strip(" .-'\u2019`\t\xa0"):
        return False
    return "." not in gap or len(before) <= 4
