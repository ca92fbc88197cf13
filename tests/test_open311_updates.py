"""Updates by Open311: what happened to a request, and news from a program."""

from datetime import timedelta

import pytest

from store.agencies.access import Action
from store.models import Event, OutboxRow
from tests.harness import NOON, Gateway, at_once, sqlite
from tests.open311 import Client, assert_document, complaint, happened, keep, key, update


def test_an_agency_answers_through_its_own_system(client: Client):
    number = client.file()
    office = Client(client.gateway, key(client.gateway.rt, Action.ACT, agency="DINAS_PUPR@32.73"))
    begun = office.post("/servicerequestupdates.xml", update(number, "IN_PROGRESS", "", "u-1"))
    assert begun.status_code == 200, begun.text
    text = "Sudah ditambal, hubungi 081200000077"
    done = office.post("/servicerequestupdates.json", update(number, "closed", text, "u-2"))
    assert done.status_code == 200, done.text
    events = [
        (row["external_status_code"], row["status"], row["description"])
        for row in client.updates()
        if row["external_status_code"] != "disposed"
    ]
    agency = client.request(number)["agency_responsible"]
    assert events == [
        ("started", "IN_PROGRESS", f"Mulai dikerjakan {agency}."),
        ("answered", "OPEN", "Sudah ditambal, hubungi ***"),
    ]
    assert (done.json or [])[0]["update_id"] == client.updates()[-1]["update_id"]
    found = client.request(number)
    assert (found["status"], found["extended_attributes"]["state"]) == ("open", "answered")
    assert "Sudah ditambal, hubungi ***" in found["status_notes"]
    client.gateway.clock.forward(seconds=120)
    client.gateway.work()
    assert {row.status for row in client.gateway.rows(OutboxRow)} <= {"sent", "cancelled"}


@sqlite
@pytest.mark.parametrize(
    ("change", "agency", "status"),
    [
        ({"service_request_id": "7"}, "DINAS_PUPR@32.73", 404),
        ({"service_request_id": "x"}, "DINAS_PUPR@32.73", 404),
        ({"service_request_id": ""}, "DINAS_PUPR@32.73", 400),
        ({"update_id": ""}, "DINAS_PUPR@32.73", 400),
        ({"updated_datetime": "today"}, "DINAS_PUPR@32.73", 400),
        ({"updated_datetime": ""}, "DINAS_PUPR@32.73", 400),
        ({"status": "SOLVED"}, "DINAS_PUPR@32.73", 400),
        ({"status": ""}, "DINAS_PUPR@32.73", 400),
        ({"description": ""}, "DINAS_PUPR@32.73", 400),
        ({}, "DINAS_PUPR@32.04", 403),
        ({}, "KEMENSOS", 403),
        ({}, "PEMKOT_3273", 200),
        ({}, "", 200),
    ],
)
def test_an_update_is_taken_from_whose_case_it_is(
    client: Client, change: dict[str, str], agency: str, status: int
):
    number = client.file()
    office = Client(client.gateway, key(client.gateway.rt, Action.ACT, agency=agency))
    form = update(number, "FIXED", "Sudah ditambal") | change
    answer = office.post("/servicerequestupdates.json", form)
    assert answer.status_code == status, answer.text
    assert_document(answer, status)
    kinds = [row.kind for row in client.gateway.rows(Event)]
    assert kinds.count("answered") == (status == 200)


@sqlite
def test_what_the_case_does_not_allow_is_refused_in_words(client: Client):
    number = client.file()
    office = Client(client.gateway, key(client.gateway.rt, Action.ACT, agency="DINAS_PUPR@32.73"))
    assert office.post("/servicerequestupdates.json", update(number, "FIXED", "Sudah")).json
    again = office.post("/servicerequestupdates.json", update(number, "FIXED", "Sudah", "u-2"))
    assert again.status_code == 400
    assert_document(again, 400)


@sqlite
def test_the_same_update_many_times_at_once_is_one(client: Client):
    number = client.file()
    form = update(number, "FIXED", "Sudah ditambal")
    answers = at_once(6, lambda _: client.once("/servicerequestupdates.json", form))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert [row.kind for row in client.gateway.rows(Event)].count("answered") == 1


@sqlite
def test_updates_are_those_of_the_time_and_the_requests(gateway: Gateway):
    for number, hours in ((9165816, 5), (9165817, 4)):
        at = NOON - timedelta(hours=hours)
        keep(gateway.rt, complaint(number))
        happened(gateway.rt, number, "started", at=at - timedelta(days=7))
        happened(gateway.rt, number, "disposed", at=at, detail={"agency": "KEMENSOS"})
        happened(gateway.rt, number, "commented", at=at, text="Belum beres, saya Sari")
        happened(gateway.rt, number, "returned", at=at + timedelta(hours=2), text="bukan kami")
    client = Client(gateway)

    def found(query: str) -> list[tuple[str, str]]:
        rows = client.updates(query)
        return [(row["service_request_id"], row["external_status_code"]) for row in rows]

    first, second = ("9165816", "disposed"), ("9165817", "disposed")
    assert found("") == [first, second, ("9165816", "returned"), ("9165817", "returned")]
    old = [("9165816", "started"), ("9165817", "started")]
    assert found("?service_request_id=9165817") == [old[1], second, ("9165817", "returned")]
    assert found("?end_date=2026-11-20T00:00:00Z") == [*old, first]
    assert found("?start_date=2026-11-20T02:30:00Z") == [("9165817", "returned")]
    assert found("?page_size=1&page=2") == [second]
    said = " ".join(row["description"] for row in client.updates())
    assert "Sari" not in said
    assert "bukan kami" not in said
