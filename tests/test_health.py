"""Alive, ready, figures: what is away is named, and nothing waits for it for long."""

import dataclasses
from datetime import timedelta

import pytest

from gateway import queue
from gateway.app import create_app
from gateway.runtime import Runtime
from store import inbox
from store.models import InboxRow, OutboxRow
from tests.conftest import Outage
from tests.harness import NOON, Gateway, envelope


def ready(rt: Runtime) -> tuple[int, dict[str, object]]:
    answer = create_app(rt).test_client().get("/readyz")
    return answer.status_code, answer.json or {}


def test_all_is_well(gateway: Gateway):
    assert gateway.http.get("/healthz").text == "alive\n"
    assert ready(gateway.rt) == (
        200,
        {
            "ready": True,
            "database": "ok",
            "queue": "ok",
            "spool": "ok",
            "spooled_files": 0,
            "oldest_waiting_seconds": None,
        },
    )


def test_a_database_that_is_away_is_named(outage: Outage):
    outage.away()
    http = create_app(outage.rt).test_client()
    answer = http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["database"] == "unreachable (OperationalError)"
    assert answer.json["queue"] == "ok"
    assert http.get("/healthz").status_code == 200
    figures = http.get("/metrics")
    assert (figures.status_code, "lapor_database_up 0.0" in figures.text) == (200, True)
    outage.rt.accept(envelope(1))
    assert http.get("/readyz").json["spooled_files"] == 1
    assert "lapor_spool_files 1.0" in http.get("/metrics").text
    outage.back()


def test_a_queue_that_is_away_is_named(gateway: Gateway):
    rt = dataclasses.replace(gateway.rt, redis=queue.connect("redis://127.0.0.1:1/0", timeout=1))
    status, state = ready(rt)
    assert status == 503
    assert state["queue"] == "unreachable (ConnectionError)"
    assert state["database"] == "ok"


def test_a_spool_that_cannot_be_written_is_named(gateway: Gateway):
    folder = gateway.rt.spool.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file stands where the folder should be")
    status, state = ready(gateway.rt)
    assert (status, state["spool"]) == (503, f"{folder} cannot be written")


def test_a_schema_of_another_release_is_named(gateway: Gateway):
    with gateway.rt.engine.begin() as connection:
        right = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'other'")
    status, state = ready(gateway.rt)
    with gateway.rt.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{right}'")
    assert status == 503
    assert "lapor migrate" in str(state["database"])


@pytest.mark.parametrize(("age", "status"), [(299, 200), (301, 503)])
def test_a_message_that_waits_too_long_is_a_reason_to_look(gateway: Gateway, age: int, status: int):
    with gateway.rt.transaction() as session:
        inbox.record(session, [envelope(1)], now=NOON - timedelta(seconds=age))
    got, state = ready(gateway.rt)
    assert (got, state["oldest_waiting_seconds"]) == (status, age)


def figures(gateway: Gateway) -> dict[str, float]:
    lines = gateway.http.get("/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_the_figures_count_what_happened(gateway: Gateway):
    before = figures(gateway)
    gateway.say("Jalan rusak parah di Kecamatan Coblong Kota Bandung")  # comes twice
    with gateway.rt.transaction() as session:
        inbox.record(session, [envelope(n) for n in range(3)], now=NOON - timedelta(seconds=60))
        session.add(OutboxRow(**_row("held")))
        session.add(OutboxRow(**_row("failed")))
        session.add(InboxRow(**_dead()))
    gateway.clock.now = NOON
    after = figures(gateway)
    counted = {name: after[name] - before.get(name, 0) for name in after}
    assert counted['lapor_accepted_total{channel="sms"}'] == 1
    assert counted["lapor_repeated_total"] == 1
    assert counted['lapor_processed_total{lane="live"}'] == 1
    assert counted['lapor_replied_total{channel="sms",outcome="sent"}'] == 1
    assert after["lapor_inbox_waiting"] == 3
    assert after["lapor_inbox_dead"] == 1
    assert (after["lapor_outbox_held"], after["lapor_outbox_failed"]) == (1, 1)
    assert after["lapor_queue_age_seconds"] == 60
    assert after["lapor_database_up"] == 1


def _row(status: str) -> dict[str, object]:
    return {
        "dedupe": status,
        "kind": "received",
        "channel": "sms",
        "recipient": "+6281200000001",
        "text": "x",
        "status": status,
        "due_at": NOON,
        "created_at": NOON,
    }


def _dead() -> dict[str, object]:
    return {
        "channel": "sms",
        "provider_id": "dead",
        "sender": "+6281200000001",
        "text": "x",
        "status": "dead",
        "received_at": NOON,
        "stored_at": NOON,
        "due_at": NOON,
    }
