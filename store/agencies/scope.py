"""Which agencies another one may speak for, and which complaints it may see."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    true,
)
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from parsers.catalogue import Catalogue
from store.agencies.access import Access, Action
from store.agencies.directory import PROVINCE, Directory
from store.casework.lifecycle import OPEN, UNANSWERED
from store.models import Complaint, DeskState, Disposition, Privacy

DESK = col(Disposition.agency)
KEPT = col(Disposition.state) != DeskState.RETURNED  # a desk that returned it reads it no more
SECRET = col(Complaint.privacy) == Privacy.CONFIDENTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A set of agency codes, as a test of one code and as SQL; the two agree on every code."""

    everything: bool = False
    codes: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()  # `CODE/...` belongs to CODE
    areas: frozenset[str] = frozenset()  # offices there and in every area within
    seats: frozenset[str] = frozenset()  # offices of exactly this area

    def reaches(self, code: str) -> bool:
        return (
            self.everything
            or code in self.codes
            or any(code.startswith(f"{head}/") for head in self.heads)
            or any(code.endswith(f"@{area}") for area in self.areas | self.seats)
            or any(f"@{area}/" in code for area in self.areas | self.seats)
            or any(f"@{area}." in code for area in self.areas)
        )

    def where(self, column: SQLColumnExpression[str]) -> ColumnElement[bool]:
        """`substr` for letters, whose case LIKE ignores on SQLite; an area has digits only."""
        if self.everything:
            return true()
        here = sorted(self.areas | self.seats)
        return or_(
            column.in_(sorted(self.codes)),
            *(func.substr(column, 1, len(head) + 1) == f"{head}/" for head in sorted(self.heads)),
            *(column.endswith(f"@{area}", autoescape=True) for area in here),
            *(column.contains(f"@{area}/", autoescape=True) for area in here),
            *(column.contains(f"@{area}.", autoescape=True) for area in sorted(self.areas)),
        )

    def sought(self, column: SQLColumnExpression[str]) -> ColumnElement[bool]:
        """The same where `column` begins an index: compares its few different values only."""
        if self.everything:
            return true()
        values = _different(column)
        return column.in_(values.where(self.where(values.selected_columns[0])))


def _different(column: SQLColumnExpression[str]) -> Select[tuple[str]]:
    """The values of an indexed column, each found by one step in the index.

    Neither database does that for DISTINCT: https://wiki.postgresql.org/wiki/Loose_indexscan
    """
    step = select_columns(func.min(column).label("value")).cte("different", recursive=True)
    following = select_columns(func.min(column)).where(column > step.c.value).scalar_subquery()
    values = step.union_all(select_columns(following).where(step.c.value.is_not(None)))
    return select_columns(values.c.value).where(values.c.value.is_not(None))


@dataclass(frozen=True, slots=True)
class Scope:
    """The agencies whose complaints an agency may see; `own` leaves other governments out."""

    reach: Reach
    own: Reach

    @classmethod
    def of(cls, session: Session, catalogue: Catalogue, agency: str) -> Self:
        """National for ""; a province reaches the governments of its kabupaten and kota."""
        return cls.within(Directory.load(session, catalogue), agency)

    @classmethod
    def within(cls, directory: Directory, agency: str) -> Self:
        """As `of`, for many agencies of one directory."""
        if not agency:
            return cls(Reach(everything=True), Reach(everything=True))
        governments = directory.governments
        others = governments.keys() - {agency}
        return cls(
            _grown(directory, agency, governments, frozenset()),
            _grown(directory, agency, {agency: governments.get(agency, "")}, frozenset(others)),
        )

    def reaches(self, code: str) -> bool:
        return self.reach.reaches(code)

    def where(self, column: SQLColumnExpression[str]) -> ColumnElement[bool]:
        return self.reach.where(column)

    def sought(self, column: SQLColumnExpression[str]) -> ColumnElement[bool]:
        """As `where`, quick where `column` begins an index."""
        return self.reach.sought(column)


def _grown(
    directory: Directory, agency: str, governments: Mapping[str, str], without: frozenset[str]
) -> Reach:
    """What stands below, level by level until nothing is new: a circle of parents ends too.

    `governments` are those that may belong to it; a code of `without` never does.
    """
    reach = Reach(codes=frozenset({agency}), heads=frozenset({agency}))
    while (wider := _wider(directory, reach, governments, without)) != reach:
        reach = wider
    return reach


def _wider(
    directory: Directory, reach: Reach, governments: Mapping[str, str], without: frozenset[str]
) -> Reach:
    below = {code for code, parent in directory.parents.items() if reach.reaches(parent)}
    within = {c for c, area in governments.items() if area[:PROVINCE] in reach.areas}
    codes = (reach.codes | below | within) - without
    seats = {governments[code] for code in codes & governments.keys()} - {""}
    exact = {area for area in seats if len(area) == PROVINCE and without}
    provinces = {area for area in seats - exact if len(area) == PROVINCE}
    whole = {area for area in seats - exact if area[:PROVINCE] not in provinces - {area}}
    return replace(
        reach,
        codes=codes,
        heads=reach.heads | (codes & governments.keys()),
        areas=frozenset(whole),
        seats=frozenset(exact),
    )


def visible(access: Access, scope: Scope) -> ColumnElement[bool]:
    """A condition on complaints: handed to a desk of the scope that has not returned it.

    A confidential one is for the desk itself, its coordinator and national, so not for a province
    above them (DOMAIN section 2: it must not reach more people than those who act).
    """
    if not access.may(Action.READ):
        return false()
    if scope.reach.everything:
        return true()
    return and_(_handed(scope.reach), or_(~SECRET, _handed(scope.own)))


def listed(access: Access, scope: Scope) -> ColumnElement[bool]:
    """The same for lists and counts: SQLite then begins with the desks, not with each complaint."""
    if scope.reach.everything or not access.may(Action.READ):
        return visible(access, scope)
    handed = select_columns(col(Disposition.complaint_id)).where(scope.sought(DESK), KEPT)
    found = col(Complaint.id).in_(handed)
    return found if scope.own == scope.reach else and_(found, or_(~SECRET, _handed(scope.own)))


def _handed(reach: Reach) -> ColumnElement[bool]:
    same = col(Disposition.complaint_id) == col(Complaint.id)
    return exists().where(same, reach.where(DESK), KEPT)


@dataclass(frozen=True, slots=True)
class Load:
    """How many complaints wait at the desks of an agency, and how many of them too long."""

    open: int = 0
    late: int = 0

    def __add__(self, other: "Load") -> "Load":
        return Load(self.open + other.open, self.late + other.late)


def loads(session: Session, today: date) -> dict[str, Load]:
    """By agency, of those that have a complaint to answer."""
    late = func.sum(case((col(Disposition.deadline) < today, 1), else_=0))
    statement = (
        select_columns(DESK, func.count(), late)
        .join(Complaint, col(Complaint.id) == col(Disposition.complaint_id))
        .where(col(Complaint.status).in_(OPEN), col(Disposition.state).in_(UNANSWERED))
        .group_by(DESK)
    )
    return {code: Load(*counts) for code, *counts in session.connection().execute(statement)}
