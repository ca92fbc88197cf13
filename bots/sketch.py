"""What is compared of a complaint, read anew from its words: nothing of it is stored."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from parsers import spots
from parsers.likeness import Report
from parsers.places.gazetteer import Gazetteer
from parsers.spots import SpotWords, Told
from parsers.text import tokenise
from parsers.understand import Understander
from store.families.clues import Files
from store.models import Complaint

KEPT = 8000  # texts: in a flood the same ones are compared again and again
COMPARED = 1000  # characters of a text
HEX = 16

Words = tuple[tuple[str, ...], Told, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Sketcher:
    """Makes reports of complaints; remembers the words of the last texts."""

    words: Callable[[str, str, str], Words]  # of text, address, place

    def report(self, row: Complaint, files: Files, reporter: int | None) -> Report:
        words, spot, places = self.words(row.text[:COMPARED], row.address or "", row.place or "")
        return Report(
            at=row.created_at,
            words=words,
            spot=spot,
            places=places,
            category=row.category,
            place=row.place,
            pin=(row.lat, row.lon) if row.lat is not None and row.lon is not None else None,
            pictures=tuple(int(picture, HEX) for picture in files.pictures),
            digests=frozenset(files.digests),
            reporter=reporter,
        )


def sketcher(understander: Understander, gazetteer: Gazetteer, words: SpotWords) -> Sketcher:
    known = understander.matchers.words

    def spelt(text: str) -> list[tuple[str, ...]]:
        return known.normaliser(tokenise(text))

    def read(text: str, address: str, place: str) -> Words:
        said = spelt(text)
        names = spelt(gazetteer.full_name(place)) if place else []
        places = frozenset(word for parts in names for word in parts)
        roots = tuple(known.read(said).stems)
        flat = [word for parts in said for word in parts]
        where = [word for parts in spelt(address) for word in parts]
        return roots, spots.told(flat, where, words), places

    return Sketcher(lru_cache(KEPT)(read))
