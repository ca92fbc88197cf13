"""Where webhooks go, asked for at the moment of sending: a secret stands in no outbox row."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import Session

from gateway.channels.webhook import Target
from store import audit, subscriptions


@dataclass(frozen=True, slots=True)
class Book:
    """The table of subscriptions; each look is a short session of its own."""

    engine: Engine

    def target(self, recipient: str) -> Target | None:
        with Session(self.engine.execution_options(reading=True)) as session:
            row = subscriptions.find(session, int(recipient))
            return Target(row.url, tuple(row.secret.split())) if row and row.active else None

    def gone(self, recipient: str) -> None:
        """It answered 410 Gone: it gets nothing more, and the audit log says why."""
        key = int(recipient)
        with Session(self.engine) as session, session.begin():
            if subscriptions.switch_off(session, key):
                audit.write(
                    session,
                    now=datetime.now(UTC),
                    actor="system",
                    action="subscription.gone",
                    reason="it answered 410 Gone",
                    detail={"subscription": key},
                )
