"""Two at once on one case: nobody decides on what has changed, and nobody waits for ever."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlmodel import select

from bots.casework import Casework
from gateway import jobs
from store.casework import cases
from store.models import ArchiveReason, Complaint, Conversation, Event, InboxRow, Person
from tests.harness import Gateway, envelope
from tests.test_casework import filed, officer

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
