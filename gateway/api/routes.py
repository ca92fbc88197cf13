"""/api: version 1 with its document, the page that shows it, and what its problems mean."""

from importlib.resources import files
from typing import cast

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.exceptions import BadRequest, HTTPException, UnsupportedMediaType

from gateway.api import (
    auth,
    catalogue,
    complaints,
    document,
    filing,
    moves,
    operating,
    present,
    problems,
    reports,
)
from gateway.api.document import Document
from gateway.api.faults import OBJECT, REPEATED
from gateway.api.limits import Limiter
from gateway.api.problems import INVALID, KINDS, NOT_FOUND, Fault, Problem
from gateway.open311.words import LANGUAGES
from gateway.runtime import Runtime

PREFIX = "/api/"
PARTS = (complaints.bp, moves.bp, filing.bp, operating.bp, catalogue.bp, reports.bp)
MANY = frozenset({"status"})  # parameters that may be given several times
SCALAR = files("flask_openapi3_scalar") / "templates" / "scalar" / "js" / "scalar.standalone.js"
DAY_SECONDS = 86_400
# The page can load nothing from anywhere else, whatever its script would like to.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
pages = Blueprint("api_pages", __name__, url_prefix="/api")


def app(name: str) -> OpenAPI:
    """The Flask application, which gathers the document from the views as they are registered."""
    return OpenAPI(
        name,
        info=Info(title=document.TITLE, version="1.0.0", description=document.DESCRIPTION),
        security_schemes={"key": {"type": "http", "scheme": "bearer"}},
        validation_error_callback=problems.of_invalid,
        doc_ui=False,
    )


def _version_1() -> APIBlueprint:
    bp = APIBlueprint("api", __name__, url_prefix=present.BASE)
    for each in PARTS:
        bp.register_api(each)
    bp.before_request(auth.enter)
    bp.before_request(_read_query)
    bp.before_request(_read_body)
    bp.after_request(auth.leave)
    return bp


def register(application: OpenAPI, rt: Runtime) -> None:
    application.extensions["api_limiter"] = Limiter(rt)
    application.register_api(VERSION_1)
    application.register_blueprint(pages)
    application.extensions["api_document"] = Document(application)


def _read_query() -> None:
    """What is given twice is a mistake: nobody knows which one is meant."""
    twice = [name for name in request.args if len(request.args.getlist(name)) > 1]
    faults = [Fault({"parameter": name}, REPEATED) for name in twice if name not in MANY]
    if faults:
        raise Problem(INVALID, faults=faults)


def _read_body() -> None:
    """JSON, and an object; what it holds is looked at afterwards."""
    if request.method != "POST":
        return
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        body = request.get_json()
    except RecursionError as error:
        raise BadRequest from error
    if not isinstance(body, dict):
        raise Problem(INVALID, faults=[Fault({"pointer": ""}, OBJECT)])


@pages.get("/openapi.json")
def describe() -> Response:
    made = cast(Document, current_app.extensions["api_document"])
    answer = jsonify(made.read())
    answer.add_etag()
    answer.headers["Cache-Control"] = "public, no-cache"
    answer.make_conditional(request)
    return answer


@pages.get("/docs")
def read() -> Response:
    answer = Response(render_template("api.html"), content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@pages.get("/docs/scalar.js")
def script() -> Response:
    answer = Response(SCALAR.read_bytes(), content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
    return answer


@pages.get("/problems/<name>")
def explain(name: str) -> Response:
    """What `type` of a problem leads to."""
    if name not in KINDS:
        raise Problem(NOT_FOUND)
    return jsonify({each: problems.said(KINDS[name], each) for each in LANGUAGES})


def _explained(bp: Blueprint) -> None:
    bp.register_error_handler(Problem, problems.answered)
    bp.register_error_handler(HTTPException, problems.of_http)
    bp.register_error_handler(Exception, problems.of_crash)


VERSION_1 = _version_1()
_explained(VERSION_1)
_explained(pages)
