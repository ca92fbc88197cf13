"""Keys of programs: shown once, kept as a digest, ended by date or by hand."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import Session, col, select

from store.agencies.access import NATIONAL_ONLY, RESERVED, Access, Action
from store.agency_models import ApiKey
from store.inbox import changed

PREFIX = "1708_"  # lets scanners for leaked secrets know one
RANDOM = 32  # bytes: a digest without salt or stretching is enough for so much chance


class Refused(ValueError):
    """The key cannot be as it was asked for; the message says why."""


def create(
    session: Session,
    name: str,
    agency: str,
    actions: Collection[Action],
    expires_at: datetime,
    now: datetime,
) -> tuple[ApiKey, str]:
    """The row, and the key itself, which nobody can see again."""
    if not name or name.casefold() in RESERVED:
        raise Refused(f"{name!r} cannot be the name of a key.")
    if not actions:
        raise Refused("a key without actions may nothing.")
    if agency and (too_much := sorted(NATIONAL_ONLY.intersection(actions))):
        raise Refused(f"{', '.join(too_much)} is for national keys only: leave the agency out.")
    if expires_at <= now:
        raise Refused("the key would have ended already.")
    if any(row.name == name for row in living(session, now)):
        raise Refused(f"there is a key {name!r}: rotate it, or choose another name.")
    return _added(session, name, agency, actions, expires_at, now)


def _added(
    session: Session,
    name: str,
    agency: str,
    actions: Collection[str],
    expires_at: datetime,
    now: datetime,
) -> tuple[ApiKey, str]:
    text = PREFIX + secrets.token_hex(RANDOM)
    row = ApiKey(
        name=name,
        digest=digest(text),
        agency=agency,
        actions=sorted(actions),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return row, text


def digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def find(session: Session, text: str, now: datetime) -> Access | None:
    """What the bearer of a key may do; None for a key that is unknown, revoked or over.

    It is looked up by its digest, so how long that takes tells nothing about the key.
    """
    row = session.exec(select(ApiKey).where(ApiKey.digest == digest(text))).first()
    if row is None or not lives(row, now):
        return None
    known = frozenset(Action(name) for name in row.actions if name in set(Action))
    return Access(row.name, row.agency, known, key=row.key)


def lives(row: ApiKey, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


def listed(session: Session) -> list[ApiKey]:
    return list(session.exec(select(ApiKey).order_by(col(ApiKey.id))))


def living(session: Session, now: datetime) -> list[ApiKey]:
    return [row for row in listed(session) if lives(row, now)]


def revoke(session: Session, key: int, now: datetime) -> bool:
    """Whether the key was alive until now."""
    ending = update(ApiKey).where(col(ApiKey.id) == key, *_alive_at(now))
    return changed(session, ending.values(revoked_at=now)) == 1


def rotate(
    session: Session, key: int, expires_at: datetime, *, grace: timedelta, now: datetime
) -> tuple[ApiKey, str] | None:
    """A new key in the place of one that ends after `grace`; None if that ends by then anyway."""
    if expires_at <= now:
        raise Refused("the key would have ended already.")
    ending = update(ApiKey).where(col(ApiKey.id) == key, *_alive_at(now + grace))
    if not changed(session, ending.values(expires_at=now + grace)):
        return None
    old = session.exec(select(ApiKey).where(ApiKey.id == key)).one()
    return _added(session, old.name, old.agency, old.actions, expires_at, now)


def _alive_at(when: datetime) -> tuple[ColumnElement[bool], ...]:
    ends = col(ApiKey.expires_at)
    return col(ApiKey.revoked_at).is_(None), or_(ends.is_(None), ends > when)
