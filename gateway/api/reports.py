"""The ministry's reports: all of them for national keys, its own for the key of an agency."""

from dataclasses import replace
from datetime import date

from flask import Response
from sqlmodel import Session

from bots import refusals
from gateway.api import answers, auth, problems
from gateway.api import wire_office as office
from gateway.api.contract import operation, part
from gateway.api.problems import FORBIDDEN, REFUSED, Problem
from gateway.open311.words import Words
from gateway.reports.answers import Question, answer
from gateway.reports.document import as_object
from gateway.runtime import Runtime, from_app
from store.agencies.access import Access, Action
from store.agencies.directory import Directory
from store.agencies.scope import Scope
from store.casework.deadlines import local_day
from store.reports.query import Query, Unusable

OLDEST = date(1900, 1, 1)  # no complaint is older, and calendars go back further
NARROWING = ("area", "agency", "topic", "campaign", "level", "kind", "source")
NO_PROVINCE = Words("Isi area dengan kode provinsi.", "Give the code of a province as area.")
NOT_BY = Words("by hanya berlaku untuk summary.", "by is for the summary only.")
bp = part("reports", "Figures of complaints, from rollups that are a few minutes old at most.")


@operation(
    bp, "get", "/reports/<report>", {200: office.Report}, Action.REPORT, problems=("refused",)
)
def show_report(path: office.ReportPath, query: office.ReportQuery) -> Response:
    """Give a report on the complaints received in a period, from 1 January until today if not said.

    A period ends today at the latest, and a table by day, week or month has 1,000 rows at most.
    Its figures are named as in docs/reports.md.
    """
    rt, access = from_app(), auth.access()
    today = local_day(rt.now(), rt.settings.zone)
    start = max(query.start or date(today.year, 1, 1), OLDEST)
    asked = Query(
        start=start,
        end=min(query.end or today, max(start, today)),  # what is yet to come is refused as such
        **{name: getattr(query, name) or "" for name in NARROWING},
    )
    if query.by and path.report != "summary":
        raise Problem(REFUSED, detail=NOT_BY)
    if path.report == "province" and not asked.area:
        raise Problem(REFUSED, detail=NO_PROVINCE)
    with rt.reading() as session:
        asked = _bounded(rt, session, access, path.report, asked)
        question = Question(what=path.report, query=asked, by=query.by or "")
        try:
            document = answer(rt, session, question)
        except Unusable as error:
            said = str(error).replace("{", "{{").replace("}", "}}")
            raise Problem(REFUSED, detail=Words(said, said)) from error
    return answers.read(office.Report.model_validate(as_object(document)))


def _bounded(rt: Runtime, session: Session, access: Access, report: str, query: Query) -> Query:
    """An agency asks about itself and what is below it."""
    if not access.agency:
        return query
    directory = Directory.load(session, rt.reader.catalogue)
    if report == "province":
        if directory.governments.get(access.agency) != query.area:
            raise problems.of_refused(refusals.not_your_desk(query.area), FORBIDDEN)
        return query
    agency = query.agency or access.agency
    if not Scope.within(directory, access.agency).reaches(agency):
        raise problems.of_refused(refusals.not_your_desk(agency), FORBIDDEN)
    return replace(query, agency=agency)
