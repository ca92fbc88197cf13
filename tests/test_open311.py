"""Open311: the documents of the standard, any client's way to file and follow, no secret."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests
from georeport import GeoReport
from sqlmodel import Session

from gateway.open311.rendering import Format, render
from store.agencies import api_keys
from store.agencies.access import Action
from store.agency_models import AgencyRow
from store.db import open_engine
from store.masking import masked
from store.models import ArchiveReason, Complaint, ComplaintStatus, Privacy
from tests.harness import NOON, Gateway, eventually, sqlite
from tests.live import Service
from tests.open311 import (
    BODY,
    FIXTURES,
    REPORT,
    SECRET,
    V2,
    Client,
    by_number,
    canonical,
    complaint,
    happened,
    keep,
    update,
)

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
        row = session.exec(by_number(int(number))).one()
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
