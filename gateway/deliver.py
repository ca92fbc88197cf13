"""Handing replies to providers: claim, call with no session open, settle."""

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from time import monotonic

import structlog

from gateway import metrics, settling
from gateway.channels import WAKES_NOBODY
from gateway.channels.base import SendError
from gateway.faults import where
from gateway.pace import Pace, pace_of
from gateway.runtime import Runtime
from gateway.settling import Outcome as Outcome
from gateway.settling import answer_life
from gateway.settling import settle as settle
from parsers.messages import Failure, Outgoing
from store import complaints, detours, lanes, notices, outbox
from store.lanes import Terms
from store.models import OutboxLane, OutboxRow

log = structlog.get_logger()
LOOK_AGAIN_SECONDS = 0.05
REST_SECONDS = 1.0  # of a channel whose due replies wait behind one that is to be tried later
PACE_SECONDS = 0.1  # then a channel whose second is full looks again
WHATSAPP = "whatsapp"  # the one channel that is closed to who has not written for a day


def drain_outbox(rt: Runtime, *, until: float) -> int:
    """Send everything that is due; a slow provider delays its own channel only.

    `until` is a time.monotonic() after which no new round is begun.
    """
    settled, pace = 0, pace_of(rt)
    running: dict[str, Future[int]] = {}
    rests: dict[str, float] = {}
    tidy(rt)
    with ThreadPoolExecutor(max(1, len(rt.adapters)), thread_name_prefix="channel") as pool:
        while True:
            with rt.reading() as session:
                due = outbox.due_channels(session, now=rt.now())
            moved = 0
            for channel in due:
                end = until - _room(rt, channel)
                idle = channel not in running and rests.get(channel, 0) <= monotonic() < end
                if not idle or channel not in rt.adapters:
                    continue
                if pace.health(channel).resting:
                    moved += divert(rt, channel)
                else:
                    running[channel] = pool.submit(drain_channel, rt, channel, until=end)
            if not running and not moved:
                return settled
            ended, _ = wait(running.values(), LOOK_AGAIN_SECONDS, FIRST_COMPLETED)
            for channel in [name for name, future in running.items() if future in ended]:
                count = running.pop(channel).result()
                settled += count
                if not count:
                    rests[channel] = monotonic() + REST_SECONDS


def _room(rt: Runtime, channel: str) -> float:
    """No drain ends late because a program or a mail server is slow: citizens would wait."""
    return rt.settings.outbox.timeout_seconds if channel in WAKES_NOBODY else 0.0


def tidy(rt: Runtime) -> None:
    """Take back what is too late, and let the notices sleep in the quiet hours."""
    now, rules = rt.now(), rt.settings.notice_rules
    with rt.transaction() as session:
        expired = outbox.expire(session, now=now, answer_life=answer_life(rt))
        if (morning := rules.quiet.over(now)) > now:
            notices.postpone(session, now=now, until=morning, awake=WAKES_NOBODY)
    metrics.EXPIRED.inc(expired)


def divert(rt: Runtime, channel: str) -> int:
    """Hand what waits for a resting channel to its second provider, if it has one that works."""
    to = settling.second_channel(rt, channel)
    if not to or pace_of(rt).health(to).resting:
        return 0
    with rt.transaction() as session:
        return detours.divert(session, channel, to, now=rt.now(), limit=rt.settings.outbox.batch)


def drain_channel(rt: Runtime, channel: str, *, until: float) -> int:
    """Send what is due on one channel; returns how many rows were settled."""
    settings, settled, pace = rt.settings.outbox, 0, pace_of(rt)
    with ThreadPoolExecutor(settings.parallel, thread_name_prefix=f"send-{channel}") as pool:
        while monotonic() < until and not pace.health(channel).resting:
            token = rt.token()
            rows = take_turn(rt, pace, channel, token)
            if rows is None:
                time.sleep(PACE_SECONDS)
                continue
            if not rows:
                break
            closed = _closed(rt, channel, rows)
            outcomes = list(pool.map(partial(send, rt, closed=closed), rows))
            settle(rt, outcomes, token)
            settled += len(outcomes)
    return settled


def take_turn(rt: Runtime, pace: Pace, channel: str, token: str) -> list[OutboxRow] | None:
    """The next rows that the channel's rate lets through; None if all must wait a little."""
    limit = 1 if pace.health(channel).doubtful else rt.settings.outbox.batch
    if not pace.rates.limits(channel):
        return claim(rt, channel, token, limit=limit)
    with rt.reading() as session:
        waiting = lanes.upcoming(
            session, channel=channel, now=rt.now(), limit=limit, terms=_terms(rt, channel)
        )
    granted = pace.rates.grant(channel, waiting)
    if waiting and not granted:
        return None
    return claim(rt, channel, token, limit=limit, ids=granted) if granted else []


def claim(
    rt: Runtime,
    channel: str,
    token: str,
    *,
    inbox_id: int | None = None,
    ids: Sequence[int] | None = None,
    limit: int | None = None,
) -> list[OutboxRow]:
    """Lease due replies of a channel to this drain."""
    settings = rt.settings.outbox
    with rt.transaction() as session:
        return outbox.claim(
            session,
            channel=channel,
            token=token,
            now=rt.now(),
            lease=timedelta(seconds=settings.lease_seconds),
            limit=limit or settings.batch,
            inbox_id=inbox_id,
            ids=ids,
            terms=_terms(rt, channel),
        )


def _terms(rt: Runtime, channel: str) -> Terms:
    now = rt.now()
    quiet = channel not in WAKES_NOBODY and rt.settings.notice_rules.quiet.over(now) > now
    awake = tuple(lane for lane in lanes.ORDER if not quiet or lane is not OutboxLane.NOTICE)
    return Terms(lanes=awake, answer_life=answer_life(rt))


def _closed(rt: Runtime, channel: str, rows: Sequence[OutboxRow]) -> frozenset[str]:
    """The recipients who have not written for so long that the channel is closed to them."""
    if channel != WHATSAPP:
        return frozenset()
    since = rt.now() - timedelta(hours=rt.settings.outbox.whatsapp_hours)
    people = [(channel, row.recipient) for row in rows]
    with rt.reading() as session:
        known = complaints.conversations(session, people)
    heard = {sender: talk.heard_at for (_, sender), talk in known.items()}
    return frozenset(
        sender for _, sender in people if (at := heard.get(sender)) is None or at <= since
    )


def send(rt: Runtime, row: OutboxRow, *, closed: frozenset[str] = frozenset()) -> Outcome:
    """Call the provider; an error nobody foresaw leaves us not knowing whether it went out."""
    adapter = rt.adapters[row.channel]
    reply = outgoing(row, longest=adapter.max_text, open=row.recipient not in closed)
    try:
        return Outcome(row, provider_id=adapter.send(reply))
    except SendError as error:
        return Outcome(row, error=error)
    except Exception as error:  # noqa: BLE001 - the reply may have left: it must be held
        log.error("send_crashed", outbox_id=row.id, channel=row.channel, error=where(error))
        return Outcome(row, error=SendError(Failure.UNCERTAIN, type(error).__name__))


def outgoing(row: OutboxRow, *, longest: int, open: bool) -> Outgoing:  # noqa: A002 - its name there
    """The reply as an adapter needs it, made of its row."""
    extra = row.extra
    return Outgoing(
        id=row.key,
        recipient=row.recipient,
        text=row.text[:longest],
        origin=row.origin,
        buttons=settling.buttons_of(row),
        ask_location=bool(extra.get("ask_location")),
        open=open,
        notice=str(extra.get("notice", "")),
        variables=tuple(str(value) for value in extra.get("variables", ())),
    )
