"""Comparing what came in with what is there: proposals of families, and bursts."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, or_, update
from sqlmodel import Session, col, select

from bots import bursts
from bots.family_rules import FamilyRules
from bots.sketch import Sketcher
from parsers.likeness import Likeness, Report, compare
from store import complaints
from store.families import clues, similar
from store.families.clues import IDLE, Files
from store.families.families import OVER
from store.families.similar import Proposal
from store.inbox import changed
from store.models import Complaint, Conversation, Privacy

OLD = 5000  # complaints that are passed over together
MOST = 3  # families that one complaint is proposed for
OF_ONE_PERSON = 20  # earlier complaints that a new one is compared with
NO_FILES = Files()


def relate(
    session: Session, sketcher: Sketcher, rules: FamilyRules, *, now: datetime, limit: int
) -> int:
    """Compare complaints that are new or changed; returns how many are done with.

    Does nothing while another worker compares.
    """
    if not clues.alone(session):
        return 0
    since = now - rules.within_open
    done = _pass_over(session, since)
    rows = _uncompared(session, limit)
    fresh = [row for row in rows if _comparable(row)]
    files = clues.files_of(session, [row.key for row in fresh])
    kept = {row.key: files.get(row.key, NO_FILES) for row in fresh}
    clues.note(session, rows, kept)
    again = bursts.cluster(session, fresh, rules.burst, now)
    found = [
        proposal
        for row in _without_head(session, fresh)
        for proposal in _Search(session, sketcher, rules, row, kept[row.key]).proposals()
    ]
    similar.propose(session, found, now=now)
    compared = {row.key for row in rows} - again
    _mark(session, col(Complaint.id).in_(compared))
    clues.forget(session, before=since)
    return done + len(compared)


def _pass_over(session: Session, since: datetime) -> int:
    """What came in before is compared with nothing any more: an import may bring a million."""
    old = (
        select(Complaint.id)
        .where(col(Complaint.compared) == false(), col(Complaint.created_at) < since)
        .order_by(col(Complaint.id))  # else SQLite reads all that came in before
        .limit(OLD)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return _mark(session, col(Complaint.id).in_(old))


def _uncompared(session: Session, limit: int) -> list[Complaint]:
    """The oldest first, so that a burst is clustered under its first."""
    return list(
        session.exec(
            select(Complaint)
            .where(col(Complaint.compared) == false())
            .order_by(col(Complaint.id))
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        )
    )


def _mark(session: Session, which: ColumnElement[bool]) -> int:
    return changed(session, update(Complaint).where(which).values(compared=True))


def _without_head(session: Session, rows: Sequence[Complaint]) -> list[Complaint]:
    """Those that no burst or person has put under another, as they are now."""
    single = select(Complaint).where(
        col(Complaint.id).in_([row.key for row in rows]), col(Complaint.parent_id).is_(None)
    )
    return list(session.exec(single.execution_options(populate_existing=True)))


def _comparable(row: Complaint) -> bool:
    """A secret complaint is never named to others, a withdrawn one is nobody's any more."""
    return row.privacy != Privacy.CONFIDENTIAL and row.status not in IDLE


@dataclass(frozen=True, slots=True)
class _Search:
    """One complaint against those that may be of its spot."""

    session: Session
    sketcher: Sketcher
    rules: FamilyRules
    row: Complaint
    files: Files  # of this one

    def proposals(self) -> list[Proposal]:
        """The likeliest complaint of each family."""
        best: dict[int, tuple[Likeness, Complaint]] = {}
        for likeness, other in self._alike():
            head = other.parent_id or other.key
            if head not in best or likeness.score > best[head][0].score:
                best[head] = likeness, other
        for refused in self._refused() if best else ():
            best.pop(refused, None)
        likeliest = sorted(best.values(), key=lambda pair: (-pair[0].score, pair[1].key))
        return [self._proposal(*pair) for pair in likeliest[:MOST]]

    def _alike(self) -> Iterator[tuple[Likeness, Complaint]]:
        rows = self._candidates()
        if not rows:
            return
        files = clues.files_of(self.session, [row.key for row in rows])
        people = self._reporters([self.row, *rows])
        mine = self._report(self.row, self.files, people)
        for row in rows:
            theirs = self._report(row, files.get(row.key, NO_FILES), people)
            likeness = compare(mine, theirs, self.rules.likeness)
            if likeness:
                yield likeness, row

    def _candidates(self) -> list[Complaint]:
        """Those with clues in common, and the earlier ones of the same person."""
        keys = clues.candidates(
            self.session,
            self.row,
            self.files,
            within=self.rules.within_open,
            limit=self.rules.candidates,
        )
        own = {row.key for row in self._of_the_same_person()} - {self.row.key}
        found = self.session.exec(
            select(Complaint)
            .where(
                col(Complaint.id).in_(keys | own),
                or_(
                    col(Complaint.parent_id).is_(None),
                    col(Complaint.parent_id) != self.row.key,
                ),
            )
            .execution_options(populate_existing=True)
        )
        return [row for row in found if _comparable(row) and self._in_time(row, own)]

    def _of_the_same_person(self) -> list[Complaint]:
        if self.row.conversation_id is None:
            return []
        conversation = self.session.get_one(Conversation, self.row.conversation_id)
        return complaints.newest(self.session, conversation, limit=OF_ONE_PERSON)

    def _reporters(self, rows: Sequence[Complaint]) -> Mapping[int | None, int]:
        """Whose a conversation is: one number for all conversations of a person."""
        ids = {row.conversation_id for row in rows}
        found = self.session.exec(
            select(Conversation.id, Conversation.person_id).where(col(Conversation.id).in_(ids))
        )
        return {key: -person if person else key or 0 for key, person in found}

    def _report(self, row: Complaint, files: Files, people: Mapping[int | None, int]) -> Report:
        return self.sketcher.report(row, files, people.get(row.conversation_id))

    def _in_time(self, other: Complaint, own: Collection[int]) -> bool:
        """Longer with a case that is open, and with another of the same reporter."""
        between = abs(self.row.created_at - other.created_at)
        earlier = min(self.row, other, key=lambda row: row.created_at)
        long = earlier.status not in OVER or other.key in own
        return between <= (self.rules.within_open if long else self.rules.within)

    def _refused(self) -> set[int]:
        """The families of which a person has said that this is none of theirs."""
        mine = similar.family_of(self.row)
        keys = similar.refused_with(self.session, mine)
        found = self.session.exec(
            select(Complaint.id, Complaint.parent_id).where(col(Complaint.id).in_(keys))
        )
        return {head or key or 0 for key, head in found}

    def _proposal(self, likeness: Likeness, other: Complaint) -> Proposal:
        later, earlier = sorted(
            (self.row, other), key=lambda row: (row.created_at, row.key), reverse=True
        )
        return Proposal(
            complaint_id=later.key,
            other_id=earlier.key,
            score=likeness.score,
            reasons=tuple(reason.value for reason in likeness.reasons),
        )
