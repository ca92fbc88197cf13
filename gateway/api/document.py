"""The OpenAPI document: what flask-openapi3 makes of the views, with what all answers share."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any, cast

from flask_openapi3.openapi import OpenAPI

from gateway.api.answers import JSON
from gateway.api.examples import EXAMPLES
from gateway.api.problems import (
    BAD_REQUEST,
    CRASHED,
    FORBIDDEN,
    INVALID,
    KINDS,
    MEDIA,
    MEDIA_TYPE,
    TOO_LARGE,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    Kind,
    said,
)

Json = dict[str, Any]
EVERYWHERE = (UNAUTHORIZED, FORBIDDEN, INVALID, TOO_MANY, CRASHED, UNAVAILABLE)
WITH_BODY = (BAD_REQUEST, TOO_LARGE, MEDIA)
TITLE = "1708 API"
DESCRIPTION = """\
Complaints of SP4N-LAPOR! that came in through 1708, for programs of agencies.

**Keys.** `Authorization: Bearer 1708_...`. A key is for one agency with its units, or national, and
for some actions; each operation names those it needs in `x-needs`. What a key may not see does not
exist for it (404).

**Pages.** Lists answer `items` and `next`, the address of the next page, also in the header `Link`.

**States.** Each GET has an `ETag`; with `If-None-Match` an answer that did not change is 304. A
move on a complaint takes `If-Match` with the ETag of `GET /complaints/{tracking}`: 412 when
somebody else was faster. Its answer carries the new ETag.

**Repeats.** Each POST takes an `Idempotency-Key` (up to 255 visible ASCII characters). The same
request with the same key is answered the same again, with `Idempotency-Replayed: true`, and done
once; another request with that key is 422; while the first one is at work, 409.

**Limits.** `RateLimit` and `X-RateLimit-*` tell what is left of a minute; 429 says by
`Retry-After` how long to wait.

**Problems.** RFC 9457, in Indonesian or by `Accept-Language: en` in English; `type` stays the same.
422 says that a request is not as this document describes it, 409 that the case or the catalogue,
as it is now, does not allow it.
"""
PROBLEM_SCHEMA: Json = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "enum": [f"/api/problems/{name}" for name in KINDS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "additionalProperties": False,
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901, in the body."},
                    "parameter": {"type": "string"},
                    "header": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
WHOLE: Json = {"type": "integer", "minimum": 0}
TEXT: Json = {"type": "string"}
HEADERS: Mapping[str, Json] = {
    "X-RateLimit-Limit": {"description": "Requests a minute.", "schema": WHOLE},
    "X-RateLimit-Remaining": {"description": "Of them left.", "schema": WHOLE},
    "X-RateLimit-Reset": {"description": "Seconds until all are back.", "schema": WHOLE},
    "RateLimit": {"description": 'As `"minute";r=599;t=60`.', "schema": TEXT},
    "RateLimit-Policy": {"description": 'As `"minute";q=600;w=60`.', "schema": TEXT},
    "ETag": {"description": "Of this representation.", "schema": TEXT},
    "Link": {"description": 'The next page, `rel="next"`.', "schema": TEXT},
    "Retry-After": {"description": "Seconds.", "schema": WHOLE},
    "WWW-Authenticate": {"schema": TEXT},
    "Location": {"description": "Where to look for what becomes of it.", "schema": TEXT},
    "Idempotency-Replayed": {"description": "`true` for a repeat.", "schema": TEXT},
}
LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit")
OF_STATUS: Mapping[str, tuple[str, ...]] = {
    "202": ("Location", "Retry-After", "Idempotency-Replayed"),
    "401": ("WWW-Authenticate",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}


class Document:
    """Made when it is first asked for: most processes and tests never are."""

    def __init__(self, app: OpenAPI) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._made: Json | None = None

    def read(self) -> Json:
        with self._lock:
            if self._made is None:
                self._made = _complete_all(cast(Json, self._app.api_doc))
            return self._made


def _complete_all(document: Json) -> Json:
    parts = document["components"]
    parts["schemas"].pop("ValidationErrorModel", None)
    parts["schemas"]["Problem"] = PROBLEM_SCHEMA
    parts["headers"] = dict(HEADERS)
    parts["responses"] = {kind.name: _response([kind]) for kind in KINDS.values()}
    for schema in parts["schemas"].values():
        schema.pop("$defs", None)  # each of them is a component of its own
    for method, operation in _operations(document):
        _complete(method, operation)
    return document


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path in document["paths"].values():
        yield from path.items()


def _complete(method: str, operation: Json) -> None:
    """Add the problems and headers that the views do not repeat."""
    names = operation.pop("x-problems", [])
    for parameter in operation.get("parameters", ()):
        _without_null(parameter["schema"])
    _exemplify(operation.get("requestBody", {}))
    own = [*EVERYWHERE, *(WITH_BODY if "requestBody" in operation else ())]
    own += [KINDS[name] for name in names]
    answers = operation["responses"]
    answers.pop("422", None)  # as flask-openapi3 would say it
    for status, answer in answers.items():
        _exemplify(answer)
        extra = ("ETag",) if method == "get" else ("Idempotency-Replayed",)
        answer["headers"] = _headers(*LIMITS, *OF_STATUS.get(status, extra))
    if method == "get":
        headers = _headers(*LIMITS, "ETag")
        answers["304"] = {"description": "Not changed: If-None-Match.", "headers": headers}
    for status in sorted({kind.status for kind in own}):
        several = [kind for kind in own if kind.status == status]
        one = {"$ref": f"#/components/responses/{several[0].name}"}
        answers[str(status)] = one if len(several) == 1 else _response(several)


def _exemplify(holder: Json) -> None:
    """Give JSON the example of its model."""
    if JSON in (content := holder.get("content", {})):
        name = content[JSON]["schema"]["$ref"].rpartition("/")[2]
        content[JSON]["example"] = EXAMPLES[name]


def _without_null(schema: Json) -> None:
    """A parameter may be left out, but no text in an address says null."""
    if "anyOf" in schema:
        schema.update(schema.pop("anyOf")[0])
        del schema["default"]


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(names)}


def _response(kinds: list[Kind]) -> Json:
    status = str(kinds[0].status)
    return {
        "description": " / ".join(f"{kind.title.en}: {kind.detail.en}" for kind in kinds),
        "headers": _headers(*OF_STATUS.get(status, ())),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {kind.name: {"value": _example(kind)} for kind in kinds},
            }
        },
    }


def _example(kind: Kind) -> Json:
    document = said(kind, "en")
    if kind is INVALID:
        document["errors"] = [{"parameter": "limit", "detail": "100 at most."}]
    return document
