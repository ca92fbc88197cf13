"""The figures of a report; every rate keeps what it is a part of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlmodel import Session, col, select

from store.models import Conversation
from store.reports.cases import Cases, Numbers
from store.reports.facts import Part

GOOD = 4  # a rating from which a reporter counts as satisfied
RATINGS = 6  # 0 to 5
TENTHS = 10


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    part: int
    whole: int

    @property
    def rate(self) -> float | None:
        """None of nothing: there is no rate."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Complaints and their parts: the five named first add up to what was received."""

    followed_up: int = 0  # an agency answered
    in_process: int = 0  # an agency has begun
    untouched: int = 0  # nobody has begun
    deferred: int = 0  # the reporter was asked
    archived: int = 0  # nobody will act, or the reporter took it back
    unforwarded: int = 0  # of the untouched: no agency has it yet
    withdrawn: int = 0  # of the archived: the reporter took it back

    @property
    def received(self) -> int:
        return self.followed_up + self.in_process + self.untouched + self.deferred + self.archived

    @property
    def of_received(self) -> Share:
        return Share(self.followed_up, self.received)

    @property
    def of_kept(self) -> Share:
        """Followed up, of those that were not archived."""
        return Share(self.followed_up, self.received - self.archived)

    def __add__(self, other: "Counts") -> "Counts":
        names = self.__dataclass_fields__
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True)
class Span:
    """How many days something took: nearest ranks, so that each figure is one that occurred."""

    count: int
    median: int | None
    p90: int | None
    in_time: Share


@dataclass(frozen=True, slots=True)
class Satisfaction:
    asked: int
    answers: int
    mean: float | None
    good: Share  # of the answers


@dataclass(frozen=True, slots=True)
class Reporters:
    """Who wrote: a person on several channels is one; of imported complaints nobody knows."""

    known: int
    of_complaints: int
    unknown: int  # complaints


def counts(cases: Cases) -> Counts:
    return _counts(np.bincount(cases.rows["part"], minlength=len(Part)))


def counts_by(cases: Cases, groups: Numbers, number: int) -> list[Counts]:
    """The same for each of so many groups."""
    cells = groups * len(Part) + cases.rows["part"]
    table = np.bincount(cells, minlength=number * len(Part)).reshape(number, len(Part))
    return [_counts(row) for row in table]


def _counts(row: Numbers) -> Counts:
    of = {part: int(row[part]) for part in Part}
    return Counts(
        followed_up=of[Part.FOLLOWED_UP],
        in_process=of[Part.IN_PROCESS],
        untouched=of[Part.WAITING] + of[Part.UNFORWARDED],
        deferred=of[Part.DEFERRED],
        archived=of[Part.ARCHIVED] + of[Part.WITHDRAWN],
        unforwarded=of[Part.UNFORWARDED],
        withdrawn=of[Part.WITHDRAWN],
    )


def first_response(cases: Cases) -> Span:
    """Until it was forwarded to an agency."""
    return _span(cases, "respond")


def completion(cases: Cases) -> Span:
    """Until an agency answered for the first time."""
    return _span(cases, "complete")


def _span(cases: Cases, name: str) -> Span:
    days = cases.rows[name]
    done = days >= 0
    often = np.bincount(days[done])
    number, late = int(done.sum()), int(cases.rows[f"{name}_late"][done].sum())
    median, p90 = _rank(often, number, 5), _rank(often, number, 9)
    return Span(number, median, p90, Share(number - late, number))


def _rank(often: Numbers, number: int, tenths: int) -> int | None:
    """The least number of days that so many tenths of the cases did not exceed."""
    if not number:
        return None
    wanted = -(-number * tenths // TENTHS)
    return int(np.searchsorted(np.cumsum(often), wanted))


def satisfaction(cases: Cases) -> Satisfaction:
    often = np.bincount(cases.rows["rating"], minlength=RATINGS)[:RATINGS]
    answers = int(often[1:].sum())
    total = int((often * np.arange(RATINGS)).sum())
    good = Share(int(often[GOOD:].sum()), answers)
    asked = int(cases.rows["asked"].sum())
    return Satisfaction(asked, answers, total / answers if answers else None, good)


def reopened(cases: Cases) -> Share:
    """Of those that were followed up."""
    followed = cases.rows["part"] == Part.FOLLOWED_UP
    return Share(int((followed & cases.rows["reopened"]).sum()), int(followed.sum()))


def reporters(session: Session, cases: Cases) -> Reporters:
    wrote = cases.rows["reporter"]
    seen = np.zeros(int(wrote.max(initial=0)) + 1, dtype=np.bool_)
    seen[wrote] = True
    seen[0] = False
    known = int((wrote > 0).sum())
    return Reporters(int(seen.sum()) - _twice(session, seen), known, len(cases) - known)


def _twice(session: Session, seen: "np.typing.NDArray[np.bool_]") -> int:
    """How many conversations belong to a person who is counted by another one."""
    rows = session.exec(
        select(col(Conversation.id), col(Conversation.person_id)).where(
            col(Conversation.person_id).is_not(None)
        )
    )
    persons = [person for key, person in rows if key and key < len(seen) and seen[key]]
    return len(persons) - len(set(persons))


def top(groups: Sequence[Counts], least: int = 1) -> list[int]:
    """The positions of groups with complaints, the most first."""
    found = [at for at, group in enumerate(groups) if group.received >= least]
    return sorted(found, key=lambda at: -groups[at].received)
