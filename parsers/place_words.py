"""The words of place finding: levels, what stands around a name, and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

PROVINCE, REGENCY, DISTRICT, VILLAGE = "provinsi", "kabkota", "kecamatan", "kelurahan_desa"
LEVELS: Final = {2: PROVINCE, 5: REGENCY, 8: DISTRICT, 13: VILLAGE}  # by length of the code


def level_of(code: str) -> str:
    return LEVELS[len(code)]


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
    LOCATIVE = "locative"  # a place of any kind follows
    TOWARDS = "towards"  # a place follows that the matter is hardly about
    GUEST = "guest"  # before `di`: somebody else lives there
    STREET = "street"  # the name of a street follows
    STREET_TITLE = "street_title"  # between `jl` and the name
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


class Manner(Enum):
    """How a place is named, from the strongest to the weakest."""

    PIN = "pin"
    CUED = "cued"  # kec. Coblong
    CHAINED = "chained"  # Coblong Bandung
    LOCATED = "located"  # di Coblong
    PLAIN = "plain"
    TOWARDS = "towards"  # ke Coblong, saudara di Coblong
    STREET = "street"  # jl Coblong
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
    common: int = 0  # 1: also a dictionary word, 2: also an everyday word
    postcode: bool = False
    words: int = 1
