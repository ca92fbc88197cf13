"""The figures on our own corpus, and its mistakes one by one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.evaluation import fields
from benchmarks.evaluation.categories import (
    Classes,
    Judged,
    agency_rows,
    category_rows,
    correct,
    office,
)
from benchmarks.evaluation.corpus import Case
from benchmarks.evaluation.places import (
    Placed,
    level_rows,
    lies_there,
    place_words,
    sure_rows,
    word_rows,
)
from benchmarks.evaluation.reading import Ask, Reading
from benchmarks.evaluation.table import Row, Sheet
from bots.reader import Reader
from parsers.understanding import Candidate, Understanding

TODAY = date(2026, 8, 17)  # for messages that say no other
KABKOTA = 5  # characters of the code of a kabupaten or kota

Read = list[tuple[Case, Understanding]]


@dataclass(frozen=True, slots=True)
class Own:
    """Our messages as they were understood."""

    answers: Read
    nationwide: Read  # those that say where in the text alone, or nowhere
    local: Read  # those that name a place, with the right kabupaten or kota given

    @property
    def judged(self) -> list[Judged]:
        return [Judged(case.topics, seen) for case, seen in self.answers]


def ask(case: Case, area: str | None) -> Ask:
    return Ask(case.text, area, date.fromisoformat(case.today) if case.today else TODAY)


def read(reading: Reading, reader: Reader, cases: Sequence[Case], name: str) -> Own:
    def answers(what: str, listed: Sequence[Case], areas: Mapping[str, str | None]) -> Read:
        asks = [ask(case, areas.get(case.id)) for case in listed]
        return list(zip(listed, reading.read(reader, asks, what), strict=True))

    wide = [case for case in cases if not case.area]
    placed = [case for case in cases if case.place_text and len(case.place or "") >= KABKOTA]
    return Own(
        answers(name, cases, {case.id: case.area for case in cases}),
        answers(f"{name}, nationwide", wide, {}),
        answers(f"{name}, area given", placed, {c.id: (c.place or "")[:KABKOTA] for c in placed}),
    )


def rows(own: Own, classes: Classes, on: str) -> list[Row]:
    answers = own.answers
    group = "Category without training, our corpus"
    offices = [Judged(case.agencies, seen) for case, seen in answers]
    return [
        *category_rows(group, on, own.judged, classes, aims=True),
        *agency_rows("Agency without training, our corpus", on, offices, whole=True, aims=True),
        *place_rows(own, on),
        *fields.kind_rows(on, answers),
        *fields.number_rows(on, answers),
        *fields.private_rows(on, answers),
        *fields.when_rows(on, answers),
        *fields.flag_rows(on, answers),
        *fields.two_rows(on, answers),
    ]


def place_rows(own: Own, on: str) -> list[Row]:
    group = "Place, our corpus"
    wide = [Placed(c.place or "", seen, c.ambiguous_place) for c, seen in own.nationwide]
    near = [Placed(c.place or "", seen) for c, seen in own.local]
    clear = [item for item in wide if not item.ambiguous]
    words = [(f"{c.place_text or ''} {c.address or ''}".strip(), s) for c, s in own.nationwide]
    return [
        *level_rows(group, f"{on}, nationwide", clear),
        *level_rows(group, f"{on}, area given", near),
        *sure_rows(group, f"{on}, nationwide", wide),
        *word_rows(group, on, words, aims=False),
    ]


def sheets(own: Own) -> list[Sheet]:
    return [fields.kind_sheet(own.answers), fields.private_sheet(own.answers)]


def unknown_codes(cases: Sequence[Case], reader: Reader) -> list[str]:
    """Labels that the catalogue or the gazetteer does not have: they could never be right."""
    catalogue = reader.catalogue
    wrong = []
    for case in cases:
        wrong += [f"{case.id}: {c}" for c in case.topics if c not in catalogue.categories]
        wrong += [f"{case.id}: {c}" for c in case.agencies if office(c) not in catalogue.agencies]
        areas = [code.partition("@")[2] for code in case.agencies]
        wrong += [f"{case.id}: {c}" for c in [case.place, *areas] if c and not _placed(reader, c)]
    return wrong


def _placed(reader: Reader, code: str) -> bool:
    try:
        reader.gazetteer.name(code)
    except KeyError:
        return False
    return True


def write_mistakes(own: Own, path: Path) -> int:
    """One JSON line for each wrong answer, the false `sure` first; returns how many."""
    found = sorted(_mistakes(own), key=lambda line: (not line["sure"], str(line["what"])))
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in found)
    return len(found)


def _mistakes(own: Own) -> Iterator[dict[str, object]]:
    for case, seen in own.answers:
        judged = Judged(case.topics, seen)
        if judged.files and not correct(judged, str) and (case.topics or _sure(seen.category)):
            yield _wrong("category", case, case.topics, seen.categories)
        meant = {office(code) for code in case.agencies}
        desk = office(seen.agency.code) if seen.agency else ""
        if judged.files and desk not in meant and (meant or _sure(seen.agency)):
            yield _wrong("agency", case, case.agencies, seen.agencies)
        if case.kind != seen.kind:
            yield _line("kind", case, case.kind.value, seen.kind.value)
        wanted = [(p.type, p.text) for p in case.private]
        masked = [(s.type, case.text[s.start : s.end]) for s in seen.private]
        if sorted(set(wanted)) != sorted(set(masked)):
            yield _line("private", case, wanted, masked)
        if set(case.tracking) != set(seen.tracking):
            yield _line("tracking", case, case.tracking, seen.tracking)
        if case.urgent != (seen.urgent is not None):
            yield _line("urgent", case, case.urgent, seen.urgent)
        if (case.when, case.date) != (seen.when or (None, None)):
            yield _line("when", case, (case.when, case.date), seen.when)
    yield from _misplaced(own.nationwide)


def _misplaced(answers: Read) -> Iterator[dict[str, object]]:
    for case, seen in answers:
        best, sure = seen.place, bool(seen.place and seen.place.sure)
        if (best.code if best else None) != case.place and (case.place or sure):
            wanted = "ambiguous" if case.ambiguous_place else case.place
            found = [(p.code, p.name, p.text, p.score) for p in seen.places]
            false = sure and not (case.place and lies_there(Placed(case.place, seen)))
            yield _line("place", case, wanted, found) | {"sure": false}
        if case.address and not seen.address:
            yield _line("address", case, case.address, place_words(seen))


def _sure(candidate: Candidate | None) -> bool:
    return candidate is not None and candidate.sure


def _wrong(
    what: str, case: Case, wanted: Sequence[str], found: Sequence[Candidate]
) -> dict[str, object]:
    listed = [(item.code, round(item.score, 1), item.reason) for item in found]
    return _line(what, case, wanted, listed) | {"sure": bool(found and found[0].sure)}


def _line(what: str, case: Case, wanted: object, found: object) -> dict[str, object]:
    return {
        "what": what,
        "sure": False,
        "id": case.id,
        "wanted": wanted,
        "found": found,
        "text": case.text,
    }
