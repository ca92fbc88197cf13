"""Complaints of the database as lines of a file, without what a reader of it must not see."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, SQLModel, col, select

from parsers.private import private_spans
from parsers.stem import stem
from store import complaints
from store.agencies.scope import Scope
from store.exchange.cells import neutral
from store.gazetteer import TABLES
from store.models import Complaint, ComplaintStatus, Disposition, Event, Privacy
from store.understander import load_tables

TEXTS: Final = ("headline", "text", "address")
COLUMNS: Final = (  # of a CSV file; JSON lines have those of MORE too
    *("tracking", "source", "status", "kind", "privacy", "urgent", "headline", "text"),
    *("category", "agency", "agencies", "place", "address", "lat", "lon", "duty", "campaign"),
    *("deadline", "verify_by", "clock_at", "parent", "archive_reason", "created_at"),
    *("forwarded_at", "responded_at", "answered_at", "closed_at", "reopened", "rating", "alarm"),
)
MORE: Final = ("pauses", "candidates", "dispositions", "events")
FREE: Final = frozenset({"source", "campaign", *TEXTS, "agency", "agencies", "category", "place"})
LABELS: Final = {  # without words that make a number behind them look like another secret
    "nik": "[NIK]",
    "kk": "[KK]",
    "phone": "[telepon]",
    "email": "[surel]",
    "account": "[nomor bank]",
    "plate": "[nomor kendaraan]",
    "name": "[nama]",
}
CODE = re.compile(r"[A-Z][A-Z0-9_]*(?:@[0-9.]+)?(?:/\w+)*")  # DINAS_PUPR@32.04 is no e-mail address
DESKS_ONLY: Final = ("agency", "from")  # what a withheld event still says
KABKOTA: Final = 5  # characters of a Kemendagri code
ROW_IDS: Final = frozenset({"inbox_id"})  # mean nothing in another database


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which complaints; days are those of receipt."""

    since: date | None = None
    until: date | None = None
    scope: Scope | None = None  # of an agency, with what it may see
    area: str = ""
    statuses: tuple[ComplaintStatus, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How much a reader may see, and in which zone times are written."""

    zone: ZoneInfo
    confidential: bool = False  # the texts of secret reports too
    unmasked: bool = False  # numbers and names within texts too


def count(session: Session, wanted: Wanted, zone: ZoneInfo) -> int:
    statement = select(func.count()).select_from(Complaint).where(*_conditions(wanted, zone))
    return session.exec(statement).one()


def page(
    session: Session, wanted: Wanted, shown: Shown, *, after: int, size: int, whole: bool
) -> tuple[list[dict[str, Any]], int]:
    """The next complaints after a row id, in the order of these, and the last id; `whole`: with
    their events."""
    table = SQLModel.metadata.tables["complaint"]
    statement = (
        table.select()
        .where(table.c.id > after, *_conditions(wanted, shown.zone))
        .order_by(table.c.id)
        .limit(size)
    )
    rows = [dict(row) for row in session.connection().execute(statement).mappings()]
    if not rows:
        return [], after
    ids = [row["id"] for row in rows]
    desks = _of(session, Disposition, ids)
    events = _of(session, Event, ids) if whole else {}
    parents = _parents(session, {row["parent_id"] for row in rows} - {None})
    objects = [
        _object(row, desks.get(row["id"], ()), events.get(row["id"], ()), parents, shown)
        for row in rows
    ]
    return objects, ids[-1]


def cells(found: Mapping[str, Any]) -> list[str]:
    """One line of a CSV file, with no cell that a spreadsheet takes for a formula."""
    row = {**found, "agencies": ";".join(desk["agency"] for desk in found["dispositions"])}
    return [_cell(row[name], free=name in FREE) for name in COLUMNS]


def mask(value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """The same without numbers, addresses and names of people; codes stay."""
    match value:
        case str():
            return value if not value or CODE.fullmatch(value) else _masked(value)
        case dict():
            return {name: mask(item) for name, item in value.items()}
        case list():
            return [mask(item) for item in value]
    return value


def _masked(text: str) -> str:
    """Until nothing is found any more: what stands between two secrets may look like a third."""
    while spans := private_spans(text, load_tables().people, _is_word):
        for span in reversed(spans):
            text = text[: span.start] + LABELS[span.type] + text[span.end :]
    return text


@cache
def _words() -> frozenset[str]:
    files = (TABLES / "roots.txt", TABLES / "place_everyday.txt")
    return frozenset(word for file in files for word in file.read_text("utf-8").split())


def _is_word(word: str) -> bool:
    """`Saya Ingin` names nobody."""
    return word in _words() or stem(word, _words()) != word


def _conditions(wanted: Wanted, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    found = []
    if wanted.since:
        found.append(col(Complaint.created_at) >= _midnight(wanted.since, zone))
    if wanted.until:
        found.append(col(Complaint.created_at) < _midnight(wanted.until + timedelta(1), zone))
    if wanted.area:
        found.append(complaints.within(wanted.area))
    if wanted.statuses:
        found.append(col(Complaint.status).in_([status.value for status in wanted.statuses]))
    if wanted.sources:
        found.append(col(Complaint.source).in_(wanted.sources))
    if wanted.scope:
        theirs = select(Disposition.complaint_id).where(
            wanted.scope.where(col(Disposition.agency)),
            col(Disposition.complaint_id) == col(Complaint.id),
        )
        found.append(or_(wanted.scope.where(func.coalesce(Complaint.agency, "")), theirs.exists()))
    return found


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _of(
    session: Session, table: type[SQLModel], ids: Sequence[int]
) -> Mapping[int, list[Mapping[str, Any]]]:
    columns = SQLModel.metadata.tables[str(table.__tablename__)]
    statement = columns.select().where(columns.c.complaint_id.in_(ids)).order_by(columns.c.id)
    found: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in session.connection().execute(statement).mappings():
        found[row["complaint_id"]].append(dict(row))
    return found


def _parents(session: Session, ids: Iterable[int]) -> Mapping[int | None, int]:
    statement = select(Complaint.id, Complaint.tracking).where(col(Complaint.id).in_(list(ids)))
    return dict(session.exec(statement).all()) if ids else {}


def _object(
    row: Mapping[str, Any],
    desks: Iterable[Mapping[str, Any]],
    events: Iterable[Mapping[str, Any]],
    parents: Mapping[int | None, int],
    shown: Shown,
) -> dict[str, Any]:
    """One line of JSON lines, in the order of the columns."""
    withheld = row["privacy"] == Privacy.CONFIDENTIAL and not shown.confidential
    hide: Callable[[Any], Any] = _same if shown.unmasked else mask
    found = {name: row[name] for name in (*COLUMNS, "pauses", "candidates") if name in row}
    found |= {name: hide(row[name]) for name in (*TEXTS, "candidates")}
    found["parent"] = parents.get(row["parent_id"])
    if withheld:
        found |= dict.fromkeys(TEXTS, "") | {"lat": None, "lon": None, "candidates": {}}
        found["place"] = row["place"] and row["place"][:KABKOTA]
    found["dispositions"] = [_desk(desk, hide, withheld=withheld) for desk in desks]
    found["events"] = [_event(event, hide, withheld=withheld) for event in events]
    ordered = (name for name in (*COLUMNS, *MORE) if name != "agencies")
    return {name: _written(found[name], shown.zone) for name in ordered}


def _desk(desk: Mapping[str, Any], hide: Callable[[Any], Any], *, withheld: bool) -> dict[str, Any]:
    names = ("agency", "actor", "reason", "state", "deadline", "at", "answered_at")
    return {name: desk[name] for name in names} | {
        "reason": "" if withheld else hide(desk["reason"])
    }


def _event(
    event: Mapping[str, Any], hide: Callable[[Any], Any], *, withheld: bool
) -> dict[str, Any]:
    detail = {name: item for name, item in event["detail"].items() if name not in ROW_IDS}
    if withheld:
        detail = {name: item for name, item in detail.items() if name in DESKS_ONLY}
    return {
        "kind": event["kind"],
        "actor": event["actor"],
        "at": event["at"],
        "text": "" if withheld else hide(event["text"]),
        "detail": hide(detail),
    }


def _same(value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    return value


def _written(value: Any, zone: ZoneInfo) -> Any:  # noqa: ANN401 - a column in, JSON out
    match value:
        case datetime():
            return value.astimezone(zone).isoformat()
        case date():
            return value.isoformat()
        case list():
            return [_written(item, zone) for item in value]
        case dict():
            return {name: _written(item, zone) for name, item in value.items()}
    return value


def _cell(value: Any, *, free: bool) -> str:  # noqa: ANN401 - any column
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
    return neutral(str(value)) if free else str(value)
