"""What officers decided about complaints: examples to learn from, and what 1708 had proposed."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from parsers.learned import KIND
from parsers.private import private_spans
from parsers.text import tokenise
from store.agencies.directory import Directory
from store.agency_models import FamilyStatus, Similar
from store.exchange.derived import ACTOR as IMPORT
from store.families.similar import DUPLICATE
from store.learning.examples import LABELS, Example
from store.models import AuditRow, Complaint, ComplaintStatus, Conversation, Event, Privacy
from store.understander import load_tables

ACTION = "learn"  # of the audit rows that tell what was learnt
TRIED = "learn.begun"  # of those that tell that a night began to
MACHINES = ("system", "citizen")
DECIDED = ("corrected", "disposed", "forwarded", "answered")  # by a person: somebody has looked
UNUSED = (ComplaintStatus.ARCHIVED, ComplaintStatus.WITHDRAWN)  # nobody acted on what was said
PROPOSED = {"category": "categories", "agency": "agencies", "place": "places"}
MOST = 10_000  # decisions, the newest: they bound the time and the memory of a run
FIFTHS = 5
WRITERS = 3  # who used a word that is in no word list, before it is learnt
DEEPEST = 8  # units above a unit
CHUNK = 500

Known = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One complaint that a person decided about, and the first proposal of 1708 for it."""

    tracking: int
    writer: str  # the same for all complaints of one person
    text: str
    area: str | None
    decided: Mapping[str, str]  # by field; an agency without its area
    proposed: Mapping[str, str]
    sure: frozenset[str]  # fields of which the proposal was used without asking anyone

    @property
    def held_out(self) -> bool:
        """Every fifth, the same ones for ever: it judges models and teaches none."""
        digest = hashlib.sha256(str(self.tracking).encode()).digest()
        return int.from_bytes(digest[:8]) % FIFTHS == 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How often an answer was what officers decided."""

    of: int = 0
    right: int = 0
    sure: int = 0
    sure_right: int = 0


def decisions(
    session: Session, directory: Directory, *, since: datetime | None = None
) -> list[Decision]:
    """The newest MOST of them, imported ones last; none of a secret or unused complaint.

    Of a family only its head: fifty voices of one flood are one example.
    """
    found: list[Decision] = []
    rows = session.connection().execute(_complaints(since)).all()
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        events = _events(session, [row.id for row in part])
        found += (_decision(row, events[row.id], directory) for row in part)
    return sorted((one for one in found if one.decided), key=lambda one: one.tracking)


def count_decided(session: Session, *, since: datetime | None) -> int:
    """How many complaints were decided about since then."""
    chosen = _complaints(since).order_by(None).subquery()
    return int(
        session.connection().execute(sa_select(func.count()).select_from(chosen)).scalar_one()
    )


def last_learnt(session: Session) -> AuditRow | None:
    """What the last run left, whether its model is used or not."""
    return _newest(session, ACTION)


def last_tried(session: Session) -> AuditRow | None:
    """The last time that a night began to learn, whatever came of it."""
    return _newest(session, TRIED)


def _newest(session: Session, action: str) -> AuditRow | None:
    newest = sa_select(AuditRow).where(col(AuditRow.action) == action)
    return session.execute(newest.order_by(col(AuditRow.id).desc()).limit(1)).scalar_one_or_none()


def duplicates(session: Session, *, since: datetime | None) -> Tally:
    """The proposed pairs that people decided on; right: they were one matter.

    Counted as the pairs stand now; the `corrected` events are their history.
    """
    by_person = [col(Similar.actor).not_in(MACHINES), col(Similar.score) > 0]
    if since:
        by_person.append(col(Similar.at) >= since)
    counts = sa_select(col(Similar.status), func.count()).where(*by_person)
    found = {row[0]: row[1] for row in session.execute(counts.group_by(col(Similar.status)))}
    linked, refused = found.get(FamilyStatus.LINKED, 0), found.get(FamilyStatus.REFUSED, 0)
    return Tally(of=linked + refused, right=linked)


def first_proposals(decided: Iterable[Decision]) -> dict[str, Tally]:
    """What was proposed as the message came in; imported complaints had no proposal."""
    asked = [one for one in decided if one.proposed]
    return {name: tally(name, asked, [(o.proposed, o.sure) for o in asked]) for name in PROPOSED}


def tally(
    name: str,
    decided: Sequence[Decision],
    said: Sequence[tuple[Mapping[str, str], Collection[str]]],
) -> Tally:
    """Answers and the fields they are sure of, beside the decisions on the same complaints."""
    pairs = [
        (answer.get(name) == one.decided[name], name in sure)
        for one, (answer, sure) in zip(decided, said, strict=True)
        if name in one.decided
    ]
    return Tally(
        of=len(pairs),
        right=sum(right for right, _ in pairs),
        sure=sum(sure for _, sure in pairs),
        sure_right=sum(right and sure for right, sure in pairs),
    )


def examples(
    decided: Sequence[Decision], known: Known, usual: Collection[str]
) -> list[tuple[Example, str | None]]:
    """Texts without private data, and without words that too few people use; and their places.

    `known` words and `usual` ones, those of examples that are public anyway, always stay.
    """
    writers: defaultdict[str, set[str]] = defaultdict(set)
    for one in decided:
        for token in tokenise(one.text):
            writers[token.norm].add(one.writer)

    def common(word: str) -> bool:
        return len(writers[word]) >= WRITERS or word in usual or known(word)

    return [
        (Example(text=text, **labels), one.area)
        for one in decided
        if (labels := {name: code for name, code in one.decided.items() if name in LABELS})
        and (text := masked(one.text, known, common))
    ]


def masked(text: str, known: Known, common: Known) -> str:
    """Only the `common` words, and none of a name, a number or an address of a person."""
    private = [(span.start, span.end) for span in private_spans(text, load_tables().people, known)]
    kept = (
        token.norm
        for token in tokenise(text)
        if common(token.norm)
        and not any(start < token.end and token.start < end for start, end in private)
    )
    return " ".join(kept)


def type_of(code: str, directory: Directory) -> str:
    """`DINAS_PUPR` for DINAS_PUPR@32.04 and for the units below it; "" for a local government.

    Which government it is, the place says; what the words say is which kind of office.
    """
    agencies = directory.catalogue.agencies
    for _ in range(DEEPEST):
        kind = code.partition("@")[0]
        if code in directory.governments or not code:
            return ""
        if kind in agencies:
            current = directory.catalogue.current(kind)
            return current[0] if len(current) == 1 else kind
        code = directory.parent_of(code)
    return ""


def _by_person(since: datetime | None, others: Collection[str] = MACHINES) -> ColumnElement[bool]:
    field = col(Event.detail)["field"].as_string()
    looked = and_(
        col(Event.complaint_id) == col(Complaint.id),
        col(Event.kind).in_(DECIDED),
        col(Event.actor).not_in(others),
        func.coalesce(field, "") != DUPLICATE,  # says nothing about this one alone
    )
    return and_(looked, col(Event.at) > since) if since else looked


def _complaints(since: datetime | None) -> Select[Any]:
    columns = ("id", "tracking", "conversation_id", "text", "place", "category", "agency")
    chosen = sa_select(
        *(col(getattr(Complaint, name)) for name in (*columns, "candidates")),
        col(Conversation.person_id),
    ).outerjoin(Conversation, col(Conversation.id) == col(Complaint.conversation_id))
    chosen = chosen.where(
        col(Complaint.privacy) != Privacy.CONFIDENTIAL,
        col(Complaint.status).not_in(UNUSED),
        col(Complaint.parent_id).is_(None),
        exists().where(_by_person(since)),
    )
    if since:  # every decision changes updated_at, which has an index
        chosen = chosen.where(col(Complaint.updated_at) >= since)
    here = exists().where(_by_person(since, (*MACHINES, IMPORT)))
    newest = (here.desc(), col(Complaint.updated_at).desc(), col(Complaint.id))
    return chosen.order_by(*newest).limit(MOST)


def _events(session: Session, ids: Sequence[int]) -> defaultdict[int, list[Row[Any]]]:
    """What was decided, by whom, in order; never what was said."""
    kinds = col(Event.kind).in_((*DECIDED, "chosen"))
    columns = (col(Event.complaint_id), col(Event.kind), col(Event.actor), col(Event.detail))
    listed = sa_select(*columns).where(col(Event.complaint_id).in_(ids), kinds)
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for event in session.connection().execute(listed.order_by(col(Event.id))):
        found[event.complaint_id].append(event)
    return found


def _decision(row: Row[Any], events: Sequence[Row[Any]], directory: Directory) -> Decision:
    proposed = dict(_proposed(row.candidates, directory))
    return Decision(
        tracking=row.tracking,
        writer=_writer(row),
        text=row.text,
        area=row.place,
        decided=dict(_decided(row, events, directory)),
        proposed=proposed,
        sure=frozenset(_sure(row, events, proposed, directory)),
    )


def _writer(row: Row[Any]) -> str:
    if row.person_id:
        return f"person {row.person_id}"
    return f"talk {row.conversation_id}" if row.conversation_id else f"case {row.tracking}"


def _proposed(candidates: Mapping[str, Any], directory: Directory) -> Iterator[tuple[str, str]]:
    for name, listed in PROPOSED.items():
        if found := candidates.get(listed):
            code = str(found[0][0])
            yield name, type_of(code, directory) if name == "agency" else code


def _decided(
    row: Row[Any], events: Sequence[Row[Any]], directory: Directory
) -> Iterator[tuple[str, str]]:
    """An agency that answered has confirmed by doing what nobody corrected."""
    people = [event for event in events if event.actor not in MACHINES]
    answered = any(event.kind == "answered" for event in people)
    handed = any(event.kind in ("disposed", "forwarded") for event in people)
    corrected = {
        e.detail.get("field"): e.detail.get("now") for e in people if e.kind == "corrected"
    }
    if row.category in directory.catalogue.categories and (answered or "category" in corrected):
        yield "category", row.category
    sent = row.agency and (answered or handed or "agency" in corrected)
    if sent and (office := type_of(row.agency, directory)):
        yield "agency", office
    if row.place and (answered or "place" in corrected):
        yield "place", row.place
    if kind := corrected.get(KIND):
        yield KIND, kind


def _sure(
    row: Row[Any], events: Sequence[Row[Any]], proposed: Mapping[str, str], directory: Directory
) -> Iterator[str]:
    """What the case was filed with, before anyone was asked or put it right."""
    for name in ("category", "place"):
        told = (
            e.detail["was"]
            for e in events
            if e.kind == "corrected" and e.detail.get("field") == name
        )
        asked = any(event.kind == "chosen" and name in event.detail for event in events)
        if not asked and name in proposed and next(told, getattr(row, name)) == proposed[name]:
            yield name
    for event in events:
        if event.kind == "disposed" and event.actor == "system":
            if type_of(str(event.detail.get("agency", "")), directory) == proposed.get("agency"):
                yield "agency"
            return
