"""Streets, house numbers, RT/RW and landmarks in a message, as an officer would write them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from parsers.places.names import outside
from parsers.places.words import PlaceWords, Role
from parsers.text import Token

NAME_WORDS = 3  # of a street or a landmark, titles and directions apart
LONGEST = 160  # characters
MAX_SPANS = 4
HOUSE = re.compile(r"\d{1,4}[a-z]{0,2}|[ivx]{1,5}|[a-z]\d{1,3}")
SURE_WAYS = frozenset(["jl", "dijl", "gang", "gg", "gng"])
SHOUTED = 0.6  # share of words with a capital
NEIGHBOURHOODS = ("rt", "rw")
NEIGHBOURHOOD = re.compile(r"r[tw]\d{1,3}")
COUNTED = [["hari"], ["jam"], ["minggu"], ["bulan"], ["tahun"], ["kali"], ["orang"], ["meter"]]
STATE_SCHOOL = [["negeri"], ["negri"]]
SCHOOL_NUMBER = re.compile(r"\d{1,3}")
VERB = re.compile(r"(?:di|ber|ter|me[mn]|pe[mn])\w{4,}|\w{3,}(?:nya|kan)")
FORMAL: Final = {
    **dict.fromkeys(("jl", "jln", "jaln", "jlan", "dijalan", "dijln", "dijl", "djalan"), "Jalan"),
    **dict.fromkeys(("gg", "gng"), "Gang"),
    "lrg": "Lorong",
    **dict.fromkeys(("dpn", "didepan", "ddpn", "dpan"), "depan"),
    **dict.fromkeys(("dkt", "deket", "dket", "didekat"), "dekat"),
    **dict.fromkeys(("blkg", "blkang", "dibelakang"), "belakang"),
    **dict.fromkeys(("smping", "disamping"), "samping"),
    **dict.fromkeys(("sebrang", "sbrang", "sbrg", "disebrang", "diseberang"), "seberang"),
    **dict.fromkeys(("prapatan", "prempatan", "perapatan", "prmpatan"), "perempatan"),
    **dict.fromkeys(("prtigaan", "pertgaan"), "pertigaan"),
    **dict.fromkeys(("simp", "smpang"), "simpang"),
    **dict.fromkeys(("bunderan", "bnderan"), "bundaran"),
    **dict.fromkeys(("psr", "psar"), "pasar"),
    **dict.fromkeys(("kmplek", "komp", "komplex"), "komplek"),
    **dict.fromkeys(("jmbtn", "jmbatan"), "jembatan"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Words `first`..`last` of the message that say where."""

    first: int
    last: int


class AddressReader:
    """Built once from the word lists; then pure."""

    def __init__(
        self, words: PlaceWords, ordinary: Callable[[str], bool], large: Callable[[str], bool]
    ) -> None:
        """`ordinary`: a word of the language; `large`: the name of a kabupaten or province."""
        self.ordinary: Final = ordinary
        self.large: Final = large
        roles = words.roles
        self.kinds: Final[Mapping[str, Role]] = {
            word: role
            for role in (Role.AROUND, Role.SITE, Role.SCHOOL, Role.NUMBER, Role.BESIDE, Role.WAY)
            for word in roles[role]
        }
        self.parts: Final = roles[Role.STREET_PART]
        self.names: Final = roles[Role.STREET_PART] | roles[Role.STREET_NAME]
        self.titles: Final = roles[Role.STREET_TITLE]
        self.landmarks: Final = roles[Role.LANDMARK]
        self.homewards: Final = roles[Role.HOMEWARDS]
        self.unnamed: Final = roles[Role.UNNAMED] | roles[Role.NO_STREET]

    def read(self, tokens: Sequence[Token], text: str) -> str | None:
        """All of it in the order of the text, cut at a word after 160 characters."""
        kinds = self.kinds
        starts = [
            at
            for at, token in enumerate(tokens)
            if token.norm in kinds or token.norm.startswith(NEIGHBOURHOODS)
        ]
        if not starts:
            return None
        pieces = islice(_Message(self, tokens, text).pieces(starts), MAX_SPANS)
        return _written(pieces, tokens, text) or None


class _Message:
    def __init__(self, reader: AddressReader, tokens: Sequence[Token], text: str) -> None:
        self.reader, self.kinds = reader, reader.kinds
        self.tokens, self.text = tokens, text
        self.words = [token.norm for token in tokens]
        for at, _ in outside(tokens, text):
            self.words[at] = ""

    def pieces(self, starts: Iterable[int]) -> Iterator[Piece]:
        done = 0
        for at in starts:
            if at < done or (last := self._piece(at)) is None:
                continue
            yield Piece(at + (self.kinds.get(self.words[at]) is Role.AROUND), last)
            done = last + 1

    def _piece(self, at: int) -> int | None:
        """The last word of the place that is told from here."""
        word = self.words[at]
        match self.kinds.get(word):
            case None:
                return self._numbers(at) if NEIGHBOURHOOD.fullmatch(word) else None
            case Role.WAY:
                return self._way(at)
            case Role.SITE:
                return self._site(at)
            case Role.SCHOOL:
                return self._school(at)
            case Role.NUMBER:
                last = self._numbers(at - 1)
                return last if last > at and word not in {"no", "nomor", "nmr"} else None
            case Role.BESIDE:
                return self._beside(at)
            case _:
                return self._around(at)

    def _way(self, at: int) -> int | None:
        """`jl melati 5 rt 2`; after `jalan` and `jln` an ordinary word is hardly a name."""
        short = self.words[at] in SURE_WAYS or self._capital(at)
        if (last := self._named(at, strong=short)) is not None:
            return last
        if self.words[at] in {"gang", "gg"}:
            last = self._numbers(at)
            return last if last > at else None
        return None

    def _site(self, at: int) -> int | None:
        """`pasar caruban`, `komplek griya asri`; not `pulang kampung Garut`."""
        if at and self.words[at - 1] in self.reader.homewards:
            return None
        if (last := self._named(at, strong=False)) is not None:
            return last
        after = at + 1
        nested = after < len(self.words) and self.kinds.get(self.words[after]) is Role.SITE
        return self._named(after, strong=False) if nested and self._joined(at) else None

    def _school(self, at: int) -> int | None:
        """`SDN Melati`, `smp 3 coblong`; `smp` and `sma` are also `sampai` and `sama`."""
        after = at + 1
        if self.words[after : after + 1] in STATE_SCHOOL:
            after += 1
        if after >= len(self.words) or not self._joined(at):
            return None
        if SCHOOL_NUMBER.fullmatch(self.words[after]):
            if self.words[after + 1 : after + 2] in COUNTED:
                return None
            named = self._named(after, strong=False)
            return after if named is None else named
        told = self._capital(after) or len(self.words[at]) > 3
        return self._named(at, strong=False) if told else None

    def _beside(self, at: int) -> int | None:
        """`depan polsek coblong`, `dekat Lucky Square`, but not `depan rumah`."""
        after = at + 1
        if after >= len(self.words) or not self._joined(at):
            return None
        if "_".join(self.words[after : after + 2]) in self.reader.landmarks:
            return self._named(after + 1, strong=False) or after + 1
        if self.kinds.get(self.words[after]) not in {None, Role.AROUND, Role.NUMBER}:
            return self._piece(after)
        return self._named(at, strong=False) if self._capital(after) else None

    def _around(self, at: int) -> int | None:
        """`di Cikapayang`: an unknown name that is no kabupaten."""
        after = at + 1
        if after >= len(self.words) or not self._joined(at) or not self._capital(after):
            return None
        word = self.words[after]
        if word in self.kinds or self.reader.ordinary(word) or self.reader.large(word):
            return None
        return self._named(at, strong=False, numbered=False)

    def _named(self, at: int, *, strong: bool, numbered: bool = True) -> int | None:
        """The last word of the name that follows, with its numbers; None if none follows."""
        last, left = at, NAME_WORDS
        while left and last + 1 < len(self.words) and self._joined(last):
            word = self.words[last + 1]
            if last + 2 < len(self.words) and self._is_title(last + 1):
                last += 1
                continue
            if HOUSE.fullmatch(word) or not self._is_name(last + 1, strong=strong and left == 3):
                break
            last += 1
            left -= word not in self.reader.parts
        if left == NAME_WORDS:
            return None
        return self._numbers(last) if numbered else last

    def _is_title(self, at: int) -> bool:
        """`dr`, `KH`, and initials as in `AH Nasution` and `s. parman`."""
        word = self.words[at]
        initial = word.isalpha() and len(word) < 3 and (self._upper(at) or self._dotted(at))
        return word in self.reader.titles or initial

    def _dotted(self, at: int) -> bool:
        return self.text.startswith(".", self.tokens[at].end)

    def _upper(self, at: int) -> bool:
        return (
            not self._shouted and self.text[self.tokens[at].start : self.tokens[at].end].isupper()
        )

    def _is_name(self, at: int, *, strong: bool) -> bool:
        word = self.words[at]
        if not word or word in self.reader.unnamed:
            return False
        if word in self.reader.names:
            return True
        if word in self.kinds:
            return strong and self.kinds[word] is Role.SITE  # jl Pasar Barat
        if self._capital(at):
            return True
        if strong:
            return len(word) > 2
        return len(word) > 2 and not self.reader.ordinary(word) and not VERB.fullmatch(word)

    def _numbers(self, last: int) -> int:
        """The last word of house number, RT and RW that follow `last`."""
        at = last + 1
        while at < len(self.words) and (at == 0 or self._joined(at - 1)):
            word = self.words[at]
            if HOUSE.fullmatch(word) or NEIGHBOURHOOD.fullmatch(word):
                last = at
            elif self.kinds.get(word) is not Role.NUMBER:
                break
            at += 1
        return last

    def _capital(self, at: int) -> bool:
        return not self._shouted and self.text[self.tokens[at].start].isupper()

    @cached_property
    def _shouted(self) -> bool:
        """In a text of capitals they say nothing."""
        capitals = sum(self.text[token.start].isupper() for token in self.tokens)
        return capitals > SHOUTED * len(self.tokens)

    def _joined(self, at: int) -> bool:
        """Whether the next word goes on; a full stop ends a sentence after a longer word."""
        gap = self.text[self.tokens[at].end : self.tokens[at + 1].start]
        if gap == " ":
            return True
        if len(gap) > 3 or gap.strip(" .,/-&'"):
            return False
        if "," in gap:
            return self.words[at] in self.kinds or self.words[at].isdecimal()
        return "." not in gap or gap == "." or len(self.words[at]) <= 4


def _written(pieces: Iterable[Piece], tokens: Sequence[Token], text: str) -> str:
    line = ""
    for piece in pieces:
        told = _spelt(piece, tokens, text)
        if told.casefold() in line.casefold():
            continue
        line = f"{line}, {told}" if line else told
    cut = line[:LONGEST]
    return cut if cut == line else (cut.rpartition(" ")[0] or cut).rstrip(" ,")


def _spelt(piece: Piece, tokens: Sequence[Token], text: str) -> str:
    """The words as written, but `jl` in full."""
    parts = []
    end = tokens[piece.first].start
    for token in tokens[piece.first : piece.last + 1]:
        formal = FORMAL.get(token.norm)
        gap = text[end : token.start]
        parts += [" " if formal or gap.isspace() else gap, formal or text[token.start : token.end]]
        end = token.end
        if formal:
            end += len(text[end : end + 2]) - len(text[end : end + 2].lstrip(". ,"))
            parts.append(" ")
    return " ".join("".join(parts).split())
