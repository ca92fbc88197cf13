"""Open311: the documents of the standard, any client's way to file and follow, no secret."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from georeport import GeoReport
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from gateway.open311.rendering import Format, render
from gateway.runtime import Runtime
from store.agencies import api_keys
from store.agencies.access import Action
from store.agency_models import AgencyRow
from store.db import open_engine
from store.masking import masked
from store.models import (
    ArchiveReason,
    Complaint,
    ComplaintStatus,
    Conversation,
    Event,
    InboxRow,
    OutboxRow,
    Privacy,
)
from tests.conftest import Outage
from tests.harness import NOON, Clock, Gateway, at_once, eventually, tuned
from tests.live import Service

FIXTURES = Path(__file__).parent / "fixtures" / "open311"
V2 = "/open311/v2"
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # one is enough
REPORT = {
    "service_code": "JALAN_RUSAK",
    "description": "Lubang besar, dua motor jatuh",
    "address_string": "Jl. Dipatiukur 35, Kec. Coblong, Kota Bandung",
}
BODY = "Lubang besar, dua motor jatuh\nAlamat: Jl. Dipatiukur 35, Kec. Coblong, Kota Bandung"
NOTICE = (
    "Laporan diteruskan ke instansi yang berwenang, yang menjawab paling lambat 60 hari kerja "
    "kemudian."
)
SECRET = "Guru itu memukul adik saya"
PRIVATE_WORDS = ("Sari", "Karangan", "sari@contoh.example", "081200000077", "81200000077")


def key(rt: Runtime, *actions: Action, agency: str = "") -> str:
    now = rt.now()
    with rt.transaction() as session:
        name = f"program {len(api_keys.listed(session))}"
        _, text = api_keys.create(session, name, agency, actions, now + timedelta(days=30), now)
    return text


@dataclass
class Client:
    """A program on the wire of the test; it sends every form twice."""

    gateway: Gateway
    key: str = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.gateway.http.get(V2 + path, headers=headers)

    def once(self, path: str, form: Mapping[str, str | bytes], **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        fields = {"api_key": self.key, **form} if self.key else dict(form)
        return self.gateway.http.post(V2 + path, data=fields, headers=named)

    def post(self, path: str, form: Mapping[str, str | bytes], **headers: str) -> TestResponse:
        first = self.once(path, form, **headers)
        again = self.once(path, form, **headers)
        assert (again.status_code, again.data) == (first.status_code, first.data)
        return first

    def file(self, name: str = "laporan-1", **fields: str) -> str:
        """The number of a report that was posted twice and worked at twice."""
        answer = self.post("/requests.json", {**REPORT, **fields}, Idempotency_Key=name)
        assert answer.status_code == 201, answer.text
        (token,) = (row["token"] for row in answer.json or ())
        self.gateway.work()
        (found,) = self.get(f"/tokens/{token}.json").json or ()
        assert found["token"] == token
        return str(found["service_request_id"])

    def request(self, number: str) -> dict[str, Any]:
        (found,) = self.get(f"/requests/{number}.json").json or ()
        return dict(found)

    def numbers(self, query: str = "") -> list[str]:
        answer = self.get(f"/requests.json{query}")
        assert answer.status_code == 200, answer.text
        return [row["service_request_id"] for row in answer.json or ()]

    def updates(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.get(f"/servicerequestupdates.json{query}")
        assert answer.status_code == 200, answer.text
        return list(answer.json or ())


@pytest.fixture
def client(gateway: Gateway) -> Client:
    """A program with a key that waits for no worker: the test runs those itself."""
    rt = tuned(gateway.rt, open311={"wait_seconds": 0})
    return Client(Gateway(rt, gateway.clock), key(rt, Action.FILE, Action.ACT))


def complaint(tracking: int, **more: Any) -> Complaint:
    values = {
        "text": "Lampu jalan mati",
        "kind": "complaint",
        "category": "PJU",
        "agency": "DINAS_PERHUBUNGAN@32.73",
        "place": "32.73.02",
        "status": ComplaintStatus.DISPOSED,
        "deadline": date(2026, 12, 10),
        "created_at": NOON,
        "updated_at": NOON,
    } | more
    return Complaint(tracking=tracking, **values)


def keep(rt: Runtime, *rows: Any) -> None:
    with rt.transaction() as session:
        for row in rows:
            session.add(row)
            session.flush()


def happened(rt: Runtime, tracking: int, kind: str, **more: Any) -> None:
    with rt.transaction() as session:
        row = session.exec(_by(tracking)).one()
        values = {"actor": "petugas", "at": NOON} | more
        session.add(Event(complaint_id=row.key, kind=kind, **values))


def _by(tracking: int) -> Any:
    return select(Complaint).where(Complaint.tracking == tracking)


def canonical(text: str | bytes) -> str:
    """XML without the blanks between its elements."""
    return ElementTree.canonicalize(text, strip_text=True)


# --- documents -----------------------------------------------------------------------------------


@pytest.fixture
def shown(gateway: Gateway) -> Client:
    """Two complaints as they are kept, with all that may be said of them."""
    first = complaint(
        9165816,
        text="Lubang <dalam> & bahaya, hubungi Ibu Sari 081200000077",
        category="JALAN_RUSAK",
        agency="UNIT_JALAN",
        address="Jalan Dipatiukur 35",
        lat=-6.8915,
        lon=107.6107,
        status=ComplaintStatus.CLOSED,
        privacy=Privacy.ANONYMOUS,
        created_at=NOON - timedelta(days=20),
        closed_at=NOON - timedelta(hours=1),
    )
    second = complaint(9165817, category=None, agency=None, place=None, status="triage")
    keep(gateway.rt, AgencyRow(code="UNIT_JALAN", name="Seksi Jalan", updated_at=NOON))
    keep(gateway.rt, first, second)
    second.parent_id = first.key
    keep(gateway.rt, second)
    said = "Sudah ditambal. Info: 081200000077"
    happened(gateway.rt, 9165816, "answered", text=said, detail={"agency": "UNIT_JALAN"})
    return Client(gateway)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("requests.*")), ids=lambda path: path.suffix)
def test_requests_are_the_documents_of_the_standard(shown: Client, path: Path):
    answer = shown.get(f"/{path.name}?service_request_id=9165816,9165817,1")
    assert answer.status_code == 200
    if path.suffix == ".json":
        assert answer.content_type == "application/json; charset=utf-8"
        assert answer.json == json.loads(path.read_text("utf-8"))
    else:
        assert answer.content_type == "text/xml; charset=utf-8"
        assert answer.data.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<service_requests>')
        assert canonical(answer.data) == canonical(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/services/PJU.xml", "definition.xml"),
        ("/servicerequestupdates.xml", "updates.xml"),
        ("/requests/7.xml", "unknown.xml"),
    ],
)
@sqlite
def test_other_documents_of_the_standard(shown: Client, path: str, expected: str):
    answer = shown.get(path, Accept_Language="id")
    assert answer.content_type == "text/xml; charset=utf-8"
    assert canonical(answer.data) == canonical((FIXTURES / expected).read_text("utf-8"))


@sqlite
def test_services_are_the_topics_of_the_catalogue(gateway: Gateway):
    client = Client(gateway)
    found = {row["service_code"]: row for row in client.get("/services.json").json or ()}
    assert len(found) == 103
    road = found["JALAN_RUSAK"]
    assert (road["service_name"], road["group"], road["type"], road["metadata"]) == (
        "Jalan rusak / berlubang",
        "Pekerjaan Umum Dan Penataan Ruang",
        "realtime",
        True,
    )
    assert "jalan berlubang" in road["keywords"].split(", ")
    assert "PUPR" not in found  # a group is no service
    assert "dirahasiakan" in found["BULLYING"]["description"]
    assert "dirahasiakan" not in road["description"]
    root = ElementTree.fromstring(client.get("/services.xml").data)
    assert (root.tag, {child.tag for child in root}, len(root)) == ("services", {"service"}, 103)
    assert root[0].findtext("metadata") == "true"


@sqlite
def test_discovery_says_where_and_how(gateway: Gateway):
    client = Client(gateway)
    found = client.get("/discovery.json").json or {}
    (endpoint,) = found["endpoints"]
    assert endpoint["url"] == "https://1708.example/open311/v2"
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert datetime.fromisoformat(endpoint["changeset"]).tzinfo
    root = ElementTree.fromstring(client.get("/discovery.xml").data)
    assert root.findtext("endpoints/endpoint/formats/format") == "text/xml"


@sqlite
@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        ("/services/PJU", "", "text/xml"),
        ("/services/PJU", "application/json", "application/json"),
        ("/services/PJU", "text/html,application/xml;q=0.9,*/*;q=0.8", "text/xml"),
        ("/services/PJU.json", "text/xml", "application/json"),
        ("/services/PJU.xml", "application/json", "text/xml"),
    ],
)
def test_the_suffix_goes_before_accept(gateway: Gateway, path: str, accept: str, content_type: str):
    answer = Client(gateway).get(path, Accept=accept)
    assert (answer.status_code, answer.mimetype) == (200, content_type)


def test_what_xml_cannot_hold_is_replaced(gateway: Gateway):
    keep(gateway.rt, complaint(9165816, text="a\x0bb\x1f]]>\ufffe\U0001f6a7"))
    answer = Client(gateway).get("/requests/9165816.xml")
    root = ElementTree.fromstring(answer.data)
    assert root.findtext("request/description") == "a\ufffdb\ufffd]]>\ufffd\U0001f6a7"


def test_an_empty_list_is_an_empty_document():
    assert render("service_requests", [], Format.XML).data.endswith(
        b"<service_requests></service_requests>"
    )
    assert render("service_requests", [], Format.JSON).data == b"[]"


@sqlite
def test_sentences_come_in_the_language_of_the_client(shown: Client):
    assert shown.get("/requests/7.json", **{"Accept-Language": "en-GB,en"}).json == [
        {"code": 404, "description": "service_request_id was not found."}
    ]
    english = shown.get("/requests/9165816.json", **{"Accept-Language": "en"}).json or []
    assert english[0]["status_notes"] == (
        "Solved. Answer of Seksi Jalan: Sudah ditambal. Info: ***"
    )


# --- filing --------------------------------------------------------------------------------------


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


# --- secrets -------------------------------------------------------------------------------------


@sqlite
def test_a_confidential_report_is_in_no_answer(client: Client):
    form = {**REPORT, "service_code": "BULLYING", "description": SECRET}
    answer = client.post("/requests.json", form, Idempotency_Key="rahasia")
    token = (answer.json or [])[0]["token"]
    assert "dirahasiakan" in (answer.json or [])[0]["service_notice"]
    client.gateway.work()
    again = client.post("/requests.json", form, Idempotency_Key="rahasia")
    (row,) = client.gateway.rows(Complaint)
    assert row.privacy == Privacy.CONFIDENTIAL
    number = str(row.tracking)
    happened(client.gateway.rt, row.tracking, "answered", text=SECRET)
    keep(client.gateway.rt, complaint(9165816, parent_id=row.key))
    unknown = {form: client.get(f"/requests/7{form}").data for form in (".xml", ".json")}
    for suffix, nothing in unknown.items():
        shown = client.get(f"/requests/{number}{suffix}")
        assert (shown.status_code, shown.data) == (404, nothing)
        assert client.get(f"/tokens/{token}{suffix}").status_code == 404
        assert client.get(f"/tokens/{token}{suffix}").data == client.get(f"/tokens/0{suffix}").data
    update = {
        "service_request_id": number,
        "update_id": "1",
        "updated_datetime": "2026-11-20T05:00:00Z",
        "status": "CLOSED",
        "description": "Selesai",
    }
    refused = client.post("/servicerequestupdates.json", update)
    missing = client.post("/servicerequestupdates.json", update | {"service_request_id": "7"})
    assert (refused.status_code, refused.data) == (404, missing.data)
    queries = ("", f"?service_request_id={number}", "?service_code=BULLYING", "?status=open")
    told = [
        *(client.get(f"/requests{end}{q}").text for q in queries for end in unknown),
        *(client.get(f"/servicerequestupdates{end}{q}").text for q in queries for end in unknown),
        client.request("9165816")["extended_attributes"]["duplicate_of"] or "",
        again.text,
    ]
    assert not [text for text in told if number in text or "memukul" in text]


@sqlite
def test_a_report_that_becomes_confidential_is_gone(client: Client):
    number = client.file()
    assert client.numbers() == [number]
    with client.gateway.rt.transaction() as session:
        row = session.exec(_by(int(number))).one()
        row.privacy = Privacy.CONFIDENTIAL
        session.add(row)
    assert client.numbers() == client.numbers(f"?service_request_id={number}") == []
    assert client.updates() == client.updates(f"?service_request_id={number}") == []
    assert client.get(f"/requests/{number}.json").status_code == 404


@sqlite
@pytest.mark.parametrize("reason", [ArchiveReason.ABUSIVE, ArchiveReason.PRIVATE])
def test_abuse_and_quarrels_are_not_repeated(gateway: Gateway, reason: ArchiveReason):
    row = complaint(9165816, text="Pak Karangan maling", status="archived", archive_reason=reason)
    keep(gateway.rt, row)
    found = Client(gateway).request("9165816")
    assert (found["status"], found["description"]) == ("closed", None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nama saya Sari Karangan, hp 081200000077", "Nama saya ***, hp ***"),
        ("NIK 3204010101900001 tidak terdaftar", "NIK *** tidak terdaftar"),
        ("Saya Mau lapor jalan rusak", "Saya Mau lapor jalan rusak"),
        ("tulis ke sari@contoh.example ya", "tulis ke *** ya"),
        ("", ""),
    ],
)
def test_private_data_is_masked(text: str, shown: str):
    assert masked(text) == shown


# --- what is asked for ---------------------------------------------------------------------------


@pytest.fixture
def many(gateway: Gateway) -> Client:
    """Complaints of many days: numbers 1000000 + days ago."""
    states = ["disposed", "answered", "closed", "archived", "withdrawn"]
    for days in (0, 1, 30, 89, 91, 200):
        row = complaint(
            1000000 + days,
            created_at=NOON - timedelta(days=days),
            category="PJU" if days < 30 else "DRAINASE",
            status=states[days % 5],
        )
        keep(gateway.rt, row)
    return Client(gateway)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 30, 89]),
        ("?status=", [0, 1, 30, 89]),
        ("?status=open", [0, 1, 30]),
        ("?status=closed", [89]),
        ("?status=open,closed", [0, 1, 30, 89]),
        ("?service_code=PJU", [0, 1]),
        ("?service_code=PJU,DRAINASE", [0, 1, 30, 89]),
        ("?service_code=NOTHING", []),
        ("?start_date=2026-11-19T00:00:00%2B07:00", [0, 1]),
        ("?start_date=2026-11-19T12:00:00+07:00", [0, 1]),  # a blank where + should be
        ("?start_date=2026-11-19T05:00:01Z", [0]),
        ("?end_date=2026-10-21T05:00:00Z", [30, 89, 91]),
        ("?start_date=2026-10-21&end_date=2026-10-21", [30]),  # a day in Jakarta
        ("?start_date=2026-05-01T00:00:00Z", [200]),
        ("?page_size=2", [0, 1]),
        ("?limit=2", [0, 1]),
        ("?page_size=2&page=2", [30, 89]),
        ("?page_size=2&page=3", []),
        ("?service_request_id=1000091,1000200&status=open&service_code=PJU", [91, 200]),
        ("?service_request_id=1000091,,x,9999999999999999999,-1", [91]),
        ("?service_request_id=x", []),
    ],
)
@sqlite
def test_requests_are_found(many: Client, query: str, expected: list[int]):
    assert many.numbers(query) == [str(1000000 + days) for days in expected]


HOSTILE = [
    ("/requests.json?start_date=yesterday", 400),
    ("/requests.json?start_date=2026-11-20T00:00:00", 400),  # no zone
    ("/requests.json?start_date=0001-01-01T00:00:00%2B14:00", 400),
    ("/requests.json?start_date=9999-12-31T23:59:59Z", 400),
    ("/requests.json?end_date=0001-01-01T23:00:00Z", 400),
    ("/requests.json?start_date=2026-02-30T00:00:00Z", 400),
    ("/requests.json?start_date=2026-11-20T00:00:00Z&end_date=2026-11-19T00:00:00Z", 400),
    ("/requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-11-19T00:00:00Z", 400),
    ("/requests.json?start_date=%00", 400),
    ("/requests.json?status=solved", 400),
    ("/requests.json?status=open,solved", 400),
    ("/requests.json?page=0", 400),
    ("/requests.json?page=-1", 400),
    ("/requests.json?page=99999999999999999999999", 400),
    ("/requests.json?page=1.5", 400),
    ("/requests.json?page=%C2%B2", 400),  # a digit for str.isdigit
    ("/requests.json?page_size=1001", 400),
    ("/requests.json?page_size=0", 400),
    ("/requests.json?service_code=%00%FF", 200),
    ("/requests.json?service_request_id=%00%FF", 200),
    ("/requests.json?service_request_id=" + ",".join(map(str, range(1000, 3000))), 200),
    ("/requests/%00.json", 404),
    ("/requests/99999999999999999999.json", 404),
    ("/requests/-1.json", 404),
    ("/requests/%D9%A1.json", 404),
    ("/requests/1000000.html", 404),
    ("/requests.html", 404),
    ("/requests.", 404),
    ("/requests/.json", 404),
    ("/requests/a/b/c.json", 404),
    ("/services/PUPR.json", 404),
    ("/services/%00.json", 404),
    ("/services/..%2F..%2Fetc.json", 404),
    ("/tokens/%00.json", 404),
    ("/tokens/" + "a" * 3000 + ".json", 404),
    ("/servicerequestupdates.json?start_date=x", 400),
    ("/servicerequestupdates.json?service_request_id=x&end_date=x", 400),
    ("/nothing.json", 404),
    ("/", 404),
    ("/requests.json?jurisdiction_id=jakarta.go.id", 404),
    ("/requests.json?jurisdiction_id=%00", 404),
]


def test_hostile_questions_are_answered_with_documents(gateway: Gateway):
    client = Client(gateway)
    for path, status in HOSTILE:
        answer = client.get(path)
        assert answer.status_code == status, (path, answer.text)
        _is_document(answer, status)


def _is_document(answer: TestResponse, status: int) -> None:
    assert answer.mimetype in ("text/xml", "application/json")
    if answer.mimetype == "text/xml":
        root = ElementTree.fromstring(answer.data)
        found = [(child.findtext("code"), child.findtext("description")) for child in root]
        assert root.tag == "errors" or status < 400
    else:
        found = [(str(row.get("code")), row.get("description")) for row in answer.json or ()]
    if status >= 400:
        ((code, description),) = found
        assert code == str(status)
        assert description
        assert not re.search("Traceback|<html|Error", description)


FORMS = [
    ({"service_code": ""}, 400),
    ({"service_code": "NOTHING"}, 404),
    ({"service_code": "PUPR"}, 404),
    ({"service_code": "\x00"}, 404),
    ({"service_code": "x" * 501}, 400),
    ({"description": ""}, 400),
    ({"description": " \n\t "}, 400),
    ({"description": "x" * 4001}, 400),
    ({"description": "a\x00b\ud83d lubang"}, 201),
    ({"description": "x" * 4000}, 201),
    ({"address_string": ""}, 400),
    ({"address_string": "x" * 501}, 400),
    ({"lat": "-6.9"}, 400),
    ({"long": "107.6"}, 400),
    ({"lat": "91", "long": "107.6"}, 400),
    ({"lat": "-6.9", "long": "181"}, 400),
    ({"lat": "nan", "long": "107"}, 400),
    ({"lat": "1e999", "long": "107"}, 400),
    ({"lat": "-6,9", "long": "107,6"}, 400),
    ({"lat": "0", "long": "0"}, 201),
    ({"address_string": "", "address_id": "99.99"}, 400),
    ({"address_string": "", "address_id": "\x00"}, 400),
    ({"media_url": "file:///etc/passwd"}, 400),
    ({"media_url": "http://127.0.0.1:6390/ FLUSHALL"}, 400),
    ({"phone": "x" * 501}, 400),
    ({"email": "\x00"}, 201),
    ({"jurisdiction_id": "jakarta.go.id"}, 404),
    ({"jurisdiction_id": "lapor.go.id"}, 201),
]


def test_hostile_forms_are_answered_with_documents(client: Client):
    for number, (change, status) in enumerate(FORMS):
        form = {name: value.encode("utf-8", "surrogatepass") for name, value in change.items()}
        answer = client.post("/requests.json", {**REPORT, **form}, Idempotency_Key=str(number))
        assert answer.status_code == status, (change, answer.text)
        _is_document(answer, status)
    client.gateway.work()
    taken = sum(status == 201 for _, status in FORMS)
    assert len(client.gateway.rows(Complaint)) == taken


@sqlite
@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("triage", "open"),
        ("disposed", "open"),
        ("in_progress", "open"),
        ("deferred", "open"),
        ("answered", "open"),
        ("commented", "open"),
        ("closed", "closed"),
        ("archived", "closed"),
        ("withdrawn", "closed"),
    ],
)
def test_each_state_is_open_or_closed_and_said_in_words(gateway: Gateway, state: str, status: str):
    keep(gateway.rt, complaint(9165816, status=state))
    found = Client(gateway).request("9165816")
    assert (found["status"], found["extended_attributes"]["state"]) == (status, state)
    assert found["status_notes"].endswith(".")
    assert (found["expected_datetime"] is None) == (state == "deferred")


@pytest.mark.parametrize(
    ("method", "path", "body", "content_type", "status"),
    [
        ("POST", "/requests.json", b'{"service_code": "PJU"}', "application/json", 400),
        ("POST", "/requests.json", b"service_code=PJU", "text/plain", 400),
        ("POST", "/requests.json", b"", "", 400),
        ("POST", "/requests.json", b"--x", "multipart/form-data; boundary=y", 403),
        ("POST", "/requests.json", b"a" * 300_000, "application/x-www-form-urlencoded", 413),
        ("POST", "/services.json", b"", "application/x-www-form-urlencoded", 404),
        ("DELETE", "/requests/1.json", b"", "", 404),
        ("PUT", "/requests.json", b"", "", 404),
        ("POST", "/servicerequestupdates.xml", b"{}", "application/json", 400),
    ],
)
@sqlite
def test_another_kind_of_request_is_answered_with_a_document(
    gateway: Gateway, method: str, path: str, body: bytes, content_type: str, status: int
):
    answer = gateway.http.open(V2 + path, method=method, data=body, content_type=content_type)
    assert answer.status_code == status, answer.text
    _is_document(answer, status)


@sqlite
def test_a_fault_of_ours_is_a_document_without_its_words(
    client: Client, capfd: pytest.CaptureFixture[str]
):
    def broken(_: object) -> None:
        raise RuntimeError("kata pelapor")

    vars(client.gateway.rt)["accept"] = broken
    answer = client.once("/requests.json", REPORT)
    assert answer.status_code == 500
    _is_document(answer, 500)
    assert "kata pelapor" not in "".join(capfd.readouterr())


def test_while_the_database_is_away_a_report_is_kept_all_the_same(outage: Outage, clock: Clock):
    rt = tuned(outage.rt, open311={"key_needed": False, "wait_seconds": 0})
    client = Client(Gateway(rt, clock))
    outage.away()
    filed = client.once("/requests.json", REPORT)
    asked = client.get("/requests.xml")
    outage.back()
    assert filed.status_code == 201, filed.text
    assert (asked.status_code, asked.headers["Retry-After"]) == (503, "30")
    _is_document(asked, 503)
    path = f"/tokens/{(filed.json or [])[0]['token']}.json"
    eventually(lambda: client.get(path).status_code == 200, "the report is in the database")


# --- updates -------------------------------------------------------------------------------------


def update(number: str, status: str, text: str, name: str = "u-1") -> dict[str, str]:
    return {
        "service_request_id": number,
        "update_id": name,
        "updated_datetime": "2026-11-20T05:00:00Z",
        "status": status,
        "description": text,
    }


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
    _is_document(answer, status)
    kinds = [row.kind for row in client.gateway.rows(Event)]
    assert kinds.count("answered") == (status == 200)


@sqlite
def test_what_the_case_does_not_allow_is_refused_in_words(client: Client):
    number = client.file()
    office = Client(client.gateway, key(client.gateway.rt, Action.ACT, agency="DINAS_PUPR@32.73"))
    assert office.post("/servicerequestupdates.json", update(number, "FIXED", "Sudah")).json
    again = office.post("/servicerequestupdates.json", update(number, "FIXED", "Sudah", "u-2"))
    assert again.status_code == 400
    _is_document(again, 400)


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


# --- a client of the standard, on the wire -------------------------------------------------------


@pytest.mark.xdist_group("live")
def test_a_client_library_files_and_follows(tmp_path: Path):
    with Service.whole(tmp_path) as service:
        engine = open_engine(f"sqlite:///{tmp_path / '1708.db'}")
        now = datetime.now().astimezone()
        with Session(engine) as session, session.begin():
            ends = now + timedelta(days=1)
            _, text = api_keys.create(session, "app", "", [Action.FILE, Action.ACT], ends, now)
        engine.dispose()
        root = f"{service.url}{V2}"
        post = requests.post(f"{root}/requests.json", data={**REPORT, "api_key": text}, timeout=30)
        assert post.status_code == 201, post.text
        (filed,) = post.json()
        number = filed.get("service_request_id") or _number(root, filed["token"])
        for form in ("json", "xml"):
            city = GeoReport(root, jurisdiction="lapor.go.id", output_format=form)
            services = city.get_service_list()
            assert {"JALAN_RUSAK", "PJU"} <= {row["service_code"] for row in services}
            assert city.get_service_definition("PJU")["service_code"] == "PJU"
            found = city.get_service_request(number)
            assert (found["service_request_id"], found["status"]) == (number, "open")
            assert found["description"] == BODY
            listed = city.get_service_requests(status="open")
            rows = listed if isinstance(listed, list) else [listed]  # xmltodict: one is no list
            assert [row["service_request_id"] for row in rows] == [number]
        said = {**update(number, "FIXED", "Sudah ditambal"), "api_key": text}
        done = requests.post(f"{root}/servicerequestupdates.json", data=said, timeout=30)
        assert done.status_code == 200, done.text
        assert "Sudah ditambal" in GeoReport(root).get_service_request(number)["status_notes"]
        log = service.log()
    assert text not in log
    assert "Traceback" not in log


def _number(root: str, token: str) -> str:
    def look() -> str | None:
        (row,) = requests.get(f"{root}/tokens/{token}.json", timeout=30).json()
        number: str | None = row["service_request_id"]
        return number

    return eventually(look, "the token becomes a number") or ""
