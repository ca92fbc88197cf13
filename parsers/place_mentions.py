"""Words of a message that may name a place, with what stands around them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from parsers.place_index import PlaceIndex
from parsers.place_names import Match, NameReader
from parsers.place_words import (
    DISTRICT,
    REGENCY,
    VILLAGE,
    Manner,
    Mention,
    Role,
    is_city,
)
from parsers.text import Token

MAX_TOKENS = 400
STREET_WORDS = 2  # words after `jl` that are the street's own name
WEAK_ALIAS = 0.6  # quality of `sda` alone, which is hardly Sidoarjo


def scan(index: PlaceIndex, tokens: Sequence[Token], text: str) -> list[Mention]:
    """All mentions in the order of the text; names do not overlap."""
    return list(_Scanner(index, tokens[:MAX_TOKENS], text).mentions())


class _Scanner(NameReader):
    def __init__(self, index: PlaceIndex, tokens: Sequence[Token], text: str) -> None:
        super().__init__(index, tokens, text)
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
        match = self.name(name_at, cue)
        match = self.part(name_at, match) or match or self.misspelt(name_at, cue)
        whole = self.name(at, None) if at + 1 < len(self.words) else None
        if whole and whole.size > 1 and not (match and self.fits(match, cue)):
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
        match = self.name(at, None) or self.misspelt_regency(at)
        if (part := self.part(at, match)) is not None:
            return self._mention(part, at, Manner.CUED, DISTRICT, part.codes), part.size
        if match is None:
            return None
        manner = self._manner(at, match)
        if inside := self._in_next(at, match, manner):
            return self._mention(match, at, Manner.CHAINED, "", inside), match.size
        if match.common == 2 and not self._bearable(match, manner):
            return None
        if manner is not Manner.LOCATED and self.words[at] in self.index.weak and match.size == 1:
            match = replace(match, quality=WEAK_ALIAS)
        codes, size = self._suffix(match, at)
        cue = REGENCY if size > match.size else ""
        manner = Manner.CUED if cue else manner
        return self._mention(match, at, manner, cue, codes), size

    def _in_next(self, at: int, match: Match, manner: Manner) -> tuple[str, ...]:
        """Of `Kasihan Bantul`, `Tebet, Jakarta`: the readings that lie in the place after it."""
        after = at + match.size
        plain = manner in {Manner.PLAIN, Manner.LOCATED}
        if not plain or after >= len(self.words) or len(match.codes[0]) < 8:
            return ()
        if not self.soft[after - 1] and self.gaps[after - 1] not in {", ", ","}:
            return ()
        parent = self.name(after, None)
        if parent is None:
            return ()
        around = tuple(code for code in parent.codes if len(code) in {5, 8})
        return tuple(c for c in match.codes if c.startswith(around) and c not in around)

    def _bearable(self, match: Match, manner: Manner) -> bool:
        """`pasar minggu` may stand alone, `baru` may not, `di Batu` may."""
        large = any(len(code) <= 5 for code in match.codes)
        return match.size > 1 or (large and manner is Manner.LOCATED)

    def _manner(self, at: int, match: Match) -> Manner:
        before = self.words[at - 1] if at else ""
        if self.street:
            return Manner.STREET if self._still_street(at, match) else Manner.PLAIN
        if self._away(at):
            return Manner.TOWARDS
        if before in self.roles[Role.LOCATIVE]:
            return Manner.LOCATED
        if self._numbered(at + match.size):
            return Manner.STREET
        person = before in self.roles[Role.NOT_PLACE] and self.soft[at - 1]
        return Manner.OTHER if person else Manner.PLAIN

    def _away(self, at: int) -> bool:
        """`ke Garut`, `dari Garut ke Tasik`, `saudara di Garut`."""
        before = self.words[at - 1] if at else ""
        earlier = self.words[at - 2] if at > 1 else ""
        if before in self.roles[Role.TOWARDS]:
            return True
        if earlier in self.roles[Role.TOWARDS] and self.gaps[at - 1] == "-":
            return True  # jurusan Surabaya-Denpasar
        if before in {"di", "d"} and earlier in self.roles[Role.GUEST]:
            return True
        after = self.words[at + 1] if at + 1 < len(self.words) else ""
        return before in {"dari", "dr"} and after in self.roles[Role.TOWARDS]

    def _still_street(self, at: int, match: Match) -> bool:
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

    def _suffix(self, match: Match, at: int) -> tuple[tuple[str, ...], int]:
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
        match = self.name(at, REGENCY) if at < len(self.words) and self.soft[at - 1] else None
        return bool(match and self.fits(match, REGENCY))

    def _postcode(self, at: int) -> tuple[Mention, int] | None:
        codes = self.index.postcodes.get(self.words[at], ())
        if not codes:
            return None
        cued = bool(at) and self.words[at - 1] in self.roles[Role.POSTCODE]
        token = self.tokens[at]
        manner = Manner.CUED if cued else Manner.PLAIN
        return Mention(codes, token.start, token.end, manner, VILLAGE, postcode=True), 1

    def _mention(
        self, match: Match, at: int, manner: Manner, cue: str, codes: tuple[str, ...]
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
