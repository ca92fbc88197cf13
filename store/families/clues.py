"""What a complaint leaves behind so that later ones find it: names of clues, looked up as they are.

A search is a handful of equal names in an index, whatever the number of stored complaints; a clue
lives only as long as its complaint may be compared.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor
from typing import Final

from sqlalchemy import delete, func, insert, text
from sqlmodel import Session, col, select

from parsers.likeness import DISTRICT, REGION
from store.agency_models import Clue
from store.inbox import changed
from store.models import (
    Attachment,
    AttachmentStatus,
    Complaint,
    ComplaintStatus,
    Privacy,
)

CELL: Final = 0.002  # degrees, more than 200 metres: what is near lies in it or beside it
BAND: Final = 2  # hex digits of a picture's hash
MATCHING_BANDS: Final = 2  # of eight: six bits that differ spoil six of them at most
IDLE: Final = (ComplaintStatus.ARCHIVED, ComplaintStatus.WITHDRAWN)
OLDEST: Final = 1000  # clues are forgotten in parts


@dataclass(frozen=True, slots=True)
class Files:
    """The pictures and documents of one complaint."""

    pictures: list[str] = field(default_factory=list)  # perceptual hashes, 16 hex digits
    digests: set[str] = field(default_factory=set)


def alone(session: Session) -> bool:
    """Whether nobody else compares now; it stays so until the transaction ends.

    SQLite has one writer anyway.
    """
    if session.connection().dialect.name == "sqlite":
        return True
    lock = text("SELECT pg_try_advisory_xact_lock(hashtext('1708 families'))")
    return bool(session.connection().execute(lock).scalar_one())


def files_of(session: Session, complaint_ids: Collection[int]) -> Mapping[int, Files]:
    found: defaultdict[int, Files] = defaultdict(Files)
    statement = select(Attachment.complaint_id, Attachment.picture, Attachment.digest).where(
        col(Attachment.complaint_id).in_(complaint_ids),
        Attachment.status == AttachmentStatus.STORED,
    )
    for complaint_id, picture, digest in session.exec(statement):
        if complaint_id is not None:
            if picture:
                found[complaint_id].pictures.append(picture)
            found[complaint_id].digests.add(digest)
    return found


def note(session: Session, rows: Sequence[Complaint], kept: Mapping[int, Files]) -> None:
    """Forget the clues of complaints, and write down those of the ones that are `kept`."""
    keys = [row.key for row in rows]
    changed(session, delete(Clue).where(col(Clue.complaint_id).in_(keys)))
    values = [
        {"complaint_id": row.key, "name": name, "at": row.created_at}
        for row in rows
        if row.key in kept
        for name in sorted(set(_left(row, kept[row.key])))
    ]
    if values:
        session.connection().execute(insert(Clue), values)


def candidates(
    session: Session, row: Complaint, files: Files, *, within: timedelta, limit: int
) -> set[int]:
    """Other complaints that may be of the same spot: so many at most by each kind of clue."""
    kinds = [[name] for name in _sought(row)]
    if row.lat is not None and row.lon is not None:
        kinds.append(_around(row.lat, row.lon))
    kinds.append([f"file {digest}" for digest in files.digests])
    found = {key for names in kinds for key in _under(session, names, row, within, limit)}
    for picture in files.pictures:
        bands = list(_bands(picture))
        found |= _under(session, bands, row, within, limit, matching=MATCHING_BANDS)
    return found - {row.key}


def _under(
    session: Session,
    names: Sequence[str],
    row: Complaint,
    within: timedelta,
    limit: int,
    *,
    matching: int = 1,
) -> set[int]:
    """The latest with so many of these clues: a complaint is compared when it comes."""
    if not names:
        return set()
    statement = (
        select(Clue.complaint_id)
        .where(
            col(Clue.name).in_(names),
            col(Clue.at).between(row.created_at - within, row.created_at + within),
        )
        .group_by(col(Clue.complaint_id))
        .having(func.count() >= matching)
        .order_by(func.max(Clue.at).desc())
        .limit(limit)
    )
    return set(session.exec(statement))


def area_of(row: Complaint) -> str:
    """The kecamatan, else the kabupaten or kota, else nothing."""
    place = row.place or ""
    size = next((size for size in (DISTRICT, REGION) if len(place) >= size), 0)
    return place[:size]


def burst_of(row: Complaint) -> str:
    """The clue that a complaint shares with those of its topic in its area; "" without either."""
    area = area_of(row)
    if not row.category or not area:
        return ""
    return f"{'topic' if len(area) == DISTRICT else 'vague'} {row.category} {area}"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A complaint of a burst, and the head of its family, or itself."""

    key: int
    at: datetime
    head: int


def of_burst(
    session: Session, name: str, *, kinds: Collection[str], since: datetime, until: datetime
) -> list[Arrived]:
    """The complaints of a topic in an area that are not secret or idle, oldest first."""
    statement = (
        select(Clue.complaint_id, Clue.at, Complaint.parent_id)
        .join(Complaint, col(Complaint.id) == Clue.complaint_id)
        .where(
            Clue.name == name,
            col(Clue.at).between(since, until),
            col(Complaint.kind).in_(kinds),
            Complaint.privacy != Privacy.CONFIDENTIAL,
            col(Complaint.status).not_in(IDLE),
        )
        .order_by(col(Clue.at), col(Clue.complaint_id))
    )
    return [Arrived(key, at, parent or key) for key, at, parent in session.exec(statement)]


def forget(session: Session, *, before: datetime) -> int:
    """Drop the oldest clues of complaints that came in before; returns how many."""
    oldest = select(Clue.id).order_by(col(Clue.id)).limit(OLDEST)
    return changed(session, delete(Clue).where(col(Clue.id).in_(oldest), col(Clue.at) < before))


def _left(row: Complaint, files: Files) -> Iterator[str]:
    """Every clue of a complaint."""
    area = area_of(row)
    yield f"topic {row.category} {area[:REGION]}"
    if len(area) == DISTRICT:
        yield f"topic {row.category} {area}"
        yield f"area {area}"
    elif area:
        yield f"vague {row.category} {area}"
    if row.lat is not None and row.lon is not None:
        yield _cell(floor(row.lat / CELL), floor(row.lon / CELL))
    yield from (f"file {digest}" for digest in files.digests)
    for picture in files.pictures:
        yield from _bands(picture)


def _sought(row: Complaint) -> Iterator[str]:
    """The topic, or none, in the kecamatan or told of the kabupaten only; of a vague place, all."""
    area = area_of(row)
    yield f"topic {row.category} {area}"
    if len(area) == DISTRICT:
        yield f"vague {row.category} {area[:REGION]}"
        yield f"area {area}" if row.category is None else f"topic None {area}"


def _cell(north: int, east: int) -> str:
    return f"cell {north} {east}"


def _around(lat: float, lon: float) -> list[str]:
    north, east = floor(lat / CELL), floor(lon / CELL)
    steps = (-1, 0, 1)
    return [_cell(north + up, east + right) for up in steps for right in steps]


def _bands(picture: str) -> Iterator[str]:
    """Parts of a hash: two that differ in few bits have some of them in common."""
    for at in range(0, len(picture), BAND):
        yield f"photo {at} {picture[at : at + BAND]}"
