"""Loads the shipped Kemendagri gazetteer (store/seed/gazetteer) into a Gazetteer."""

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import StringIO

from parsers.catalogue import Area
from parsers.places.gazetteer import Gazetteer
from parsers.places.index import Alias
from parsers.places.pins import PinMap
from parsers.places.words import PlaceWords, Role

SEED: Traversable = files("store") / "seed" / "gazetteer"
TABLES: Traversable = files("parsers") / "tables"


@lru_cache(maxsize=4)
def default_gazetteer(
    *, place_sure: float = 75.0, place_margin: float = 5.0, areas: tuple[Area, ...] = ()
) -> Gazetteer:
    """The gazetteer of the whole country, with names of a deployment's own.

    Built once per process, thresholds and names.
    """
    return Gazetteer(
        regions().items(),
        areas=areas,
        aliases={
            alias: Alias(tuple(codes.split("|")), bare=bare != "0", weak=bare == "2")
            for alias, codes, bare in _rows(SEED / "abbreviations.csv")
        },
        postcodes={
            postcode: tuple(codes.split()) for postcode, codes in _rows(SEED / "kodepos.csv.gz")
        },
        population={code: int(total) for code, total in _rows(SEED / "penduduk.csv")},
        words=PlaceWords(
            everyday=_words("place_everyday.txt"),
            roots=_words("roots.txt"),
            short=dict(_rows(TABLES / "place_short.csv")),
            roles=_roles(),
        ),
        pins=load_pins,
        place_sure=place_sure,
        place_margin=place_margin,
    )


@cache
def regions() -> Mapping[str, str]:
    """The names of all regions of Kemendagri by their codes."""
    return {row[0]: row[1] for row in _rows(SEED / "wilayah.csv.gz")}


def _roles() -> dict[Role, frozenset[str]]:
    """Words by what they do beside a name; `jln rsk` ends a street as `jalan rusak` does."""
    roles = {
        Role(role): frozenset(words.split()) for role, words in _rows(TABLES / "place_roles.csv")
    }
    short = {
        word
        for table in ("slang.csv", "shorthand.csv")
        for word, formal in _rows(TABLES / table)
        if formal in roles[Role.NO_STREET]
    }
    return roles | {Role.NO_STREET: roles[Role.NO_STREET] | short}


def load_pins() -> PinMap:
    """Polygons of all kecamatan and centroids of all desa (0.6 s and 95 MB at the first pin)."""
    packed = (SEED / "kecamatan_boundaries.json.gz").read_bytes()
    boundaries = json.loads(gzip.decompress(packed))
    centroids = (
        (code, float(lat), float(lng)) for code, lat, lng in _rows(SEED / "centroids.csv.gz")
    )
    return PinMap(boundaries, centroids)


def _rows(file: Traversable) -> Iterator[list[str]]:
    """Rows of a CSV file, compressed or not, without its header."""
    content = file.read_bytes()
    if file.name.endswith(".gz"):
        content = gzip.decompress(content)
    rows = csv.reader(StringIO(content.decode(), newline=""))
    next(rows)
    return rows


def _words(name: str) -> frozenset[str]:
    lines = (TABLES / name).read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
