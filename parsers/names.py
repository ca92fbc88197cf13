"""Names of private people: behind `nama saya`, `a.n.`, `pak`, `anak saya`, or beside a phone."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from parsers.understanding import Span

ME = "(?:saya|sy|aku|gw|kami)"
# Of lower-case letters; a dot ends a sentence but behind a short title.
OPENING = r"""(?:
      (?:(?P<named>(?:nama|nm)(?:nya)?
        (?:[ ](?:{me}|lengkap|pelapor|pemohon|pelaku|korban|petugas|pemilik|siswa|{kin}))*
        |perkenalkan(?:[ ]{me})?|dari[ ](?:kami|saya)(?=,)|my[ ]name[ ]is|i[ ]am)
        |(?P<told>bernama|atas[ ]nama|a\.?n|a/n|di[ ]?bawah[ ]ini|hormat[ ](?:saya|kami)
        |hormati[ ]saya|ttd|tertanda|pelapor|pengirim|dari(?=[ ]?:))
      )\b(?:[ ]?[.:=]\s{{0,4}}|[ ]?,?\s{{1,4}})
    | (?P<spelt>tertulis|dipanggil|panggil[ ]{me}|sebut[ ]saja|ahli[ ]waris)\b[ ]
    | (?P<called>hub|hubungi|kontak|cp)\b[.:]?[ ]
    | (?P<kin>(?:{kin})[ ]?(?:{me}|q|ku)(?:[ ]bernama)?)\b,?[ ]\(?
    | (?P<title>(?:bpk|bp|sdri?|alm|ny|tn|nn)\b\.?[ ]?|(?:{title})\b[ ])
    | (?P<nick>(?:{nick})\b(?:[ ]\(?|[ ]?:[ ]))
    | (?P<self>saya|sy|ulun|abdi|kulo|ambo|aku|awak|beta|gue|gw|ane|kula|kawula)\b,?[ ]
    | (?P<signed>salam(?:[ ](?:hormat|sehat|hangat))?|wassalam|terima[ ]?kasih|makasih?|trims
        |trimakasih|tks|thanks|thx|nuhun|suwun|regards|(?:ini|saya|sy)[ ]dengan
        )\b[^\w@+]{{1,6}}
    )(?=[^\W\d_])(?:(?:{title}|{nick})\b\.?[ ])?(?:(?:{degree})(?:\.[ ]?|[ ])){{0,3}}
    (?P<rank>(?:{rank})\b\.?[ ](?:\d+[ ])?)?"""
LETTERS = re.compile(r"[a-z]+")
OFFICE = re.compile(r"(?:ka(?:dis|pol|sat|bid|nit|sub|sek)|wali|bupati|ketua)\w*")
CAPITAL = re.compile("[A-Z][a-z]{2,}")
INITIAL = r"(?:[A-Z]\.?[ ])?"
WORD = re.compile(INITIAL + r"([^\W\d_][^\W\d_'’]*)")
PHONE_BEHIND = re.compile(r"\W{0,3}(?:(?:di|hub|hp|wa|telp|tlp|no)\b)?\W{0,3}(?:\+?62|0)8\d")
ENDS = re.compile(r"[ ]?(?:[.,;()\n]|$)")
BESIDE_PHONE = re.compile(r"[ ]?[(/-][ ]?")
SIGNATURE = re.compile(r"(?:\n\s*|[-–~]\s?)(?=[A-Z][a-z]+(?: [A-Z][\w'’.]*){0,3}\s*(?:[,(\n]|$))")
TAIL = 80  # characters at the end in which somebody may sign
TOWARDS = re.compile(r"[ ](?:ke|sampai|arah|menuju)\b")
FOLLOWED = re.compile(  # what people say of themselves behind their name
    r"[ ]*(?:[,.;:()\n-]|$|(?:dari|dr|dri|saking|warga|wrg|mau|mo|ingin|hendak|alamat|almt|asal"
    r"|tinggal|umur|usia|rt|di|d|hp|wa|no|nik|lapor|melapor|melaporkan|petani|guru|pedagang)\b)",
    re.IGNORECASE,
)
BEFORE = 12  # characters before an opening
WORDS = 4  # of a name
LONGEST = 40  # characters of a name that are looked at
SHORTEST = 3  # letters of a name that no table has
STRANGE = 4  # the same, in small letters behind one that a table has
NAMED = frozenset({"named", "told"})

Known = Callable[[str], bool]


class People:
    """The words of parsers/tables/people.csv: role and word."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        words: defaultdict[str, set[str]] = defaultdict(set)
        for role, word in rows:
            words[role].add(word)
        self._names = frozenset(words["name"])
        self._common = frozenset(words["common"])  # everyday words as well
        self._family = self._names | self._common | words["family"]
        self._others = frozenset(  # who is meant by an office or a group, and no person
            words["office"] | words["group"] | words["title"] | words["nick"] | words["kin"]
        )
        self._officials = tuple(sorted(words["official"]))  # known to all by their office
        self._greeted, self._road = tuple(words["greeted"]), tuple(words["road"])
        self._openers = frozenset(words["opener"] | words["title"] | words["nick"] | words["kin"])
        roles = ("title", "nick", "kin", "degree", "rank")
        parts = {role: "|".join(sorted(words[role])) for role in roles}
        self._opening = re.compile(OPENING.format(me=ME, **parts), re.VERBOSE)

    def found(self, text: str, known: Known, phones: Iterable[Span]) -> Iterator[Span]:
        """Names in a text; a word of the language that is `known` is no name by its capital."""
        if text.isupper():  # capitals say nothing
            known = _anything
        lower = text.lower() if text.isascii() else "".join(map(_lower, text))
        for word in LETTERS.finditer(lower):
            if word[0] not in self._openers:
                continue
            match = self._opening.match(lower, word.start())
            if match and (end := self._behind(match, text, known)):
                yield Span("name", match.end(), end)
        for dash in SIGNATURE.finditer(text, max(0, len(text) - TAIL)):
            if end := self._end(text, dash.end(), "nick", known):
                yield Span("name", dash.end(), end)
        for phone in phones:
            if beside := BESIDE_PHONE.match(text, phone.end):
                end = self._end(text, beside.end(), "phone", known)
                if end is not None and text[end : end + 1] in (")", "", ",", "."):
                    yield Span("name", beside.end(), end)

    def _behind(self, match: re.Match[str], text: str, known: Known) -> int | None:
        """Where the name behind an opening ends."""
        start = match.start()
        opened = next(name for name, found in match.groupdict().items() if found is not None)
        if start and text[start - 1].isalnum():
            return None
        if opened == "told" and text[start].isupper():
            opened = "named"  # capitals say less
        before = text[max(0, start - BEFORE) : start].rstrip(" ").lower()
        if opened in ("title", "nick") and before.rstrip(".").endswith(self._road):
            return None  # jalan bu arsih
        if opened == "self" and before[-1:].isalnum() and not before.endswith(self._greeted):
            known = _anything  # `rumah saya Kutisari`
        strict = "nick" if match["rank"] else opened  # `pak RT Antapani` is no Mr Antapani
        end = self._end(text, match.end(), strict, known)
        if end is None or (opened == "called" and not PHONE_BEHIND.match(text, end)):
            return None
        if opened == "nick" and TOWARDS.match(text, end):
            return None  # dari Sudirman ke Thamrin
        return None if opened == "signed" and not ENDS.match(text, end) else end

    def _end(self, text: str, start: int, opened: str, known: Known) -> int | None:
        """Where the name ends that begins at `start`; None if none does."""
        word = WORD.match(text, start)
        if not word or not self._begins(word[1], opened, known):
            return None
        name = text[start : start + LONGEST].lower()
        if any(name.startswith(official) for official in self._officials):
            return None
        end, words = word.end(), 1
        while words < WORDS and text[end : end + 1] == " ":
            word = WORD.match(text, end + 1)
            if not word or not (
                self._goes_on(word[1], opened, known)
                or (self._strange(word[1], known) and FOLLOWED.match(text, word.end()))
            ):
                break
            end, words = word.end(), words + 1
        return end

    def _begins(self, word: str, opened: str, known: Known) -> bool:
        lower = word.lower()
        if lower in self._others or OFFICE.fullmatch(lower):
            return False
        if lower in self._names:
            return word[0].isupper() or opened != "called"
        if word.islower():
            return opened in NAMED and lower in self._common
        if opened == "nick":
            return False
        if lower in self._common:
            return True
        if opened == "told" and CAPITAL.fullmatch(word):
            return True
        initials = word.isupper() and opened not in NAMED  # anak saya BCG
        return not initials and _unheard(word, known)

    def _goes_on(self, word: str, opened: str, known: Known) -> bool:
        lower = word.lower()
        if lower in self._others:
            return False
        if lower in self._family or (opened in NAMED and CAPITAL.fullmatch(word)):
            return True
        return _unheard(word, known) or (opened in NAMED and self._strange(word, known))

    def _strange(self, word: str, known: Known) -> bool:
        """In small letters, no word of the language and no office."""
        small = word.islower() and len(word) >= STRANGE
        return small and word not in self._others and not known(word)


def _lower(letter: str) -> str:
    """Small, where that is one letter as well."""
    small = letter.lower()
    return small if len(small) == 1 else letter


def _unheard(word: str, known: Known) -> bool:
    """A capital and no word of the language; `KTPnya` is none either."""
    shaped = word.isupper() or (word[0].isupper() and word[1:].islower())
    return shaped and len(word) >= SHORTEST and not known(word.lower())


def _anything(_word: str) -> bool:
    return True
