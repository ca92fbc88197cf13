"""What an agency does with a complaint: one move, one transaction, told to the reporter."""

from collections.abc import Callable
from typing import TypeAlias

from flask import Response
from sqlmodel import Session

from bots import refusals
from bots.casework import Casework
from bots.refusals import Refused
from gateway import queue
from gateway.api import answers, auth, idempotent, present, problems, wire
from gateway.api.complaints import seen_by
from gateway.api.contract import View, operation, part
from gateway.api.idempotent import Done
from gateway.api.present import Shown
from gateway.api.problems import FORBIDDEN, NOT_FOUND
from gateway.queue import Wake
from gateway.runtime import Runtime, from_app
from store import audit
from store.agencies.access import Action
from store.agencies.scope import Scope

Act: TypeAlias = Callable[[Casework], object]
PROBLEMS = (
    "not-found",
    "refused",
    "request-in-progress",
    "stale",
    "precondition-required",
    "idempotency-key-reused",
)
bp = part("moves", "What agencies do with complaints.")


def _post(name: str, action: Action) -> Callable[[View], View]:
    rule = f"/complaints/<tracking>/{name}"
    return operation(
        bp, "post", rule, {200: wire.Complaint}, Action.READ, action, problems=PROBLEMS
    )


@_post("dispositions", Action.TRIAGE)
def dispose(path: wire.CasePath, body: wire.Dispose) -> Response:
    """Hand a complaint to an agency, beside those that have it."""
    return _move(
        "dispose",
        path.tracking,
        lambda work: work.dispose(body.agency, body.reason, deadline=body.deadline),
    )


@_post("responses", Action.ACT)
def respond(path: wire.CasePath, body: wire.Answer) -> Response:
    """Answer a complaint; the reporter gets it in full and is asked whether that solved it."""
    return _move(
        "answer", path.tracking, lambda work: work.answer(body.agency, body.text), body.agency
    )


@_post("forwarding", Action.ACT)
def forward(path: wire.CasePath, body: wire.Forward) -> Response:
    """Hand an agency's part on to a unit of its own."""
    return _move(
        "forward",
        path.tracking,
        lambda work: work.forward(body.agency, body.unit, body.reason),
        body.agency,
    )


@_post("return", Action.ACT)
def give_back(path: wire.CasePath, body: wire.Return) -> Response:
    """It is not the task of this agency (bukan wewenang)."""
    return _move(
        "return", path.tracking, lambda work: work.give_back(body.agency, body.reason), body.agency
    )


@_post("start", Action.ACT)
def start(path: wire.CasePath, body: wire.Start) -> Response:
    """Work has begun."""
    return _move(
        "start", path.tracking, lambda work: work.start(body.agency, body.note), body.agency
    )


@_post("deferral", Action.ACT)
def defer(path: wire.CasePath, body: wire.Defer) -> Response:
    """Ask the reporter (tunda): the clock stands still until the answer."""
    if not body.agency:
        auth.needs(Action.TRIAGE)
    agency = body.agency or ""
    return _move("defer", path.tracking, lambda work: work.defer(body.question, agency), agency)


@_post("resumption", Action.ACT)
def resume(path: wire.CasePath, body: wire.Resume) -> Response:
    """Go on without the reporter's answer: the clock runs again."""
    return _move("resume", path.tracking, lambda work: work.resume(body.note))


@_post("archive", Action.TRIAGE)
def archive(path: wire.CasePath, body: wire.Archive) -> Response:
    """Nobody will act: the reporter hears why and what to do next."""
    return _move("archive", path.tracking, lambda work: work.archive(body.why, body.text))


@_post("restoration", Action.TRIAGE)
def restore(path: wire.CasePath, body: wire.Restore) -> Response:
    """Take a complaint out of the archive again."""
    return _move("restore", path.tracking, lambda work: work.restore(body.reason))


@_post("corrections", Action.TRIAGE)
def correct(path: wire.CasePath, body: wire.Correct) -> Response:
    """Put right what was understood; the matcher learns from it."""
    return _move(
        "correct",
        path.tracking,
        lambda work: work.correct(
            category=body.category,
            place=body.place,
            kind=body.kind,
            campaign=body.campaign,
            reason=body.reason,
        ),
    )


def _move(name: str, tracking: int, act: Act, agency: str = "") -> Response:
    """The answer is the complaint as it is then, with its ETag; `agency` is who acts."""
    rt = from_app()
    answer = idempotent.once(rt, lambda session: _moved(rt, session, name, tracking, act, agency))
    queue.wake(rt.redis, Wake.DELIVER)
    return answer


def _moved(rt: Runtime, session: Session, name: str, tracking: int, act: Act, agency: str) -> Done:
    work = _opened(rt, session, tracking)
    complaint = work.complaint
    seen = seen_by(rt, session, auth.access())
    before = Shown.of(rt, session, seen, [complaint])
    answers.must_match(before.etags(complaint), required=rt.settings.api.require_if_match)
    _must_act_for(rt, session, agency)
    try:
        act(work)
    except Refused as refused:
        raise problems.of_refused(refused) from refused
    audit.write(
        session,
        now=rt.now(),
        actor=auth.access().name,
        action=f"case.{name}",
        reason="api",
        detail={"complaint": complaint.key},
    )
    session.flush()
    shown = Shown.of(rt, session, seen, [complaint]).complaint(complaint)
    etag = answers.etag_of(answers.body_of(shown))
    return Done(
        shown,
        headers={"ETag": f'"{etag}"', "Content-Location": present.case_url(tracking)},
    )


def _opened(rt: Runtime, session: Session, tracking: int) -> Casework:
    """The case, locked until the transaction ends."""
    try:
        return Casework.of(session, rt.desk(), auth.access(), tracking)
    except Refused as refused:
        raise problems.of_refused(refused, NOT_FOUND) from refused


def _must_act_for(rt: Runtime, session: Session, agency: str) -> None:
    """Said as 403 here; the casework itself refuses it as well."""
    scope = Scope.of(session, rt.reader.catalogue, auth.access().agency)
    if agency and not scope.own.reaches(agency):
        raise problems.of_refused(refusals.not_your_desk(agency), FORBIDDEN)
