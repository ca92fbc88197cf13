"""Inbox, outbox and replay, as `lapor inbox|outbox` has them: texts only for a reason."""

from datetime import datetime

from flask import Response
from sqlmodel import Session

from gateway import queue
from gateway.api import answers, auth, idempotent, paging
from gateway.api import wire_office as office
from gateway.api.contract import operation, part
from gateway.api.idempotent import Done
from gateway.api.problems import NOT_FOUND, Problem
from gateway.queue import Wake
from gateway.runtime import Runtime, from_app
from store import audit, inbox, operating, outbox
from store.agencies.access import Action
from store.models import Complaint, InboxRow, Keyed, OutboxRow
from store.operating import Filter, Listed, Table, why_not

WAKES = {Table.INBOX: Wake.BULK, Table.OUTBOX: Wake.DELIVER}
REPLAY = {Table.INBOX: inbox.replay, Table.OUTBOX: outbox.replay}
IDEMPOTENCY = ("request-in-progress", "idempotency-key-reused")
bp = part("operating", "Every message that came in or goes out; for operators of 1708.")


@operation(bp, "get", "/inbox", {200: office.Rows}, Action.OPERATE)
def list_inbox(query: office.InboxQuery) -> Response:
    """List messages that came in, the newest first, without texts and numbers."""
    return _listed(Table.INBOX, query, tuple(query.status))


@operation(bp, "get", "/outbox", {200: office.Rows}, Action.OPERATE)
def list_outbox(query: office.OutboxQuery) -> Response:
    """List replies and notices, the newest first, without texts and numbers."""
    return _listed(Table.OUTBOX, query, tuple(query.status))


def _listed(table: Table, query: office.RowsQuery, statuses: tuple[str, ...]) -> Response:
    wanted = Filter(
        statuses=statuses,
        channels=(query.channel,) if query.channel else (),
        since=query.since,
        before=query.until,
        error=query.error or "",
    )
    beyond, size = paging.row_of(query.cursor), query.limit
    with from_app().reading() as session:
        rows = operating.page(session, table, wanted, size=size + 1, beyond=beyond)
    kept, following = paging.split(rows, size, lambda row: paging.of_row(row.id))
    items = [_row(row) for row in kept]
    return answers.read(office.Rows(items=items, next=following), next_page=following)


def _row(row: Listed) -> office.Row:
    return office.Row(
        row=row.ref,
        id=row.id,
        at=row.at,
        channel=row.channel,
        person=row.person,
        status=row.status,
        attempts=row.attempts,
        error=row.error,
    )


@operation(
    bp, "get", "/inbox/<row>", {200: office.InboxDetail}, Action.OPERATE, problems=("not-found",)
)
def show_message(path: office.RowPath) -> Response:
    """Show one message with what it caused."""
    with from_app().reading() as session:
        found = _found(session, Table.INBOX, path.row)
        if not isinstance(found, InboxRow):
            raise Problem(NOT_FOUND)
        caused = operating.caused_by(session, found)
        return answers.read(
            office.InboxDetail(
                **_row(_one(session, Table.INBOX, path.row)).model_dump(),
                replies=[_row(reply) for reply in caused.replies],
                complaint=caused.filed.tracking if caused.filed else None,
                attachments=[str(file.status) for file in caused.attachments],
            )
        )


@operation(
    bp, "get", "/outbox/<row>", {200: office.OutboxDetail}, Action.OPERATE, problems=("not-found",)
)
def show_reply(path: office.RowPath) -> Response:
    """Show one reply."""
    with from_app().reading() as session:
        found = _found(session, Table.OUTBOX, path.row)
        if not isinstance(found, OutboxRow):
            raise Problem(NOT_FOUND)
        about = session.get(Complaint, found.complaint_id) if found.complaint_id else None
        return answers.read(
            office.OutboxDetail(
                **_row(_one(session, Table.OUTBOX, path.row)).model_dump(),
                kind=found.kind,
                lane=str(found.lane),
                message=f"{Table.INBOX}-{found.inbox_id}" if found.inbox_id else None,
                complaint=about.tracking if about else None,
                receipt=found.receipt,
                segments=found.segments,
                sent_at=found.sent_at,
            )
        )


def _one(session: Session, table: Table, key: int) -> Listed:
    return operating.page(session, table, Filter(), size=1, ids=[key])[0]


def _found(session: Session, table: Table, key: int) -> Keyed:
    row = operating.find(session, table, key)
    if row is None:
        raise Problem(NOT_FOUND)
    return row


@operation(
    bp,
    "post",
    "/inbox/<row>/reveal",
    {200: office.Revealed},
    Action.OPERATE,
    problems=("not-found", *IDEMPOTENCY),
)
def reveal_message(path: office.RowPath, body: office.Reveal) -> Response:
    """Show text and number of one message, for a reason that the audit log keeps."""
    return _revealed(Table.INBOX, path.row, body.reason)


@operation(
    bp,
    "post",
    "/outbox/<row>/reveal",
    {200: office.Revealed},
    Action.OPERATE,
    problems=("not-found", *IDEMPOTENCY),
)
def reveal_reply(path: office.RowPath, body: office.Reveal) -> Response:
    """Show text and number of one reply, for a reason that the audit log keeps."""
    return _revealed(Table.OUTBOX, path.row, body.reason)


def _revealed(table: Table, key: int, reason: str) -> Response:
    rt = from_app()

    def work(session: Session) -> Done:
        match _found(session, table, key):
            case InboxRow(sender=person, text=text) | OutboxRow(recipient=person, text=text):
                action = f"{table.name.lower()}.reveal"
                _audit(session, action, reason, {"ids": [key]}, now=rt.now())
                return Done(office.Revealed(row=f"{table}-{key}", person=person, text=text))
        raise Problem(NOT_FOUND)

    return idempotent.once(rt, work, keep=False)


@operation(bp, "post", "/replay", {200: office.Replayed}, Action.OPERATE, problems=(*IDEMPOTENCY,))
def replay(body: office.Replay) -> Response:
    """Put messages and replies through again; without `again` nothing is repeated that went out."""
    rt = from_app()
    named = [_ref(text) for text in dict.fromkeys(body.rows)]
    answer = idempotent.once(rt, lambda session: Done(_replayed(rt, session, body, named)))
    for table in {table for table, _ in named} if not body.dry_run else ():
        queue.wake(rt.redis, WAKES[table])
    return answer


def _ref(text: str) -> tuple[Table, int]:
    table, _, key = text.partition("-")
    return Table(table), int(key)


def _replayed(
    rt: Runtime, session: Session, body: office.Replay, named: list[tuple[Table, int]]
) -> office.Replayed:
    queued: list[str] = []
    left: list[office.Left] = []
    for table in REPLAY:
        ids = sorted(key for its_table, key in named if its_table is table)
        if not ids:
            continue
        now = rt.now()
        done = _foreseen(session, table, ids, body) if body.dry_run else []
        if not body.dry_run:
            done = REPLAY[table](session, ids, now=now, again=body.again)
            detail: dict[str, object] = {"asked": ids, "queued": done, "again": body.again}
            _audit(session, f"{table.name.lower()}.replay", body.reason, detail, now=now)
        queued += [f"{table}-{key}" for key in done]
        left += _left(session, table, sorted(set(ids) - set(done)), again=body.again)
    return office.Replayed(
        dry_run=body.dry_run,
        again=body.again,
        asked=len(named),
        queued=queued,
        not_queued=left,
    )


def _foreseen(session: Session, table: Table, ids: list[int], body: office.Replay) -> list[int]:
    statuses = operating.statuses_of(session, table, ids)
    return [key for key in ids if not why_not(table, statuses.get(key), again=body.again)]


def _left(session: Session, table: Table, ids: list[int], *, again: bool) -> list[office.Left]:
    statuses = operating.statuses_of(session, table, ids)
    whys = {key: why_not(table, statuses.get(key), again=again) for key in ids}
    return [
        office.Left(row=f"{table}-{key}", why=why or "it changed at the same moment")
        for key, why in whys.items()
    ]


def _audit(
    session: Session,
    action: str,
    reason: str,
    detail: dict[str, object],
    *,
    now: datetime,
) -> None:
    audit.write(
        session, now=now, actor=auth.access().name, action=action, reason=reason, detail=detail
    )
