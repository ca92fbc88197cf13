"""Alive, ready, and figures for Prometheus."""

from dataclasses import asdict, dataclass

from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from gateway import metrics
from gateway.runtime import Runtime, from_app
from store import inbox
from store.db import schema_is_current
from store.models import InboxRow, InboxStatus, OutboxRow, OutboxStatus

bp = Blueprint("health", __name__)
LATE_SECONDS = 300  # a message that waits longer than this is a reason to look


@dataclass(frozen=True, slots=True)
class State:
    """What works now. `ready` is for alarms: a web process without queue still accepts."""

    database: str
    queue: str
    spool: str
    spooled_files: int
    oldest_waiting_seconds: float | None

    @property
    def ready(self) -> bool:
        late = (self.oldest_waiting_seconds or 0) > LATE_SECONDS
        return self.database == self.queue == self.spool == "ok" and not late


def look(rt: Runtime) -> State:
    database, oldest = _database(rt)
    return State(
        database=database,
        queue=_queue(rt),
        spool=_spool(rt),
        spooled_files=len(rt.spool.files()),
        oldest_waiting_seconds=oldest,
    )


def _database(rt: Runtime) -> tuple[str, float | None]:
    try:
        if not schema_is_current(rt.engine):
            return "schema is not that of this release: run `lapor migrate`", None
        with rt.reading() as session:
            oldest = inbox.oldest_waiting(session)
    except SQLAlchemyError as error:
        return f"unreachable ({type(error).__name__})", None
    return "ok", (rt.now() - oldest).total_seconds() if oldest else None


def _spool(rt: Runtime) -> str:
    if not rt.spool.writable():
        return f"{rt.spool.folder} cannot be written"
    if damaged := len(rt.spool.damaged()):
        return f"{damaged} damaged in {rt.spool.folder}: a person must look"
    return "ok"


def _queue(rt: Runtime) -> str:
    try:
        rt.redis.ping()
    except RedisError as error:
        return f"unreachable ({type(error).__name__})"
    return "ok"


@bp.get("/healthz")
def alive() -> Response:
    return Response("alive\n", content_type="text/plain")


@bp.get("/readyz")
def ready() -> tuple[Response, int]:
    state = look(from_app())
    return jsonify(ready=state.ready, **asdict(state)), 200 if state.ready else 503


@bp.get("/metrics")
def figures() -> Response:
    rt = from_app()
    try:
        with rt.reading() as session:
            values = gauges(session, rt)
    except SQLAlchemyError:
        values = {"database_up": 0.0}
    return Response(
        metrics.exposition(values | {"spool_files": float(len(rt.spool.files()))}),
        content_type="text/plain; version=0.0.4; charset=utf-8",
    )


def gauges(session: Session, rt: Runtime) -> dict[str, float]:
    """Counts that small partial indexes answer, however many rows there are."""
    oldest = inbox.oldest_waiting(session)
    waiting = _count(session, InboxRow, InboxStatus.RECEIVED)
    return {
        "database_up": 1.0,
        "inbox_waiting": waiting,
        "inbox_dead": _count(session, InboxRow, InboxStatus.DEAD),
        "outbox_waiting": _count(session, OutboxRow, OutboxStatus.QUEUED),
        "outbox_held": _count(session, OutboxRow, OutboxStatus.HELD),
        "outbox_failed": _count(session, OutboxRow, OutboxStatus.FAILED),
        "queue_age_seconds": (rt.now() - oldest).total_seconds() if oldest else 0.0,
    }


def _count(session: Session, table: type[InboxRow] | type[OutboxRow], status: str) -> float:
    statement = select(func.count(col(table.id))).where(col(table.status) == status)
    return float(session.exec(statement).one())
