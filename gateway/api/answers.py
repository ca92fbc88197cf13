"""Answers with their ETags, and whether what a client knows is still so."""

from collections.abc import Iterable
from hashlib import sha256

from flask import Response, request
from pydantic import BaseModel

from gateway.api.problems import PRECONDITION, STALE, Problem

JSON = "application/json"


def etag_of(body: bytes) -> str:
    return sha256(body).hexdigest()[:32]


def body_of(model: BaseModel) -> bytes:
    return model.model_dump_json(by_alias=True).encode()


def read(model: BaseModel, *, next_page: str | None = None) -> Response:
    """What a GET answers; 304 if the client has the very same."""
    body = body_of(model)
    answer = Response(body, content_type=JSON)
    answer.set_etag(etag_of(body))
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Authorization, Accept-Language"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if next_page:
        answer.headers["Link"] = f'<{next_page}>; rel="next"'
    answer.make_conditional(request)
    return answer


def must_match(etags: Iterable[str], *, required: bool) -> None:
    """If-Match against the present state, whose lock the caller holds."""
    if "If-Match" not in request.headers:
        if required:
            raise Problem(PRECONDITION)
        return
    if not any(request.if_match.contains(etag) for etag in etags):
        raise Problem(STALE)
