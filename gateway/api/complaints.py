"""Complaints: listed, looked at, their history and files."""

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import structlog
from flask import Response, request
from sqlmodel import Session

from bots import refusals
from gateway.api import answers, auth, paging, present, problems, wire
from gateway.api.contract import operation, part
from gateway.api.present import Shown
from gateway.api.problems import NOT_FOUND, Problem
from gateway.runtime import Runtime, from_app
from gateway.settings import MediaType
from store import audit
from store.agencies.access import Access, Action
from store.agencies.scope import Scope, visible
from store.casework import case_lists
from store.casework.case_lists import Seen, Wanted
from store.files import Damaged, Files
from store.models import Attachment, AttachmentStatus, Complaint

log = structlog.get_logger()
bp = part("complaints", "Complaints within the reach of the key.")
CONTENT = {
    "description": "The file.",
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}} for kind in get_args(MediaType)
    },
}


def seen_by(rt: Runtime, session: Session, access: Access) -> Seen:
    return visible(access, Scope.of(session, rt.reader.catalogue, access.agency))


def found(session: Session, seen: Seen, tracking: int) -> Complaint:
    """404 for a case that does not exist, and the very same for one of others."""
    row = case_lists.find(session, seen, tracking)
    if row is None:
        raise problems.of_refused(refusals.unknown_case(tracking), NOT_FOUND)
    return row


@operation(bp, "get", "/complaints", {200: wire.Complaints}, Action.READ)
def list_complaints(query: wire.ComplaintsQuery) -> Response:
    """List complaints, the newest first."""
    rt, access = from_app(), auth.access()
    wanted = Wanted(
        tracking=query.q,
        statuses=tuple(query.status),
        agency=query.agency or "",
        area=query.area or "",
        category=query.category or "",
        source=query.source or "",
        created_since=query.created_since,
        created_until=query.created_until,
        updated_since=query.updated_since,
        updated_until=query.updated_until,
        late_on=rt.desk().today(None) if query.overdue else None,
    )
    with rt.reading() as session:
        seen = seen_by(rt, session, access)
        beyond, size = paging.row_of(query.cursor), query.limit
        rows = case_lists.page(session, seen, wanted, size=size + 1, beyond=beyond)
        kept, following = paging.split(rows, size, lambda row: paging.of_row(row.key))
        shown = Shown.of(rt, session, seen, kept)
    items = [shown.complaint(row) for row in kept]
    return answers.read(wire.Complaints(items=items, next=following), next_page=following)


@operation(
    bp, "get", "/complaints/<tracking>", {200: wire.Complaint}, Action.READ, problems=("not-found",)
)
def show_complaint(path: wire.CasePath, query: wire.CaseQuery) -> Response:
    """Show one complaint; its ETag is what If-Match of a move asks for."""
    rt = from_app()
    with _session(rt, unmasked=query.unmasked) as session:
        seen = seen_by(rt, session, auth.access())
        row = found(session, seen, path.tracking)
        _keep_reveal(rt, session, row, unmasked=query.unmasked)
        shown = Shown.of(rt, session, seen, [row])
        return answers.read(shown.complaint(row, unmasked=query.unmasked))


@contextmanager
def _session(rt: Runtime, *, unmasked: bool) -> Iterator[Session]:
    """To see what is masked is written down, and only for those who act."""
    if unmasked:
        auth.needs(Action.ACT)
    with rt.transaction() if unmasked else rt.reading() as session:
        yield session


def _keep_reveal(rt: Runtime, session: Session, row: Complaint, *, unmasked: bool) -> None:
    if unmasked:
        audit.write(
            session,
            now=rt.now(),
            actor=auth.access().name,
            action="complaint.reveal",
            reason="api",
            detail={"complaint": row.key},
        )


@operation(
    bp,
    "get",
    "/complaints/<tracking>/events",
    {200: wire.Events},
    Action.READ,
    problems=("not-found",),
)
def list_events(path: wire.CasePath, query: wire.EventsQuery) -> Response:
    """List what happened to a complaint, the oldest first."""
    rt, size = from_app(), query.limit
    with _session(rt, unmasked=query.unmasked) as session:
        row = found(session, seen_by(rt, session, auth.access()), path.tracking)
        _keep_reveal(rt, session, row, unmasked=query.unmasked)
        beyond = paging.row_of(query.cursor)
        rows = case_lists.events(session, row.key, size=size + 1, beyond=beyond)
        kept, following = paging.split(rows, size, lambda each: paging.of_row(each.key))
        items = [present.event(each, unmasked=query.unmasked) for each in kept]
    return answers.read(wire.Events(items=items, next=following), next_page=following)


@operation(
    bp,
    "get",
    "/complaints/<tracking>/dispositions",
    {200: wire.Dispositions},
    Action.READ,
    problems=("not-found",),
)
def list_dispositions(path: wire.CasePath) -> Response:
    """List the agencies that have or had a complaint, each with its own state."""
    rt = from_app()
    with rt.reading() as session:
        seen = seen_by(rt, session, auth.access())
        row = found(session, seen, path.tracking)
        shown = Shown.of(rt, session, seen, [row])
    items = [shown.disposition(desk) for desk in shown.desks.get(row.key, ())]
    return answers.read(wire.Dispositions(items=items))


@operation(
    bp,
    "get",
    "/complaints/<tracking>/attachments",
    {200: wire.Attachments},
    Action.READ,
    problems=("not-found",),
)
def list_attachments(path: wire.CasePath) -> Response:
    """List the photos, voice notes, videos and documents of a complaint."""
    rt = from_app()
    with rt.reading() as session:
        row = found(session, seen_by(rt, session, auth.access()), path.tracking)
        files = case_lists.attachments(session, row.key)
    items = [present.attachment(file, path.tracking) for file in files]
    return answers.read(wire.Attachments(items=items))


@operation(
    bp,
    "get",
    "/complaints/<tracking>/attachments/<attachment>/content",
    {200: CONTENT},
    Action.READ,
    problems=("not-found",),
)
def show_content(path: wire.AttachmentPath) -> Response:
    """Get the content of one file, to be saved, not shown."""
    rt = from_app()
    with rt.reading() as session:
        row = found(session, seen_by(rt, session, auth.access()), path.tracking)
        files = case_lists.attachments(session, row.key)
    file = next((each for each in files if each.id == path.attachment), None)
    if file is None or file.status != AttachmentStatus.STORED:
        raise Problem(NOT_FOUND)
    return _content(rt, file)


def _content(rt: Runtime, file: Attachment) -> Response:
    try:
        content = Files(rt.settings.attachments_url).read(file.digest)
    except (FileNotFoundError, Damaged) as error:
        log.error("attachment_lost", attachment=file.key, error=type(error).__name__)
        raise Problem(NOT_FOUND) from error
    ending = mimetypes.guess_extension(file.content_type) or ""
    answer = Response(content, content_type=file.content_type)
    answer.set_etag(file.digest)
    answer.headers["Content-Disposition"] = f'attachment; filename="lampiran-{file.key}{ending}"'
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Authorization"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.make_conditional(request)
    return answer
