"""POST /in/<channel>: verify, translate, keep, answer. GET is what Kannel's get-url uses."""

import time

import structlog
from flask import Blueprint, Request, Response, abort, g, request
from sqlalchemy.exc import SQLAlchemyError

from gateway import metrics, settling
from gateway.accept import Unavailable
from gateway.answering import answer_now
from gateway.channels.base import Ack, AcksEach, ChannelAdapter, SignatureInvalid, WebhookRequest
from gateway.runtime import Runtime, from_app
from parsers.messages import Envelope, Ignored, Membership, Receipt
from store import quarantine

log = structlog.get_logger()
bp = Blueprint("webhooks", __name__)
MALFORMED = Ack("The request is not in this channel's documented form; nothing was stored.\n", 400)
REFUSED = Ack(
    "The request does not prove where it comes from; it was set aside for a person.\n", 403
)
BUSY = Ack("1708 cannot store messages at this moment; please send it again.\n", 503)


def read(incoming: Request) -> WebhookRequest:
    """Flask's request as a value; aborts with 413 when the body is over the limit."""
    return WebhookRequest(
        method=incoming.method,
        path=incoming.path,
        query=incoming.query_string.decode("latin-1"),
        headers={name.lower(): value for name, value in incoming.headers.items()},
        body=incoming.get_data(cache=False),
        remote_addr=incoming.remote_addr or "",
    )


@bp.route("/in/<channel>", methods=["GET", "POST"])
@bp.route("/in/<channel>/<path:_rest>", methods=["GET", "POST"])
def receive(channel: str, _rest: str = "") -> Response:
    began = time.perf_counter()
    rt = from_app()
    adapter = rt.adapters.get(channel) or abort(404)
    incoming = read(request)
    try:
        ack, outcome = _take(rt, adapter, incoming)
    except SignatureInvalid as error:
        _quarantine(rt, channel, incoming, str(error))
        ack, outcome = REFUSED, "quarantined"
    except ValueError as error:
        ack, outcome = MALFORMED, type(error).__name__
    except Unavailable:
        ack, outcome = BUSY, "unavailable"
    metrics.ACCEPT_SECONDS.labels(channel).observe(time.perf_counter() - began)
    g.line = {"channel": channel, "outcome": outcome}
    return Response(ack.body, ack.status, content_type=ack.content_type)


def _take(rt: Runtime, adapter: ChannelAdapter, incoming: WebhookRequest) -> tuple[Ack, str]:
    """Carry out one genuine request; returns the answer and a word for the log."""
    adapter.verify(incoming)
    match adapter.parse(incoming):
        case Envelope() as envelope:
            rt.accept(envelope)
            return answer_now(rt, envelope) or _ack(adapter, incoming), "accepted"
        case Receipt() as receipt:
            return adapter.ack, _confirm(rt, receipt)
        case Membership() as change:  # before Ignored, of which it is one
            rt.note(change)
            return adapter.ack, change.reason
        case Ignored(reason):
            return _ack(adapter, incoming), f"ignored: {reason}"


def _ack(adapter: ChannelAdapter, incoming: WebhookRequest) -> Ack:
    return adapter.ack_to(incoming) if isinstance(adapter, AcksEach) else adapter.ack


def _confirm(rt: Runtime, receipt: Receipt) -> str:
    try:
        moved = settling.confirm(rt, receipt)
    except SQLAlchemyError as error:  # a receipt lost now comes again: providers retry on 503
        raise Unavailable from error
    return "receipt" if moved else "receipt of nothing new"


def _quarantine(rt: Runtime, channel: str, incoming: WebhookRequest, reason: str) -> None:
    """Set a refused request aside; if that fails too it is only logged: nobody vouches for it."""
    metrics.QUARANTINED.labels(channel).inc()
    limits = rt.settings.quarantine
    try:
        with rt.transaction() as session:
            quarantine.keep(
                session,
                channel=channel,
                reason=reason,
                method=incoming.method,
                path=incoming.path,
                query=incoming.query,
                headers=incoming.headers,
                body=incoming.body,
                now=rt.now(),
                max_bytes=limits.max_bytes,
            )
            quarantine.trim(
                session, now=rt.now(), max_rows=limits.max_rows, max_days=limits.max_days
            )
    except SQLAlchemyError as error:
        log.warning("quarantine_unavailable", error=type(error).__name__)
