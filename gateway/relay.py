"""What was missed: wake-ups that Redis lost, and sends whose worker died."""

from gateway.queue import Wake, wake
from gateway.runtime import Runtime
from store import attachments, inbox, outbox
from store.models import Lane


def relay(rt: Runtime) -> dict[str, int]:
    """Hold abandoned sends and wake every queue that has rows due; says what it found."""
    now = rt.now()
    with rt.reading() as session:
        abandoned = outbox.sending_expired(session, now=now)
        live = inbox.due(session, Lane.LIVE, now=now)
        bulk = inbox.due(session, Lane.BULK, now=now)
        replies = bool(outbox.due_channels(session, now=now))
        files = attachments.due(session, now=now)
    held = 0
    if abandoned:
        with rt.transaction() as session:
            held = outbox.hold_expired(session, now=now)
    due = {Wake.INTAKE: live, Wake.BULK: bulk, Wake.DELIVER: replies, Wake.FETCH: files}
    woken = [name for name, waits in due.items() if waits and wake(rt.redis, name)]
    return {"held": held, "woken": len(woken)}
