"""Who did what, and why: one append-only row for every action of a person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from store.models import AuditRow


def write(
    session: Session,
    *,
    now: datetime,
    actor: str,
    action: str,
    reason: str,
    detail: Mapping[str, Any],
) -> None:
    """`detail` holds row ids and options only, never text or numbers of people."""
    session.add(AuditRow(at=now, actor=actor, action=action, reason=reason, detail=dict(detail)))
