"""What a message says, and which complaints its turn may speak of: the dialogue's view."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session

from bots.desk import Desk
from bots.state import Case, Message, State, recent
from bots.summary import case
from parsers.kind import REPORTS
from parsers.messages import Location
from parsers.parts import part_of
from parsers.privacy import privacy_wish
from parsers.tracking import TRACKING
from parsers.understanding import Kind, Understanding
from store import complaints
from store.models import Conversation, InboxRow


@dataclass(frozen=True, slots=True)
class Heard:
    """A claimed message with what was understood of it, outside any transaction."""

    row: InboxRow
    seen: Understanding


def hear(row: InboxRow, state: Mapping[str, object], desk: Desk) -> Heard:
    """Understand one message; the person's last place makes an unnamed one likely."""
    pin = row.extra.get("location") or {}
    area, category = state.get("area"), row.extra.get("category")
    seen = desk.reader.understand(
        row.text,
        area=area if isinstance(area, str) else None,
        lat=pin.get("lat"),
        lon=pin.get("lon"),
        today=row.received_at.astimezone(desk.policy.zone).date(),
        category=category,
    )
    return Heard(row, _filled_in(seen, category) if category else seen)


def _filled_in(seen: Understanding, category: str) -> Understanding:
    """A form is a report of the chosen topic, also where its words sound like a greeting."""
    first, *others = seen.categories or (None,)
    told = first is not None and first.code == category
    return replace(
        seen,
        kind=seen.kind if seen.kind in REPORTS else Kind.COMPLAINT,
        categories=(replace(first, sure=True), *others) if first and told else seen.categories,
    )


def message_of(session: Session, desk: Desk, heard: Heard, language: str) -> Message:
    """The message as the dialogue sees it."""
    row, extra = heard.row, heard.row.extra
    pin = extra.get("location")
    first = _original(session, row)
    number, total = extra.get("part") or part_of(row.text) or (0, 0)
    return Message(
        inbox_id=row.key,
        at=row.stored_at,
        seen=heard.seen,
        route=desk.route(heard.seen),
        digest=_digest(heard),
        text=row.text,
        location=Location(lat=pin["lat"], lon=pin["lon"]) if pin else None,
        media=len(extra.get("media", ())),
        opt_out=extra.get("opt_out", ""),
        edit=bool(extra.get("edit_of")),
        unchanged=first is not None and first.text == row.text,
        about=_about(session, row),
        choice=extra.get("choice", ""),
        album=extra.get("album", ""),
        privacy=privacy_wish(heard.seen.normalised),
        part=(number, total) if total else None,
        language=language,
        form=bool(extra.get("category")),
    )


def _digest(heard: Heard) -> str:
    """Of the words; on forms the same words at another place or topic are another matter."""
    row, extra = heard.row, heard.row.extra
    words = " ".join(heard.seen.normalised.split() or row.text.casefold().split())
    if category := extra.get("category"):
        pin = extra.get("location") or {}
        words += f"|{category}|{pin.get('lat')},{pin.get('lon')}"
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:16]


def _original(session: Session, row: InboxRow) -> InboxRow | None:
    edit_of = row.extra.get("edit_of", "")
    return complaints.original(session, row.channel, row.sender, edit_of)


def _about(session: Session, row: InboxRow) -> int | None:
    """The complaint that the message which this one answers or edits was about."""
    quoted = row.extra.get("reply_to") or row.extra.get("edit_of")
    return complaints.quoted(session, row.channel, row.sender, quoted) if quoted else None


def cases_of(
    session: Session, desk: Desk, conversation: Conversation, state: State, message: Message
) -> list[Case]:
    """The complaints this turn may speak of; none are looked up for a stranger's first."""
    seen, now = message.seen, message.at
    command = seen.command.tracking if seen.command else ""
    asks = bool(seen.command or message.about or message.choice or message.edit)
    asks = asks or seen.kind in (Kind.STATUS_QUERY, Kind.FOLLOW_UP)
    lately = recent(state.digest_at, now, desk.policy.limits.conversation) or state.question
    if not (asks or lately):
        return []
    mine = complaints.newest(session, conversation) if conversation.id else []
    numbers = {*seen.tracking, str(state.tracking or ""), str(message.about or "")}
    numbers |= {command, *message.choice.split("-")[1:2]}
    numbers |= {str(state.question.tracking)} if state.question else set()
    known = {complaint.tracking for complaint in mine}
    owners = complaints.owners(session, conversation)
    for number in sorted(numbers):
        if TRACKING.fullmatch(number) and int(number) not in known:
            other = complaints.by_tracking(session, int(number))
            mine += [other] if other else []
    return [case(one, desk, mine=one.conversation_id in owners) for one in mine]
