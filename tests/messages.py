"""Messages that are put in and worked at."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from rq import Queue
from rq.job import Job

from gateway.drain import drain_inbox
from gateway.runtime import Runtime
from parsers.messages import Envelope
from store import inbox
from store.models import InboxRow, Lane, OutboxRow
from tests import stored
from tests.harness import TWILIO_SID, Gateway

ROAD = "Jalan rusak parah di Kecamatan Coblong Kota Bandung"
MESSAGES = f"/2010-04-01/Accounts/{TWILIO_SID}/Messages.json"
ANA, BUDI = "+6281200000001", "+6281200000002"


def sender(number: int) -> str:
    return f"+62812000{number:05}"


def put(gateway: Gateway, *envelopes: Envelope) -> None:
    with gateway.rt.transaction() as session:
        inbox.record(session, envelopes, now=gateway.clock.now)


def drain(rt: Runtime, lane: Lane = Lane.LIVE) -> int:
    return drain_inbox(rt, lane, until=monotonic() + 30)


def states(gateway: Gateway) -> list[str]:
    return [row.status for row in gateway.rows(InboxRow)]


def sent_texts(gateway: Gateway) -> list[tuple[str, str]]:
    return [(row.recipient, row.text) for row in gateway.rows(OutboxRow)]


def once(action: Callable[[], object]) -> Callable[[str], None]:
    """An action for the first text that is read, and for no later one."""
    waiting = [action]

    def before(_text: str) -> None:
        if waiting:
            waiting.pop()()

    return before


def reply(gateway: Gateway, number: int = 1, **more: Any) -> None:
    now = gateway.clock.now
    with gateway.rt.transaction() as session:
        session.add(stored.reply(number, **{"due_at": now, "created_at": now} | more))


def last_reply(gateway: Gateway) -> OutboxRow:
    row = gateway.rows(OutboxRow)[-1]
    assert isinstance(row, OutboxRow)
    return row


def replay(gateway: Gateway, ids: list[int], *, again: bool = False) -> list[int]:
    """What the operator's command does: queue, then a worker of the bulk lane."""
    with gateway.rt.transaction() as session:
        queued = inbox.replay(session, ids, now=gateway.clock.now, again=again)
    gateway.work()
    return queued


def keys(gateway: Gateway) -> list[int]:
    """Row ids; PostgreSQL leaves gaps where a repeat came."""
    return [row.key for row in gateway.rows(InboxRow)]


def waiting_jobs(rt: Runtime, name: str = "intake") -> list[Job]:
    found: list[Job] = Queue(name, connection=rt.redis).jobs
    return found


def break_on(word: str) -> Callable[[str], None]:
    def before(text: str) -> None:
        if word in text:
            raise RuntimeError(f"cannot read {text} of {ANA}")

    return before
