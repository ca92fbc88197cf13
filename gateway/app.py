"""The web process: blueprints and error answers, nothing else."""

from flask import Flask, Response
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway import health, simulator, webhooks
from gateway.runtime import Runtime


def create_app(runtime: Runtime) -> Flask:
    """A WSGI application on one runtime."""
    settings = runtime.settings
    app = Flask(__name__)
    app.extensions["runtime"] = runtime
    app.config["MAX_CONTENT_LENGTH"] = settings.web.max_body_bytes
    app.register_blueprint(webhooks.bp)
    app.register_blueprint(health.bp)
    if not settings.production:
        app.register_blueprint(simulator.bp)
    app.register_error_handler(HTTPException, _explain)
    if settings.web.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.web.trusted_proxies)  # type: ignore[method-assign]
    return app


def _explain(error: HTTPException) -> Response:
    """One plain sentence, whatever went wrong: providers and probes do not read HTML."""
    return Response(f"{error.description}\n", error.code or 500, content_type="text/plain")
