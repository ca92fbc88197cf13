"""What the reports know of one complaint, and how a day of them is packed.

A row for each combination of agency, area, topic, status and days would be as many rows as
complaints: `make bench` counts them. A day is therefore one row of fixed records, which numpy
reads as they are: two million complaints are 82 MB, and every question is one pass over them.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from store.casework.deadlines import DutyClock, Pause, local_day
from store.casework.timezones import zone_of
from store.models import ComplaintStatus, DeskState


class Part(IntEnum):
    """The parts of a whole: every complaint is in exactly one; the numbers are stored."""

    FOLLOWED_UP = 0
    IN_PROCESS = 1
    WAITING = 2  # at an agency that has not begun
    UNFORWARDED = 3  # at 1708: no agency has it
    DEFERRED = 4
    ARCHIVED = 5
    WITHDRAWN = 6


ANSWERED = frozenset({ComplaintStatus.ANSWERED, ComplaintStatus.COMMENTED, ComplaintStatus.CLOSED})
BEGUN = frozenset({DeskState.WORKING, DeskState.DEFERRED, DeskState.ANSWERED})
RESTING = {
    ComplaintStatus.TRIAGE: Part.UNFORWARDED,
    ComplaintStatus.DISPOSED: Part.WAITING,
    ComplaintStatus.IN_PROGRESS: Part.IN_PROCESS,
    ComplaintStatus.DEFERRED: Part.DEFERRED,
    ComplaintStatus.ARCHIVED: Part.ARCHIVED,
    ComplaintStatus.WITHDRAWN: Part.WITHDRAWN,
}
CASE = np.dtype(
    [
        ("agency", "<u4"),  # a number of `Words`, as are the next five; 0: none
        ("category", "<u2"),
        ("kind", "<u2"),
        ("source", "<u4"),  # an import brings as many as it likes
        ("campaign", "<u4"),
        ("duty", "<u2"),
        ("area", "<u2"),  # 7371 is 73.71, 7300 somewhere in 73; 0: not known
        ("part", "u1"),
        ("rating", "u1"),  # 0: none
        ("respond", "<i2"),  # days until it was forwarded; -1: it was not
        ("complete", "<i2"),  # days until the first answer; -1: there is none
        ("respond_late", "?"),
        ("complete_late", "?"),
        ("reopened", "?"),
        ("asked", "?"),  # whether the reporter is satisfied
        ("reporter", "<u4"),  # conversation; 0: imported
    ]
)
ANSWER = np.dtype([("agency", "<u4"), ("day", "<i4")])  # day: date.toordinal
WORDED = ("agency", "category", "kind", "source", "campaign", "duty")
LEFT = len(WORDED)  # where the numbers of a case begin
MOST_DAYS = int(np.iinfo(np.int16).max)
AREA = re.compile(r"(\d\d)(?:\.(\d\d))?(?:\.|$)")  # of a Kemendagri code


class Case(NamedTuple):
    """One complaint in the order of CASE, its words not yet numbers."""

    agency: str
    category: str
    kind: str
    source: str
    campaign: str
    duty: str
    area: int
    part: Part
    rating: int
    respond: int
    complete: int
    respond_late: bool
    complete_late: bool
    reopened: bool
    asked: bool
    reporter: int


class Desk(NamedTuple):
    agency: str
    state: DeskState
    answered_at: datetime | None


class Facts(NamedTuple):
    """The columns of a complaint that reports are made of."""

    id: int
    agency: str | None
    category: str | None
    kind: str
    source: str
    campaign: str | None
    duty: str
    place: str | None
    status: ComplaintStatus
    rating: int | None
    reopened: int
    deadline: date
    verify_by: date | None
    clock_at: datetime | None
    pauses: list[Any]
    created_at: datetime
    forwarded_at: datetime | None
    responded_at: datetime | None
    answered_at: datetime | None
    conversation_id: int | None


def part_of(status: ComplaintStatus, desks: Collection[DeskState], *, responded: bool) -> Part:
    """An answer counts whatever came later; a case with an agency counts once one has begun."""
    if responded or status in ANSWERED:
        return Part.FOLLOWED_UP
    if status == ComplaintStatus.DISPOSED and not BEGUN.isdisjoint(desks):
        return Part.IN_PROCESS
    return RESTING[status]


def area_number(place: str | None) -> int:
    found = AREA.match(place or "")
    return int(found[1]) * 100 + int(found[2] or 0) if found else 0


def area_code(number: int) -> str:
    """The way back: "" for 0, a province, or a kabupaten or kota."""
    if not number:
        return ""
    province, regency = divmod(number, 100)
    return f"{province:02}.{regency:02}" if regency else f"{province:02}"


def case_of(facts: Facts, desks: Sequence[Desk], clock: DutyClock) -> Case:
    states = {desk.state for desk in desks}
    part = part_of(facts.status, states, responded=facts.responded_at is not None)
    return Case(
        agency=facts.agency or "",
        category=facts.category or "",
        kind=facts.kind,
        source=facts.source,
        campaign=facts.campaign or "",
        duty=facts.duty,
        area=area_number(facts.place),
        part=part,
        rating=facts.rating or 0,
        respond=_days("verify", facts, facts.forwarded_at, clock),
        complete=_days(facts.duty, facts, facts.responded_at, clock),
        respond_late=_late(facts, facts.forwarded_at, facts.verify_by, clock),
        complete_late=_complete_late(facts, clock),
        reopened=facts.reopened > 0,
        asked=bool(facts.rating) or (part == Part.FOLLOWED_UP and bool(facts.conversation_id)),
        reporter=facts.conversation_id or 0,
    )


def _days(duty: str, facts: Facts, until: datetime | None, clock: DutyClock) -> int:
    """Days of the duty's unit, working or calendar; -1: it is not done, or nobody knows when."""
    if until is None or duty not in clock.limits:
        return -1
    stops: list[Pause] = [
        (datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None)
        for start, end in facts.pauses
    ]
    days = clock.used(
        duty, facts.created_at, until, place=facts.place, pauses=stops, campaign=facts.campaign
    )
    return min(days, MOST_DAYS)


def _late(facts: Facts, done: datetime | None, limit: date | None, clock: DutyClock) -> bool:
    if done is None or limit is None:
        return False
    return local_day(done, zone_of(facts.place, clock.zone)) > limit


def _complete_late(facts: Facts, clock: DutyClock) -> bool:
    """A reopened case has a new deadline, which says nothing about its first answer."""
    if facts.clock_at is None or facts.duty not in clock.limits:
        return _late(facts, facts.responded_at, facts.deadline, clock)
    limit = clock.limit(facts.duty, facts.campaign)
    return _days(facts.duty, facts, facts.responded_at, clock) > limit.days


def answers_of(facts: Facts, desks: Sequence[Desk], clock: DutyClock) -> set[tuple[str, int]]:
    """Which agencies answered on which days.

    The day of a complaint that was answered without a date (an import) is that of its receipt.
    """
    given = {(desk.agency, desk.answered_at) for desk in desks if desk.answered_at}
    agencies = {agency for agency, _ in given} or {facts.agency or ""}
    if len(agencies) == 1:  # else nobody knows whose was the first one
        given |= {(a, at) for a in agencies for at in (facts.responded_at, facts.answered_at) if at}
    if not given and facts.status in ANSWERED:
        given = {(facts.agency or "", facts.created_at)}
    days = {(agency, local_day(at, clock.zone).toordinal()) for agency, at in given if at}
    return {(agency, day) for agency, day in days if agency}


class Words:
    """Numbers for the codes and labels of each column; what has one keeps it."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._words = {name: ["", *words.get(name, ())] for name in WORDED}
        self._numbers = {
            name: {word: number for number, word in enumerate(known)}
            for name, known in self._words.items()
        }

    def number(self, name: str, word: object) -> int:
        word = str(word)
        numbers = self._numbers[name]
        if word not in numbers:
            numbers[word] = len(self._words[name])
            self._words[name].append(word)
        return numbers[word]

    def of(self, name: str) -> Sequence[str]:
        """All words of a column; each stands at its number."""
        return self._words[name]

    def kept(self) -> dict[str, list[str]]:
        return {name: words[1:] for name, words in self._words.items()}


def packed(cases: Iterable[Case], words: Words) -> bytes:
    number = words.number
    records = [
        (*(number(name, word) for name, word in zip(WORDED, case, strict=False)), *case[LEFT:])
        for case in cases
    ]
    return np.array(records, dtype=CASE).tobytes()


def packed_answers(answers: Iterable[tuple[str, int]], words: Words) -> bytes:
    records = [(words.number("agency", agency), day) for agency, day in sorted(answers)]
    return np.array(records, dtype=ANSWER).tobytes()


def unpacked(parts: Iterable[bytes], record: np.dtype[np.void]) -> npt.NDArray[np.void]:
    return np.frombuffer(b"".join(parts), dtype=record)
