"""Words of a message that may name a place, with what stands around them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from parsers.places.index import PlaceIndex
from parsers.places.names import Match, NameReader
from parsers.places.words import (
    DISTRICT,
    PROVINCE,
    REGENCY,
    VILLAGE,
    Common,
    Manner,
    Mention,
    Role,
    is_city,
    is_kelurahan,
    level_of,
)
from parsers.text import Token

MAX_TOKENS = 400
CHAINABLE = {Manner.NAMED, Manner.LOCATED, Manner.PLAIN, Manner.TAIL}
NOTHING: Final = (None, 1)
JOINED_MANNERS = {
    "di": Manner.LOCATED,
    "ke": Manner.TOWARDS,
    "jl": Manner.STREET,
    "jln": Manner.STREET,
}
NEIGHBOURHOOD = re.compile(r"r[tw]\d+")
STREET_WORDS = 2  # words after `jl` that are the street's own name
OWN_MANNERS = {Manner.NAMED, Manner.LOCATED, Manner.PLAIN}
OWN_NAME = 0.9  # quality of a name the deployment gave: sure alone, not against another city
SHARED_NAME = 0.6  # quality of one that others bear as well
WEAK_ALIAS = 0.6  # quality of `sda` alone, which is hardly Sidoarjo


def scan(index: PlaceIndex, tokens: Sequence[Token], text: str, area: str = "") -> list[Mention]:
    """All mentions in the order of the text; names do not overlap."""
    return list(_Scanner(index, tokens[:MAX_TOKENS], text, area).mentions())


class _Scanner(NameReader):
    def __init__(self, index: PlaceIndex, tokens: Sequence[Token], text: str, area: str) -> None:
        super().__init__(index, tokens, text, area)
        self.street = 0  # words since `jl` in an unbroken run, 0 outside of a street
        self.before: tuple[int, tuple[str, ...]] = (0, ())  # where the last name ended, its codes

    def mentions(self) -> Iterator[Mention]:
        at, known = 0, self.known
        while at < len(known):
            if known[at].idle and not self.street:
                at += 1
                continue
            found, size = self._mentioned(at) if self.may_start(at) else NOTHING
            if found is not None:
                yield found
                self.before = (at + size, found.codes)
            if found is not None and self._given(at, size):
                self.street = 0  # of `Griya Asri Bekasi` the estate ends before Bekasi
            elif self.street or known[at].street:
                self._walk_street(at, size)
            at += size

    def _mentioned(self, at: int) -> tuple[Mention | None, int]:
        if self.outside.get(at) is False:
            return NOTHING
        return self._cued(at) or self._uncued(at) or self._joined(at) or NOTHING

    def _walk_street(self, at: int, size: int) -> None:
        """Keep count of how far the name of a street may still go on."""
        part = self.known[at].street
        if part is Role.STREET:
            self.street = 1
        elif self.street and part is not Role.STREET_TITLE:
            self.street += size
        if part is Role.STREET_END or not self.soft[at + size - 1]:
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
        if match is None or (self._of_road(at, cue) and not self.fits(match, cue)):
            return None
        both = self._both_kinds(at, name_at)
        codes = match.codes if both else self._of_kind(match.codes, self.words[at])
        found = self._mention(match, name_at, Manner.CUED, cue, codes)
        if cue == VILLAGE and len(codes) < len(match.codes):
            found = replace(found, mixed=True)
        if self.words[at] in self.roles[Role.BODY] or self._of_people(at, codes):
            found = replace(found, body=True)
        return found, name_at - at + match.size

    def _of_road(self, at: int, cue: str) -> bool:
        """`jalan provinsi Garut` is a road of the province, in Garut."""
        return cue == PROVINCE and at > 0 and self.words[at - 1] in self.roles[Role.WAY]

    def _both_kinds(self, at: int, name_at: int) -> bool:
        """`kab/kota X`, `bupati dan walikota X`: either of twins."""
        earlier = at - 2 if at > 1 and self.words[at - 1] in {"dan", "atau"} else at - 1
        said = {self.words[max(earlier, 0)], *self.words[at:name_at]}
        return all(said & self.roles[role] for role in (Role.IS_CITY, Role.IS_REGENCY))

    def _filler(self, cue_at: int, at: int) -> bool:
        """`wali kota X`, `kota administrasi X`, `desa/kelurahan X`."""
        word = self.words[at]
        same = self.index.cues.get(word) == self.index.cues[self.words[cue_at]]
        return word in self.roles[Role.FILLER] and (same or word in {"adm", "administrasi"})

    def _joined_cue(self, at: int) -> bool:
        return at < len(self.gaps) and not self.gaps[at].strip(" .:/-\t\xa0@")

    def _of_kind(self, codes: tuple[str, ...], cue: str) -> tuple[str, ...]:
        """`kab` and `kota` settle twins; so do `kel.` and `desa`."""
        kelurahan = cue in self.roles[Role.KELURAHAN]
        if kelurahan or cue in self.roles[Role.DESA]:
            other = [c for c in codes if len(c) == 13 and is_kelurahan(c) != kelurahan]
            wanted = [c for c in codes if c not in other]
            return tuple(wanted) if any(len(c) == 13 for c in wanted) else codes
        city = cue in self.roles[Role.IS_CITY]
        if not city and cue not in self.roles[Role.IS_REGENCY]:
            return codes
        wanted = [c for c in codes if len(c) == 5 and is_city(c) == city]
        return tuple(wanted) or codes

    def _uncued(self, at: int) -> tuple[Mention, int] | None:
        word = self.words[at]
        if len(word) == 5 and word.isdecimal() and word.isascii():
            return None if at in self.outside else self._postcode(at)
        match = self._small(at, self.name(at, None)) or self.misspelt_regency(at)
        if (part := self.part(at, match)) is not None:
            return self._mention(part, at, Manner.CUED, DISTRICT, part.codes), part.size
        if match is None:
            return None
        manner = self._manner(at, match)
        inside = () if self._describes(at, match) else self._in_next(at, match, manner)
        if inside:
            return self._mention(match, at, Manner.CHAINED, "", inside), match.size
        if match.common is Common.EVERYDAY and not self._bearable(at, match):
            return None
        if manner is not Manner.LOCATED and self.words[at] in self.index.weak and match.size == 1:
            match = replace(match, quality=WEAK_ALIAS)
        codes, size = self._suffix(match, at)
        cue = REGENCY if size > match.size else ""
        if not cue and (own := self._given(at, size)):
            match, cue = self._own(at, match, manner, own)
        manner = Manner.CUED if cue else manner
        return self._mention(match, at, manner, cue, codes), size

    def _given(self, at: int, size: int) -> tuple[str, ...]:
        """The regions to which the deployment gave the name that stands here."""
        return self.index.given("".join(self.words[at : at + size]), size)

    def _own(
        self, at: int, match: Match, manner: Manner, own: tuple[str, ...]
    ) -> tuple[Match, str]:
        """A name that is the deployment's alone needs no cue; a word of the language needs `di`.

        One that may be regions of several levels, or others of that name, is never sure alone.
        """
        levels = {level_of(code) for code in match.codes}
        if len(levels) > 1 or not set(match.codes) <= set(own):
            return replace(match, quality=SHARED_NAME), ""
        wordy = match.common >= Common.WORD and manner is Manner.PLAIN
        site = at > 0 and self.words[at - 1] in self.roles[Role.SITE]  # `perumahan X`, no `jl X`
        if wordy or not (manner in OWN_MANNERS or (site and manner is Manner.STREET)):
            return match, ""
        return replace(match, quality=OWN_NAME), levels.pop()

    def _small(self, at: int, match: Match | None) -> Match | None:
        """Kampung Ambon is a quarter anywhere, and hardly ever the city of Ambon."""
        if match is None or not at or not self.soft[at - 1]:
            return match
        if self.words[at - 1] not in self.roles[Role.HAMLET] or self._homewards(at):
            return match
        codes = tuple(code for code in match.codes if len(code) > 5)
        return replace(match, codes=codes) if codes else None

    def _homewards(self, at: int) -> bool:
        """`pulang kampung Garut`: home is in Garut, which is no quarter."""
        return at > 1 and self.words[at - 2] in self.roles[Role.HOMEWARDS]

    def _joined(self, at: int) -> tuple[Mention, int] | None:
        """`diCoblong`, `jlDago`: a small word and a name run together."""
        joined = self.known[at].joined
        if joined is None:
            return None
        prefix, key = joined
        codes = self.index.codes(key)
        manner = JOINED_MANNERS[prefix]
        start = self.tokens[at].end - len(key)
        ordered = tuple(sorted(codes, key=len))
        return Mention(ordered, start, self.tokens[at].end, manner, quality=0.9), 1

    def _in_next(self, at: int, match: Match, manner: Manner) -> tuple[str, ...]:
        """Of `Kasihan Bantul`, `Tebet, Jakarta`: the readings that lie in the place after it."""
        after = at + match.size
        plain = manner in CHAINABLE
        if not plain or after >= len(self.words) or len(match.codes[0]) < 8:
            return ()
        if not self.soft[after - 1] and self.gaps[after - 1] not in {", ", ","}:
            return ()
        cue = self.words[after]
        if cue in self.index.cues and self._joined_cue(after) and after + 1 < len(self.words):
            after += 1  # Majalaya kab Bandung
        parent = self.name(after, None)
        if parent is None:
            return ()
        around = tuple(code for code in parent.codes if len(code) in {5, 8})
        return tuple(c for c in match.codes if c.startswith(around) and c not in around)

    def _describes(self, at: int, match: Match) -> bool:
        """Of `lubang besar medan`, `besar` is the hole; in `di Besar, Medan` it is a kelurahan."""
        before = self.words[at - 1] if at else ""
        return (
            match.common is Common.EVERYDAY
            and self.index.ordinary(before)
            and before not in self.roles[Role.LOCATIVE]
            and before not in self.roles[Role.NAMED]
            and self.gaps[at - 1] == " "
            and self.text[self.tokens[at].start].islower()
        )

    def _bearable(self, at: int, match: Match) -> bool:
        """`baru` may not stand alone, nor `dari batang`; `di Batu` and `warga Batu` may."""
        before = self.words[at - 1] if at else ""
        said = before in {"di", "d"} or before in self.roles[Role.NAMED]
        return said and any(len(code) <= 5 for code in match.codes)

    def _manner(self, at: int, match: Match) -> Manner:
        before = self.words[at - 1] if at else ""
        if self._runs_on(at, match):
            return Manner.TAIL
        if self.street:
            return Manner.STREET if self._still_street(at, match) else Manner.PLAIN
        if self._away(at):
            return Manner.TOWARDS
        if before in self.roles[Role.NAMED] or self._in_neighbourhood(at):
            return Manner.NAMED
        if before in self.roles[Role.LOCATIVE]:
            return Manner.LOCATED
        if self._numbered(at + match.size):
            return Manner.STREET
        person = before in self.roles[Role.NOT_PLACE] and self.soft[at - 1]
        return Manner.OTHER if person else Manner.PLAIN

    def _runs_on(self, at: int, match: Match) -> bool:
        """Of `Keputih Tegal Timur`, a quarter of Keputih, `Tegal Timur` is no kecamatan."""
        end, codes = self.before
        if end != at or not at or self.gaps[at - 1] != " " or min(map(len, match.codes)) <= 5:
            return False
        return not any(
            one.startswith(other) or other.startswith(one) for one in codes for other in match.codes
        )

    def _in_neighbourhood(self, at: int) -> bool:
        """`RT 5 RW II Mojo`, `rw05 mojo`."""
        before = self.words[at - 1] if at else ""
        if NEIGHBOURHOOD.fullmatch(before):
            return True
        earlier = self.words[at - 2] if at > 1 else ""
        numbered = before.isdecimal() or before in self.roles[Role.GANG]
        return numbered and earlier in {"rt", "rw"}

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

    def _of_people(self, at: int, codes: tuple[str, ...]) -> bool:
        """`warga Bandung` may be anywhere in it, `warga Coblong` are at Coblong."""
        before = self.words[at - 1] if at else ""
        return before in self.roles[Role.BODY] and any(len(code) <= 5 for code in codes)

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
            body=at in self.outside or self._of_people(at, codes),
        )
        tail = self.street > STREET_WORDS and all(len(code) == 13 for code in codes)
        return replace(found, manner=Manner.STREET) if tail and manner is Manner.PLAIN else found
