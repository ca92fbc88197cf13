"""/open311/v2/...: every answer is a document of the standard, also one that says no."""

from typing import Any

import structlog
from flask import Blueprint, Response, g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from gateway.accept import Unavailable
from gateway.faults import where
from gateway.open311 import arguments, filing, requests, services, updates, words
from gateway.open311.arguments import language, named, number_of
from gateway.open311.rendering import Format, Value, render
from gateway.open311.words import Fault, Refusal, refusal
from gateway.runtime import from_app
from parsers.messages import storable

log = structlog.get_logger()
bp = Blueprint("open311", __name__, url_prefix="/open311/v2")
ANY = ["GET", "POST", "PUT", "PATCH", "DELETE"]
RETRY_SECONDS = "30"


@bp.url_value_preprocessor
def suffixed(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Take `.xml` or `.json` from the address."""
    if not values:
        return
    g.suffix = values.pop("suffix", None)
    if "name" in values:
        name, dot, suffix = storable(values["name"]).rpartition(".")
        values["name"] = name if dot else suffix
        g.suffix = suffix if dot else None


@bp.before_request
def known_format() -> None:
    suffix = g.get("suffix")
    if suffix is not None and suffix not in set(Format):
        g.suffix = None
        raise refusal(404, words.NO_FORMAT, name=suffix[:20])


@bp.before_request
def jurisdiction() -> None:
    """Needed only where there are several, but a wrong one is never passed over."""
    known = from_app().settings.open311.jurisdictions
    asked = named("jurisdiction_id")
    if request.method == "POST":
        asked = filing.field("jurisdiction_id") or asked
    if asked and asked not in known:
        raise refusal(404, words.JURISDICTION_UNKNOWN)
    if not asked and len(known) > 1:
        raise refusal(400, words.JURISDICTION_MISSING)


@bp.get("/discovery")
@bp.get("/discovery.<suffix>")
def discover() -> Response:
    return _said("discovery", services.discovery(from_app().settings))


@bp.get("/services")
@bp.get("/services.<suffix>")
def list_services() -> Response:
    rt = from_app()
    return _said("services", services.services(rt.reader, rt.policy, language()))


@bp.get("/services/<name>")
def define_service(name: str) -> Response:
    topic = services.topic(from_app().reader, name)
    return _said("service_definition", services.definition(topic, language()))


@bp.get("/requests")
@bp.get("/requests.<suffix>")
def list_requests() -> Response:
    rt = from_app()
    query, page = requests.wanted(rt), arguments.page(rt.settings.open311)
    return _said("service_requests", requests.requests(rt, query, page, language()))


@bp.get("/requests/<name>")
def show_request(name: str) -> Response:
    return _said("service_requests", requests.one(from_app(), number_of(name), language()))


@bp.post("/requests")
@bp.post("/requests.<suffix>")
def file_request() -> Response:
    return _said("service_requests", filing.file(from_app()), 201)


@bp.get("/tokens/<name>")
def show_token(name: str) -> Response:
    return _said("service_requests", filing.of_token(from_app(), name))


@bp.get("/servicerequestupdates")
@bp.get("/servicerequestupdates.<suffix>")
def list_updates() -> Response:
    rt = from_app()
    page = arguments.page(rt.settings.open311)
    return _said("service_request_updates", updates.updates(rt, page))


@bp.post("/servicerequestupdates")
@bp.post("/servicerequestupdates.<suffix>")
def take_update() -> Response:
    return _said("service_request_updates", updates.take(from_app()))


@bp.route("/", methods=ANY)
@bp.route("/<path:_rest>", methods=ANY)
def nothing(_rest: str = "") -> Response:
    raise refusal(404, words.NO_RESOURCE)


def _said(root: str, body: Value, status: int = 200) -> Response:
    return render(root, body, arguments.answer_format(), status)


@bp.errorhandler(Refusal)
def refused(error: Refusal) -> Response:
    """The standard: 404 for what does not exist, 403 for a wrong key, else 400."""
    said: list[Value] = [
        {"code": error.status, "description": it.say(language())} for it in error.faults
    ]
    return _said("errors", said, error.status)


@bp.errorhandler(HTTPException)
def explained(error: HTTPException) -> Response:
    large = isinstance(error, RequestEntityTooLarge)
    fault = Fault(words.TOO_LARGE if large else words.BAD_REQUEST)
    return refused(Refusal(error.code or 400, fault))


@bp.errorhandler(Unavailable)
@bp.errorhandler(SQLAlchemyError)
def unavailable(error: Exception) -> Response:
    log.warning("open311_unavailable", error=where(error))
    answer = refused(Refusal(503, Fault(words.UNAVAILABLE)))
    answer.headers["Retry-After"] = RETRY_SECONDS
    return answer


@bp.errorhandler(Exception)
def crashed(error: Exception) -> Response:
    """What happened is in the log, as type and place; a text may quote a citizen."""
    log.error("request_crashed", error=where(error))
    return refused(Refusal(500, Fault(words.CRASHED)))
