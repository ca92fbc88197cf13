"""Reports that programs file by Open311: once, whole, and by whom they may."""

import json
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest

from store.agencies.access import Action
from store.models import Complaint, Conversation, InboxRow, OutboxRow
from tests.harness import Gateway, at_once, eventually, sqlite, tuned
from tests.open311 import BODY, NOTICE, PRIVATE_WORDS, REPORT, V2, Client, key


def test_a_report_is_filed_once_and_followed(client: Client):
    number = client.file()
    (row,) = client.gateway.rows(Complaint)
    assert (str(row.tracking), row.category, row.agency, row.place, row.text) == (
        number,
        "JALAN_RUSAK",
        "DINAS_PUPR@32.73",
        "32.73.02",
        BODY,
    )
    found = client.request(number)
    assert (found["service_code"], found["status"], found["lat"]) == ("JALAN_RUSAK", "open", None)
    assert found["address"] == "Jalan Dipatiukur 35, Kec. Coblong, Kota Bandung"
    assert found["requested_datetime"] == "2026-11-20T12:00:00+07:00"
    assert client.numbers() == client.numbers("?status=open") == [number]
    assert client.numbers("?status=closed") == []


def test_the_replies_to_a_program_wait_for_nobody(client: Client):
    client.file()
    replies = client.gateway.rows(OutboxRow)
    assert [(row.channel, row.status) for row in replies] == [("open311", "sent")]


@sqlite
def test_a_pin_is_enough(client: Client):
    number = client.file(address_string="", lat="-6.8915", long="107.6107")
    (row,) = client.gateway.rows(Complaint)
    assert (row.text, row.agency) == (REPORT["description"], "DINAS_PUPR@32.73")
    found = client.request(number)
    assert (found["lat"], found["long"]) == (-6.8915, 107.6107)
    assert found["address_id"].startswith("32.73.02")


@sqlite
def test_a_code_of_a_region_is_enough(client: Client):
    client.file(address_string="", address_id="32.73.02.1004")
    (row,) = client.gateway.rows(Complaint)
    assert (row.place, row.agency) == ("32.73.02.1004", "DINAS_PUPR@32.73")


@sqlite
def test_what_stands_in_fields_of_its_own_reaches_the_officer(client: Client):
    more = {
        "attribute[ADDRESS_DETAIL]": "depan pasar",
        "attribute[WHEN]": "sejak Senin",
        "attribute[OTHER]": "tidak ada",
        "media_url": "https://foto.example/1.jpg",
        "account_id": "77",
    }
    client.file(**more)
    (row,) = client.gateway.rows(Complaint)
    assert row.text.splitlines()[2:] == [
        "Patokan: depan pasar",
        "Waktu: sejak Senin",
        "Lampiran: https://foto.example/1.jpg",
    ]
    (message,) = client.gateway.rows(InboxRow)
    assert "media" not in message.extra  # nothing is fetched from where a client says


@pytest.mark.parametrize(
    "words",
    [
        "Terima kasih banyak",
        "STATUS 9165816",
        "BATAL",
        "Halo",
        "Bagaimana kelanjutan laporan saya nomor 9165816?",
    ],
)
@sqlite
def test_a_form_is_a_report_whatever_it_sounds_like(client: Client, words: str):
    first = client.file("satu", email="sari@contoh.example")
    second = client.file("dua", email="sari@contoh.example", description=words)
    assert first != second
    _, row = client.gateway.rows(Complaint)
    assert (row.category, row.kind) == ("JALAN_RUSAK", "complaint")


@sqlite
def test_the_next_report_answers_no_question_about_the_one_before(client: Client):
    """The first has no place that is known, so the conversation asks for one."""
    person = {"phone": "081200000077"}
    first = client.file("satu", address_string="dekat rumah saya", **person)
    assert client.gateway.rows(Complaint)[0].agency is None
    second = client.file("dua", service_code="PJU", description="Lampu mati", **person)
    assert first != second
    assert len(client.gateway.rows(Conversation)) == 1
    assert [row.category for row in client.gateway.rows(Complaint)] == ["JALAN_RUSAK", "PJU"]


@sqlite
@pytest.mark.parametrize(
    ("change", "complaints"),
    [
        ({}, 1),
        ({"description": "Lubang baru lagi"}, 2),
        ({"service_code": "DRAINASE"}, 2),
        ({"lat": "-6.9", "long": "107.62"}, 2),
        ({"email": "budi@contoh.example"}, 2),
        ({"email": ""}, 2),
        ({"email": "SARI@contoh.example"}, 1),
    ],
)
def test_the_same_words_of_the_same_person_are_one_report(
    client: Client, change: dict[str, str], complaints: int
):
    form = REPORT | {"email": "sari@contoh.example"}
    tokens = []
    for fields in (form, form | change):
        answer = client.once("/requests.json", fields)
        tokens.append((answer.json or [])[0]["token"])
        client.gateway.work()
    found = [client.get(f"/tokens/{token}.json").json or [] for token in tokens]
    numbers = {row[0]["service_request_id"] for row in found}
    assert len(client.gateway.rows(Complaint)) == complaints
    assert len(numbers) == complaints
    assert None not in numbers


@sqlite
def test_many_posts_of_one_report_at_once_are_one(client: Client):
    answers = at_once(
        6, lambda _: client.once("/requests.json", REPORT, Idempotency_Key="sama").data
    )
    assert len(set(answers)) == 1
    client.gateway.work()
    assert len(client.gateway.rows(Complaint)) == 1


@sqlite
def test_a_name_of_a_report_is_not_for_another(client: Client):
    client.file("laporan-1")
    other = REPORT | {"description": "Jembatan putus"}
    answer = client.post("/requests.json", other, Idempotency_Key="laporan-1")
    assert answer.status_code == 400
    assert len(client.gateway.rows(InboxRow)) == 1
    stranger = Client(client.gateway, key(client.gateway.rt, Action.FILE))
    assert stranger.file("laporan-1", description="Jembatan putus")  # its own names


@sqlite
@pytest.mark.parametrize(
    ("change", "address", "reports"),
    [
        ({}, "192.0.2.1", 1),
        ({}, "192.0.2.2", 2),
        ({"description": "Jembatan putus"}, "192.0.2.1", 2),
        ({"lat": "-6.9", "long": "107.62"}, "192.0.2.1", 2),
    ],
)
def test_strangers_without_a_key_do_not_share_their_names(
    gateway: Gateway, change: dict[str, str], address: str, reports: int
):
    rt = tuned(gateway.rt, open311={"key_needed": False, "wait_seconds": 0})
    http = Gateway(rt, gateway.clock).http
    for fields, sender in ((REPORT, "192.0.2.1"), (REPORT | change, address)):
        answer = http.post(
            f"{V2}/requests.json",
            data=fields,
            headers={"Idempotency-Key": "1"},
            environ_base={"REMOTE_ADDR": sender},
        )
        assert answer.status_code == 201, answer.text
    assert len(gateway.rows(InboxRow)) == reports


@sqlite
def test_who_files_is_nowhere(client: Client, capfd: pytest.CaptureFixture[str]):
    about = {
        "first_name": "Sari",
        "last_name": "Karangan",
        "email": "sari@contoh.example",
        "phone": "081200000077",
        "description": "Lubang besar. Nama saya Sari Karangan, hp 081200000077",
    }
    number = client.file(**about)
    answers = [
        client.get(f"/requests/{number}.xml").text,
        client.get("/requests.json").text,
        client.get("/servicerequestupdates.json").text,
    ]
    (row,) = client.gateway.rows(InboxRow)
    kept = json.dumps([row.sender, row.extra, row.provider_id])
    log = "".join(capfd.readouterr())
    assert "rule=/open311/v2/requests.<suffix>" in log
    for words in (*PRIVATE_WORDS, client.key):
        assert not any(words in text for text in answers), words
        assert words not in kept
        assert words not in log
    assert "Lubang besar. Nama saya ***, hp ***" in answers[0]


@sqlite
@pytest.mark.parametrize(
    ("words", "notice"),
    [
        ("Lubang besar", NOTICE),
        (
            "Kebakaran besar sekarang, tolong cepat, ada korban",
            "DARURAT? Telepon 112 (polisi 110, pemadam 113, ambulans 119) sekarang juga. " + NOTICE,
        ),
    ],
)
def test_a_worker_that_is_quick_gives_the_number_at_once(client: Client, words: str, notice: str):
    rt = tuned(client.gateway.rt, open311={"wait_seconds": 10})
    patient = Client(Gateway(rt, client.gateway.clock), client.key)
    form = REPORT | {"description": words}
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(patient.post, "/requests.json", form, Idempotency_Key="cepat")
        eventually(lambda: client.gateway.rows(InboxRow), "the report is on disk")
        client.gateway.work()
        (row,) = answer.result(20).json or ()
    (kept,) = client.gateway.rows(Complaint)
    number = str(kept.tracking)
    assert row == {"service_request_id": number, "service_notice": notice, "account_id": None}


@sqlite
def test_a_report_that_waits_has_a_token_without_a_number(client: Client):
    answer = client.post("/requests.xml", REPORT, Idempotency_Key="antri")
    root = ElementTree.fromstring(answer.data)
    token = root.findtext("request/token")
    assert token
    assert root.find("request/service_request_id") is None
    waiting = ElementTree.fromstring(client.get(f"/tokens/{token}.xml").data)
    assert waiting.findtext("request/service_request_id") == ""
    assert waiting.findtext("request/token") == token


@sqlite
@pytest.mark.parametrize("key_needed", [True, False])
def test_a_key_is_needed_to_file_if_the_settings_say_so(gateway: Gateway, key_needed: bool):
    rt = tuned(gateway.rt, open311={"key_needed": key_needed, "wait_seconds": 0})
    nobody = Client(Gateway(rt, gateway.clock))
    answer = nobody.once("/requests.json", REPORT)
    assert answer.status_code == (403 if key_needed else 201)
    assert len(gateway.rows(InboxRow)) == (0 if key_needed else 1)
    wrong = Client(nobody.gateway, "1708_" + "0" * 64).once("/requests.json", REPORT)
    assert wrong.status_code == 403


@sqlite
def test_a_key_for_something_else_files_nothing(gateway: Gateway):
    reader = Client(gateway, key(gateway.rt, Action.READ))
    assert reader.post("/requests.json", REPORT).status_code == 403
    assert reader.post("/servicerequestupdates.json", REPORT).status_code == 403
    assert gateway.rows(InboxRow) == []


@sqlite
def test_several_jurisdictions_must_be_told_apart(gateway: Gateway):
    rt = tuned(gateway.rt, open311={"jurisdictions": ("lapor.go.id", "bandung.go.id")})
    client = Client(Gateway(rt, gateway.clock))
    assert client.get("/requests.json").status_code == 400
    assert client.get("/requests.json?jurisdiction_id=bandung.go.id").status_code == 200
    assert client.get("/requests.json?jurisdiction_id=jakarta.go.id").status_code == 404
