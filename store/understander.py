"""Builds the Understander from the word tables, a catalogue and the gazetteer."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import parsers
from parsers.catalogue import Catalogue
from parsers.commands import CommandWords
from parsers.cues import Cues
from parsers.kind import LANGUAGES
from parsers.learned import Model
from parsers.names import People
from parsers.places.gazetteer import Gazetteer
from parsers.text import Lexicon
from parsers.times import times_from
from parsers.understand import Tables, Thresholds, Understander
from parsers.understanding import Verb
from store.catalogue import default_catalogue
from store.learning.model_files import shipped_model

TABLES = Path(parsers.__file__).parent / "tables"


def build_understander(
    places: Gazetteer,
    thresholds: Thresholds,
    catalogue: Catalogue | None = None,
    *,
    model: Model | None = None,
    learning: bool = False,
) -> Understander:
    """For one process; takes a moment, so it is built once and kept.

    With a model, or to learn one, a catalogue of a city has the national one beside it, and what
    that learnt.
    """
    tables, default = load_tables(), default_catalogue()
    if catalogue is None or not (model or learning) or catalogue.says_as(default):
        return Understander(catalogue or default, places, tables, thresholds, model=model)
    return Understander(
        catalogue,
        places,
        tables,
        thresholds,
        model=model,
        national=Understander(default, places, tables, thresholds).matchers,
        mentor=shipped_model(),
    )


@cache
def load_tables() -> Tables:
    """All of parsers/tables."""
    cues = _grouped("cues.csv")
    return Tables(
        lexicon=_lexicon(frozenset(cues["landmark"]), frozenset(cues["polite"])),
        commands=_commands(),
        cues=Cues(_pairs("cues.csv"), LANGUAGES),
        opening=frozenset(cues["opening"]),
        areas=frozenset(cues["area"]),
        people=People(_pairs("people.csv")),
        times=times_from(_rows("times.csv"), _pairs("feasts.csv")),
    )


def _lexicon(landmarks: frozenset[str], polite: frozenset[str]) -> Lexicon:
    """Our own shorthand wins over the general slang list."""
    short = dict(_pairs("slang.csv")) | dict(_pairs("shorthand.csv"))
    return Lexicon(
        shorthand={word: tuple(formal.split()) for word, formal in short.items()},
        roots=frozenset(_lines("roots.txt")),
        stopwords=frozenset(_lines("stopwords.txt")),
        landmarks=landmarks,
        polite=polite,
    )


def _commands() -> CommandWords:
    groups = _grouped("commands.csv")
    fillers, labels = frozenset(groups.pop("filler")), frozenset(groups.pop("label"))
    return CommandWords(
        verbs={word: Verb(verb) for verb, words in groups.items() for word in words},
        fillers=fillers,
        labels=labels,
    )


def _grouped(name: str) -> dict[str, list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for group, value in _pairs(name):
        groups[group].append(value)
    return dict(groups)


def _pairs(name: str) -> Iterator[tuple[str, str]]:
    yield from ((first, second) for first, second in _rows(name))


def _rows(name: str) -> Iterator[list[str]]:
    """The lines of a table below its head."""
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows


def _lines(name: str) -> list[str]:
    return (TABLES / name).read_text(encoding="utf-8").split()
