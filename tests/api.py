"""A program of an agency: keys of every kind, and requests with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway import jobs
from gateway.app import create_app
from store.agencies import api_keys
from store.agencies.access import Action
from store.models import Complaint, Event
from tests.harness import Gateway, envelope, tuned

ROAD = "Jalan rusak parah di Kec. Coblong Kota Bandung"
LAMP = "Lampu jalan mati di Kec. Coblong Kota Bandung"
WASTE = "Sampah menumpuk dua minggu tidak diangkut di Kec. Coblong Kota Bandung"
DESK = "DINAS_PUPR@32.73"
OTHER = "DINAS_PUPR@32.04"
EVERYTHING = tuple(Action)
AGENCY = (Action.READ, Action.FILE, Action.ACT, Action.TRIAGE, Action.REPORT)


@dataclass
class Program:
    """One API key at work."""

    http: FlaskClient
    key: str
    number: int

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.http.get(address(path), headers=self._headers(headers))

    def post(self, path: str, body: Mapping[str, Any], **headers: str) -> TestResponse:
        return self.http.post(address(path), json=body, headers=self._headers(headers))

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.key}", **named}


def address(path: str) -> str:
    return path if path.startswith("/api/") else f"/api/v1{path}"


def program(
    gateway: Gateway,
    agency: str = "",
    *actions: Action,
    name: str = "",
    **settings: Any,
) -> Program:
    """`settings` are those of the section `api`."""
    may = actions or (AGENCY if agency else EVERYTHING)
    name = name or f"program {agency} {'-'.join(may)}"
    rt = gateway.rt
    with rt.transaction() as session:
        row, key = api_keys.create(
            session, name, agency, may, gateway.clock.now + timedelta(days=30), gateway.clock.now
        )
    http = create_app(tuned(rt, api=settings)).test_client() if settings else gateway.http
    return Program(http, key, row.key)


def filed(gateway: Gateway, text: str = ROAD, *, sender: str = "+6281200000001") -> Complaint:
    """The complaint of a citizen who wrote this; DESK has that of the usual words."""
    number = len(gateway.rows(Complaint)) + 1
    gateway.rt.accept(envelope(f"filed-{number}", text=text, sender=sender))
    jobs.drain_live()
    gateway.clock.forward(seconds=5)
    newest: Complaint = gateway.rows(Complaint)[-1]
    return newest


def kinds(gateway: Gateway) -> list[str]:
    return [event.kind for event in gateway.rows(Event)]
