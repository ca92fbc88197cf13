"""What the API refuses, and how it says so: bodies, queries, addresses, limits, faults."""

import dataclasses
import json
from typing import Any

import pytest

from gateway import queue
from gateway.app import create_app
from store.models import InboxRow
from tests.api import Program, filed, program
from tests.conftest import Outage
from tests.harness import Gateway

FILE, DISPOSE, REPLAY = "/complaints", "/complaints/9165816/dispositions", "/replay"
DEEP = "[" * 100_000
# What it is, where it goes, the body, the answer, and the field that is named.
BODIES: list[tuple[str, str, str, str, str | None]] = [
    ("no JSON", FILE, "{", "400 bad-request", None),
    ("nothing", FILE, "", "400 bad-request", None),
    ("not UTF-8", FILE, "\udcff", "400 bad-request", None),
    ("too deep", FILE, DEEP, "400 bad-request", None),
    ("a list", FILE, "[]", "422 invalid", ""),
    ("a text", FILE, '"{}"', "422 invalid", ""),
    ("null", FILE, "null", "422 invalid", ""),
    ("empty", FILE, "{}", "422 invalid", "/text"),
    ("NUL", FILE, '{"text": "a\\u0000b"}', "422 invalid", "/text"),
    ("half a character", FILE, '{"text": "\\ud83d"}', "422 invalid", "/text"),
    ("blank", FILE, '{"text": " \\n "}', "422 invalid", "/text"),
    ("a number", FILE, '{"text": 7}', "422 invalid", "/text"),
    ("too long", FILE, json.dumps({"text": "a" * 3001}), "422 invalid", "/text"),
    ("misspelt", FILE, '{"text": "x", "cat~/y": "A"}', "422 invalid", "/cat~0~1y"),
    (
        "no globe",
        FILE,
        '{"text":"x","location":{"lat":91,"lon":0}}',
        "422 invalid",
        "/location/lat",
    ),
    ("NaN", FILE, '{"text":"x","location":{"lat":NaN,"lon":0}}', "422 invalid", "/location/lat"),
    ("text", FILE, '{"text":"x","location":{"lat":"1","lon":0}}', "422 invalid", "/location/lat"),
    ("half a pin", FILE, '{"text":"x","location":{"lat":1}}', "422 invalid", "/location/lon"),
    ("no phone", FILE, '{"text": "x", "phone": "0812"}', "422 invalid", "/phone"),
    ("no such wish", FILE, '{"text": "x", "privacy": "x"}', "422 invalid", "/privacy"),
    ("no such row", REPLAY, '{"rows": ["x-1"], "reason": "x"}', "422 invalid", "/rows/0"),
    ("no rows", REPLAY, '{"rows": [], "reason": "x"}', "422 invalid", "/rows"),
    ("no day", DISPOSE, '{"agency":"A","deadline":"2026-13-01"}', "422 invalid", "/deadline"),
    ("a number of seconds", DISPOSE, '{"agency":"A","deadline":1}', "422 invalid", "/deadline"),
]


@pytest.mark.parametrize("row", BODIES, ids=[row[0] for row in BODIES])
def test_a_bad_body_is_refused_where_it_is_bad(gateway: Gateway, row):
    _, path, body, expected, pointer = row
    answer = gateway.http.post(
        f"/api/v1{path}",
        data=body.encode("utf-8", "surrogateescape"),
        headers={"Authorization": f"Bearer {program(gateway).key}"},
        content_type="application/json",
    )
    kind = answer.json["type"].removeprefix("/api/problems/")
    assert f"{answer.status_code} {kind}" == expected
    assert answer.mimetype == "application/problem+json"
    found = [error["pointer"] for error in answer.json.get("errors", ())]
    assert found == ([] if pointer is None else [pointer])
    assert gateway.rows(InboxRow) == []


@pytest.mark.parametrize(
    ("query", "name", "id_", "en"),
    [
        ("limit=0", "limit", "Paling kecil 1.", "1 at least."),
        ("limit=101", "limit", "Paling besar 100.", "100 at most."),
        ("limit=1_0", "limit", "Isi bilangan bulat.", "Give a whole number."),
        ("limit=99999999999999999999999", "limit", "Isi bilangan", "Give a whole"),
        ("limit=1&limit=2", "limit", "Hanya boleh sekali.", "It may be given only once."),
        ("q=99999999999", "q", "Paling besar 2147483647.", "2147483647 at most."),
        ("status=open", "status", "Salah satu dari 'triage'", "One of 'triage'"),
        ("cursor=xyz", "cursor", "Bentuknya tidak sesuai", "It has not the right form"),
        ("agency=%00", "agency", "Bentuknya tidak sesuai", "It has not the right form"),
        ("overdue=yes", "overdue", "Isi true atau false.", "Give true or false."),
        ("created_since=1700000000", "created_since", "Isi waktu", "Give a time"),
        ("created_since=2026-11-20", "created_since", "Isi waktu", "Give a time"),
        ("created_since=2026-02-30T00:00:00Z", "created_since", "Isi waktu", "Give a time"),
        ("page=2", "page", "Isian ini tidak dikenal.", "There is no such field."),
    ],
)
def test_a_bad_query_is_refused_by_its_name(gateway: Gateway, query, name, id_, en):
    who = program(gateway)
    for language, says in (("id", id_), ("en", en)):
        answer = who.get(f"/complaints?{query}", Accept_Language=language)
        assert (answer.status_code, answer.json["type"]) == (422, "/api/problems/invalid")
        [error] = answer.json["errors"]
        assert error["parameter"] == name
        assert error["detail"].startswith(says)


@pytest.mark.parametrize(
    ("method", "path", "status", "header"),
    [
        ("GET", "/api/v1/nothing", 404, ""),
        ("GET", "/api/nothing", 404, ""),
        ("GET", "/api/", 404, ""),
        ("DELETE", "/api/v1/complaints", 405, "Allow"),
        ("PUT", "/api/v1/complaints/9165816", 405, "Allow"),
        ("GET", "/api/v1/complaints/abc", 422, ""),
        ("GET", "/api/v1/complaints/0", 422, ""),
        ("GET", "/api/v1/complaints/99999999999999999999", 422, ""),
        ("GET", "/api/problems/nothing", 404, ""),
    ],
)
def test_an_address_or_method_that_does_not_exist_is_a_problem(
    gateway: Gateway, method: str, path: str, status: int, header: str
):
    key = program(gateway).key
    answer = gateway.http.open(path, method=method, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json["status"]) == (status, status)
    assert answer.mimetype == "application/problem+json"
    assert not header or answer.headers[header]


def test_other_addresses_keep_their_plain_words(gateway: Gateway):
    answer = gateway.http.get("/apinothing")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")


def test_only_json_of_a_sane_size_is_read(gateway: Gateway):
    who = program(gateway)
    headers = {"Authorization": f"Bearer {who.key}"}
    form = gateway.http.post("/api/v1/complaints", data={"text": "x"}, headers=headers)
    assert (form.status_code, form.json["type"]) == (415, "/api/problems/unsupported-media-type")
    large = who.post("/complaints", {"text": "a" * 300_000})
    assert (large.status_code, large.json["type"]) == (413, "/api/problems/too-large")


def test_a_problem_is_explained_at_its_address(gateway: Gateway):
    answer = gateway.http.get("/api/problems/stale")
    assert answer.json["en"]["title"] == "The case has changed"
    assert answer.json["id"]["title"] == "Laporan sudah berubah"


def test_a_database_that_is_away_is_said_in_a_problem(outage: Outage):
    http = create_app(outage.rt).test_client()
    outage.away()
    answer = http.get("/api/v1/complaints", headers={"Authorization": "Bearer 1708_00"})
    outage.back()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answer.json["type"] == "/api/problems/unavailable"


def test_a_crash_tells_nothing(gateway: Gateway, capfd: pytest.CaptureFixture[str]):
    number = filed(gateway).tracking
    who = program(gateway)

    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(f"secret words: {name}")

    vars(gateway.rt)["reader"] = Broken()
    answer = who.get(f"/complaints/{number}")
    assert (answer.status_code, answer.json) == (
        500,
        {
            "type": "/api/problems/crashed",
            "title": "Gagal di 1708",
            "status": 500,
            "detail": "Permintaan ini gagal di 1708.",
        },
    )
    said = "".join(capfd.readouterr())
    assert "RuntimeError at" in said
    assert "secret words" not in said


# --- limits --------------------------------------------------------------------------------------


def test_a_key_that_asks_too_often_must_wait(gateway: Gateway):
    who = program(gateway, requests_per_minute=3)
    answers = [who.get("/catalogue/categories") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    left = [answer.headers["X-RateLimit-Remaining"] for answer in answers]
    assert left == ["2", "1", "0", "0"]
    refused = answers[-1]
    assert refused.json["type"] == "/api/problems/too-many-requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["X-RateLimit-Limit"] == "3"
    assert refused.headers["RateLimit-Policy"] == '"minute";q=3;w=60'
    other = Program(who.http, program(gateway, name="other").key, 0)
    assert other.get("/catalogue/categories").status_code == 200


def test_processes_count_together(gateway: Gateway):
    who = program(gateway, requests_per_minute=3)
    second = program(gateway, name="second", requests_per_minute=3)
    beside = Program(second.http, who.key, who.number)
    statuses = [each.get("/catalogue/categories").status_code for each in (who, beside) * 2]
    assert statuses == [200, 200, 200, 429]


def test_a_key_may_have_a_limit_of_its_own(gateway: Gateway):
    who = program(gateway, name="dashboard", requests_per_minute=1, own_limits={"dashboard": 5})
    statuses = [who.get("/catalogue/categories").status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_strangers_who_try_keys_must_wait_and_disturb_nobody(gateway: Gateway):
    who = program(gateway, strangers_per_minute=2)
    stranger = Program(who.http, "1708_" + "0" * 64, 0)
    statuses = [stranger.get("/complaints").status_code for _ in range(4)]
    assert statuses == [401, 401, 429, 429]
    assert who.get("/complaints").status_code == 200


def test_limits_hold_while_redis_is_away(gateway: Gateway):
    away = dataclasses.replace(gateway.rt, redis=queue.connect("redis://127.0.0.1:1/0", timeout=1))
    vars(away)["reader"] = gateway.rt.reader
    who = program(dataclasses.replace(gateway, rt=away), requests_per_minute=2)
    statuses = [who.get("/catalogue/categories").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
