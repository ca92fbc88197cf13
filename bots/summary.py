"""A complaint in a line or two, as its reporter hears it."""

from textwrap import shorten

from bots import replies
from bots.desk import Desk
from bots.language import Sentence
from bots.state import OPEN, Asks, Case
from store.models import Complaint

ROOM, LESS_ROOM = 84, 66  # characters of topic and place in a reply, and in one that says more
LONGEST_TOPIC = 40


def answer(complaint: Complaint, desk: Desk, *, room: int = ROOM) -> Sentence:
    """What the reporter hears about a complaint that nothing more is asked about."""
    matter = _matter(complaint, desk, room)
    if not complaint.agency:
        return replies.in_triage(complaint.tracking, matter, complaint.deadline)
    agency = desk.reader.agency_name(complaint.agency)
    return replies.received(complaint.tracking, matter, agency, complaint.deadline)


def asked(complaint: Complaint, desk: Desk, asks: Asks, *, room: int = ROOM) -> Sentence:
    """The question about a complaint, after its number."""
    tracking, matter = complaint.tracking, _matter(complaint, desk, room)
    match asks:
        case Asks.WHICH_PLACE:
            return replies.which_place(tracking, matter)
        case Asks.CATEGORY:
            return replies.which_category(tracking)
        case Asks.AGENCY:
            return replies.which_agency(tracking, matter)
    return replies.ask_place(tracking, matter)


def case(complaint: Complaint, desk: Desk, *, mine: bool) -> Case:
    """A complaint as the dialogue may see it; its line is told to nobody but the reporter."""
    line = _line(complaint, desk) if mine else None
    return Case(
        tracking=complaint.tracking,
        status=complaint.status,
        mine=mine,
        privacy=complaint.privacy,
        created_at=complaint.created_at,
        line=line,
        label=_label(complaint, desk) if mine else "",
        category=complaint.category,
        place=complaint.place,
        reopened=complaint.reopened,
    )


def _label(complaint: Complaint, desk: Desk) -> str:
    return shorten(_what(complaint, desk) or complaint.headline, LONGEST_TOPIC, placeholder="...")


def _line(complaint: Complaint, desk: Desk) -> Sentence:
    return replies.status_line(
        complaint.tracking,
        complaint.status,
        shorten(_what(complaint, desk), LONGEST_TOPIC, placeholder="..."),
        desk.reader.agency_name(complaint.agency) if complaint.agency else "",
        complaint.updated_at.astimezone(desk.policy.zone).date(),
        complaint.deadline if complaint.status in OPEN else None,
    )


def _matter(complaint: Complaint, desk: Desk, room: int) -> str:
    """Topic and place in so many characters: of a long place the region is enough."""
    what, code = shorten(_what(complaint, desk), LONGEST_TOPIC, placeholder="..."), complaint.place
    for size in (13, 8, 5) if code else ():
        where = desk.reader.place_name((code or "")[:size])
        matter = ", ".join(part for part in (what, where) if part)
        if len(matter) <= room:
            return matter
    return what


def _what(complaint: Complaint, desk: Desk) -> str:
    return desk.reader.category_name(complaint.category) if complaint.category else ""
