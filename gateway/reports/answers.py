"""A question about complaints answered as a document, for the command line, the API and paper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from gateway.reports import document as documents
from gateway.reports.document import Document, Section
from gateway.reports.printing import Letter, province_letter
from gateway.runtime import Runtime
from gateway.settings import Settings
from store.agencies.directory import Directory
from store.casework.deadlines import local_day
from store.reports import reports
from store.reports.agencies import activity, agency_name
from store.reports.cases import Book, open_book
from store.reports.groups import by, by_source, by_top_topic, by_topic
from store.reports.numbers import counts
from store.reports.query import Query, Unusable, check

PROVINCE = 2  # characters of its code
ANSWER_DUTY = "information"  # the shortest limit of an answer is what the letter asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be known; `by` puts the complaints of a summary side by side."""

    what: str
    query: Query
    by: str = ""


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the answers are made with."""

    book: Book
    settings: Settings
    today: date


def answer(rt: Runtime, session: Session, question: Question) -> Document:
    """Unusable if the question makes no sense, in words for whoever asked."""
    desk = _desk(rt, session, question)
    sections = REPORTS[question.what](desk, question)
    return _document(rt, session, question, sections)


def letter(rt: Runtime, session: Session, question: Question, words: Letter) -> str:
    """The review of a province as the letter to its kabupaten and kota."""
    desk = _desk(rt, session, question)
    review = reports.of_province(desk.book, question.query, today=desk.today, zone=rt.settings.zone)
    document = _document(rt, session, question, documents.province(review))
    days = rt.settings.clock.limit(ANSWER_DUTY).days
    return province_letter(review, document, words, days=days)


def _desk(rt: Runtime, session: Session, question: Question) -> _Desk:
    book = open_book(session, Directory.load(session, rt.settings.catalogue))
    today = local_day(rt.now(), rt.settings.zone)
    campaigns = rt.settings.clock.campaigns
    check(question.query, book.directory, book.words, today=today, campaigns=campaigns)
    if question.what == "province" and len(question.query.area) != PROVINCE:
        raise Unusable(f"{question.query.area} is no province: ask for its first two digits.")
    return _Desk(book, rt.settings, today)


def _document(
    rt: Runtime, session: Session, question: Question, sections: Sequence[Section]
) -> Document:
    seen = reports.refreshed_at(session)
    return Document(
        report=question.what,
        query=question.query,
        refreshed_at=seen.astimezone(rt.settings.zone) if seen else None,
        sections=sections,
        notes=_notes(sections),
    )


def _notes(sections: Sequence[Section]) -> list[str]:
    keys = {section.key: section for section in sections}
    first = keys.get("complaints")
    figures = dict(zip(first.columns, first.rows[0], strict=True)) if first else {}
    notes = ["no_complaints"] if figures.get("received") == 0 else []
    return [*notes, "no_agencies"] if "activity" in keys and not keys["activity"].rows else notes


def _summary(desk: _Desk, question: Question) -> list[Section]:
    book, query = desk.book, question.query
    if question.by:
        cases = reports.asked_for(book, query)
        groups = by(question.by, cases, book, query)
        return [documents.complaints(counts(cases)), documents.groups("groups", groups)]
    zone = desk.settings.zone
    return documents.summary(reports.summary(book, query, today=desk.today, zone=zone))


def _agencies(desk: _Desk, question: Question) -> list[Section]:
    book, query, zone = desk.book, question.query, desk.settings.zone
    found = reports.of_agencies(book, query, today=desk.today, zone=zone)
    return [documents.activity(activity(book, query)), documents.agencies(found)]


def _topics(desk: _Desk, question: Question) -> list[Section]:
    cases = reports.asked_for(desk.book, question.query)
    return [
        documents.complaints(counts(cases)),
        documents.groups("top_topics", by_top_topic(cases, desk.book)),
        documents.groups("topics", by_topic(cases, desk.book)),
    ]


def _channels(desk: _Desk, question: Question) -> list[Section]:
    cases = reports.asked_for(desk.book, question.query)
    found = by_source(cases, desk.book)
    return [documents.complaints(counts(cases)), documents.groups("channels", found)]


def _timing(desk: _Desk, question: Question) -> list[Section]:
    return documents.timing(reports.timing(desk.book, question.query, desk.settings.clock))


def _overdue(desk: _Desk, question: Question) -> list[Section]:
    book, zone = desk.book, desk.settings.zone
    found = reports.overdue(book, question.query, today=desk.today, zone=zone)
    return documents.overdue(found, {each.agency: agency_name(book, each.agency) for each in found})


def _province(desk: _Desk, question: Question) -> list[Section]:
    book, query, zone = desk.book, question.query, desk.settings.zone
    return documents.province(reports.of_province(book, query, today=desk.today, zone=zone))


REPORTS: Mapping[str, Callable[[_Desk, Question], list[Section]]] = {
    "summary": _summary,
    "agencies": _agencies,
    "topics": _topics,
    "channels": _channels,
    "timing": _timing,
    "overdue": _overdue,
    "province": _province,
}
