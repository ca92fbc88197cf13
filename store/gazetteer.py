"""Loads the shipped Kemendagri gazetteer (store/seed/gazetteer) into a Gazetteer."""

import csv
import gzip
import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import TextIOWrapper

from parsers.place_index import Alias, PlaceWords
from parsers.place_pins import PinMap
from parsers.places import Gazetteer

SEED: Traversable = files("store") / "seed" / "gazetteer"
TABLES: Traversable = files("parsers") / "tables"


@lru_cache(maxsize=4)
def default_gazetteer(*, place_sure: float = 75.0, place_margin: float = 5.0) -> Gazetteer:
    """The gazetteer of the whole country; built once per process and thresholds."""
    return Gazetteer(
        ((code, name) for code, name in _rows("wilayah.csv.gz")),
        aliases={
            alias: Alias(tuple(codes.split("|")), bare == "1")
            for alias, codes, bare in _rows("abbreviations.csv")
        },
        postcodes={
            postcode: tuple(codes.split()) for postcode, codes in _rows("kodepos.csv.gz")
        },
        population={code: int(total) for code, total in _rows("penduduk.csv")},
        words=PlaceWords(
            everyday=_words("place_everyday.txt"),
            roots=_words("roots.txt"),
        ),
        pins=load_pins,
        place_sure=place_sure,
        place_margin=place_margin,
    )


def load_pins() -> PinMap:
    """Polygons of all kecamatan and centroids of all desa (about a second, 60 MB)."""
    with (SEED / "kecamatan_boundaries.json.gz").open("rb") as raw, gzip.open(raw) as file:
        boundaries = json.load(file)
    centroids = ((code, float(lat), float(lng)) for code, lat, lng in _rows("centroids.csv.gz"))
    return PinMap(boundaries, centroids)


def _rows(name: str) -> Iterator[list[str]]:
    """Rows of a seed file without its header."""
    with (SEED / name).open("rb") as raw:
        file = gzip.open(raw) if name.endswith(".gz") else raw
        rows = csv.reader(TextIOWrapper(file, encoding="utf-8", newline=""))
        next(rows)
        yield from rows


def _words(name: str) -> frozenset[str]:
    lines = (TABLES / name).read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
