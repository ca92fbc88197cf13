"""Catalogue directories: categories.csv, agencies.csv and, where wanted, rules.csv, areas.csv."""

import csv
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from parsers.catalogue import Agency, Area, Catalogue, Category, Rule
from store.agencies.sheets import Sheet, mark_of, text_of
from store.areas import FILE as AREAS
from store.areas import read_areas
from store.gazetteer import regions

DEFAULT = Path(__file__).parent / "seed" / "catalogue"
AREA = re.compile(r"\d\d(\.\d\d(\.\d\d(\.\d{4})?)?)?")  # Kemendagri code
HINT = SELDOM = "?"  # at the end of a keyword or a handling agency
COLUMNS = ("code", "name", "aliases", "keywords", "parent", "handles", "area")
OPTIONAL = ("levels", "level", "default_class", "successor")
RULE_COLUMNS = ("category", "words", "agency", "reason")


class CatalogueError(ValueError):
    """The directory cannot be used; the message has one line for every mistake."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file: its fields, and where to look when something is wrong."""

    file: str
    line: int
    fields: dict[str, str]

    @property
    def code(self) -> str:
        """A catalogue without codes has names, which serve as codes."""
        return self.text("code" if "code" in self.fields else "name")

    def text(self, name: str) -> str:
        return self.fields.get(name, "").strip()

    def items(self, name: str) -> tuple[str, ...]:
        return tuple(item.strip() for item in self.text(name).split("|") if item.strip())


@dataclass
class Mistakes:
    """Collects what is wrong, so that all of it is shown at once."""

    lines: list[str] = field(default_factory=list)

    def add(self, row: Row, reason: str) -> None:
        self.lines.append(f"{row.file} line {row.line}: {reason}")


@cache
def default_catalogue() -> Catalogue:
    """The national catalogue that comes with 1708."""
    return load(DEFAULT)


def catalogue_in(directory: Path) -> Catalogue:
    """That of a directory, the national one read only once; CatalogueError as `load`."""
    return default_catalogue() if directory.resolve() == DEFAULT else load(directory)


def load(directory: Path) -> Catalogue:
    """Read a catalogue directory; CatalogueError lists every mistake with file, line and reason."""
    mistakes = Mistakes()
    categories = _table(directory / "categories.csv", mistakes)
    agencies = _table(directory / "agencies.csv", mistakes)
    if not (categories or agencies or mistakes.lines):
        mistakes.lines.append("categories.csv, agencies.csv: neither has a row.")
    rules = []
    if (directory / "rules.csv").exists():
        rules = list(
            _rows(directory / "rules.csv", RULE_COLUMNS, mistakes, needed=RULE_COLUMNS[:2])
        )
    for table, what in ((categories, "a category"), (agencies, "an agency")):
        _check_parents(table, what, mistakes)
    _check_categories(categories, set(agencies), mistakes)
    _check_agencies(agencies, set(categories), mistakes)
    _check_rules(rules, set(categories), set(agencies), mistakes)
    areas = _areas(directory / AREAS, mistakes)
    if mistakes.lines:
        raise CatalogueError("\n".join(mistakes.lines))
    return Catalogue(
        [_category(row, categories) for row in categories.values()],
        [_agency(row) for row in agencies.values()],
        [_rule(row) for row in rules],
        areas,
    )


def _table(path: Path, mistakes: Mistakes) -> dict[str, Row]:
    return _unique(_rows(path, COLUMNS, mistakes), mistakes)


def _areas(path: Path, mistakes: Mistakes) -> tuple[Area, ...]:
    if not path.exists():
        return ()
    found = read_areas(path, regions())
    mistakes.lines += [str(mistake) for mistake in found.mistakes]
    return found.areas


def _rows(
    path: Path, columns: Sequence[str], mistakes: Mistakes, *, needed: Sequence[str] = ("name",)
) -> Iterator[Row]:
    sheet = Sheet(path.name)
    text = text_of(path, sheet)
    if text is None:
        mistakes.lines += map(str, sheet.mistakes)
        return
    lines = csv.reader(text.splitlines(), delimiter=mark_of(text), strict=True)
    head = [name.strip() for name in next(lines, [])]
    unknown = [name for name in head if name not in (*columns, *OPTIONAL)]
    missing = [name for name in needed if name not in head]
    if unknown or missing:
        names = ", ".join([f"unknown {n!r}" for n in unknown] + [f"missing {n!r}" for n in missing])
        mistakes.lines.append(f"{path.name} line 1: column {names}.")
        return
    try:
        for values in lines:
            row = Row(path.name, lines.line_num, dict(zip(head, values, strict=False)))
            if len(values) != len(head):
                mistakes.add(row, f"{len(values)} fields instead of {len(head)}.")
            elif any(values):
                yield row
    except csv.Error as error:
        mistakes.lines.append(f"{path.name} line {lines.line_num}: {error}.")


def _unique(rows: Iterator[Row], mistakes: Mistakes) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        code = row.code
        if not code or not row.text("name"):
            mistakes.add(row, "code and name must not be empty.")
        elif code in found:
            mistakes.add(row, f"code {code} is already on line {found[code].line}.")
        else:
            found[code] = row
    return found


def _check_parents(rows: dict[str, Row], what: str, mistakes: Mistakes) -> None:
    """A category that is its own parent is a topic and the head of its group."""
    for row in rows.values():
        above, seen = row.text("parent"), {""}
        if above == row.code and "category" in what:
            continue
        if above and above not in rows:
            mistakes.add(row, f"parent {above} is not {what}.")
        while above in rows and above not in seen:
            seen.add(above)
            above = rows[above].text("parent")
        if row.code in seen:
            mistakes.add(row, f"parent: {row.code} would be above itself.")


def _check_categories(rows: dict[str, Row], agencies: Set[str], mistakes: Mistakes) -> None:
    for row in rows.values():
        for code in row.items("handles"):
            if code.removesuffix(SELDOM) not in agencies:
                mistakes.add(row, f"handles: {code.removesuffix(SELDOM)} is not an agency.")


def _check_agencies(rows: dict[str, Row], categories: Set[str], mistakes: Mistakes) -> None:
    for row in rows.values():
        if row.text("area") and not AREA.fullmatch(row.text("area")):
            mistakes.add(row, f"area {row.text('area')} is not a Kemendagri code such as 32.04.")
        for code in row.items("successor"):
            if code not in rows or code == row.code:
                mistakes.add(row, f"successor {code} is not another agency.")
        for code in row.items("handles"):
            if code not in categories:
                mistakes.add(row, f"handles: {code} is not a category.")


def _check_rules(
    rows: list[Row], categories: Set[str], agencies: Set[str], mistakes: Mistakes
) -> None:
    for row in rows:
        for name, known in (("category", categories), ("agency", agencies)):
            if row.text(name) not in known:
                mistakes.add(row, f"{name} {row.text(name)!r} is not known.")
        if not row.items("words"):
            mistakes.add(row, "words must not be empty.")


def _split(items: tuple[str, ...], mark: str, *, marked: bool) -> tuple[str, ...]:

    return tuple(item.removesuffix(mark) for item in items if item.endswith(mark) is marked)


def _category(row: Row, rows: dict[str, Row]) -> Category:
    parent, handles = row.text("parent"), row.items("handles")
    return Category(
        code=row.code,
        name=row.text("name"),
        parent=(parent, rows[parent].text("name")) if parent else None,
        aliases=row.items("aliases"),
        keywords=_split(row.items("keywords"), HINT, marked=False),
        hints=_split(row.items("keywords"), HINT, marked=True),
        handles=tuple(code.removesuffix(SELDOM) for code in handles),
        seldom=_split(handles, SELDOM, marked=True),
        levels=row.items("levels"),
        default_class=row.text("default_class"),
    )


def _agency(row: Row) -> Agency:
    return Agency(
        code=row.code,
        name=row.text("name"),
        aliases=row.items("aliases"),
        keywords=_split(row.items("keywords"), HINT, marked=False),
        level=row.text("level"),
        handles=row.items("handles"),
        area=row.text("area"),
        parent=row.text("parent"),
        successor=row.items("successor"),
    )


def _rule(row: Row) -> Rule:
    return Rule(
        category=row.text("category"),
        words=row.items("words"),
        agency=row.text("agency"),
        reason=row.text("reason"),
    )
