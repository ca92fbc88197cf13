"""Two at once on one case: nobody decides on what has changed, and nobody waits for ever."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from click.testing import CliRunner
from psycopg.errors import DeadlockDetected
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session, select

from bots.casework import Casework
from gateway import jobs
from gateway.cli import cli
from store import complaints
from store.casework import cases
from store.families import families
from store.models import ArchiveReason, Complaint, Conversation, Event, InboxRow, Person
from tests.api import program
from tests.harness import Gateway, envelope
from tests.test_casework import PU, filed, officer

PAUSE = 0.4  # seconds in which the others come to the lock


def while_held(gateway: Gateway, tracking: int, *others: Callable[[], object]) -> None:
    """Start the others while somebody works on the case; then let go of it."""
    with ThreadPoolExecutor(len(others)) as pool:
        with gateway.rt.transaction() as session:
            assert cases.open_case(session, tracking)
            running = [pool.submit(other) for other in others]
            time.sleep(PAUSE)
        for each in running:
            each.result(30)


def test_of_the_ombudsman_a_reporter_hears_once_whoever_rings(gateway: Gateway) -> None:
    tracking = filed(gateway)
    gateway.clock.forward(days=63)  # a Friday
    while_held(gateway, tracking, jobs.ring_alarms, jobs.ring_alarms)
    kinds = [event.kind for event in gateway.rows(Event)]
    assert kinds.count("ombudsman") == 1


def test_who_writes_on_another_channel_meanwhile_is_answered_by_what_is_true_then(
    gateway: Gateway,
) -> None:
    tracking = filed(gateway)
    gateway.say("halo", channel="whatsapp")
    with gateway.rt.transaction() as session:
        person = Person(created_at=gateway.clock.now)
        session.add(person)
        session.flush()
        for row in session.exec(select(Conversation)):
            row.person_id = person.key
    archived = threading.Event()
    said = {"sender": "+6281200000001", "channel": "whatsapp", "text": f"BATAL {tracking}"}
    gateway.rt.accept(envelope("batal", **said))

    def act(work: Casework) -> None:
        work.archive(ArchiveReason.UNCLEAR)
        archived.set()
        time.sleep(PAUSE)

    def archive() -> None:
        officer(gateway, tracking, act)

    def withdraw() -> None:
        assert archived.wait(10)
        jobs.drain_live()

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(archive), pool.submit(withdraw)]:
            each.result(30)
    [heard] = [row for row in gateway.rows(InboxRow) if row.provider_id == "id-batal"]
    assert (heard.status, heard.error, heard.attempts) == ("done", "", 1)
    assert gateway.rows(Complaint)[0].status == "archived"


def side_by_side(*works: Callable[[threading.Barrier], object]) -> None:
    """Run in threads that meet at the barrier, each in the middle of its work.

    SQLite has one writer: there the first waits in vain, and the others come after it.
    """
    barrier = threading.Barrier(len(works))
    with ThreadPoolExecutor(len(works)) as pool:
        for each in [pool.submit(work, barrier) for work in works]:
            each.result(30)


def meet(barrier: threading.Barrier) -> None:
    with suppress(threading.BrokenBarrierError):
        barrier.wait(1)


def test_a_member_and_its_head_are_archived_at_once(gateway: Gateway) -> None:
    head, member, other = (filed(gateway, sender=f"+628120000000{n}") for n in (1, 2, 3))
    with gateway.rt.transaction() as session:
        rows = {row.tracking: row for row in session.exec(select(Complaint))}
        for number in (member, other):
            families.link(session, rows[number], rows[head], actor="rina", now=gateway.clock.now)

    def archive(tracking: int) -> Callable[[threading.Barrier], object]:
        def act(work: Casework, barrier: threading.Barrier) -> None:
            meet(barrier)  # both have their own case by now
            work.archive(ArchiveReason.UNCLEAR)

        return lambda barrier: officer(gateway, tracking, lambda work: act(work, barrier))

    side_by_side(archive(member), archive(head))
    found = {row.tracking: row for row in gateway.rows(Complaint)}
    assert {number: row.status for number, row in found.items()} == {
        head: "archived",
        member: "archived",
        other: "disposed",
    }
    assert {row.parent_id for row in found.values()} == {None}


def test_of_two_that_wait_for_each_other_one_begins_again(gateway: Gateway) -> None:
    one, two = (filed(gateway, sender=f"+628120000000{n}") for n in (1, 2))

    def work(numbers: tuple[int, int]) -> Callable[[threading.Barrier], object]:
        def both(session: Session, barrier: threading.Barrier) -> int:
            rows = []
            for number in numbers:
                rows.append(complaints.by_tracking(session, number, lock=True))
                meet(barrier)
            for row in rows:
                assert row
                row.reopened += 1
            return len(rows)

        return lambda barrier: gateway.rt.unit(lambda session: both(session, barrier))

    side_by_side(work((one, two)), work((two, one)))
    assert [row.reopened for row in gateway.rows(Complaint)] == [2, 2]


def test_a_unit_of_work_that_fails_otherwise_is_not_begun_again(gateway: Gateway) -> None:
    tries = []

    def work(session: Session) -> None:
        tries.append(session)
        session.connection().exec_driver_sql("SELECT * FROM nowhere")

    with pytest.raises(DBAPIError):
        gateway.rt.unit(work)
    assert len(tries) == 1


@pytest.mark.parametrize("way", ["command line", "API"])
def test_an_officers_step_is_taken_again_after_a_deadlock(
    gateway: Gateway, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    tracking = filed(gateway)
    start, tries = Casework.start, []

    def ended(work: Casework, agency: str, note: str = "") -> Event:
        event = start(work, agency, note)
        tries.append(event)
        if len(tries) == 1:
            raise OperationalError("", {}, DeadlockDetected())
        return event

    monkeypatch.setattr(Casework, "start", ended)
    if way == "API":
        desk = program(gateway, PU)
        assert desk.post(f"/complaints/{tracking}/start", {"agency": PU}).status_code == 200
    else:
        words = ["case", "start", str(tracking), "--as", PU]
        result = CliRunner().invoke(cli, words, env=environ)
        assert result.exit_code == 0, result.output
    assert [event.kind for event in gateway.rows(Event)].count("started") == 1
    assert len(tries) == 2
