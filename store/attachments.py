"""Files that came with messages: claimed by a job that fetches them, settled by how that ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import Session, col, select

from parsers.messages import Location
from store.inbox import changed, written
from store.models import Attachment, AttachmentStatus, Complaint, InboxRow

# What an operator may have fetched once more.
GIVEN_UP = (AttachmentStatus.FAILED, AttachmentStatus.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A file to be fetched."""

    id: int
    channel: str
    ref: str
    content_type: str  # as the provider says
    size: int | None
    attempts: int  # this one included


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file that was fetched, as it is stored."""

    digest: str
    size: int
    content_type: str
    taken_at: Location | None = None
    picture: str = ""


def claim(
    session: Session, *, token: str, now: datetime, lease: timedelta, limit: int
) -> list[Waiting]:
    """Lease the files that have waited longest; a lease of a dead worker runs out by itself.

    What it left behind comes alone, so that the file that killed it kills no other's chances.
    """
    waiting = (
        select(Attachment.id, Attachment.claim)
        .where(*_claimable(now))
        .order_by(col(Attachment.due_at), col(Attachment.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = session.exec(waiting).all()
    abandoned = [key for key, claim in found if claim]
    ids = abandoned[:1] or [key for key, _ in found]
    if not ids:
        return []
    changed(
        session,
        update(Attachment)
        .where(col(Attachment.id).in_(ids))
        .values(claim=token, claimed_until=now + lease, attempts=Attachment.attempts + 1),
    )
    chosen = (
        select(Attachment, InboxRow.channel)
        .join(InboxRow, col(InboxRow.id) == Attachment.inbox_id)
        .where(col(Attachment.id).in_(ids))
        .order_by(col(Attachment.id))
    )
    return [
        Waiting(
            id=row.key,
            channel=channel,
            ref=row.ref,
            content_type=row.content_type,
            size=row.size,
            attempts=row.attempts,
        )
        for row, channel in session.exec(chosen)
    ]


def _claimable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Attachment.status) == written(AttachmentStatus.WAITING),
        col(Attachment.due_at) <= now,
        or_(col(Attachment.claimed_until).is_(None), col(Attachment.claimed_until) < now),
    )


def due(session: Session, *, now: datetime) -> bool:
    """Whether there is a file to fetch that nobody has leased."""
    return session.exec(select(Attachment.id).where(*_claimable(now)).limit(1)).first() is not None


def keep(session: Session, attachment_id: int, kept: Kept, *, token: str) -> bool:
    """Write down what was stored; False, as below, if another worker has the row now.

    A photo may tell that its complaint is about the spot of another one.
    """
    place = kept.taken_at
    ours = _settle(
        session,
        attachment_id,
        token,
        status=AttachmentStatus.STORED,
        digest=kept.digest,
        size=kept.size,
        content_type=kept.content_type,
        lat=place.lat if place else None,
        lon=place.lon if place else None,
        picture=kept.picture,
        error="",
    )
    if ours:
        mine = select(Attachment.complaint_id).where(Attachment.id == attachment_id)
        again = update(Complaint).where(col(Complaint.id).in_(mine)).values(compared=False)
        changed(session, again)
    return ours


def give_up(
    session: Session, attachment_id: int, status: AttachmentStatus, reason: str, *, token: str
) -> bool:
    return _settle(session, attachment_id, token, status=status, error=reason)


def postpone(
    session: Session, attachment_id: int, reason: str, *, token: str, due_at: datetime
) -> bool:
    return _settle(session, attachment_id, token, due_at=due_at, error=reason)


def _settle(session: Session, attachment_id: int, token: str, **values: object) -> bool:
    mine = (
        update(Attachment)
        .where(
            col(Attachment.id) == attachment_id,
            col(Attachment.claim) == token,
            col(Attachment.status) == AttachmentStatus.WAITING,
        )
        .values(claim="", claimed_until=None, **values)
    )
    return changed(session, mine) > 0


def again(session: Session, inbox_id: int, *, now: datetime) -> list[int]:
    """Have what was refused or failed of a message fetched once more; returns those files."""
    statement = (
        update(Attachment)
        .where(col(Attachment.inbox_id) == inbox_id, col(Attachment.status).in_(GIVEN_UP))
        .values(status=AttachmentStatus.WAITING, attempts=0, error="", due_at=now)
        .returning(col(Attachment.id))
    )
    queued = session.connection().execute(statement).scalars()
    return sorted(key for key in queued if key is not None)


def of_message(session: Session, inbox_id: int) -> Sequence[Attachment]:
    """The files of a message, in the order of the message."""
    mine = select(Attachment).where(Attachment.inbox_id == inbox_id)
    return session.exec(mine.order_by(col(Attachment.position))).all()


def photographed_at(session: Session, complaint_id: int) -> Location | None:
    """Where the first photo of a complaint that says so was taken: a hint, no pin of the person."""
    found = session.exec(
        select(Attachment.lat, Attachment.lon)
        .where(Attachment.complaint_id == complaint_id, col(Attachment.lat).is_not(None))
        .order_by(col(Attachment.id))
    ).first()
    match found:
        case (float(lat), float(lon)):
            return Location(lat=lat, lon=lon)
    return None
