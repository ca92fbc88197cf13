"""Writes: one transaction, repeated by the same Idempotency-Key as often as a client likes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from flask import Response, request
from pydantic import BaseModel
from sqlmodel import Session

from gateway.api import answers, auth
from gateway.api.faults import FORM
from gateway.api.problems import INVALID, KEY_REUSED, RUNNING, Fault, Problem
from gateway.runtime import Runtime
from store import idempotency
from store.idempotency import Answer

NAME = re.compile(r"[\x21-\x7e]{1,255}")
HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Done:
    """What a write answers."""

    model: BaseModel
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def kept(self) -> Answer:
        body = self.model.model_dump_json()
        return Answer(status=self.status, headers=self.headers, body=body)


def name() -> str:
    """Of this request, or ""."""
    given = request.headers.get(HEADER)
    if given is not None and not NAME.fullmatch(given):
        raise Problem(INVALID, faults=[Fault({"header": HEADER}, FORM)])
    return given or ""


def once(rt: Runtime, work: Callable[[Session], Done], *, keep: bool = True) -> Response:
    """Do it in one transaction, or say again what was answered when it was done.

    `keep=False`: an answer that quotes a person is not stored; the same request does it again.
    """
    given, key = name(), auth.access().key

    def unit(session: Session) -> tuple[Answer, bool]:
        if before := _before(session):
            return before, True
        answer = work(session).kept()
        if keep and given and key is not None:
            idempotency.keep(session, key, given, _digest(), answer, now=rt.now())
        return answer, False

    answer, replayed = rt.unit(unit)
    return _said(answer, replayed=replayed)


def again(rt: Runtime) -> Response | None:
    """What this request was answered before; None for a new one."""
    with rt.reading() as session:
        before = _before(session)
    return _said(before, replayed=True) if before else None


def _before(session: Session) -> Answer | None:
    given, key = name(), auth.access().key
    if not given or key is None:
        return None
    try:
        return idempotency.known(session, key, given, _digest())
    except idempotency.Running as error:
        raise Problem(RUNNING, headers={"Retry-After": "1"}) from error
    except idempotency.Reused as error:
        raise Problem(KEY_REUSED) from error


def _digest() -> str:
    """Of all that makes two requests the same one."""
    parts = (request.method, request.full_path, request.headers.get("If-Match", ""))
    return sha256("\0".join(parts).encode() + b"\0" + request.get_data()).hexdigest()


def _said(answer: Answer, *, replayed: bool = False) -> Response:
    response = Response(answer.body, answer.status, content_type=answers.JSON)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.update(dict(answer.headers))
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
