"""Notices: what people are told unasked, with what they may refuse and when they sleep."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from store.inbox import changed
from store.lanes import Next, on_its_way
from store.models import Conversation, OutboxLane, OutboxRow, OutboxStatus
from store.notice_rules import NoticeRules

JOINED = "joined"  # the code of a notice whose words went on in a newer one
BLOCKED, STOPPED = "blocked", "stopped"
OFFICER, DIGEST = "officer", "digest"  # kinds of what an officer is told
DUTY = (OFFICER, DIGEST)  # whoever is a citizen too cannot refuse it by STOP
FACTS = "facts"  # in `extra`: what a notice is made of, as [kind, text]
OF_ONE_SENTENCE = ("notice", "variables")  # of `extra`: a template says the newest fact only
NOTHING: Mapping[str, Any] = {}


def notify(
    session: Session,
    conversation: Conversation,
    *,
    kind: str,
    text: str,
    dedupe: str,
    now: datetime,
    rules: NoticeRules,
    complaint_id: int | None = None,
    fact: str = "",
    extra: Mapping[str, Any] = NOTHING,
    origin: str = "",
    expires_at: datetime | None = None,
) -> OutboxRow | None:
    """Queue a notice, once for each `dedupe`; None if the person wants none or has it already.

    Notices about one complaint that still wait become one, as due as the first of them: a newer
    text takes the place of an older one of the same `fact` (its kind if nothing else is said),
    other facts are told together.
    """
    if conversation.blocked or not conversation.notices:
        return None
    row = OutboxRow(
        dedupe=dedupe,
        complaint_id=complaint_id,
        kind=kind,
        lane=OutboxLane.NOTICE,
        channel=conversation.channel,
        recipient=conversation.sender,
        origin=origin,
        text=text,
        extra={**extra, FACTS: [[fact or kind, text]]} if complaint_id else dict(extra),
        due_at=rules.quiet.over(now + rules.settle),
        expires_at=expires_at,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        if named(session, dedupe) is None:
            raise
        return None
    if complaint_id:
        _join(session, row)
    return row


def waiting(session: Session, complaint_id: int) -> bool:
    """Whether a notice about this complaint is on its way."""
    found = select(OutboxRow.id).where(
        OutboxRow.complaint_id == complaint_id,
        on_its_way(OutboxRow),
        col(OutboxRow.lane) == OutboxLane.NOTICE,
    )
    return session.exec(found).first() is not None


def named(session: Session, dedupe: str) -> int | None:
    """The row that bears this name."""
    return session.exec(select(OutboxRow.id).where(OutboxRow.dedupe == dedupe)).first()


def _join(session: Session, row: OutboxRow) -> None:
    """Let the notice say also what older ones about its complaint still had to say."""
    older = session.connection().execute(
        update(OutboxRow)
        .where(
            col(OutboxRow.complaint_id) == row.complaint_id,
            col(OutboxRow.id) != row.id,
            _waits_for(row.channel, row.recipient),
            col(OutboxRow.attempts) == 0,  # one that was refused may have gone out all the same
        )
        .values(status=OutboxStatus.CANCELLED, code=JOINED)
        .returning(col(OutboxRow.id), col(OutboxRow.extra), col(OutboxRow.due_at))
    )
    found = sorted(older, key=lambda row: row[0] or 0)
    if not found:
        return
    facts: dict[str, str] = {}
    buttons: dict[str, Any] = {}
    for _, extra, _ in found:
        facts |= dict(extra.get(FACTS, ()))
        buttons |= {key: extra[key] for key in extra if key not in (FACTS, *OF_ONE_SENTENCE)}
    [(fact, text)] = row.extra[FACTS]
    facts.pop(fact, None)
    facts[fact] = text
    row.text = "\n".join(dict.fromkeys(facts.values()))
    row.extra = buttons | row.extra | {FACTS: [list(fact) for fact in facts.items()]}
    row.due_at = min(row.due_at, *(due_at for _, _, due_at in found))
    session.flush()


def cancel_notices(session: Session, channel: str, recipient: str, *, code: str) -> int:
    """Take back what waits for somebody who wants it no more; answers are still given."""
    return changed(
        session,
        update(OutboxRow)
        .where(_waits_for(channel, recipient))
        .values(status=OutboxStatus.CANCELLED, code=code),
    )


def block(session: Session, channel: str, recipient: str, *, tried_at: datetime) -> None:
    """The provider says that the person has blocked us; who wrote after that try has not."""
    changed(
        session,
        update(Conversation)
        .where(
            col(Conversation.channel) == channel,
            col(Conversation.sender) == recipient,
            or_(col(Conversation.heard_at).is_(None), col(Conversation.heard_at) <= tried_at),
        )
        .values(blocked=True),
    )


def cancel_unwanted(session: Session, channel: str, found: Sequence[Next]) -> set[int]:
    """Cancel the notices among these whose people block us or want none; says which."""
    notices = {item.recipient: item.id for item in found if item.lane == OutboxLane.NOTICE}
    if not notices:
        return set()
    refusing = session.exec(
        select(Conversation.sender, Conversation.blocked).where(
            col(Conversation.channel) == channel,
            col(Conversation.sender).in_(notices),
            or_(col(Conversation.blocked), ~col(Conversation.notices)),
        )
    ).all()
    if not refusing:
        return set()
    named_so = select(OutboxRow.id).where(
        col(OutboxRow.id).in_(notices.values()), col(OutboxRow.kind).in_(DUTY)
    )
    duty = set(session.exec(named_so))
    unwanted = [(notices[who], blocked) for who, blocked in refusing if notices[who] not in duty]
    for code, ids in (
        (BLOCKED, [key for key, blocked in unwanted if blocked]),
        (STOPPED, [key for key, blocked in unwanted if not blocked]),
    ):
        if ids:
            cancel = update(OutboxRow).where(
                col(OutboxRow.id).in_(ids), col(OutboxRow.status) == OutboxStatus.QUEUED
            )
            changed(session, cancel.values(status=OutboxStatus.CANCELLED, code=code))
    return {key for key, _ in unwanted}


def postpone(
    session: Session, *, now: datetime, until: datetime, awake: Collection[str] = ()
) -> int:
    """Move the notices that are due to the end of the quiet hours, except on `awake` channels."""
    return changed(
        session,
        update(OutboxRow)
        .where(
            on_its_way(OutboxRow),
            col(OutboxRow.status) == OutboxStatus.QUEUED,
            col(OutboxRow.lane) == OutboxLane.NOTICE,
            col(OutboxRow.due_at) <= now,
            col(OutboxRow.channel).not_in(awake),
        )
        .values(due_at=until),
    )


def _waits_for(channel: str, recipient: str) -> ColumnElement[bool]:
    """What this person is told as a citizen."""
    return and_(
        on_its_way(OutboxRow),
        col(OutboxRow.status) == OutboxStatus.QUEUED,
        col(OutboxRow.lane) == OutboxLane.NOTICE,
        col(OutboxRow.channel) == channel,
        col(OutboxRow.recipient) == recipient,
        col(OutboxRow.kind).not_in(DUTY),
    )
