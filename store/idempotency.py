"""Requests that carry an Idempotency-Key: what they were answered, kept beside their effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from store.agency_models import Idempotency
from store.inbox import changed


class Reused(Exception):
    """The name belongs to another request."""


class Running(Exception):
    """The first request of this name has not ended yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str


def known(session: Session, key: int, name: str, digest: str) -> Answer | None:
    """What this request was answered; None for a new one, whose name is locked until the end.

    The lock is PostgreSQL's; on SQLite a second writer waits for the first one anyway.
    """
    if session.connection().dialect.name == "postgresql":
        mine = func.pg_try_advisory_xact_lock(key, func.hashtext(name))
        if not session.exec(select(mine)).one():
            raise Running
    row = session.exec(
        select(Idempotency).where(Idempotency.api_key_id == key, Idempotency.name == name)
    ).first()
    if row is None:
        return None
    if row.digest != digest:
        raise Reused
    return Answer(status=row.status, headers=row.headers, body=row.body)


def keep(
    session: Session, key: int, name: str, digest: str, answer: Answer, *, now: datetime
) -> None:
    """In the transaction of the effect, so that neither is there without the other."""
    session.add(
        Idempotency(
            api_key_id=key,
            name=name,
            digest=digest,
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body,
            at=now,
        )
    )


def trim(session: Session, *, before: datetime) -> int:
    """Forget answers that nobody will ask for again; how many."""
    return changed(session, delete(Idempotency).where(col(Idempotency.at) < before))
