"""Complaints of a file into the database: the same tracking number is the same complaint.

The file is right about what came by a file: what it says anew is taken over, but not what an
officer has corrected here since, and never about a complaint that came by a message of ours.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, update
from sqlmodel import Session, SQLModel, col, select

from store.agency_models import Rollup, RollupState
from store.exchange import families as kinship
from store.exchange.cells import Problem
from store.exchange.changes import Change, Here, change
from store.exchange.nested import Desk, Happening
from store.exchange.records import Record
from store.families import telling
from store.families.families import Unfit
from store.models import Complaint, Disposition, Event, Privacy
from store.reports import rollups

FIELDS: Final = (  # of a complaint, that a file may tell
    *("source", "text", "headline", "kind", "category", "agency", "place", "address", "lat", "lon"),
    *("candidates", "urgent", "privacy", "status", "duty", "campaign", "deadline", "verify_by"),
    *("clock_at", "pauses", "alarm", "archive_reason", "forwarded_at", "responded_at"),
    *("answered_at", "closed_at", "reopened", "rating", "created_at"),
)
MATTER: Final = frozenset({"text", "category", "place", "lat", "lon", "privacy"})
BLANK: Final[Mapping[str, Any]] = {
    **dict.fromkeys(FIELDS),
    **dict.fromkeys(("source", "headline", "text"), ""),
    **dict.fromkeys(("alarm", "reopened"), 0),
    "urgent": False,
    "candidates": {},
    "pauses": [],
}


@dataclass
class Batch:
    """What one batch of records does, worked out before anything is written."""

    added: list[Record] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: int = 0
    refused: list[Problem] = field(default_factory=list)


def plan(
    session: Session,
    records: Sequence[Record],
    *,
    now: datetime,
    mask: Callable[[Any], Any],
    lock: bool,
) -> Batch:
    """What these records would do; `mask` as an export hides private words.

    `lock`: what is here stays as it is until the transaction ends.

    A file that is an export of ours may come back with them hidden: that is no change.
    """
    here = _here(session, records, lock=lock)
    batch = Batch()
    for record in records:
        row = here.complaints.get(record.tracking)
        if row is None:
            _add(batch, record)
        elif row["inbox_id"] is not None:
            reason = "is that of a complaint which came by a message to 1708"
            batch.refused.append(Problem(record.line, "tracking", reason))
        elif new := change(record, row, here, now=now, mask=mask):
            batch.changed.append(new)
        else:
            batch.unchanged += 1
    return batch


def _add(batch: Batch, record: Record) -> None:
    missing = [
        Problem(record.line, name, "is missing, and the complaint is not known yet")
        for name in ("created_at", "text")
        if not record.facts.get(name)
    ]
    if record.facts.get("privacy") is Privacy.CONFIDENTIAL:  # an export may have left it out
        missing = [problem for problem in missing if problem.column != "text"]
    if missing:
        batch.refused += missing
    else:
        batch.added.append(record)


def write(session: Session, batch: Batch, *, now: datetime) -> None:
    """All of a batch, in the caller's transaction."""
    _insert(session, batch.added, now)
    connection = session.connection()
    for told in batch.changed:
        connection.execute(
            update(Complaint)
            .where(col(Complaint.id) == told.complaint_id)
            .values(**told.values, **_look_again(told), updated_at=now)
        )
        for agency, values in told.moved.items():
            connection.execute(
                update(Disposition)
                .where(
                    col(Disposition.complaint_id) == told.complaint_id,
                    col(Disposition.agency) == agency,
                )
                .values(**values)
            )
    _rows(session, Event, [_event(c.complaint_id, e) for c in batch.changed for e in c.events])
    telling.stir_all(session, [c.complaint_id for c in batch.changed if c.events])
    _rows(session, Disposition, [_desk(c.complaint_id, d) for c in batch.changed for d in c.desks])
    kinship.part(session, batch.changed, now=now)
    _repack(session, [c.received for c in batch.changed if "created_at" in c.values])


def _look_again(told: Change) -> dict[str, bool]:
    """As families.look_again, for an update."""
    return {"compared": False} if told.values.keys() & MATTER else {}


def _repack(session: Session, received: Sequence[datetime]) -> None:
    """Have the days packed again on which complaints came in, as was thought until now.

    The zone of the reports is not known here: the days around are packed again too. Before the
    first look at all nothing is packed.
    """
    if not received:
        return
    state = session.exec(select(RollupState.seen, RollupState.basis).with_for_update()).first()
    if state is None or state[0] is None:
        return
    near = {at.astimezone(UTC).date() + timedelta(days) for at in received for days in (-1, 0, 1)}
    packed = session.exec(select(col(Rollup.day)).where(col(Rollup.day).in_(near))).all()
    seen, basis = state
    rollups.mark(session, rollups.Changes(seen, basis, frozenset(packed)))


def _insert(session: Session, records: Sequence[Record], now: datetime) -> None:
    rows = [
        {**BLANK, **record.derived, **record.facts, "tracking": record.tracking, "updated_at": now}
        for record in records
    ]
    _rows(session, Complaint, rows)
    keys = _keys(session, [record.tracking for record in records])
    events = [_event(keys[record.tracking], event) for record in records for event in record.events]
    desks = [_desk(keys[record.tracking], desk) for record in records for desk in record.desks]
    _rows(session, Event, events)
    _rows(session, Disposition, desks)


def _rows(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        session.connection().execute(insert(table), rows)


def _event(complaint_id: int, event: Happening) -> dict[str, Any]:
    return {
        "complaint_id": complaint_id,
        "kind": event.kind,
        "actor": event.actor,
        "at": event.at,
        "text": event.text,
        "detail": dict(event.detail),
        "published": True,  # nobody waits for news of what others did long ago
    }


def _desk(complaint_id: int, desk: Desk) -> dict[str, Any]:
    return {
        "complaint_id": complaint_id,
        "agency": desk.agency,
        "actor": desk.actor,
        "reason": desk.reason,
        "deadline": desk.deadline,
        "state": desk.state,
        "at": desk.at,
        "answered_at": desk.answered_at,
    }


def _keys(session: Session, trackings: Iterable[int]) -> dict[int, int]:
    statement = select(Complaint.tracking, Complaint.id).where(
        col(Complaint.tracking).in_(list(trackings))
    )
    return {tracking: key for tracking, key in session.exec(statement) if key is not None}


# --- what is here already ------------------------------------------------------------------------


def _here(session: Session, records: Sequence[Record], *, lock: bool) -> Here:
    if lock:
        kinship.hold(session, [record.tracking for record in records])
    table = SQLModel.metadata.tables["complaint"]
    names = ("id", "tracking", "inbox_id", *FIELDS)
    statement = (
        table.select()
        .with_only_columns(*(table.c[name] for name in names))
        .where(table.c.tracking.in_([record.tracking for record in records]))
        .order_by(table.c.id)
    )
    if lock:
        statement = statement.with_for_update(key_share=True)
    found = session.connection().execute(statement)
    complaints = {row["tracking"]: dict(row) for row in found.mappings()}
    ours = [row["id"] for row in complaints.values() if row["inbox_id"] is None]
    events: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for event in _of(session, "event", [*_storied(records, complaints)]):
        events[event["complaint_id"]].append(event)
    desks: defaultdict[int, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for desk in _of(session, "disposition", ours):
        desks[desk["complaint_id"]][desk["agency"]] = desk
    return Here(complaints, events, desks)


def _storied(
    records: Iterable[Record], complaints: Mapping[int, Mapping[str, Any]]
) -> Iterator[int]:
    """The complaints whose history is asked for: the file tells of it, or something has changed."""
    for record in records:
        row = complaints.get(record.tracking)
        if row and (record.told_events or record.told_desks or _differs(record, row)):
            yield row["id"]


def _differs(record: Record, row: Mapping[str, Any]) -> bool:
    return any(row[name] != value for name, value in record.facts.items())


def _of(session: Session, name: str, ids: Sequence[int]) -> Iterable[Mapping[str, Any]]:
    table = SQLModel.metadata.tables[name]
    if not ids:
        return ()
    statement = table.select().where(table.c.complaint_id.in_(ids)).order_by(table.c.id)
    return [dict(row) for row in session.connection().execute(statement).mappings()]


# --- families ------------------------------------------------------------------------------------


def link(
    session: Session,
    pairs: Mapping[int, int],
    *,
    now: datetime,
    warn: Callable[[int, str], None] | None = None,
) -> tuple[int, int]:
    """Give children (tracking numbers) their parents: how many are new, how many have none here.

    `warn` hears of a child that stays as it is, and why.
    """
    wanted = {*pairs, *pairs.values()}
    kinship.hold(session, wanted)
    found = session.exec(select(Complaint).where(col(Complaint.tracking).in_(wanted)))
    rows = {row.tracking: row for row in found}
    new = missing = 0
    for tracking, parent in pairs.items():
        child, other = rows.get(tracking), rows.get(parent)
        if child is None or child.inbox_id is not None or child is other:
            continue
        if other is None:
            missing += 1
            continue
        try:
            new += kinship.join(session, child, other, now=now)
        except Unfit as error:
            if warn:
                warn(tracking, str(error))
    kinship.settle(session, now=now)
    return new, missing
