"""Labelled examples from a CSV file: `text,kind,category,agency`, labels as codes or names."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from parsers.catalogue import Catalogue
from parsers.learned import KIND
from parsers.messages import storable
from parsers.understanding import Kind

FILE = "examples.csv"  # beside a catalogue
LABELS = (KIND, "category", "agency")
LONGEST_LABEL = 60  # characters of an unknown label that are shown
SIMILAR = 0.8  # share of letters from which an unknown label is a slip
LONGEST_TEXT = 10_000_000  # characters of one field


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One text and what officers made of it; codes, "" where nobody said."""

    text: str
    category: str = ""
    agency: str = ""
    kind: str = ""

    def label(self, name: str) -> str:
        if name == KIND:
            return self.kind
        return self.category if name == "category" else self.agency


@dataclass
class Examples:
    """The usable rows of a file, and a line with file, line and reason for every other one."""

    rows: list[Example] = field(default_factory=list)
    unlabelled: int = 0  # rows without a label: no mistake, and no lesson
    problems: list[str] = field(default_factory=list)


class Unknown(ValueError):
    """A label that is nowhere in the catalogue, or stands for several of its entries."""


class Names:
    """Codes by code and by name, whatever their case and spacing."""

    def __init__(
        self,
        what: str,
        named: Iterable[tuple[str, Iterable[str]]],
        *,
        where: str = "of the catalogue",
    ) -> None:
        self._what, self._where = what, where
        self._codes: dict[str, str] = {}
        self._spelt: dict[str, str] = {}
        found: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for code, names in named:
            self._codes[_plain(code)] = self._spelt[_plain(code)] = code
            for name in names:
                found[_plain(name)][code] = None
                self._spelt[_plain(name)] = name
        self._by_name = {name: tuple(codes) for name, codes in found.items()}

    def code(self, label: str) -> str:
        """The code that is meant; Unknown says why there is none."""
        plain = _plain(label)
        if plain in self._codes:
            return self._codes[plain]
        codes = self._by_name.get(plain, ())
        if len(codes) == 1:
            return codes[0]
        shown = repr(label[:LONGEST_LABEL])
        if codes:
            raise Unknown(f"{self._what} {shown} may be {' or '.join(codes)}: write the code.")
        near = get_close_matches(plain, self._spelt, n=1, cutoff=SIMILAR)
        meant = f" Is it {self._spelt[near[0]]!r}?" if near else ""
        raise Unknown(f"{self._what} {shown} is neither a code nor a name {self._where}.{meant}")


def _plain(label: str) -> str:
    return " ".join(label.split()).casefold()


def names_of(catalogue: Catalogue) -> Mapping[str, Names]:
    """Topics before the topics above them: both may be called `Pendidikan`."""
    topics = {topic.code for topic in catalogue.topics}
    taken = {_plain(topic.name) for topic in catalogue.topics}
    return {
        KIND: Names(
            KIND,
            ((kind.value, ()) for kind in Kind if kind is not Kind.COMMAND),
            where="that a message may have",
        ),
        "category": Names(
            "category",
            (
                (code, (category.name,))
                for code, category in catalogue.categories.items()
                if code in topics or _plain(category.name) not in taken
            ),
        ),
        "agency": Names(
            "agency",
            ((code, (agency.name, *agency.aliases)) for code, agency in catalogue.agencies.items()),
        ),
    }


def read_examples(path: Path, catalogue: Catalogue) -> Examples:
    """Read the whole file; what cannot be used is listed, not raised."""
    found = Examples()
    labels = Labels(catalogue)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, fields in _rows(file, path.name, found.problems):
                if not any(fields.get(name, "").strip() for name in LABELS):
                    found.unlabelled += 1
                    continue
                try:
                    found.rows.append(labels.example(fields))
                except Unknown as problem:
                    found.problems.append(f"{path.name} line {line}: {problem}")
    except OSError as error:
        found.problems.append(f"{path.name}: cannot be read ({error.strerror}).")
    except UnicodeDecodeError:
        found.problems.append(f"{path.name}: is not UTF-8.")
    return found


def kept_for(examples: Iterable[Example], catalogue: Catalogue) -> list[Example]:
    """Examples of another catalogue: the labels whose codes this one has, and the kinds."""
    kept = (
        replace(
            example,
            category=example.category if example.category in catalogue.categories else "",
            agency=example.agency if example.agency in catalogue.agencies else "",
        )
        for example in examples
    )
    return [example for example in kept if any(map(example.label, LABELS))]


def _rows(
    file: Iterable[str], name: str, problems: list[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Fields by column and the line they end on; columns that nobody asked for are left out."""
    csv.field_size_limit(LONGEST_TEXT)
    lines = iter(file)
    first = next(lines, "")
    mark = ";" if first.count(";") > first.count(",") else ","  # spreadsheets in Indonesia
    head = [column.strip().casefold() for column in next(csv.reader([first], delimiter=mark), [])]
    if "text" not in head or not any(label in head for label in LABELS):
        problems.append(f"{name} line 1: the columns must be text,category,agency.")
        return
    rows = csv.reader(lines, delimiter=mark, strict=True)
    try:
        for values in rows:
            line = rows.line_num + 1
            if len(values) != len(head):
                if any(values):
                    problems.append(
                        f"{name} line {line}: {len(values)} fields instead of {len(head)}."
                    )
                continue
            yield line, dict(zip(head, values, strict=True))
    except csv.Error as error:
        problems.append(f"{name} line {rows.line_num + 1}: {error}.")


class Labels:
    """Turns the fields of a row into an example."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue, self._names = catalogue, names_of(catalogue)

    def example(self, fields: Mapping[str, str]) -> Example:
        """Unknown if the text is missing or a label is not known."""
        text = storable(fields["text"]).strip()
        if not text:
            raise Unknown("text is empty.")
        agency = self._current(self._code("agency", fields))
        category, kind = self._code("category", fields), self._code(KIND, fields)
        return Example(text=text, kind=kind, category=category, agency=agency)

    def _code(self, name: str, fields: Mapping[str, str]) -> str:
        label = fields.get(name, "").strip()
        if name == "agency":
            label = _without_area(label, self._catalogue)
        return self._names[name].code(label) if label else ""

    def _current(self, agency: str) -> str:
        """Who took over the work of a body that is no more, if it is one."""
        if not agency:
            return ""
        current = self._catalogue.current(agency)
        return current[0] if len(current) == 1 else agency


def _without_area(label: str, catalogue: Catalogue) -> str:
    """`DINAS_PUPR@32.04` is an office of the type DINAS_PUPR."""
    kind, at, _ = label.rpartition("@")
    return kind if at and kind in catalogue.agencies else label
