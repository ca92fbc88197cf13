"""`python -m benchmarks.corpus_check`: is the labelled corpus sound, and what is in it?

Prints every mistake with file and id, then the counts; exit code 1 if there is a mistake.
"""

import csv
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from io import StringIO
from pathlib import Path

from parsers.agency import STANDS_AT
from parsers.catalogue import Catalogue
from parsers.understanding import Kind
from store.catalogue import default_catalogue

CORPUS = Path(__file__).parent / "corpus"
HALVES = ("tune", "report")
ALIKE = 0.5  # shared words of all words: two messages are copies of each other from here
LEAST_OF_A_TOPIC = 4  # messages in both halves together
SHORTEST, LONGEST = 4, 1500  # characters
CHANNELS = {"sms", "whatsapp", "telegram"}
NOISE = range(4)
PRIVATE = {"nik", "kk", "phone", "email", "account", "plate", "name"}
FIELDS = {
    *("id", "text", "channel", "noise", "kind", "category", "categories_ok", "agency"),
    *("agencies_ok", "place", "place_text", "ambiguous_place", "address", "when", "date"),
    *("today", "area", "tracking", "private", "urgent", "two"),
}
QUOTED = ("place_text", "address", "when")  # fields that must stand in the text as they are
WORD = re.compile(r"\w+")

Message = Mapping[str, object]  # the JSON edge: nothing is believed before it is checked


@dataclass(frozen=True)
class Codes:
    """The codes that a label may use."""

    catalogue: Catalogue
    places: frozenset[str]

    @property
    def topics(self) -> set[str]:
        """The routing topics: categories that have a parent."""
        return {code for code, category in self.catalogue.categories.items() if category.parent}


def main() -> int:
    codes = Codes(default_catalogue(), frozenset(_places()))
    halves = {half: list(_messages(CORPUS / f"{half}.jsonl")) for half in HALVES}
    messages = [message for half in halves.values() for message in half]
    mistakes = [
        f"{half}.jsonl {message.get('id')}: {mistake}"
        for half, lines in halves.items()
        for message in lines
        for mistake in check(message, codes)
    ]
    mistakes += [*_repeated(messages), *_alike(halves), *_rare(messages, codes.topics)]
    print("\n".join([*mistakes, *_table(halves), f"{len(mistakes)} mistakes"]))
    return 1 if mistakes else 0


def _places() -> Iterator[str]:
    packed = (files("store") / "seed" / "gazetteer" / "wilayah.csv.gz").read_bytes()
    for row in csv.DictReader(StringIO(gzip.decompress(packed).decode(), newline="")):
        yield row["code"]


def _messages(path: Path) -> Iterator[Message]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def check(message: Message, codes: Codes) -> list[str]:
    """What is wrong with one labelled message."""
    if set(message) != FIELDS:
        return [f"fields missing or unknown: {sorted(set(message) ^ FIELDS)}"]
    checks: Sequence[tuple[str, Callable[[Message, Codes], bool]]] = (
        ("channel, noise, kind or length", _plain_values),
        ("unknown topic", _topics),
        ("unknown agency, or one at a place where none can stand", _agencies),
        ("unknown place or area", _areas),
        ("words that are not in the text", _quotes),
        ("date is not an ISO date or range, or has no words", _dates),
        ("flag that is not true or false", _flags),
    )
    return [name for name, holds in checks if not holds(message, codes)]


def _plain_values(message: Message, _: Codes) -> bool:
    return (
        message["channel"] in CHANNELS
        and message["noise"] in NOISE
        and message["kind"] in set(Kind)
        and SHORTEST <= len(str(message["text"])) <= LONGEST
    )


def _labels(message: Message, best: str, others: str) -> list[str]:
    first, rest = message[best], message[others]
    return [str(code) for code in (first, *(rest if isinstance(rest, list) else ())) if code]


def _topics(message: Message, codes: Codes) -> bool:
    return codes.topics.issuperset(_labels(message, "category", "categories_ok"))


def _agencies(message: Message, codes: Codes) -> bool:
    return all(_stands(code, codes) for code in _labels(message, "agency", "agencies_ok"))


def _stands(code: str, codes: Codes) -> bool:
    """A local office stands at an area of its own level or at the widest that is known."""
    kind, at, area = code.partition("@")
    agency = codes.catalogue.agencies.get(kind)
    if agency is None:
        return False
    return not at or (area in codes.places and len(area) <= STANDS_AT.get(agency.level, 0))


def _areas(message: Message, codes: Codes) -> bool:
    return all(message[name] is None or message[name] in codes.places for name in ("place", "area"))


def _quotes(message: Message, _: Codes) -> bool:
    text = str(message["text"])
    quoted = [str(message[name]) for name in QUOTED if message[name]]
    private, tracking = message["private"], message["tracking"]
    if not isinstance(private, list) or not isinstance(tracking, list):
        return False
    typed = all(item["type"] in PRIVATE for item in private)
    words = [*quoted, *tracking, *(item["text"] for item in private)]
    return typed and all(word in text for word in words)


def _dates(message: Message, _: Codes) -> bool:
    values = [str(message["today"] or "")]
    if message["date"]:
        values += str(message["date"]).split("/") if message["when"] else ["no words"]
    return all(_iso(value) for value in values if value)


def _iso(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _flags(message: Message, _: Codes) -> bool:
    return all(isinstance(message[name], bool) for name in ("ambiguous_place", "urgent", "two"))


def _repeated(messages: Sequence[Message]) -> list[str]:
    count = Counter(message.get("id") for message in messages)
    return [f"id {id_} stands {times} times" for id_, times in count.items() if times > 1]


def _alike(halves: Mapping[str, Sequence[Message]]) -> Iterator[str]:
    """Messages of the two halves that share so many words that one tells the other's answer."""
    tune, report = ([(m, _words(m)) for m in halves[half]] for half in HALVES)
    for one, these in tune:
        for other, those in report:
            shared = len(these & those) / (len(these | those) or 1)
            if shared >= ALIKE:
                yield f"{one['id']} and {other['id']} are alike ({shared:.2f})"


def _words(message: Message) -> frozenset[str]:
    return frozenset(WORD.findall(str(message["text"]).casefold()))


def _rare(messages: Sequence[Message], topics: set[str]) -> list[str]:
    count = Counter(message.get("category") for message in messages)
    return [
        f"topic {code} has only {count[code]} messages"
        for code in sorted(topics)
        if count[code] < LEAST_OF_A_TOPIC
    ]


TRAITS: Mapping[str, Callable[[Message], object]] = {
    "place named": lambda m: m["place_text"],
    "place ambiguous": lambda m: m["ambiguous_place"],
    "area given": lambda m: m["area"],
    "address": lambda m: m["address"],
    "time words": lambda m: m["when"],
    "time with a date": lambda m: m["date"],
    "private data": lambda m: m["private"],
    "tracking number": lambda m: m["tracking"],
    "urgent": lambda m: m["urgent"],
    "two complaints": lambda m: m["two"],
}


def _table(halves: Mapping[str, Sequence[Message]]) -> Iterator[str]:
    """Counts by kind, channel, noise, trait and category, one column for each half."""
    yield _line("", *HALVES)
    yield _line("messages", *(len(halves[half]) for half in HALVES))
    for field in ("kind", "channel", "noise"):
        yield from _counted(halves, field)
    yield "\ntraits"
    for name, has in TRAITS.items():
        yield _line(f"  {name}", *(sum(map(bool, map(has, halves[half]))) for half in HALVES))
    yield from _counted(halves, "category")


def _counted(halves: Mapping[str, Sequence[Message]], field: str) -> Iterator[str]:
    counts = {half: Counter(_shown(m[field]) for m in halves[half]) for half in HALVES}
    total = sum(counts.values(), Counter[str]())
    yield f"\n{field}"
    for value, _ in sorted(total.items(), key=lambda item: (-item[1], item[0])):
        yield _line(f"  {value}", *(counts[half][value] for half in HALVES))


def _shown(value: object) -> str:
    return "-" if value is None else str(value)


def _line(name: str, *values: object) -> str:
    return f"{name:24}" + "".join(f"{value!s:>8}" for value in values)


if __name__ == "__main__":
    sys.exit(main())
