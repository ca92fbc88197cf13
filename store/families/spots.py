"""The word lists by which two reports are told to be of one spot."""

import csv
from functools import cache

from parsers.spots import SpotWords
from store.understander import TABLES


@cache
def load_spot_words() -> SpotWords:
    with (TABLES / "spots.csv").open(encoding="utf-8", newline="") as file:
        groups = {row["group"]: frozenset(row["words"].split()) for row in csv.DictReader(file)}
    return SpotWords(**groups)
