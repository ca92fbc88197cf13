"""Complaints as service requests: what everyone may know of them, and no name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlmodel import Session

from bots.reader import Reader
from gateway.open311 import words
from gateway.open311.arguments import Page, listed, trackings, window
from gateway.open311.rendering import Value
from gateway.open311.words import refusal
from gateway.runtime import Runtime
from store import open311
from store.casework.lifecycle import ENDED
from store.casework.timezones import zone_of
from store.masking import masked
from store.models import ArchiveReason, Complaint, ComplaintStatus, Event
from store.open311 import Wanted

STATES = {"open": False, "closed": True}
# What was archived for these reasons speaks of persons or insults them: nobody needs to read it.
NOT_TO_REPEAT = (ArchiveReason.ABUSIVE, ArchiveReason.SPAM, ArchiveReason.PRIVATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names of codes for people; a code that nothing knows stands for itself."""

    reader: Reader
    units: Mapping[str, str]

    @classmethod
    def of(cls, session: Session, reader: Reader, codes: Iterable[str | None]) -> "Names":
        unknown = {code for code in codes if code and code not in reader.catalogue.agencies}
        return cls(reader=reader, units=open311.unit_names(session, unknown))

    def agency(self, code: str) -> str:
        try:
            return self.units.get(code) or self.reader.agency_name(code)
        except KeyError:  # an office at a place that the gazetteer does not have
            return code

    def place(self, code: str) -> str:
        try:
            return self.reader.place_name(code)
        except KeyError:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the rows of one answer share, asked for once."""

    names: Names
    parents: Mapping[int, int]
    answers: Mapping[int, Event]

    @classmethod
    def of(cls, session: Session, reader: Reader, complaints: Sequence[Complaint]) -> "Facts":
        answers = open311.answers(session, complaints)
        codes = [row.agency for row in complaints]
        codes += [agency_of(event, None) for event in answers.values()]
        return cls(
            names=Names.of(session, reader, codes),
            parents=open311.parents(session, complaints),
            answers=answers,
        )


def wanted(rt: Runtime) -> Wanted:
    """The query of GET requests."""
    if (numbers := trackings()) is not None:
        return Wanted(trackings=numbers[: rt.settings.open311.largest_page])
    asked = listed("status")
    if not set(asked) <= STATES.keys():
        raise refusal(400, words.BAD_STATUS)
    span = window(rt.settings.zone, rt.now())
    return Wanted(
        since=span.since,
        until=span.until,
        categories=listed("service_code"),
        ended=STATES[asked[0]] if len(asked) == 1 else None,
    )


def requests(rt: Runtime, query: Wanted, page: Page, language: str) -> Value:
    with rt.reading() as session:
        found = open311.requests(session, query, limit=page.limit, offset=page.offset)
        facts = Facts.of(session, rt.reader, found)
    return [request_of(rt, row, facts, language) for row in found]


def one(rt: Runtime, tracking: int | None, language: str) -> Value:
    """404 for a number that does not exist, and the very same for a confidential one."""
    query = Wanted(trackings=[] if tracking is None else [tracking])
    found = requests(rt, query, Page(1, 0), language)
    if not found:
        raise refusal(404, words.REQUEST_UNKNOWN)
    return found


def request_of(rt: Runtime, row: Complaint, facts: Facts, language: str) -> Value:
    names, ended = facts.names, row.status in ENDED
    updated = (row.closed_at if ended else None) or row.updated_at
    return {
        "service_request_id": str(row.tracking),
        "status": "closed" if ended else "open",
        "status_notes": _notes(row, facts, language),
        "service_name": names.reader.category_name(row.category) if row.category else None,
        "service_code": row.category,
        "description": None if row.archive_reason in NOT_TO_REPEAT else masked(row.text),
        "agency_responsible": names.agency(row.agency) if row.agency else None,
        "service_notice": None,
        "requested_datetime": w3c(rt, row.created_at),
        "updated_datetime": w3c(rt, updated),
        "expected_datetime": _expected(rt, row),
        "address": _address(row, names),
        "address_id": row.place,
        "zipcode": None,
        "lat": row.lat,
        "long": row.lon,
        "media_url": None,
        "extended_attributes": {
            "agency": row.agency,
            "kind": row.kind,
            "state": str(row.status),
            "duplicate_of": _text(facts.parents.get(row.parent_id or 0)),
        },
    }


def w3c(rt: Runtime, at: datetime) -> str:
    return at.astimezone(rt.settings.zone).isoformat("T", "seconds")


def _text(number: int | None) -> str | None:
    return str(number) if number else None


def _expected(rt: Runtime, row: Complaint) -> str | None:
    """The end of the last day in time at that place; none while nobody has the case, or asks."""
    if row.agency is None or row.status == ComplaintStatus.DEFERRED:
        return None
    zone = zone_of(row.place, rt.settings.zone)
    last = datetime.combine(row.deadline, time(23, 59, 59), zone)
    return last.isoformat("T", "seconds")


def _address(row: Complaint, names: Names) -> str | None:
    """From the street to the province, as far as it is known."""
    place = names.place(row.place) if row.place else ""
    parts = [part for part in (masked(row.address or ""), place) if part]
    return ", ".join(parts) or None


def _notes(row: Complaint, facts: Facts, language: str) -> str:
    """The state in words, and the last answer."""
    agency = facts.names.agency(row.agency) if row.agency else words.AGENCY.say(language)
    told = words.STATUS[row.status].say(language, agency=agency)
    answer = facts.answers.get(row.key)
    if answer is None or not answer.text:
        return told
    by = agency_of(answer, row)
    name = facts.names.agency(by) if by else agency
    return f"{told} {words.ANSWER.say(language, agency=name, text=masked(answer.text))}"


def agency_of(event: Event, row: Complaint | None) -> str | None:
    code = event.detail.get("agency")
    return code if isinstance(code, str) and code else row.agency if row else None
