"""Answering a webhook with the reply itself, for a provider that is configured so (Kannel)."""

from time import monotonic

from gateway import deliver
from gateway.channels.base import Ack
from gateway.channels.rendering import numbered
from gateway.deliver import Outcome
from gateway.drain import drain_inbox
from gateway.runtime import Runtime
from gateway.settling import buttons_of
from parsers.messages import Envelope
from store import inbox
from store.models import Lane, OutboxRow, OutboxStatus


def answer_now(rt: Runtime, envelope: Envelope) -> Ack | None:
    """The reply as HTTP answer, or None: then it goes the usual way.

    A repeat of the request gets the same words again: the provider did not hear the first answer.
    """
    adapter = rt.answering.get(envelope.channel)
    if adapter is None:
        return None
    with rt.reading() as session:
        row = inbox.find(session, envelope.channel, envelope.provider_id)
    if row is None:
        return None  # it waits in the spool
    drain_inbox(rt, Lane.LIVE, until=monotonic() + adapter.answer_wait, only=row.key)
    with rt.reading() as session:
        replies = inbox.answers(session, row.key)
    ack = adapter.answer(_whole(replies[0])) if len(replies) == 1 else None
    if ack is None or _told(replies[0]):
        return ack
    return ack if _claim(rt, replies[0]) else None


def _whole(reply: OutboxRow) -> str:
    """The words with the choices below them, as an SMS has them."""
    return numbered(reply.text, buttons_of(reply))


def _told(reply: OutboxRow) -> bool:
    return reply.status == OutboxStatus.SENT and reply.provider_id == _mark(reply)


def _claim(rt: Runtime, reply: OutboxRow) -> bool:
    """Settle the reply as sent, unless a worker was quicker or an older one must go first."""
    token = rt.token()
    mine = deliver.claim(rt, reply.channel, token, inbox_id=reply.inbox_id)
    deliver.settle(rt, [Outcome(item, provider_id=_mark(item)) for item in mine], token)
    return bool(mine)


def _mark(reply: OutboxRow) -> str:
    """Stands where a provider's id would: the reply went out in the answer."""
    return f"answer-{reply.key}"
