"""What a program reads when something cannot be done: RFC 9457, in the language it asked for."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog
from flask import Response, request
from pydantic import ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from bots.refusals import Refused
from gateway.accept import Unavailable
from gateway.api import faults
from gateway.faults import where
from gateway.open311.words import LANGUAGES, Words

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "30"
AWAY = (Unavailable, OperationalError, InterfaceError, PoolTimeoutError)  # of the database


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of problems; programs tell them apart by `name`, the end of `type`."""

    name: str
    status: int
    title: Words
    detail: Words


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request, and where."""

    place: Mapping[str, str]  # {"pointer": "/text"} in the body, {"parameter": "limit"} elsewhere
    words: Words

    def said(self, language: str) -> dict[str, str]:
        return {**self.place, "detail": self.words.say(language)}


class Problem(Exception):
    """An answer that says no."""

    def __init__(
        self,
        kind: Kind,
        *,
        detail: Words | None = None,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind.name)
        self.kind, self.detail, self.faults = kind, detail or kind.detail, faults
        self.headers = headers or {}


def _kind(name: str, status: int, title: tuple[str, str], detail: tuple[str, str]) -> Kind:
    return Kind(name, status, Words(*title), Words(*detail))


BAD_REQUEST = _kind(
    "bad-request",
    400,
    ("Permintaan tidak terbaca", "The request cannot be read"),
    ("Isi permintaan bukan JSON yang benar.", "The body of the request is not valid JSON."),
)
UNAUTHORIZED = _kind(
    "unauthorized",
    401,
    ("Kunci diperlukan", "A key is needed"),
    (
        "Kirim kunci API yang berlaku: Authorization: Bearer 1708_...",
        "Send a valid API key: Authorization: Bearer 1708_...",
    ),
)
FORBIDDEN = _kind(
    "forbidden",
    403,
    ("Tidak diizinkan", "Not allowed"),
    ("Kunci ini tidak boleh melakukan hal ini.", "This key may not do this."),
)
NOT_FOUND = _kind(
    "not-found",
    404,
    ("Tidak ditemukan", "Not found"),
    (
        "Tidak ada di sini, atau bukan untuk instansi Anda.",
        "It does not exist, or it is not for your agency.",
    ),
)
METHOD = _kind(
    "method-not-allowed",
    405,
    ("Metode tidak berlaku", "Method not allowed"),
    (
        "Metode HTTP ini tidak berlaku untuk alamat ini.",
        "This HTTP method does not apply to this address.",
    ),
)
REFUSED = _kind(
    "refused",
    409,
    ("Tidak dapat dilakukan", "It cannot be done"),
    (
        "Keadaan laporan atau katalog tidak memungkinkan hal ini.",
        "The case or the catalogue, as it is now, does not allow this.",
    ),
)
RUNNING = _kind(
    "request-in-progress",
    409,
    ("Permintaan masih diproses", "The request is at work"),
    (
        "Permintaan dengan Idempotency-Key ini belum selesai; ulangi sebentar lagi.",
        "The request with this Idempotency-Key has not ended; repeat it in a moment.",
    ),
)
STALE = _kind(
    "stale",
    412,
    ("Laporan sudah berubah", "The case has changed"),
    (
        "Laporan berubah sejak ETag itu diberikan: baca lagi, lalu ulangi.",
        "The case has changed since that ETag was given: read it again, then repeat.",
    ),
)
TOO_LARGE = _kind(
    "too-large",
    413,
    ("Permintaan terlalu besar", "The request is too large"),
    ("Isi permintaan terlalu besar.", "The body of the request is too large."),
)
MEDIA = _kind(
    "unsupported-media-type",
    415,
    ("Jenis isi tidak didukung", "Unsupported media type"),
    ("Kirim isi sebagai application/json.", "Send the body as application/json."),
)
INVALID = _kind(
    "invalid",
    422,
    ("Isian tidak berlaku", "Invalid values"),
    (
        "Ada isian yang tidak sesuai dengan dokumen OpenAPI; lihat errors.",
        "Some values are not as the OpenAPI document says; see errors.",
    ),
)
KEY_REUSED = _kind(
    "idempotency-key-reused",
    422,
    ("Idempotency-Key sudah terpakai", "The Idempotency-Key was used before"),
    (
        "Idempotency-Key ini sudah dipakai untuk permintaan lain.",
        "This Idempotency-Key was used for another request.",
    ),
)
PRECONDITION = _kind(
    "precondition-required",
    428,
    ("If-Match diperlukan", "If-Match is needed"),
    (
        "Kirim If-Match dengan ETag dari GET laporan ini.",
        "Send If-Match with the ETag that GET gave for this case.",
    ),
)
TOO_MANY = _kind(
    "too-many-requests",
    429,
    ("Terlalu banyak permintaan", "Too many requests"),
    (
        "Tunggu selama Retry-After (detik), lalu ulangi.",
        "Wait as many seconds as Retry-After says, then repeat.",
    ),
)
CRASHED = _kind(
    "crashed",
    500,
    ("Gagal di 1708", "1708 failed"),
    ("Permintaan ini gagal di 1708.", "1708 failed at this request."),
)
UNAVAILABLE = _kind(
    "unavailable",
    503,
    ("Sedang tidak dapat melayani", "Not available now"),
    (
        "1708 sedang tidak dapat melayani; ulangi sebentar lagi.",
        "1708 cannot answer at this moment; repeat it in a moment.",
    ),
)
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        BAD_REQUEST,
        UNAUTHORIZED,
        FORBIDDEN,
        NOT_FOUND,
        METHOD,
        REFUSED,
        RUNNING,
        STALE,
        TOO_LARGE,
        MEDIA,
        INVALID,
        KEY_REUSED,
        PRECONDITION,
        TOO_MANY,
        CRASHED,
        UNAVAILABLE,
    )
}
BY_STATUS = {400: BAD_REQUEST, 404: NOT_FOUND, 405: METHOD, 413: TOO_LARGE, 415: MEDIA}


def language() -> str:
    return request.accept_languages.best_match(LANGUAGES, default="id") or "id"


def said(kind: Kind, language: str, *, detail: Words | None = None) -> dict[str, object]:
    """The document; `errors` is added where single values are wrong."""
    return {
        "type": f"/api/problems/{kind.name}",
        "title": kind.title.say(language),
        "status": kind.status,
        "detail": (detail or kind.detail).say(language),
    }


def answered(problem: Problem) -> Response:
    tongue = language()
    document = said(problem.kind, tongue, detail=problem.detail)
    if problem.faults:
        document["errors"] = [fault.said(tongue) for fault in problem.faults]
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    answer = Response(body, problem.kind.status, content_type=MEDIA_TYPE)
    answer.headers["Content-Language"] = tongue
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Authorization, Accept-Language"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers.update(problem.headers)
    return answer


def of_refused(refused: Refused, kind: Kind = REFUSED) -> Problem:
    sentence = refused.sentence
    return Problem(kind, detail=Words(*(_braced(sentence.say(each)) for each in LANGUAGES)))


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def of_http(error: HTTPException) -> Response:
    """What Flask itself refuses, with the headers that belong to it, such as Allow."""
    kind = BY_STATUS.get(error.code or 500)
    if kind is None:
        kind = BAD_REQUEST if 400 <= (error.code or 500) < 500 else CRASHED
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    return answered(Problem(kind, headers=headers))


def of_crash(error: Exception) -> Response:
    """What happened is in the log, as type and place; a text may quote a citizen."""
    if isinstance(error, AWAY):
        log.warning("api_unavailable", error=where(error))
        return answered(Problem(UNAVAILABLE, headers={"Retry-After": RETRY_SECONDS}))
    log.error("request_crashed", error=where(error))
    return answered(Problem(CRASHED))


def of_invalid(error: ValidationError) -> Response:
    """flask-openapi3 calls it for what pydantic refuses."""
    return answered(Problem(INVALID, faults=list(_faults(error))))


def _faults(error: ValidationError) -> Iterator[Fault]:
    """Models of bodies are told from the others by their names."""
    outside = error.title.endswith(("Query", "Path"))
    for item in error.errors(include_url=False):
        parts = [str(part) for part in item["loc"]]
        place = {"parameter": parts[0]} if outside and parts else {"pointer": _pointer(parts)}
        yield Fault(place, faults.of(item))


def _pointer(parts: Sequence[str]) -> str:
    """RFC 6901; "" is the whole body."""
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)
