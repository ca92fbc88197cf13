"""servicerequestupdates, as FixMyStreet asks for them and sends them.

https://github.com/mysociety/fixmystreet/wiki/Open311-FMS---Proposed-differences-to-Open311
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlmodel import Session

from bots.casework import Casework
from bots.refusals import Refused
from gateway.open311 import filing, words
from gateway.open311.arguments import (
    Page,
    language,
    moment,
    named,
    number_of,
    trackings,
    window,
)
from gateway.open311.rendering import Value
from gateway.open311.requests import Names, agency_of, w3c
from gateway.open311.words import Fault, Refusal, Words, refusal
from gateway.runtime import Runtime
from store import open311
from store.agencies.access import Access, Action
from store.agencies.scope import Scope
from store.casework import cases
from store.casework.cases import Opened
from store.casework.lifecycle import GONE, UNANSWERED
from store.masking import masked
from store.models import Event
from store.open311 import Step, Wanted

LATELY = timedelta(days=7)  # clients ask every few minutes or hours
# The request's state after each event, in words that FixMyStreet knows.
AFTER = {
    "disposed": "OPEN",
    "forwarded": "INTERNAL_REFERRAL",
    "returned": "OPEN",
    "started": "IN_PROGRESS",
    "deferred": "OPEN",
    "resumed": "IN_PROGRESS",
    "answered": "OPEN",
    "accepted": "CLOSED",
    "closed": "CLOSED",
    "reopened": "OPEN",
    "escalated": "OPEN",
    "archived": "CLOSED",
    "restored": "OPEN",
    "withdrawn": "CLOSED",
}
Move = Callable[[Casework, str, str], Event]  # for an agency, with its words
ANSWER: Move = Casework.answer
START: Move = Casework.start
RETURN: Move = Casework.give_back
MOVES: Mapping[str, Move] = {  # what an agency's system may say that it did
    "CLOSED": ANSWER,
    "FIXED": ANSWER,
    "NO_FURTHER_ACTION": ANSWER,
    "IN_PROGRESS": START,
    "INVESTIGATING": START,
    "ACTION_SCHEDULED": START,
    "NOT_COUNCILS_RESPONSIBILITY": RETURN,
}


def updates(rt: Runtime, page: Page) -> Value:
    """What happened, oldest first; of given requests at any time, unless a time is given too."""
    numbers = trackings()
    timed = numbers is None or named("start_date") or named("end_date")
    span = window(rt.settings.zone, rt.now(), usual=LATELY) if timed else None
    wanted = Wanted(
        trackings=numbers,
        since=span.since if span else None,
        until=span.until if span else None,
    )
    with rt.reading() as session:
        found = open311.updates(session, wanted, kinds=AFTER, limit=page.limit, offset=page.offset)
        codes = [agency_of(step.event, step.complaint) for step in found]
        names = Names.of(session, rt.reader, codes)
    return [_update(rt, step, names) for step in found]


def _update(rt: Runtime, step: Step, names: Names) -> Value:
    event, code = step.event, agency_of(step.event, step.complaint)
    agency = names.agency(code) if code else words.AGENCY.say(language())
    told: Words = words.EVENTS[event.kind]
    return {
        "update_id": str(event.key),
        "service_request_id": str(step.complaint.tracking),
        "status": AFTER[event.kind],
        "updated_datetime": w3c(rt, event.at),
        "description": told.say(language(), agency=agency, text=masked(event.text)),
        "media_url": None,
        "external_status_code": event.kind,
    }


def take(rt: Runtime) -> Value:
    """An agency's system says what it did; the same update_id again changes nothing."""
    filing.must_be_form()
    access = filing.bearer(rt, Action.ACT)
    tracking = number_of(filing.needed("service_request_id"))
    update_id = filing.needed("update_id")
    at = moment(filing.needed("updated_datetime"), "updated_datetime", rt.settings.zone)
    status = filing.needed("status").upper()
    text = filing.field("description", filing.LONGEST)
    if status not in MOVES:
        raise refusal(400, words.UPDATE_STATUS, known=", ".join(MOVES))

    def unit(session: Session) -> int:
        case = _case(session, tracking)
        event = open311.reported(session, case.complaint.tracking, update_id, access.name)
        if event is None:
            event = _carry_out(rt, session, access, case, MOVES[status], text)
            event.detail = {**event.detail, "update_id": update_id, "said_at": at.isoformat()}
        return event.key

    return [{"update_id": str(rt.unit(unit))}]


def _case(session: Session, tracking: int | None) -> Opened:
    """Locked first, so that the same update twice at once is one."""
    case = cases.open_case(session, tracking) if tracking is not None else None
    if case is None or case.complaint.privacy not in open311.SHOWN:
        raise refusal(404, words.REQUEST_UNKNOWN)
    return case


def _carry_out(
    rt: Runtime, session: Session, access: Access, case: Opened, move: Move, text: str
) -> Event:
    agency = _desk(rt, session, access, case)
    work = Casework(session=session, desk=rt.desk(), access=access, case=case)
    try:
        return move(work, agency, text)
    except Refused as error:
        said = error.sentence.say(language())
        raise Refusal(400, Fault(Words("{said}", "{said}"), {"said": said})) from error


def _desk(rt: Runtime, session: Session, access: Access, case: Opened) -> str:
    """The desk that the key acts for: its own, else the first one below that has the case."""
    scope = Scope.of(session, rt.reader.catalogue, access.agency)
    codes = [code for code, row in case.desks.items() if row.state not in GONE]
    mine = [code for code in codes if code == access.agency or scope.reaches(code)]
    if not mine:
        raise refusal(403, words.NO_DESK)
    return min(
        mine,
        key=lambda code: (
            case.desks[code].state not in UNANSWERED,
            code != access.agency,
            code != case.complaint.agency,
        ),
    )
