"""When to learn from officers; apart, for no worker shall load what learning needs."""

import subprocess
import sys
from datetime import datetime, timedelta

from gateway.runtime import Runtime
from store import audit
from store.learning import corrections
from store.learning.corrections import TRIED
from store.learning.model_files import fingerprint
from store.models import AuditRow

NIGHT = timedelta(hours=4)  # from learning.at_hour on: a night that was missed is not made up


def learn_nightly(rt: Runtime) -> "subprocess.Popen[bytes] | None":
    """Start to learn if it is night, nobody did so tonight, and enough was decided since.

    Once a night whatever comes of it: what fails by its data would fail every quarter of an hour.
    It takes minutes of a processor, so no worker does it itself; whatever stops the worker with
    its process group stops that as well, and does no harm.
    """
    if not due(rt):
        return None
    with rt.transaction() as session:
        audit.write(
            session, now=rt.now(), actor="system", action=TRIED, reason="nightly", detail={}
        )
    return subprocess.Popen([sys.executable, "-m", "gateway.learning"])


def due(rt: Runtime) -> bool:
    """Whether it is night, the first time tonight, and enough was decided or another catalogue."""
    rules, local = rt.settings.learning, rt.now().astimezone(rt.settings.zone)
    begins = local.replace(hour=rules.at_hour, minute=0, second=0, microsecond=0)
    begins -= timedelta(days=local < begins)
    if not rules.nightly or local - begins >= NIGHT:
        return False
    with rt.reading() as session:
        last = corrections.last_learnt(session)
        if any(row and row.at >= begins for row in (last, corrections.last_tried(session))):
            return False
        if last and last.detail["catalogue"] != fingerprint(rt.settings.catalogue):
            return True
        return corrections.count_decided(session, since=_until(last)) >= rules.fewest


def _until(last: AuditRow | None) -> datetime | None:
    return datetime.fromisoformat(last.detail["until"]) if last else None
