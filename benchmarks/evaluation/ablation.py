"""Understanders with one part taken away."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from benchmarks.evaluation.reading import Reads
from bots.reader import Reader
from parsers import match
from parsers.catalogue import Catalogue, Category
from parsers.places.gazetteer import Gazetteer
from parsers.text import Lexicon
from parsers.understand import Tables, Thresholds, Understander
from parsers.understanding import PlaceCandidate
from store.learning.model_files import load_deployment
from store.understander import load_tables


@dataclass(frozen=True)
class NoPlaces:
    """Names codes as the gazetteer does, and finds nothing in a text."""

    gazetteer: Gazetteer

    def find(self, *_: object, **__: object) -> tuple[PlaceCandidate, ...]:
        return ()

    def address(self, *_: object) -> None:
        return None

    def region_keyword(self, _: str) -> None:
        return None

    def name(self, code: str) -> str:
        return self.gazetteer.name(code)

    def level(self, code: str) -> str:
        return self.gazetteer.level(code)


class NoSpeller:
    def __init__(self, _: object) -> None: ...

    def guess(self, _: str) -> None:
        return None


def parsers(whole: Reader, thresholds: Thresholds) -> Iterator[tuple[str, Reads]]:
    """The whole parser first; each is built when it is asked for, and may then be dropped."""
    catalogue, gazetteer, tables = whole.catalogue, whole.gazetteer, load_tables()
    words = tables.lexicon
    blind = cast(Gazetteer, NoPlaces(gazetteer))
    alone = partial(Understander, thresholds=thresholds)
    build = partial(alone, model=load_deployment().model)
    yield "whole", whole
    yield "without examples", alone(catalogue, gazetteer, tables)
    yield "without places", build(catalogue, blind, tables)
    with unspelt():
        yield "without speller", build(catalogue, gazetteer, tables)
    yield (
        "without shorthand",
        build(catalogue, gazetteer, _lexicon(tables, replace(words, shorthand={}))),
    )
    yield (
        "without roots",
        build(catalogue, gazetteer, _lexicon(tables, replace(words, roots=frozenset()))),
    )
    yield "without rules of competence", build(_without(catalogue, rules=True), gazetteer, tables)
    yield "names only", build(_without(catalogue, keywords=True), gazetteer, tables)


@contextmanager
def unspelt() -> Iterator[None]:
    """Words of an understander built within are read as they are spelt."""
    speller = match.Speller
    match.Speller = NoSpeller  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        match.Speller = speller  # type: ignore[misc]


def _lexicon(tables: Tables, lexicon: Lexicon) -> Tables:
    return replace(tables, lexicon=lexicon)


def _without(catalogue: Catalogue, *, rules: bool = False, keywords: bool = False) -> Catalogue:
    categories: Iterable[Category] = catalogue.categories.values()
    if keywords:
        categories = [replace(c, keywords=(), hints=(), aliases=()) for c in categories]
    return Catalogue(categories, catalogue.agencies.values(), () if rules else catalogue.rules)
