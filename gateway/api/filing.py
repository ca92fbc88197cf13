"""POST complaints: a report that goes the way of every message."""

import secrets
from hashlib import sha256

from flask import Response

from bots import refusals
from bots.reader import Reader
from gateway.api import answers, auth, idempotent, present, problems, wire
from gateway.api.contract import operation, part
from gateway.api.idempotent import Done
from gateway.api.problems import KEY_REUSED, NOT_FOUND, REFUSED, Problem
from gateway.open311.words import Words
from gateway.runtime import Runtime, from_app
from parsers.messages import Envelope, Location
from store import submissions
from store.agencies.access import Access, Action
from store.submissions import Submission

CHANNEL = "api"
ADDRESS = "Alamat: {}"  # how an officer reads what stood in a field of its own
WISH = {"anonim": "Kirim anonim.", "rahasia": "Laporan ini rahasia."}  # parsers.privacy reads it
REFERENCE_USED = Words(
    "external_reference ini sudah dipakai untuk laporan lain.",
    "This external_reference was used for another report.",
)
# The document's way to say which operation comes next.
ACCEPTED = {
    "description": "Accepted: it is on disk.",
    "content": {answers.JSON: {"schema": {"$ref": "#/components/schemas/Submission"}}},
    "links": {
        "submission": {
            "operationId": "show_submission",
            "parameters": {"submission": "$response.body#/id"},
        }
    },
}
bp = part("submissions", "Reports that programs hand in for citizens.")


@operation(
    bp,
    "post",
    "/complaints",
    {202: ACCEPTED},
    Action.FILE,
    problems=("refused", "request-in-progress", "idempotency-key-reused"),
)
def file_complaint(body: wire.NewComplaint) -> Response:
    """Hand in a report: it is safe when this answers, and has its number moments later.

    The same `external_reference`, or the same Idempotency-Key, is the same report.
    """
    rt = from_app()
    if before := idempotent.again(rt):
        return before
    envelope = _envelope(rt, auth.access(), body)
    rt.accept(envelope)
    _must_be_ours(rt, envelope)
    return idempotent.once(rt, lambda _: _accepted(envelope))


def _accepted(envelope: Envelope) -> Done:
    token = envelope.provider_id
    model = wire.Submission(
        id=token,
        status="waiting",
        tracking=None,
        external_reference=envelope.message_ref or None,
        replies=[],
        complaint=None,
    )
    return Done(model, 202, {"Location": f"{present.BASE}/submissions/{token}", "Retry-After": "1"})


def _envelope(rt: Runtime, access: Access, body: wire.NewComplaint) -> Envelope:
    owner = _owner(access)
    name = body.external_reference or idempotent.name()
    kind = "reference" if body.external_reference else "key"
    return Envelope(
        channel=CHANNEL,
        provider_id=f"{owner}-{_digest(kind, name) if name else secrets.token_hex(16)}",
        sender=f"{owner}:{body.phone or secrets.token_hex(16)}",
        text=_text(rt.reader, body),
        received_at=rt.now(),
        message_ref=body.external_reference or "",
        location=_pin(body.location),
        category=_category(rt.reader, body.category),
    )


def _owner(access: Access) -> str:
    """Of a program, whatever key it has now: what one hands in is no other's business."""
    return _digest(access.agency, access.name)[:12]


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _text(reader: Reader, body: wire.NewComplaint) -> str:
    """The report with what belongs to it, as the citizen might have written it."""
    where = [body.address] if body.address else []
    where += [_place(reader, body.area)] if body.area else []
    lines = [body.text]
    lines += [ADDRESS.format(", ".join(where))] if where else []
    lines += [WISH[body.privacy]] if body.privacy else []
    return "\n".join(lines)


def _place(reader: Reader, code: str) -> str:
    if code not in reader.gazetteer.codes:
        raise problems.of_refused(refusals.unknown_code("Wilayah", code, ""))
    return reader.place_name(code)


def _category(reader: Reader, code: str | None) -> str:
    if code and code not in reader.catalogue.categories:
        raise problems.of_refused(refusals.unknown_code("Kategori", code, ""))
    return code or ""


def _pin(point: wire.Point | None) -> Location | None:
    return Location(lat=point.lat, lon=point.lon) if point else None


def _must_be_ours(rt: Runtime, envelope: Envelope) -> None:
    """What is kept under this name is the same report; else this one was passed over."""
    with rt.reading() as session:
        kept = submissions.find(session, CHANNEL, envelope.provider_id)
    if kept and kept.text != envelope.text:
        if kept.reference:
            raise Problem(REFUSED, detail=REFERENCE_USED)
        raise Problem(KEY_REUSED)


@operation(
    bp,
    "get",
    "/submissions/<submission>",
    {200: wire.Submission},
    Action.FILE,
    problems=("not-found",),
)
def show_submission(path: wire.SubmissionPath) -> Response:
    """What became of a report: its tracking number, and what its reporter is to be told."""
    rt, token = from_app(), path.submission
    mine = token.startswith(f"{_owner(auth.access())}-")
    with rt.reading() as session:
        found = submissions.find(session, CHANNEL, token) if mine else None
    if found is None:
        raise Problem(NOT_FOUND)
    return answers.read(_submission(token, found))


def _submission(token: str, found: Submission) -> wire.Submission:
    return wire.Submission(
        id=token,
        status="filed" if found.tracking else "not_filed" if found.settled else "waiting",
        tracking=found.tracking,
        external_reference=found.reference or None,
        replies=list(found.replies),
        complaint=present.case_url(found.tracking) if found.tracking else None,
    )
