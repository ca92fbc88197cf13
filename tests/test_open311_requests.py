"""What Open311 answers who asks for requests: filters, pages, one, many."""

from datetime import timedelta

import pytest

from store.models import Complaint
from tests.conftest import Outage
from tests.harness import NOON, Clock, Gateway, eventually, sqlite, tuned
from tests.open311 import REPORT, V2, Client, assert_document, complaint, keep


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
        assert_document(answer, status)


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
        assert_document(answer, status)
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
    assert_document(answer, status)


@sqlite
def test_a_fault_of_ours_is_a_document_without_its_words(
    client: Client, capfd: pytest.CaptureFixture[str]
):
    def broken(_: object) -> None:
        raise RuntimeError("kata pelapor")

    vars(client.gateway.rt)["accept"] = broken
    answer = client.once("/requests.json", REPORT)
    assert answer.status_code == 500
    assert_document(answer, 500)
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
    assert_document(asked, 503)
    path = f"/tokens/{(filed.json or [])[0]['token']}.json"
    eventually(lambda: client.get(path).status_code == 200, "the report is in the database")
