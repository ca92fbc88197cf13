"""areas.csv of a catalogue directory: a deployment's own names of places."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from parsers.catalogue import Area
from parsers.near import near
from parsers.places.gazetteer import Gazetteer
from parsers.places.index import WORD
from parsers.places.names import LONGEST_NAME
from parsers.places.own import key_of
from parsers.text import tokenise
from store.agencies.sheets import Mistake, Row, read, shown

FILE = "areas.csv"
COLUMNS = ("code", "alias", "keyword")
NEEDED = ("code", "alias")
SHORTEST = 3  # letters and digits of a name
LETTER = re.compile(r"[^\W\d_]")


@dataclass
class Areas:
    """What a file says: names with the lines that they stand on, and what is wrong."""

    lines: dict[int, Area] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def areas(self) -> tuple[Area, ...]:
        return tuple(self.lines.values())


def read_areas(path: Path, codes: Collection[str]) -> Areas:
    """Every mistake at once; `codes` are those of Kemendagri."""
    sheet = read(path, COLUMNS, NEEDED)
    lines: dict[int, Area] = {}
    seen: dict[tuple[str, str, bool], int] = {}
    for row in sheet.rows:
        before = len(sheet.mistakes)
        keyword = row.flag("keyword", default=False)
        area = Area(code=row.text("code"), alias=row.text("alias"), keyword=keyword)
        _check(row, area, codes)
        same = seen.setdefault((area.code, key_of(area.alias), keyword), row.line)
        if len(sheet.mistakes) == before and same != row.line:
            row.wrong("alias", f"{shown(area.alias)} stands on line {same} already.")
        if len(sheet.mistakes) == before:
            lines[row.line] = area
    return Areas(lines, sheet.mistakes)


def _check(row: Row, area: Area, codes: Collection[str]) -> None:
    if area.code not in codes:
        meant = near(area.code, [code for code in codes if code[:2] == area.code[:2]])
        hint = f" Is it {' or '.join(meant)}?" if meant else ""
        said = f"{shown(area.code)} is no code of Kemendagri." if area.code else "is empty."
        row.wrong("code", f"{said}{hint}")
    if reason := _unfit(area):
        row.wrong("alias", reason)


def _unfit(area: Area) -> str:
    """Why a name could never be found in a message."""
    words = len(WORD.findall(area.alias))
    if not area.alias:
        return "is empty."
    if not LETTER.search(area.alias):
        return f"{shown(area.alias)} has no letter."
    if len(key_of(area.alias)) < SHORTEST:
        return f"{shown(area.alias)} is too short: {SHORTEST} letters or digits at least."
    if area.keyword and words > 1:
        return f"{shown(area.alias)} has {words} words: a keyword is one."
    if words > LONGEST_NAME:
        return f"{shown(area.alias)} has {words} words: {LONGEST_NAME} at most are read as a name."
    return ""


def doubts(areas: Areas, gazetteer: Gazetteer) -> Iterator[Mistake]:
    """What may be used and yet does not say what was meant, line by line.

    `gazetteer` is the one with these names.
    """
    lines: defaultdict[tuple[str, bool], dict[str, int]] = defaultdict(dict)
    for line, area in areas.lines.items():
        lines[key_of(area.alias), area.keyword][area.code] = line
    for line, area in areas.lines.items():
        reasons = list(gazetteer.doubts(area))
        others = {c: at for c, at in lines[key_of(area.alias), area.keyword].items() if at != line}
        if others:
            told = ", ".join(f"{code} on line {at}" for code, at in others.items())
            reasons.append(f"stands also for {told}: it is ambiguous, and nobody guesses.")
        if not reasons and not _found(area, gazetteer):
            reasons.append("is not found in a message as it is written.")
        for reason in reasons:
            yield Mistake(FILE, line, "alias", f"{shown(area.alias)} {reason}")


def _found(area: Area, gazetteer: Gazetteer) -> bool:
    if area.keyword:
        return gazetteer.region_keyword(area.alias) == area.code
    text = f"di {area.alias}"
    return any(place.code == area.code for place in gazetteer.find(tokenise(text), text))
