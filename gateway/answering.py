"""Answering a webhook with the reply itself, for a provider that is configured so (Kannel)."""

from time import monotonic

from gateway import deliver
from gateway.channels.base import Ack, ChannelAdapter
from gateway.deliver import Outcome
from gateway.drain import drain_inbox
from gateway.runtime import Runtime
from parsers.messages import Envelope
from store import inbox
from store.models import Lane, OutboxStatus

PLAIN = "text/plain; charset=utf-8"


def answer_now(rt: Runtime, adapter: ChannelAdapter, envelope: Envelope) -> Ack | None:
    """The reply as HTTP answer, or None: then it goes the usual way.

    A repeat of the request gets the same words again: the provider did not hear the first answer.
    """
    wait = adapter.answer_wait
    if wait is None:
        return None
    with rt.reading() as session:
        row = inbox.find(session, envelope.channel, envelope.provider_id)
    if row is None:
        return None  # it waits in the spool
    drain_inbox(rt, Lane.LIVE, until=monotonic() + wait, only=row.key)
    claimed = deliver.claim(rt, envelope.channel, token := rt.token(), inbox_id=row.key)
    if claimed:
        deliver.settle(rt, [Outcome(item, provider_id=_mark(item.key)) for item in claimed], token)
        return Ack(claimed[0].text, 200, PLAIN)
    with rt.reading() as session:
        told = [
            reply.text
            for reply in inbox.answers(session, row.key)
            if reply.status == OutboxStatus.SENT and reply.provider_id == _mark(reply.key)
        ]
    return Ack(told[0], 200, PLAIN) if told else None


def _mark(outbox_id: int) -> str:
    """Stands where a provider's id would: the reply went out in the answer."""
    return f"answer-{outbox_id}"
