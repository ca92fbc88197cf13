"""What became of a message that a program handed in."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from store import inbox
from store.models import Complaint, InboxRow, InboxStatus, OutboxRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """`settled` without a tracking number was no complaint: a greeting, a command."""

    text: str
    reference: str
    settled: bool
    tracking: int | None
    replies: tuple[str, ...]  # what its reporter is told


def find(session: Session, channel: str, token: str) -> Submission | None:
    row = inbox.find(session, channel, token)
    if row is None:
        return None
    return Submission(
        text=row.text,
        reference=row.message_ref,
        settled=row.status == InboxStatus.DONE,
        tracking=_tracking(session, row),
        replies=tuple(reply.text for reply in inbox.answers(session, row.key)),
    )


def _tracking(session: Session, row: InboxRow) -> int | None:
    """Of the complaint that it made, else of the one that the replies to it are about."""
    filed = session.exec(select(Complaint.tracking).where(Complaint.inbox_id == row.id)).first()
    if filed is not None:
        return filed
    about = (
        select(Complaint.tracking)
        .join(OutboxRow, col(OutboxRow.complaint_id) == col(Complaint.id))
        .where(OutboxRow.inbox_id == row.id)
        .order_by(col(OutboxRow.id).desc())
    )
    return session.exec(about).first()
