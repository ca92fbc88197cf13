"""One record of a file as facts of a complaint, checked; what it leaves out is worked out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from textwrap import shorten
from typing import Any, Final
from zoneinfo import ZoneInfo

from store.casework.deadlines import DutyClock, local_day
from store.exchange import derived, lines, values
from store.exchange.cells import Cells, Problem
from store.exchange.lines import Line
from store.exchange.names import Names
from store.exchange.nested import Desk, Happening, Nested
from store.exchange.values import Wrong
from store.models import Privacy

HEADLINE: Final = 80  # characters
STEPS: Final = ("clock_at", "forwarded_at", "responded_at", "answered_at", "closed_at")
MOMENTS: Final = ("created_at", *STEPS)
NULLABLE: Final = frozenset(  # an empty cell takes these away; of all others it says nothing
    {*STEPS, "verify_by", "campaign", "rating", "archive_reason"}
)
COUNTED: Final = {"reopened": (0, 1000), "rating": (1, 5), "alarm": (0, 100)}
WORDS_KEPT: Final = 1000  # different unknown names that are counted one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One complaint of a file: what it says, and what follows from that where it is new."""

    line: int
    tracking: int
    facts: dict[str, Any]  # by columns of the complaint
    derived: dict[str, Any]
    desks: tuple[Desk, ...]
    told_desks: bool  # the file tells how far each of them is
    events: tuple[Happening, ...]
    told_events: bool  # the file tells what happened
    parent: int | None

    @property
    def size(self) -> int:
        """Characters, roughly: what it weighs in a batch."""
        return len(self.facts.get("text", "")) + sum(len(event.text) for event in self.events)


@dataclass
class Unknown:
    """Names that stand for nothing here, counted; the rows are kept without them."""

    counts: Counter[str] = field(default_factory=Counter)  # by field
    words: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, name: str, words: str) -> None:
        self.counts[name] += 1
        counted = self.words.setdefault(name, Counter())
        if words in counted or len(counted) < WORDS_KEPT:
            counted[words] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """Turns records into facts by the names, zone and deadlines of this deployment."""

    names: Names
    clock: DutyClock
    zone: ZoneInfo  # of times without one
    duty: Callable[[str, str | None], str]  # of a kind and a category
    now: datetime
    unknown: Unknown = field(default_factory=Unknown)

    def read(self, cells: Cells) -> Record | list[Problem]:
        """The record, or everything that is wrong with it."""
        line = Line(cells.values)
        tracking = line.take("tracking", values.tracking)
        parent = line.take("parent", values.tracking)
        facts = self._plain(line)
        facts |= self._times(line)
        self._classify(line, facts)
        nested = Nested(self.zone, self._agency_code)
        pauses = line.nested("pauses", nested.pauses)
        desks = line.nested("dispositions", nested.desks)
        events = line.nested("events", nested.events)
        if pauses is not None:
            facts["pauses"] = pauses
        agencies = self._agencies(line, facts)
        self._place_in_time(line, facts)
        if line.problems or tracking is None:
            return [Problem(cells.line, *problem) for problem in line.problems]
        for name, words in facts.get("candidates", {}).get("imported", {}).items():
            self.unknown.add(name, str(words))
        follows = self._follows(facts, agencies)
        whole = {**follows, **facts}
        return Record(
            line=cells.line,
            tracking=tracking,
            facts=facts,
            derived=follows,
            desks=desks if desks is not None else derived.desks_of(whole, agencies),
            told_desks=desks is not None,
            events=events if events is not None else derived.events_of(whole, agencies),
            told_events=events is not None,
            parent=parent,
        )

    def _plain(self, line: Line) -> dict[str, Any]:
        """Facts that are one cell each."""
        found = {
            "text": line.take("text", values.text),
            "headline": line.take("headline", values.label),
            "address": line.take("address", values.label),
            "source": line.take("source", values.label),
            "campaign": line.take("campaign", values.label),
            "kind": line.take("kind", values.kind),
            "urgent": line.take("urgent", values.flag),
            "status": line.take("status", values.status),
            "duty": line.take("duty", lines.duty),
            "archive_reason": line.take("archive_reason", lines.archive_reason),
            "lat": line.take("lat", lambda cell: values.degrees(cell, most=90)),
            "lon": line.take("lon", lambda cell: values.degrees(cell, most=180)),
            "privacy": lines.privacy(line),
        }
        for name, (least, most) in COUNTED.items():
            found[name] = line.take(name, lines.whole(least, most))
        if (found["lat"] is None) != (found["lon"] is None):
            line.wrong("lat", "lat and lon: one without the other")
        return {
            name: value
            for name, value in found.items()
            if value is not None or (name in NULLABLE and name in line.cells)
        }

    def _times(self, line: Line) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in MOMENTS:
            moment = line.take(name, lambda cell: values.moment(cell, self.zone))
            if moment is not None:
                found[name] = moment
            elif name in NULLABLE and name in line.cells:
                found[name] = None
        for name in ("deadline", "verify_by"):
            day = line.take(name, lambda cell: values.day(cell, self.zone))
            if day is not None or (name in NULLABLE and name in line.cells):
                found[name] = day
        return found

    def _place_in_time(self, line: Line, facts: dict[str, Any]) -> None:
        """Nothing is to come, and nothing was before the report; a bare day is not midnight."""
        begin, _ = facts.get("created_at") or (None, False)
        for name in MOMENTS:
            if facts.get(name) is None:
                continue
            at, only_day = facts[name]
            if begin and only_day and local_day(at, self.zone) == local_day(begin, self.zone):
                at = begin
            if at > self.now:
                line.wrong(name, "is in the future")
            elif begin and at < begin:
                line.wrong(name, "is before the report came in (created_at)")
            facts[name] = at

    # --- names ------------------------------------------------------------------------------------

    def _classify(self, line: Line, facts: dict[str, Any]) -> None:
        """Place and category; words that mean nothing here are kept as candidates."""
        kept: dict[str, str] = {}
        if place := self._place(line, kept):
            facts["place"] = place
        if said := line.text("category"):
            if category := self.names.category(said):
                facts["category"] = category
            else:
                kept["category"] = said
        candidates = line.nested("candidates", lines.candidates)
        if candidates is not None:
            facts["candidates"] = candidates
        if kept:
            facts["candidates"] = {**(candidates or {}), "imported": kept}

    def _place(self, line: Line, kept: dict[str, str]) -> str:
        code = line.text("place").strip()
        parts = tuple(line.text(name) for name in ("province", "regency", "district", "village"))
        found, sure = ("", True) if not any(parts) else self.names.regions.find(*parts)
        if code in self.names.regions:
            return code
        if code or not sure:
            kept["place"] = code or " / ".join(part.strip() for part in parts if part.strip())
        return found

    def _agencies(self, line: Line, facts: dict[str, Any]) -> tuple[str, ...]:
        """Who has the case; of a list the first leads. Its unit if only the status names one."""
        place = facts.get("place", "")
        said = line.text("agencies") or ("" if line.text("agency") else line.unit())
        codes, strange = self._known(said.split(";"), place)
        if leads := line.text("agency"):
            first, more = self._known([leads], place)
            codes, strange = list(dict.fromkeys([*codes, *first])), more + strange
            facts |= {"agency": first[0]} if first else {}
        elif "agency" in line.cells:
            facts["agency"] = None
        elif codes:
            facts["agency"] = codes[0]
        if strange:
            kept = dict(facts.get("candidates", {}))
            kept["imported"] = {**kept.get("imported", {}), "agency": "; ".join(strange)}
            facts["candidates"] = kept
        return tuple(codes)

    def _known(self, said: Sequence[str], place: str) -> tuple[list[str], list[str]]:
        codes: list[str] = []
        strange: list[str] = []
        for name in filter(None, map(str.strip, said)):
            code = self.names.agency(name, place)
            (codes if code else strange).append(code or name)
        return list(dict.fromkeys(codes)), strange

    def _agency_code(self, code: str) -> str:
        if found := self.names.agency(code):
            return found
        raise Wrong("names an agency that this deployment does not have")

    # --- what follows -----------------------------------------------------------------------------

    def _follows(self, facts: Mapping[str, Any], agencies: Sequence[str]) -> dict[str, Any]:
        """What a new complaint needs beside its facts; empty if the file has not even a date."""
        follows: dict[str, Any] = {
            "kind": "complaint",
            "privacy": Privacy.PUBLIC,
            "status": derived.status_of(facts, agencies),
        }
        if "headline" not in facts:
            follows["headline"] = shorten(facts.get("text", ""), HEADLINE, placeholder="..")
        if facts.get("answered_at"):
            follows["responded_at"] = facts["answered_at"]
        whole = {**follows, **facts}
        follows["duty"] = self.duty(whole["kind"], whole.get("category"))
        if "created_at" in facts:
            follows |= self._deadlines({**follows, **facts})
        return follows

    def _deadlines(self, facts: Mapping[str, Any]) -> dict[str, date]:
        """As a case of our own has them: the first response until an agency has it."""
        duty = facts["duty"] if facts.get("forwarded_at") or facts.get("agency") else "verify"
        campaign, place = facts.get("campaign"), facts.get("place")
        campaign = campaign if campaign in self.clock.campaigns else None
        pauses = [
            (datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None)
            for start, end in facts.get("pauses", ())
        ]
        began = facts.get("clock_at") or facts["created_at"]
        return {
            "deadline": self.clock.due(duty, began, place=place, pauses=pauses, campaign=campaign),
            "verify_by": self.clock.due(
                "verify", facts["created_at"], place=place, campaign=campaign
            ),
        }
