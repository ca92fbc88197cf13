"""Fetching what came with messages: claim, ask the provider with no session open, look, settle."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from time import monotonic

import structlog

from gateway import media, metrics
from gateway.channels.base import SendError
from gateway.channels.media import KeepsMedia, MediaRefused
from gateway.download import Limits, NotNow, download
from gateway.drain import backoff
from gateway.faults import where
from gateway.runtime import Runtime
from store import attachments
from store.attachments import Kept, Waiting
from store.files import Files
from store.models import AttachmentStatus

log = structlog.get_logger()


def drain_attachments(rt: Runtime, *, until: float) -> int:
    """Fetch everything that is due; returns how many rows were settled or put off.

    `until` is a time.monotonic() after which no new round is begun.
    """
    settled = 0
    with ThreadPoolExecutor(rt.settings.attachments.batch, thread_name_prefix="fetch") as pool:
        while monotonic() < until and (rows := _claim(rt, token := rt.token())):
            fetched = [pool.submit(fetch, rt, row) for row in rows]
            settled += _settle_all(rt, rows, fetched, token)
    return settled


def _claim(rt: Runtime, token: str) -> list[Waiting]:
    settings = rt.settings.attachments
    with rt.transaction() as session:
        return attachments.claim(
            session,
            token=token,
            now=rt.now(),
            lease=timedelta(seconds=settings.lease_seconds),
            limit=settings.batch,
        )


def fetch(rt: Runtime, row: Waiting) -> bytes:
    """The file as the provider has it; MediaRefused, SendError or NotNow say why not."""
    settings = rt.settings.attachments
    if row.attempts > settings.attempts:  # each earlier worker died before it could say why
        raise NotNow("each try broke off")
    if row.size is not None and row.size > settings.max_bytes:
        raise MediaRefused(f"it is larger than {settings.max_bytes} bytes")
    adapter = rt.adapters.get(row.channel)
    if not isinstance(adapter, KeepsMedia):
        raise MediaRefused(f"the channel {row.channel} has no provider here that keeps files")
    limits = Limits(
        max_bytes=settings.max_bytes,
        seconds=settings.timeout_seconds,
        redirects=settings.redirects,
    )
    return download(adapter.open_media(row.ref), limits)


def _settle_all(
    rt: Runtime, rows: Sequence[Waiting], fetched: Sequence[Future[bytes]], token: str
) -> int:
    """One after the other: a large picture takes much memory while it is drawn."""
    for row, future in zip(rows, fetched, strict=True):
        try:
            kept = _store(rt, row, future.result())
        except MediaRefused as refusal:
            _give_up(rt, row, AttachmentStatus.REFUSED, str(refusal), token)
        except NotNow as error:
            _postpone(rt, row, str(error), token, error.retry_after)
        except SendError as error:
            _postpone(rt, row, f"the provider says {error}", token, error.retry_after)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is kept on the row
            log.error("fetch_crashed", attachment_id=row.id, error=where(error))
            _postpone(rt, row, where(error), token)
        else:
            with rt.transaction() as session:
                ours = attachments.keep(session, row.id, kept, token=token)
            _count(row, AttachmentStatus.STORED, ours=ours)
    return len(rows)


def _store(rt: Runtime, row: Waiting, content: bytes) -> Kept:
    """Before the row says so: a crash between leaves a file that the next try finds again."""
    settings = rt.settings.attachments
    good = media.clean(
        content, row.content_type, types=settings.types, max_pixels=settings.max_pixels
    )
    return Kept(
        digest=Files(rt.settings.attachments_url).put(good.content),
        size=len(good.content),
        content_type=good.content_type,
        taken_at=good.taken_at,
        picture=good.picture,
    )


def _postpone(
    rt: Runtime, row: Waiting, reason: str, token: str, retry_after: float | None = None
) -> None:
    """Try again later; after the last try the file has failed."""
    settings, now = rt.settings.attachments, rt.now()
    if row.attempts >= settings.attempts:
        _give_up(rt, row, AttachmentStatus.FAILED, reason, token)
        return
    due_at = backoff(now, row.attempts, settings.backoff_seconds)
    if retry_after is not None:
        due_at = now + timedelta(seconds=retry_after)
    with rt.transaction() as session:
        ours = attachments.postpone(session, row.id, reason, token=token, due_at=due_at)
    _count(row, "retry", ours=ours, reason=reason)


def _give_up(rt: Runtime, row: Waiting, status: AttachmentStatus, reason: str, token: str) -> None:
    with rt.transaction() as session:
        ours = attachments.give_up(session, row.id, status, reason, token=token)
    _count(row, status, ours=ours, reason=reason)


def _count(row: Waiting, outcome: str, *, ours: bool, reason: str = "") -> None:
    """Reasons name no address, file or person."""
    outcome = str(outcome) if ours else "claim_lost"
    metrics.FETCHED.labels(row.channel, outcome).inc()
    say = log.info if outcome == AttachmentStatus.STORED else log.warning
    say("attachment", attachment_id=row.id, outcome=outcome, reason=reason, attempt=row.attempts)
