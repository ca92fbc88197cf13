"""The moves of a case: which are legal, and that no sequence of them loses anything."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import Session, select

from bots.casework import Casework
from bots.desk import Desk
from bots.filing import Clerk
from bots.reader import Reader
from bots.refusals import Refused
from gateway.runtime import Runtime
from store import complaints
from store.agencies.access import LOCAL
from store.casework import cases
from store.casework.lifecycle import MOVES, Illegal, Move, after, together
from store.db import open_engine
from store.models import (
    ArchiveReason,
    Complaint,
    ComplaintStatus,
    Conversation,
    DeskState,
    Disposition,
    Event,
    OutboxRow,
)
from tests.harness import NOON

A, B, UNIT = "DINAS_PUPR@32.73", "DISHUB@32.73", "DINAS_PUPR@32.73/BINA_MARGA"

# status, desks, move, who acts, who gets it -> status, desks; None: refused
STEPS = [
    ("triage", {}, "dispose", "", A, "disposed", {A: "waiting"}),
    ("triage", {}, "defer", "", "", "deferred", {}),
    ("deferred", {}, "resume", "", "", "triage", {}),
    ("triage", {}, "archive", "", "", "archived", {}),
    ("triage", {}, "start", A, "", None, None),
    ("triage", {}, "answer", A, "", None, None),
    ("triage", {}, "answer", "", "", None, None),
    ("disposed", {A: "waiting"}, "dispose", "", A, None, None),
    ("disposed", {A: "waiting"}, "dispose", "", B, "disposed", {A: "waiting", B: "waiting"}),
    ("disposed", {A: "waiting"}, "start", A, "", "in_progress", {A: "working"}),
    ("disposed", {A: "waiting"}, "start", B, "", None, None),
    ("disposed", {A: "waiting"}, "return", A, "", "triage", {A: "returned"}),
    ("disposed", {A: "returned", B: "waiting"}, "return", A, "", None, None),
    ("disposed", {A: "waiting"}, "forward", A, UNIT, "disposed", {A: "forwarded", UNIT: "waiting"}),
    ("disposed", {A: "waiting"}, "answer", A, "", "answered", {A: "answered"}),
    ("disposed", {A: "waiting"}, "defer", A, "", "deferred", {A: "deferred"}),
    ("deferred", {A: "deferred"}, "resume", "", "", "in_progress", {A: "working"}),
    ("deferred", {A: "deferred"}, "answer", A, "", "answered", {A: "answered"}),
    ("deferred", {A: "deferred"}, "defer", A, "", None, None),
    (
        "in_progress",
        {A: "working", B: "waiting"},
        "answer",
        A,
        "",
        "in_progress",
        {A: "answered", B: "waiting"},
    ),
    (
        "in_progress",
        {A: "answered", B: "working"},
        "answer",
        B,
        "",
        "answered",
        {A: "answered", B: "answered"},
    ),
    (
        "in_progress",
        {A: "answered", B: "waiting"},
        "defer",
        B,
        "",
        "deferred",
        {A: "answered", B: "deferred"},
    ),
    ("answered", {A: "answered"}, "answer", A, "", None, None),
    ("answered", {A: "answered"}, "comment", "", "", "commented", {A: "working"}),
    ("answered", {A: "answered"}, "accept", "", "", "closed", {A: "answered"}),
    ("answered", {A: "answered"}, "expire", "", "", "closed", {A: "answered"}),
    ("answered", {A: "answered"}, "reopen", "", "", "in_progress", {A: "working"}),
    ("answered", {A: "answered"}, "escalate", "", "", "triage", {A: "returned"}),
    ("answered", {A: "answered"}, "archive", "", "", None, None),
    ("commented", {A: "working"}, "answer", A, "", "answered", {A: "answered"}),
    ("commented", {A: "working"}, "expire", "", "", None, None),
    ("commented", {A: "working"}, "accept", "", "", "closed", {A: "answered"}),
    ("commented", {A: "working"}, "return", A, "", "triage", {A: "returned"}),
    ("closed", {A: "answered"}, "reopen", "", "", "in_progress", {A: "working"}),
    ("closed", {}, "reopen", "", "", "triage", {}),
    ("closed", {A: "answered"}, "answer", A, "", None, None),
    ("closed", {A: "answered"}, "withdraw", "", "", None, None),
    ("archived", {A: "waiting"}, "restore", "", "", "disposed", {A: "waiting"}),
    ("archived", {}, "restore", "", "", "triage", {}),
    ("archived", {}, "reopen", "", "", None, None),
    ("withdrawn", {A: "waiting"}, "answer", A, "", None, None),
    ("withdrawn", {A: "waiting"}, "restore", "", "", None, None),
    ("in_progress", {A: "working"}, "withdraw", "", "", "withdrawn", {A: "working"}),
]


@pytest.mark.parametrize(
    "step", STEPS, ids=lambda step: f"{step[0]}-{step[2]}-{'-'.join(step[1].values())}"
)
def test_a_move(step) -> None:
    status, desks, move, agency, to, after_it, after_desks = step
    states = {code: DeskState(state) for code, state in desks.items()}
    if after_it is None:
        with pytest.raises(Illegal):
            after(Move(move), ComplaintStatus(status), states, agency, to)
        return
    found = after(Move(move), ComplaintStatus(status), states, agency, to)
    assert found == (after_it, after_desks)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((), "triage"),
        (("returned",), "triage"),
        (("forwarded", "returned"), "triage"),
        (("waiting", "waiting"), "disposed"),
        (("waiting", "working"), "in_progress"),
        (("waiting", "answered"), "in_progress"),
        (("waiting", "deferred"), "in_progress"),
        (("answered", "deferred"), "deferred"),
        (("answered", "returned"), "answered"),
    ],
)
def test_what_the_desks_say_together(states, status) -> None:
    assert together(DeskState(state) for state in states) == status


def test_every_move_is_known_by_its_event() -> None:
    events = {move.value: rule.event for move, rule in MOVES.items()}
    assert events == {
        "dispose": "disposed",
        "forward": "forwarded",
        "return": "returned",
        "start": "started",
        "defer": "deferred",
        "resume": "resumed",
        "answer": "answered",
        "comment": "commented",
        "accept": "accepted",
        "expire": "closed",
        "reopen": "reopened",
        "escalate": "escalated",
        "archive": "archived",
        "restore": "restored",
        "withdraw": "withdrawn",
    }


class Life(RuleBasedStateMachine):
    """Officers, the reporter and the clock do what they like to one stored case."""

    reader: Reader
    runtime: Runtime
    migrated: Path
    folder: Path
    count = 0

    @initialize()
    def file(self) -> None:
        Life.count += 1
        path = self.folder / f"{Life.count}.db"
        path.write_bytes(self.migrated.read_bytes())
        self.engine = open_engine(f"sqlite:///{path}")
        self.now, self.made, self.refused = NOON, 1, 0
        with Session(self.engine) as session, session.begin():
            talk = Conversation(channel="sms", sender="+6281200000001", updated_at=self.now)
            session.add(talk)
            case = Complaint(
                tracking=1_000_001,
                conversation=talk,
                text="x",
                kind="complaint",
                deadline=self.now.date(),
                created_at=self.now,
                updated_at=self.now,
            )
            session.add(case)
            session.flush()
            session.add(Event(complaint_id=case.key, kind="received", actor="citizen", at=self.now))

    def officer(self, act) -> None:
        """One move of an officer; a refusal must leave no trace."""
        self.now += timedelta(hours=7)
        desk = Desk(self.reader, self.runtime.policy, self.now)
        try:
            with Session(self.engine) as session, session.begin():
                work = Casework.of(session, desk, LOCAL, 1_000_001)
                made = act(work)
        except Refused:
            return
        self.made += len(made) if isinstance(made, list) else 1

    def citizen(self, act) -> None:
        self.now += timedelta(hours=5)
        with Session(self.engine) as session, session.begin():
            opened = cases.open_case(session, 1_000_001)
            clerk = Clerk(session, Desk(self.reader, self.runtime.policy, self.now))
            act(clerk, opened.complaint)
            self.made += len(clerk.events)
            clerk.write()

    @rule(agency=st.sampled_from([A, B]))
    def dispose(self, agency) -> None:
        self.officer(lambda work: work.dispose(agency, "x"))

    @rule(agency=st.sampled_from([A, B]))
    def begin(self, agency) -> None:
        self.officer(lambda work: work.start(agency))

    @rule(agency=st.sampled_from([A, B]))
    def send_back(self, agency) -> None:
        self.officer(lambda work: work.give_back(agency, "bukan kami"))

    @rule(agency=st.sampled_from([A, B, ""]))
    def ask(self, agency) -> None:
        self.officer(lambda work: work.defer("nomor rumah berapa?", agency))

    @rule()
    def go_on(self) -> None:
        self.officer(lambda work: work.resume())

    @rule(agency=st.sampled_from([A, B]), text=st.sampled_from(["selesai", " "]))
    def answer(self, agency, text) -> None:
        self.officer(lambda work: work.answer(agency, text))

    @rule()
    def archive(self) -> None:
        self.officer(lambda work: work.archive(ArchiveReason.UNCLEAR))

    @rule()
    def restore(self) -> None:
        self.officer(lambda work: work.restore())

    @rule(category=st.sampled_from(["JALAN_RUSAK", "PJU", "NONSENS"]))
    def correct(self, category) -> None:
        self.officer(lambda work: work.correct(category=category))

    @rule()
    def comment(self) -> None:
        self.citizen(lambda clerk, complaint: clerk.add(complaint, 1, "masih rusak"))

    @rule()
    def accept(self) -> None:
        self.citizen(lambda clerk, complaint: clerk.accept(complaint))

    @rule(escalate=st.booleans())
    def reopen(self, escalate) -> None:
        def act(clerk, complaint) -> None:
            if complaint.status in ("answered", "commented", "closed"):
                clerk.reopen(complaint, "belum", escalate=escalate)

        self.citizen(act)

    @precondition(lambda self: self.made > 12)
    @rule()
    def withdraw(self) -> None:
        def act(clerk, complaint) -> None:
            if complaint.status in ("disposed", "in_progress", "deferred", "answered"):
                clerk.withdraw(complaint)

        self.citizen(act)

    @invariant()
    def nothing_is_lost_and_all_facts_agree(self) -> None:
        with Session(self.engine) as session:
            case = complaints.by_tracking(session, 1_000_001)
            events = session.exec(select(Event)).all()
            desks = session.exec(select(Disposition)).all()
            told = session.exec(select(OutboxRow)).all()
        assert case.status in set(ComplaintStatus)
        assert len(events) == self.made, "an event was lost, or a refusal left one"
        assert (case.status == "deferred") == bool(case.pauses and case.pauses[-1][1] is None)
        assert all(start <= end for start, end in case.pauses if end)
        assert (case.closed_at is not None) == (case.status in ("closed", "archived"))
        assert (case.responded_at is not None) == any(event.kind == "answered" for event in events)
        assert (case.archive_reason is not None) == (case.status == "archived")
        working = {row.agency for row in desks if row.state not in ("returned", "forwarded")}
        assert case.agency is None or case.agency in working or case.status == "triage"
        if case.status in ("disposed", "in_progress", "answered"):
            assert case.agency in working
        assert len({row.dedupe for row in told}) == len(told)

    def teardown(self) -> None:
        if engine := getattr(self, "engine", None):
            engine.dispose()


def test_no_sequence_of_moves_loses_an_event(
    reader: Reader, runtime: Runtime, migrated_sqlite: Path, tmp_path: Path
) -> None:
    Life.reader, Life.runtime = reader, runtime
    Life.migrated, Life.folder = migrated_sqlite, tmp_path
    machine = Life.TestCase()
    machine.settings = settings(
        max_examples=20,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    machine.runTest()
