"""A program that speaks Open311, and complaints for it to ask about."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sqlmodel import select
from werkzeug.test import TestResponse

from gateway.runtime import Runtime
from store.agencies import api_keys
from store.agencies.access import Action
from store.models import Complaint, ComplaintStatus, Event
from tests.harness import NOON, Gateway

FIXTURES = Path(__file__).parent / "fixtures" / "open311"
V2 = "/open311/v2"
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
        row = session.exec(by_number(tracking)).one()
        values = {"actor": "petugas", "at": NOON} | more
        session.add(Event(complaint_id=row.key, kind=kind, **values))


def by_number(tracking: int) -> Any:
    return select(Complaint).where(Complaint.tracking == tracking)


def canonical(text: str | bytes) -> str:
    """XML without the blanks between its elements."""
    return ElementTree.canonicalize(text, strip_text=True)


def update(number: str, status: str, text: str, name: str = "u-1") -> dict[str, str]:
    return {
        "service_request_id": number,
        "update_id": name,
        "updated_datetime": "2026-11-20T05:00:00Z",
        "status": status,
        "description": text,
    }


def assert_document(answer: TestResponse, status: int) -> None:
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
