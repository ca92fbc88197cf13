"""The web process: blueprints and error answers, nothing else."""

import time

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway import health, simulator, webhooks
from gateway.api import problems
from gateway.api import routes as api
from gateway.faults import where
from gateway.open311 import routes as open311
from gateway.runtime import Runtime

log = structlog.get_logger()


def create_app(runtime: Runtime) -> Flask:
    """A WSGI application on one runtime."""
    settings = runtime.settings
    app = api.app(__name__)
    app.extensions["runtime"] = runtime
    runtime.watch_spool()
    app.config["MAX_CONTENT_LENGTH"] = settings.web.max_body_bytes
    app.register_blueprint(webhooks.bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(open311.bp)
    api.register(app, runtime)
    if not settings.production:
        app.register_blueprint(simulator.bp)
    app.before_request(_begin)
    app.after_request(_log)
    app.register_error_handler(HTTPException, _explain)
    app.register_error_handler(Exception, _crashed)
    if settings.web.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.web.trusted_proxies)  # type: ignore[method-assign]
    return app


def _begin() -> None:
    g.began = time.perf_counter()


def _log(response: Response) -> Response:
    """One line per request: its rule instead of its path, which may hold a number."""
    log.info(
        "request",
        method=request.method,
        rule=request.url_rule.rule if request.url_rule else "unknown",
        status=response.status_code,
        seconds=round(time.perf_counter() - g.began, 5),
        **g.get("line", {}),
    )
    return response


def _explain(error: HTTPException) -> Response:
    """One plain sentence, whatever went wrong: providers and probes do not read HTML."""
    if request.path.startswith(api.PREFIX):
        return problems.of_http(error)
    return Response(f"{error.description}\n", error.code or 500, content_type="text/plain")


def _crashed(error: Exception) -> Response:
    """Flask would log the text of the exception, which may quote a citizen."""
    log.error("request_crashed", error=where(error))
    return Response("1708 failed at this request.\n", 500, content_type="text/plain")
