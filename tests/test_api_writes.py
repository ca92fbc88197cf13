"""What programs write through the API: once, whatever they repeat; reports, reveals, replays."""

from typing import Any

import pytest

from gateway import jobs
from gateway.app import create_app
from store import idempotency
from store.agency_models import AgencyRow, Idempotency
from store.models import AuditRow, Complaint, Event, InboxRow, OutboxRow, OutboxStatus
from tests.api import DESK, LAMP, ROAD, Program, filed, kinds, program
from tests.harness import Gateway, at_once

# --- repeats -------------------------------------------------------------------------------------

# Where it goes, what it says, and what another request of the same name would say.
Body = dict[str, Any]
POSTS: list[tuple[str, Body, Body]] = [
    ("/complaints", {"text": LAMP}, {"text": ROAD}),
    ("/complaints/CASE/dispositions", {"agency": "DISHUB@32.73"}, {"agency": "DISHUB@32.04"}),
    (
        "/complaints/CASE/responses",
        {"agency": DESK, "text": "Sudah kami tambal."},
        {"agency": DESK, "text": "Belum."},
    ),
    (
        "/complaints/CASE/forwarding",
        {"agency": DESK, "unit": f"{DESK}/JALAN"},
        {"agency": DESK, "unit": f"{DESK}/AIR"},
    ),
    (
        "/complaints/CASE/return",
        {"agency": DESK, "reason": "jalan provinsi"},
        {"agency": DESK, "reason": "jalan nasional"},
    ),
    ("/complaints/CASE/start", {"agency": DESK}, {"agency": DESK, "note": "lagi"}),
    (
        "/complaints/CASE/deferral",
        {"agency": DESK, "question": "Di mana?"},
        {"question": "Kapan?"},
    ),
    ("/complaints/CASE/corrections", {"kind": "aspiration"}, {"kind": "complaint"}),
    ("/complaints/CASE/archive", {"why": "spam"}, {"why": "abusive"}),
    ("/complaints/GONE/restoration", {}, {"reason": "lagi"}),
    ("/complaints/ASKED/resumption", {}, {"note": "lagi"}),
    (
        "/replay",
        {"rows": ["in-1"], "reason": "tiket 77"},
        {"rows": ["in-1"], "reason": "tiket 77", "again": True},
    ),
]


@pytest.mark.parametrize(("path", "body", "other"), POSTS, ids=[row[0] for row in POSTS])
def test_each_post_is_done_once_and_answered_twice(
    gateway: Gateway, path: str, body: Body, other: Body
):
    number = str(filed(gateway).tracking)
    who = program(gateway)
    _import_unit(gateway)
    if "GONE" in path:
        who.post(f"/complaints/{number}/archive", {"why": "spam"})
    if "ASKED" in path:
        who.post(f"/complaints/{number}/deferral", {"agency": DESK, "question": "Di mana?"})
    path = path.replace("CASE", number).replace("GONE", number).replace("ASKED", number)
    first = who.post(path, body, Idempotency_Key="key-1")
    assert first.status_code in (200, 202), first.text
    assert "Idempotency-Replayed" not in first.headers
    before = _written(gateway)
    gateway.clock.forward(minutes=5)
    again = who.post(path, body, Idempotency_Key="key-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.data) == (first.status_code, first.data)
    for header in ("Location", "ETag", "Content-Location", "Content-Type"):
        assert again.headers.get(header) == first.headers.get(header)
    refused = who.post(path, other, Idempotency_Key="key-1")
    reused = (422, "/api/problems/idempotency-key-reused")
    assert (refused.status_code, refused.json["type"]) == reused
    assert _written(gateway) == before


def _import_unit(gateway: Gateway) -> None:
    unit = AgencyRow(
        code=f"{DESK}/JALAN",
        name="Bidang Jalan",
        level="unit",
        parent=DESK,
        updated_at=gateway.clock.now,
    )
    with gateway.rt.transaction() as session:
        session.add(unit)


def _written(gateway: Gateway) -> list[int]:
    return [len(gateway.rows(table)) for table in (Event, AuditRow, InboxRow, Idempotency)]


def test_a_name_belongs_to_one_request_of_one_key(gateway: Gateway):
    number = filed(gateway).tracking
    who, other = program(gateway), program(gateway, name="other")
    path = f"/complaints/{number}/corrections"
    assert who.post(path, {"kind": "aspiration"}, Idempotency_Key="key-1").status_code == 200
    assert who.post(path, {"kind": "complaint"}, Idempotency_Key="key-1").status_code == 422
    assert kinds(gateway).count("corrected") == 1
    theirs = other.post(path, {"kind": "complaint"}, Idempotency_Key="key-1")
    assert (theirs.status_code, kinds(gateway).count("corrected")) == (200, 2)


def test_what_was_refused_may_be_tried_again(gateway: Gateway):
    number = filed(gateway).tracking
    who = program(gateway)
    path = f"/complaints/{number}/resumption"
    assert who.post(path, {}, Idempotency_Key="key-1").status_code == 409
    who.post(f"/complaints/{number}/deferral", {"agency": DESK, "question": "Di mana?"})
    assert who.post(path, {}, Idempotency_Key="key-1").status_code == 200


def test_many_repeats_at_once_are_one(gateway: Gateway):
    number = filed(gateway).tracking
    who = program(gateway)

    clients = [create_app(gateway.rt).test_client() for _ in range(6)]

    def answer(turn: int) -> int:
        one = Program(clients[turn], who.key, who.number)
        body = {"agency": DESK, "text": "Sudah."}
        return one.post(
            f"/complaints/{number}/responses", body, Idempotency_Key="key-1"
        ).status_code

    assert set(at_once(6, answer)) <= {200, 409}  # done, or at work
    assert kinds(gateway).count("answered") == 1
    assert answer(0) == 200


def test_a_request_at_work_is_not_done_beside_itself(gateway: Gateway):
    """On SQLite the second one would wait for the first: there is one writer at a time."""
    if gateway.rt.engine.dialect.name == "sqlite":
        return
    number = filed(gateway).tracking
    who = program(gateway)
    path, body = f"/complaints/{number}/start", {"agency": DESK}
    with gateway.rt.transaction() as session:
        assert idempotency.known(session, who.number, "key-1", "digest") is None
        answer = who.post(path, body, Idempotency_Key="key-1")
        assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")
        assert answer.json["type"] == "/api/problems/request-in-progress"
        assert who.post(path, body, Idempotency_Key="key-2").status_code == 200


def test_answers_are_forgotten_after_a_day(gateway: Gateway):
    who = program(gateway)
    who.post("/complaints", {"text": LAMP}, Idempotency_Key="key-1")
    gateway.clock.forward(hours=23)
    jobs.trim_idempotency()
    assert len(gateway.rows(Idempotency)) == 1
    gateway.clock.forward(hours=2)
    jobs.trim_idempotency()
    assert gateway.rows(Idempotency) == []


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "kunci-\u00e9"])
def test_a_name_has_visible_characters(gateway: Gateway, key: str):
    answer = program(gateway).post("/complaints", {"text": LAMP}, Idempotency_Key=key)
    assert (answer.status_code, answer.json["errors"][0]["header"]) == (422, "Idempotency-Key")
    assert gateway.rows(InboxRow) == []


# --- reports of citizens -------------------------------------------------------------------------


def test_a_report_is_filed_and_followed(gateway: Gateway):
    who = program(gateway, DESK)
    body = {
        "text": "Lampu jalan mati sejak Senin",
        "area": "32.73.02",
        "address": "depan pasar Simpang Dago",
        "external_reference": "TIKET-77",
        "location": {"lat": -6.8853, "lon": 107.6138},
        "phone": "+6281200000077",
    }
    accepted = who.post("/complaints", body)
    assert (accepted.status_code, accepted.headers["Retry-After"]) == (202, "1")
    place = accepted.headers["Location"]
    assert who.get(place).json["status"] == "waiting"
    gateway.work()
    told = who.get(place).json
    [complaint] = gateway.rows(Complaint)
    assert (told["status"], told["tracking"]) == ("filed", complaint.tracking)
    assert (told["external_reference"], told["id"]) == ("TIKET-77", accepted.json["id"])
    assert str(complaint.tracking) in told["replies"][0]
    assert (complaint.source, complaint.place) == ("api", "32.73.02.1004")
    assert (complaint.lat, complaint.category) == (-6.8853, "PJU")
    assert "Alamat: depan pasar Simpang Dago, Kec. Coblong, Kota Bandung" in complaint.text
    assert program(gateway).get(told["complaint"]).json["tracking"] == complaint.tracking
    assert [row.status for row in gateway.rows(OutboxRow)] == [OutboxStatus.SENT]


@pytest.mark.parametrize("privacy", ["anonim", "rahasia"])
def test_a_report_is_hidden_as_its_reporter_wishes(gateway: Gateway, privacy: str):
    who = program(gateway)
    who.post("/complaints", {"text": LAMP, "privacy": privacy, "category": "PJU"})
    gateway.work()
    [complaint] = gateway.rows(Complaint)
    assert complaint.privacy == privacy
    assert complaint.text.startswith(LAMP)
    assert complaint.headline.startswith("Lampu jalan mati")


def test_one_reference_is_one_report(gateway: Gateway):
    who, other = program(gateway), program(gateway, name="other")
    body = {"text": LAMP, "external_reference": "TIKET-77"}
    places = {who.post("/complaints", body).headers["Location"] for _ in range(3)}
    assert len(places) == 1
    refused = who.post("/complaints", {**body, "text": ROAD})
    assert (refused.status_code, refused.json["detail"]) == (
        409,
        "external_reference ini sudah dipakai untuk laporan lain.",
    )
    assert other.post("/complaints", body).headers["Location"] not in places
    assert len(gateway.rows(InboxRow)) == 2


def test_reports_of_one_phone_are_of_one_person_for_one_program_only(gateway: Gateway):
    body = {"text": LAMP, "phone": "+6281200000077"}
    for name in ("one", "two"):
        who = program(gateway, name=name)
        who.post("/complaints", body)
        who.post("/complaints", {**body, "text": ROAD})
    senders = [row.sender for row in gateway.rows(InboxRow)]
    assert senders[0] == senders[1] != senders[2] == senders[3]


def test_a_submission_is_no_other_programs_business(gateway: Gateway):
    who, other = program(gateway), program(gateway, name="other")
    place = who.post("/complaints", {"text": LAMP}).headers["Location"]
    assert (who.get(place).status_code, other.get(place).status_code) == (200, 404)


def test_what_is_no_complaint_is_said_to_be_none(gateway: Gateway):
    who = program(gateway)
    place = who.post("/complaints", {"text": "Selamat pagi"}).headers["Location"]
    gateway.work()
    told = who.get(place).json
    assert (told["status"], told["tracking"], len(told["replies"])) == ("not_filed", None, 1)


@pytest.mark.parametrize("body", [{"category": "NO_SUCH"}, {"area": "99.99"}])
def test_a_report_names_codes_that_exist(gateway: Gateway, body: dict[str, str]):
    answer = program(gateway).post("/complaints", {"text": LAMP, **body})
    assert (answer.status_code, answer.json["type"]) == (409, "/api/problems/refused")
    assert gateway.rows(InboxRow) == []


# --- inbox, outbox, replay -----------------------------------------------------------------------


def test_operators_see_rows_without_texts_until_they_say_why(gateway: Gateway):
    filed(gateway)
    who = program(gateway, name="operator 7")
    lists = [who.get("/inbox"), who.get("/outbox"), who.get("/inbox/1"), who.get("/outbox/1")]
    for answer in lists:
        assert answer.status_code == 200
        assert ROAD not in answer.text
        assert "+6281200000001" not in answer.text
    assert lists[0].json["items"][0]["person"] == "+62812****01"
    assert lists[2].json["replies"][0]["row"] == "out-1"
    assert lists[3].json["message"] == "in-1"
    assert gateway.rows(AuditRow) == []
    shown = who.post("/inbox/1/reveal", {"reason": "warga bertanya, tiket 77"}).json
    assert shown == {"row": "in-1", "person": "+6281200000001", "text": ROAD}
    [kept] = gateway.rows(AuditRow)
    assert (kept.actor, kept.action, kept.detail) == ("operator 7", "inbox.reveal", {"ids": [1]})
    assert kept.reason == "warga bertanya, tiket 77"
    assert who.post("/outbox/1/reveal", {"reason": "tiket 77"}).json["row"] == "out-1"
    assert who.post("/inbox/1/reveal", {"reason": " "}).status_code == 422
    assert who.get("/inbox/99").status_code == 404


def test_rows_are_found(gateway: Gateway):
    gateway.say("Selamat pagi")
    gateway.say("Selamat siang", channel="telegram", sender="700001")
    first, second = (f"in-{row.key}" for row in gateway.rows(InboxRow))
    cursor = format(int(second[3:]), "x")
    who = program(gateway)
    for query, expected in [
        ("", [second, first]),
        ("?status=done", [second, first]),
        ("?status=dead", []),
        ("?channel=telegram", [second]),
        ("?since=2026-11-20T05:00:03Z", [second]),
        ("?until=2026-11-20T05:00:03Z", [first]),
        ("?error=Timeout", []),
        ("?limit=1", [second]),
        (f"?cursor={cursor}", [first]),
    ]:
        found = who.get(f"/inbox{query}").json["items"]
        assert [row["row"] for row in found] == expected, query


def test_a_replay_is_foreseen_and_carried_out(gateway: Gateway):
    gateway.say(ROAD)
    who = program(gateway)
    body = {"rows": ["in-1", "in-9", "out-1", "in-1"], "reason": "penyedia mati"}
    expected = {
        "again": False,
        "asked": 3,
        "queued": ["in-1"],
        "not_queued": [
            {"row": "in-9", "why": "there is no such row"},
            {"row": "out-1", "why": "it went out (--again sends it a second time)"},
        ],
    }
    assert who.post("/replay", {**body, "dry_run": True}).json == {**expected, "dry_run": True}
    assert gateway.rows(AuditRow) == []
    assert who.post("/replay", body).json == {**expected, "dry_run": False}
    kept = gateway.rows(AuditRow)
    assert [(row.action, row.reason) for row in kept] == [
        ("inbox.replay", "penyedia mati"),
        ("outbox.replay", "penyedia mati"),
    ]
    gateway.work()
    assert [row.status for row in gateway.rows(InboxRow)] == ["done"]
    assert len(gateway.rows(OutboxRow)) == 1
    again = who.post("/replay", {"rows": ["out-1"], "reason": "tidak sampai", "again": True})
    assert again.json["queued"] == ["out-1"]
