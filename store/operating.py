"""What operators see of inbox, outbox and quarantine: lists without texts or full numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, String, bindparam, func, literal
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from store import attachments, complaints, outbox
from store.models import (
    Attachment,
    Complaint,
    Conversation,
    Event,
    InboxRow,
    InboxStatus,
    Keyed,
    OutboxRow,
    OutboxStatus,
    QuarantineRow,
    QuarantineStatus,
)


class Table(StrEnum):
    """The prefix that names a row outside its own table: in-12, out-34."""

    INBOX = "in"
    OUTBOX = "out"
    QUARANTINE = "q"


STATUSES: Mapping[Table, tuple[str, ...]] = {
    Table.INBOX: tuple(InboxStatus),
    Table.OUTBOX: tuple(OutboxStatus),
    Table.QUARANTINE: tuple(QuarantineStatus),
}
ROWS: Mapping[Table, type[InboxRow] | type[OutboxRow] | type[QuarantineRow]] = {
    Table.INBOX: InboxRow,
    Table.OUTBOX: OutboxRow,
    Table.QUARANTINE: QuarantineRow,
}
# The predicates of the partial indexes ix_inbox_dead and ix_outbox_trouble, written as literals.
INDEXED: Mapping[Table, tuple[str, ...]] = {
    Table.INBOX: (InboxStatus.DEAD,),
    Table.OUTBOX: (OutboxStatus.HELD, OutboxStatus.FAILED),
}
SHOWN_AT_START, SHOWN_AT_END = 6, 2  # of +6281200001101: country, operator, and the end
HIDDEN = 4  # characters at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows an operator means; an empty field does not restrict."""

    statuses: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    before: datetime | None = None
    since: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row in a list; `person` is masked already."""

    table: Table
    id: int
    at: datetime
    channel: str
    person: str
    status: str
    attempts: int
    error: str

    @property
    def ref(self) -> str:
        return f"{self.table}-{self.id}"


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a table keeps what every list shows."""

    id: SQLColumnExpression[int | None]
    at: SQLColumnExpression[datetime]
    channel: SQLColumnExpression[str]
    person: SQLColumnExpression[str]
    status: SQLColumnExpression[str]
    attempts: SQLColumnExpression[int]
    error: SQLColumnExpression[str]


def _failure() -> ColumnElement[str]:
    """`uncertain timeout`: what kind of failure, and the provider's code."""
    kind = func.coalesce(col(OutboxRow.failure), literal(""), type_=String())
    return func.trim(kind + literal(" ") + col(OutboxRow.code), type_=String())


COLUMNS: Mapping[Table, _Columns] = {
    Table.INBOX: _Columns(
        col(InboxRow.id),
        col(InboxRow.stored_at),
        col(InboxRow.channel),
        col(InboxRow.sender),
        col(InboxRow.status),
        col(InboxRow.attempts),
        col(InboxRow.error),
    ),
    Table.OUTBOX: _Columns(
        col(OutboxRow.id),
        col(OutboxRow.created_at),
        col(OutboxRow.channel),
        col(OutboxRow.recipient),
        col(OutboxRow.status),
        col(OutboxRow.attempts),
        _failure(),
    ),
    Table.QUARANTINE: _Columns(
        col(QuarantineRow.id),
        col(QuarantineRow.received_at),
        col(QuarantineRow.channel),
        literal(""),
        col(QuarantineRow.status),
        literal(0),
        col(QuarantineRow.reason),
    ),
}


def masked(person: str) -> str:
    """`+62812****01`: enough to tell two people apart, too little to call one."""
    start = max(0, min(SHOWN_AT_START, len(person) - SHOWN_AT_END - HIDDEN))
    return f"{person[:start]}****{person[-SHOWN_AT_END:] if start else ''}" if person else ""


def page(
    session: Session,
    table: Table,
    wanted: Filter,
    *,
    size: int,
    beyond: int | None = None,
    newest_first: bool = True,
    ids: Sequence[int] | None = None,
) -> list[Listed]:
    """Up to `size` rows in the order of their ids, after the row `beyond`; `ids` restricts more."""
    columns = COLUMNS[table]
    statement = _matching(table, wanted)
    if ids is not None:
        statement = statement.where(columns.id.in_(ids))
    if beyond is not None:
        statement = statement.where(columns.id < beyond if newest_first else columns.id > beyond)
    statement = statement.order_by(columns.id.desc() if newest_first else columns.id).limit(size)
    return [
        Listed(
            table=table,
            id=key,
            at=at,
            channel=channel,
            person=masked(person),
            status=status,
            attempts=attempts,
            error=error,
        )
        for key, at, channel, person, status, attempts, error in session.connection().execute(
            statement
        )
        if key is not None
    ]


def _matching(
    table: Table, wanted: Filter
) -> Select[int | None, datetime, str, str, str, int, str]:
    columns = COLUMNS[table]
    statement = select_columns(
        columns.id,
        columns.at,
        columns.channel,
        columns.person,
        columns.status,
        columns.attempts,
        columns.error,
    )
    if wanted.statuses:
        statement = statement.where(*_in_status(table, wanted.statuses))
    if wanted.channels:
        statement = statement.where(columns.channel.in_(wanted.channels))
    if wanted.before:
        statement = statement.where(columns.at < wanted.before)
    if wanted.since:
        statement = statement.where(columns.at >= wanted.since)
    if wanted.error:
        statement = statement.where(columns.error.icontains(wanted.error, autoescape=True))
    return statement


def _in_status(table: Table, statuses: Sequence[str]) -> list[ColumnElement[bool]]:
    """The condition, and where a partial index covers it, the words of that index too."""
    column, indexed = COLUMNS[table].status, INDEXED.get(table, ())
    conditions = [tuple(statuses)] + [indexed] * (set(statuses) <= set(indexed))
    return [
        column == bindparam(None, known[0], literal_execute=True)
        if len(known) == 1
        else column.in_(bindparam(None, known, expanding=True, literal_execute=True))
        for known in conditions
    ]


def statuses_of(session: Session, table: Table, ids: Sequence[int]) -> dict[int, str]:
    columns = COLUMNS[table]
    statement = select_columns(columns.id, columns.status).where(columns.id.in_(ids))
    rows = session.connection().execute(statement)
    return {key: status for key, status in rows if key is not None}


def why_not(table: Table, status: str | None, *, again: bool = False) -> str | None:
    """Why a replay leaves a row as it is, in words; None if it takes it."""
    if status is None:
        return "there is no such row"
    if table is Table.INBOX:
        return "it is waiting already" if status == InboxStatus.RECEIVED else None
    if status in (outbox.REPLAYABLE_AGAIN if again else outbox.REPLAYABLE):
        return None
    return {
        OutboxStatus.HELD: "it may have gone out: nobody knows (--again sends it all the same)",
        OutboxStatus.SENT: "it went out (--again sends it a second time)",
        OutboxStatus.DELIVERED: "it reached the person (--again sends it a second time)",
    }.get(OutboxStatus(status), "it is on its way already")


def find(session: Session, table: Table, row_id: int) -> Keyed | None:
    return session.get(ROWS[table], row_id)


@dataclass(frozen=True, slots=True)
class Caused:
    """What one inbound message led to."""

    replies: list[Listed]
    filed: Complaint | None
    touched: list[tuple[int, str]]  # complaints of the same person: tracking number, event
    attachments: Sequence[Attachment]


def caused_by(session: Session, row: InboxRow) -> Caused:
    keys = list(session.exec(select(OutboxRow.id).where(OutboxRow.inbox_id == row.key)))
    return Caused(
        replies=page(
            session,
            Table.OUTBOX,
            Filter(),
            size=len(keys),
            newest_first=False,
            ids=[key for key in keys if key is not None],
        )
        if keys
        else [],
        filed=complaints.by_inbox(session, [row.key]).get(row.key),
        touched=_touched(session, row),
        attachments=attachments.of_message(session, row.key),
    )


def _touched(session: Session, row: InboxRow) -> list[tuple[int, str]]:
    """Events that name the message, among the complaints of its sender."""
    statement = (
        select(Complaint.tracking, Event.kind, Event.detail)
        .join(Event, col(Event.complaint_id) == col(Complaint.id))
        .join(Conversation, col(Conversation.id) == col(Complaint.conversation_id))
        .where(Conversation.channel == row.channel, Conversation.sender == row.sender)
        .order_by(col(Event.id))
    )
    found = session.exec(statement)
    return [(number, kind) for number, kind, more in found if more.get("inbox_id") == row.key]


def waiting_of_sender(
    session: Session, channel: str, sender: str, *, lane: str, up_to: int
) -> list[int]:
    """The unsettled messages of a sender up to one of them, in the order they must be settled."""
    statement = select(InboxRow.id).where(
        InboxRow.channel == channel,
        InboxRow.sender == sender,
        col(InboxRow.status) == InboxStatus.RECEIVED,
        col(InboxRow.lane) == lane,
        col(InboxRow.id) <= up_to,
    )
    found = session.exec(statement.order_by(col(InboxRow.id)))
    return [key for key in found if key is not None]
