"""Whose key reaches what: every operation of the API, with every kind of wrong key."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from store.agencies import api_keys
from store.agencies.access import Action
from store.models import AuditRow, Event, Privacy
from tests.api import DESK, OTHER, Program, address, filed, program
from tests.harness import Gateway

Body = dict[str, Any] | None
READ, FILE, ACT, TRIAGE = Action.READ, Action.FILE, Action.ACT, Action.TRIAGE
OPERATE = Action.OPERATE
# Every operation: its view, how it is asked, and what the key must be allowed to.
OPERATIONS: list[tuple[str, str, str, Body, set[Action]]] = [
    ("list_complaints", "GET", "/complaints", None, {READ}),
    ("show_complaint", "GET", "/complaints/CASE", None, {READ}),
    ("list_events", "GET", "/complaints/CASE/events", None, {READ}),
    ("list_dispositions", "GET", "/complaints/CASE/dispositions", None, {READ}),
    ("list_attachments", "GET", "/complaints/CASE/attachments", None, {READ}),
    ("show_content", "GET", "/complaints/CASE/attachments/1/content", None, {READ}),
    ("file_complaint", "POST", "/complaints", {"text": "Lampu jalan mati"}, {FILE}),
    ("show_submission", "GET", f"/submissions/{'0' * 12}-{'0' * 32}", None, {FILE}),
    (
        "dispose",
        "POST",
        "/complaints/CASE/dispositions",
        {"agency": "DISHUB@32.73"},
        {READ, TRIAGE},
    ),
    (
        "respond",
        "POST",
        "/complaints/CASE/responses",
        {"agency": DESK, "text": "Sudah."},
        {READ, ACT},
    ),
    (
        "forward",
        "POST",
        "/complaints/CASE/forwarding",
        {"agency": DESK, "unit": f"{DESK}/JALAN"},
        {READ, ACT},
    ),
    (
        "give_back",
        "POST",
        "/complaints/CASE/return",
        {"agency": DESK, "reason": "bukan"},
        {READ, ACT},
    ),
    ("start", "POST", "/complaints/CASE/start", {"agency": DESK}, {READ, ACT}),
    (
        "defer",
        "POST",
        "/complaints/CASE/deferral",
        {"agency": DESK, "question": "Di mana?"},
        {READ, ACT},
    ),
    ("resume", "POST", "/complaints/CASE/resumption", {}, {READ, ACT}),
    ("archive", "POST", "/complaints/CASE/archive", {"why": "spam"}, {READ, TRIAGE}),
    ("restore", "POST", "/complaints/CASE/restoration", {}, {READ, TRIAGE}),
    ("correct", "POST", "/complaints/CASE/corrections", {"kind": "aspiration"}, {READ, TRIAGE}),
    ("list_inbox", "GET", "/inbox", None, {OPERATE}),
    ("show_message", "GET", "/inbox/1", None, {OPERATE}),
    ("reveal_message", "POST", "/inbox/1/reveal", {"reason": "tiket 77"}, {OPERATE}),
    ("list_outbox", "GET", "/outbox", None, {OPERATE}),
    ("show_reply", "GET", "/outbox/1", None, {OPERATE}),
    ("reveal_reply", "POST", "/outbox/1/reveal", {"reason": "tiket 77"}, {OPERATE}),
    ("replay", "POST", "/replay", {"rows": ["in-1"], "reason": "tiket 77"}, {OPERATE}),
    ("show_report", "GET", "/reports/summary", None, {Action.REPORT}),
    ("list_categories", "GET", "/catalogue/categories", None, set()),
    ("list_agencies", "GET", "/catalogue/agencies", None, set()),
    ("list_areas", "GET", "/catalogue/areas", None, set()),
]
NAMES = [row[0] for row in OPERATIONS]
OF_A_CASE = [row for row in OPERATIONS if "CASE" in row[2]]


def ask(who: Program, method: str, path: str, body: Body, number: int | str) -> TestResponse:
    path = path.replace("CASE", str(number))
    return who.get(path) if method == "GET" else who.post(path, body or {})


def test_the_table_knows_every_operation(gateway: Gateway):
    document = gateway.http.get("/api/openapi.json").json
    found = {
        operation["operationId"]: set(operation["x-needs"])
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert found == {name: needs for name, *_, needs in OPERATIONS}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer 1708_0000",
        "Basic MTcwODox",
        "KEY",
        "Bearer KEYx",
        "Bearer \u00e9",
    ],
)
def test_no_key_or_a_wrong_one_is_nobody(gateway: Gateway, header: str | None):
    who = program(gateway)
    headers = {} if header is None else {"Authorization": header.replace("KEY", who.key)}
    answer = gateway.http.get("/api/v1/complaints", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="1708"'
    assert answer.mimetype == "application/problem+json"
    assert answer.json == {
        "type": "/api/problems/unauthorized",
        "title": "Kunci diperlukan",
        "status": 401,
        "detail": "Kirim kunci API yang berlaku: Authorization: Bearer 1708_...",
    }


@pytest.mark.parametrize(("name", "method", "path", "body", "needs"), OPERATIONS, ids=NAMES)
def test_each_operation_asks_for_a_key(gateway: Gateway, name, method, path, body, needs):
    path = address(path.replace("CASE", "9165816"))
    answer = gateway.http.open(path, method=method, json=body)
    assert (answer.status_code, answer.json["status"]) == (401, 401)


def test_a_key_ends(gateway: Gateway):
    who, gone = program(gateway), program(gateway, name="gone")
    with gateway.rt.transaction() as session:
        api_keys.revoke(session, gone.number, gateway.clock.now)
    assert (who.get("/complaints").status_code, gone.get("/complaints").status_code) == (200, 401)
    gateway.clock.forward(days=31)
    assert who.get("/complaints").status_code == 401


@pytest.mark.parametrize(("name", "method", "path", "body", "needs"), OPERATIONS, ids=NAMES)
def test_a_key_does_only_what_it_is_for(gateway: Gateway, name, method, path, body, needs):
    for missing in needs:
        others = [action for action in Action if action is not missing]
        who = program(gateway, "", *others, name=f"all but {missing}")
        answer = ask(who, method, path, body, 9165816)
        assert answer.status_code == 403
        assert answer.json["detail"] == f"Kunci atau peran Anda tidak mengizinkan: {missing}."
    enough = program(gateway, "", *(needs or {Action.READ}), name="enough")
    assert ask(enough, method, path, body, 9165816).status_code not in (401, 403)


def test_what_belongs_to_another_agency_does_not_exist(gateway: Gateway):
    case = filed(gateway)
    mine, other = program(gateway, DESK), program(gateway, OTHER)
    assert [row["tracking"] for row in mine.get("/complaints").json["items"]] == [case.tracking]
    assert other.get("/complaints").json == {"items": [], "next": None}
    assert other.get(f"/complaints?q={case.tracking}").json["items"] == []
    for name, method, path, body, _ in OF_A_CASE:
        answer = ask(other, method, path, body, case.tracking)
        nothing = ask(other, method, path, body, 1234567)
        assert (answer.status_code, nothing.status_code) == (404, 404), name
        told = answer.text.replace(str(case.tracking), "NUMBER")
        assert told == nothing.text.replace("1234567", "NUMBER"), name
        if name != "show_content":  # there is no file
            assert ask(mine, method, path, body, case.tracking).status_code != 404, name


def test_a_province_sees_its_cities_but_not_their_secrets(gateway: Gateway):
    case = filed(gateway)
    secret = filed(gateway, "Lampu jalan mati di Kec. Coblong Kota Bandung. Laporan ini rahasia.")
    assert secret.privacy == Privacy.CONFIDENTIAL
    province = program(gateway, "PEMPROV_32")
    assert [row["tracking"] for row in province.get("/complaints").json["items"]] == [case.tracking]
    assert province.get(f"/complaints/{secret.tracking}").status_code == 404
    assert program(gateway).get(f"/complaints/{secret.tracking}").status_code == 200


def test_an_agency_acts_for_its_own_desks_only(gateway: Gateway):
    number = filed(gateway).tracking
    province = program(gateway, "PEMPROV_32")
    answer = province.post(
        f"/complaints/{number}/responses",
        {"agency": DESK, "text": "Sudah."},
        Accept_Language="en",
    )
    assert (answer.status_code, answer.json["type"]) == (403, "/api/problems/forbidden")
    assert answer.json["detail"] == f"You do not act for {DESK}."
    assert [event.kind for event in gateway.rows(Event)] == ["received", "disposed"]


def test_numbers_and_names_in_texts_are_seen_by_those_who_act_and_that_is_kept(gateway: Gateway):
    number = filed(
        gateway, "Jalan rusak di Kec. Coblong Kota Bandung, hubungi 0812 0000 7777"
    ).tracking
    reader = program(gateway, DESK, READ, name="reader")
    actor = program(gateway, DESK, READ, ACT, name="actor")
    for path in (f"/complaints/{number}", "/complaints", f"/complaints/{number}/events"):
        assert "0000 7777" not in reader.get(path).text
    assert "hubungi ***" in reader.get(f"/complaints/{number}").json["text"]
    assert reader.get(f"/complaints/{number}?unmasked=true").status_code == 403
    assert gateway.rows(AuditRow) == []
    shown = actor.get(f"/complaints/{number}?unmasked=true").json["text"]
    assert shown.endswith("hubungi 0812 0000 7777")
    [kept] = gateway.rows(AuditRow)
    assert (kept.actor, kept.action) == ("actor", "complaint.reveal")
    assert actor.get(f"/complaints/{number}/events?unmasked=true").status_code == 200
    assert len(gateway.rows(AuditRow)) == 2


def test_no_key_is_ever_logged(gateway: Gateway, capfd: pytest.CaptureFixture[str]):
    who = program(gateway)
    who.get("/complaints")
    who.get("/nothing")
    who.post("/complaints", {"text": "\x00"})
    gateway.http.get("/api/v1/complaints", headers={"Authorization": f"Bearer {who.key}0"})
    said = "".join(capfd.readouterr())
    assert "/api/v1/complaints" in said
    assert who.key not in said
    assert who.key[5:20] not in said
