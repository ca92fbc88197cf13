"""Words that speak of time, each as one letter, so that an expression is a pattern of letters."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import NamedTuple

from parsers.text import comparable

# The roles of parsers/tables/times.csv.
LETTERS = {
    "since": "s",  # sejak, dari
    "already": "a",  # sudah, selama
    "about": "z",  # hampir, sekitar
    "more": "l",  # lebih
    "just": "b",  # baru
    "now": "B",  # barusan
    "yesterday": "K",
    "overmorrow": "2",  # lusa: with kemarin the day before it
    "earlier": "t",  # tadi
    "part": "P",  # of the day
    "night": "L",
    "lastnight": "V",
    "day": "h",
    "week": "M",  # minggu is Sunday as well
    "month": "o",
    "year": "y",
    "hour": "j",  # jam: an hour, or before a clock time
    "minute": "e",
    "one": "A",  # seminggu
    "vague": "v",  # beberapa
    "many": "Q",  # berbulan-bulan
    "number": "N",
    "ago": "g",
    "this": "i",
    "lastones": "E",  # terakhir
    "last": "G",  # English
    "lately": "I",
    "begin": "x",  # awal, pertengahan, akhir
    "date": "T",  # tanggal
    "oclock": "k",  # pukul
    "zone": "Z",
    "until": "U",
    "monthname": "m",
    "weekday": "w",
    "feast": "f",
    "era": "r",
    "long": "d",  # lama
    "very": "n",
    "former": "u",  # dulu
    "after": "H",
    "on": "O",  # pada
    "next": "F",  # besok, depan: not yet
    "every": "R",
    "state": "!",  # what lasts: mati, tidak
    "notyet": "~",
    "age": "q",
    "other": "X",  # a length of something else: kontrak, garansi
    "greeting": "W",
    "place": "p",
    "work": "c",  # what somebody is or does all those years
    "kin": "3",  # a person, whose years may follow
    "habit": "4",  # selalu, biasanya
    "timetable": "5",  # kereta, loket: before the hour of every day
    "asked": "&",  # mohon: what follows is to come, or feared
}
WRITTEN = {  # shapes of digits
    "D": re.compile(r"(?:19|20)\d\d-\d{1,2}-\d{1,2}|\d{1,2}([/.-])\d{1,2}\1(?:20)?\d\d"),
    "%": re.compile(r"\d{1,2}/\d{1,2}"),  # day and month, or anything else
    "C": re.compile(r"(?:[01]?\d|2[0-4])[.:][0-5]\d"),
    "Y": re.compile(r"(?:19[5-9]|20[0-4])\d"),
    "N": re.compile(r"0?[1-9]\d{0,2}"),
    "J": re.compile(r"\d{1,2}[,.]\d"),  # 1,5
}
BETWEEN = "-"
LEAP, LEAP_LETTER = re.compile(r"h[-+]\d+"), "@"  # H-3
REST = r"|\d[\d/.,:-]*|[.,;:!?()\n]"
ASCII_TOKEN = re.compile(rf"h[-+]\d{{1,2}}(?!\d)|[a-z]+{REST}")
TOKEN = re.compile(rf"[hH][-+]\d{{1,2}}(?!\d)|[^\W\d_]+{REST}")
PLAIN, COMMA, OTHER = ".", ",", "_"
# Without a word of these nothing tells a time, but for digits.
TELLING = frozenset("BKtVhMoyjLAQImwfrdukPT")
DATE_DIGITS = 4  # 5/11, 2019


class Atom(NamedTuple):
    """A word, or words that belong together, and what it says about time."""

    letter: str
    value: str = ""
    first: int = 0  # place of its first and of its last word; only where it says something
    last: int = 0


NOTHING = Atom(OTHER)  # any word that says nothing about time
Entry = tuple[tuple[str, ...], str, str]  # the words behind the first, letter, value


@dataclass(frozen=True, slots=True)
class Times:
    """The words of times.csv and the days of feasts.csv."""

    words: Mapping[str, tuple[Entry, ...]]  # by the first of them, the longest first
    telling: frozenset[str]  # first words
    feasts: Mapping[str, tuple[date, ...]]


def times_from(words: Iterable[Sequence[str]], feasts: Iterable[tuple[str, str]]) -> Times:
    """Rows `role, words, value` and `feast, ISO date`."""
    by_first: defaultdict[str, list[Entry]] = defaultdict(list)
    for role, phrase, value in words:
        first, *others = phrase.split()
        by_first[first].append((tuple(others), LETTERS[role], value))
    days: defaultdict[str, list[date]] = defaultdict(list)
    for name, day in feasts:
        days[name].append(date.fromisoformat(day))
    return Times(
        {
            word: tuple(sorted(rows, key=lambda row: -len(row[0])))
            for word, rows in by_first.items()
        },
        frozenset(w for w, rows in by_first.items() if any(row[1] in TELLING for row in rows)),
        {name: tuple(listed) for name, listed in days.items()},
    )


def atoms_of(text: str, times: Times) -> list[Atom]:
    """The text as atoms; empty if no word of it tells a time."""
    if text.isascii():
        tokens = ASCII_TOKEN.findall(text.lower())
    else:
        tokens = [comparable(token) for token in TOKEN.findall(text)]
    if times.telling.isdisjoint(tokens) and not any(
        len(token) >= DATE_DIGITS and token[0].isdigit() for token in tokens
    ):
        return []
    return _atoms(tokens, times.words)


def _atoms(tokens: Sequence[str], words: Mapping[str, tuple[Entry, ...]]) -> list[Atom]:
    atoms: list[Atom] = []
    behind = 0  # of the words that were taken together
    for place, word in enumerate(tokens):
        if place < behind:
            continue
        entry = _longest(words[word], tokens, place) if word in words else None
        if entry:
            others, letter, value = entry
            behind = place + 1 + len(others)
            atoms.append(Atom(letter, value, place, behind - 1))
        elif word.isalpha():
            atoms.append(NOTHING)
        else:
            atoms.extend(_written(word, place))
    return atoms


def span_of(text: str, first: Atom, last: Atom) -> tuple[int, int]:
    """Where the words from one atom to another stand in their text."""
    spans = [match.span() for match in islice(TOKEN.finditer(text), last.last + 1)]
    return spans[first.first][0], spans[last.last][1]


def _longest(entries: tuple[Entry, ...], plain: Sequence[str], place: int) -> Entry | None:
    for entry in entries:
        others = entry[0]
        if not others or tuple(plain[place + 1 : place + 1 + len(others)]) == others:
            return entry
    return None


def _written(word: str, place: int) -> list[Atom]:
    """Digits, `h-3`, or a mark."""
    if not word[:1].isdigit():
        if LEAP.fullmatch(word):
            return [Atom(LEAP_LETTER, word[1:], place, place)]
        return [Atom(COMMA if word == COMMA else PLAIN)]
    shorn = word.rstrip("/.,:-")
    marks = [Atom(PLAIN)] if word[-1] in ".:" else []
    for letter, shape in WRITTEN.items():
        if shape.fullmatch(shorn):
            return [Atom(letter, shorn, place, place), *marks]
    first, dash, second = shorn.partition(BETWEEN)
    if dash and second and BETWEEN not in second:
        one, other = _written(first, place), _written(second, place)
        if {half.letter for half in (*one, *other)} in ({"N"}, {"C"}):
            return [*one, Atom(BETWEEN, "", place, place), *other]
    return [NOTHING]
