"""The words of place finding: levels, what stands around a name, and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from typing import Final, NamedTuple

PROVINCE, REGENCY, DISTRICT, VILLAGE = "provinsi", "kabkota", "kecamatan", "kelurahan_desa"
LEVELS: Final = {2: PROVINCE, 5: REGENCY, 8: DISTRICT, 13: VILLAGE}  # by length of the code


def level_of(code: str) -> str:
    return LEVELS[len(code)]


def is_kelurahan(code: str) -> bool:
    """Kelurahan are numbered from 1001 within their kecamatan, desa from 2001."""
    return len(code) == 13 and code[9] == "1"


def is_city(code: str) -> bool:
    """Kota are numbered from 71 within their province, kabupaten from 01."""
    return len(code) == 5 and code[3] >= "7"


class Role(StrEnum):
    """What a word beside a name says about it (parsers/tables/place_roles.csv)."""

    PROVINCE = "provinsi"  # a province follows
    REGENCY = "kabkota"
    DISTRICT = "kecamatan"
    VILLAGE = "kelurahan_desa"
    POSTCODE = "postcode"
    IS_CITY = "city"  # of twins, the kota
    IS_REGENCY = "regency"  # of twins, the kabupaten
    FILLER = "filler"  # between cue and name
    BODY = "body"  # an office or people follow, not where the trouble is
    LOCATIVE = "locative"  # a place of any kind follows
    HOMEWARDS = "homewards"  # before `kampung`: home follows, of any size
    HAMLET = "hamlet"  # a small place follows, never a kabupaten
    NAMED = "named"  # a place of any kind follows, and hardly ever an ordinary word
    DESA = "desa"  # of villages of that name, those that are no kelurahan
    KELURAHAN = "kelurahan"  # of villages of that name, the kelurahan
    TOWARDS = "towards"  # a place follows that the matter is hardly about
    GUEST = "guest"  # before `di`: somebody else lives there
    STREET = "street"  # the name of a street follows
    WAY = "way"  # the same, and it is told as address
    SITE = "site"  # a landmark whose name follows
    SCHOOL = "school"  # the same; its number may stand between
    NUMBER = "number"  # of a house, RT or RW
    LANDMARK = "landmark"  # two words that tell a place after `depan`, also without a name
    BESIDE = "beside"  # a landmark follows
    AROUND = "around"  # an unknown name with a capital follows
    NO_STREET = "no_street"  # after `jalan` the sentence goes on
    STREET_PART = "street_part"  # after the name of a street it still goes on
    STREET_TITLE = "street_title"  # between `jl` and the name
    STREET_NAME = "street_name"  # a word or verb by its looks, and the name of many streets
    STREET_END = "street_end"
    GANG = "gang"  # after the name of a street
    NOT_PLACE = "not_place"  # a person, a dish, a brand follows
    UNNAMED = "unnamed"  # after a cue the sentence goes on: `desa kami`


LEVEL_ROLES: Final = (Role.PROVINCE, Role.REGENCY, Role.DISTRICT, Role.VILLAGE)


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """Words around names, and words that are names and also something else."""

    everyday: frozenset[str]  # never a place without a cue
    roots: frozenset[str]  # the dictionary: a kecamatan or desa only with support
    short: Mapping[str, str]  # parts of names in short: tj -> tanjung
    roles: Mapping[Role, frozenset[str]]


class Common(IntEnum):
    """How far a name is also a word of the language."""

    NAME = 0
    DERIVED = 1  # looks derived from a word: Tunjungan
    WORD = 2  # in the dictionary: a desa only with support
    EVERYDAY = 3  # never a place without a cue


class Start(IntEnum):
    """Whether a name may start with a word; most words are settled by this."""

    NEVER = 0
    WITH_NEXT = 1  # only together with the word after it
    BEFORE_NAME = 2  # the same, or before the name of what it lies in: `Pasar, Bandung`
    ALONE = 3


class Spelling(NamedTuple):
    """All that place finding knows of a word by itself."""

    modern: str
    full: str  # `tj` is tanjung
    respelt: bool  # whether that is another word
    start: Start
    street: Role | None  # what it does to the name of a street: begins, goes on, ends
    joined: tuple[str, str] | None  # `di` and `coblong` of `dicoblong`
    idle: bool  # no name and no street has to do with it


class Manner(Enum):
    """How a place is named, from the strongest to the weakest."""

    PIN = "pin"
    CUED = "cued"  # kec. Coblong
    CHAINED = "chained"  # Coblong Bandung
    HAMLET = "hamlet"  # a small place follows, never a kabupaten
    NAMED = "named"  # warga Coblong, RT 5 Coblong
    LOCATED = "located"  # di Coblong
    PLAIN = "plain"
    TOWARDS = "towards"  # ke Coblong, saudara di Coblong
    STREET = "street"  # jl Coblong
    TAIL = "tail"  # Coblong within Sadang Coblong
    OTHER = "other"  # pak Coblong


@dataclass(frozen=True, slots=True)
class Mention:
    """Words (`start`..`end` of the text, -1 for a pin), all regions they may mean, large first."""

    codes: tuple[str, ...]
    start: int
    end: int
    manner: Manner = Manner.PLAIN
    cue: str = ""  # the level that the cue names
    quality: float = 1.0  # below 1 for misspellings
    common: Common = Common.NAME
    postcode: bool = False
    words: int = 1
    mixed: bool = False  # desa bear the name of the kelurahan that was said, or the reverse
    body: bool = False  # names an office or people: evidence, but not where the trouble is
