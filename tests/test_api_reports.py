"""Reports by the API: the same figures as `lapor report`, within the bounds of the key."""

import pytest

from gateway.reports.reporting import refresh_rollups
from tests.api import DESK, OTHER, WASTE, filed, program
from tests.harness import Gateway


@pytest.fixture
def two(gateway: Gateway) -> Gateway:
    """A road that was answered, and a lamp at another agency that waits."""
    number = filed(gateway).tracking
    filed(gateway, WASTE, sender="+6281200000002")
    body = {"agency": DESK, "text": "Sudah kami tambal."}
    assert program(gateway).post(f"/complaints/{number}/responses", body).status_code == 200
    refresh_rollups(gateway.rt)
    return gateway


def test_a_summary_counts_what_came_in(two: Gateway):
    found = program(two, name="reports").get("/reports/summary?from=2026-11-01&to=2026-11-30").json
    assert (found["report"], found["from"], found["to"]) == ("summary", "2026-11-01", "2026-11-20")
    counted = found["complaints"]
    assert (counted["received"], counted["followed_up"], counted["untouched"]) == (2, 1, 1)
    assert counted["rate_of_received"] == {"part": 1, "whole": 2, "rate": 0.5}
    assert found["refreshed_at"] == "2026-11-20T05:00:10Z"


@pytest.mark.parametrize(
    ("agency", "query", "received"),
    [
        ("", "", 2),
        ("", "?agency=DLH@32.73", 1),
        ("", "?source=sms", 2),
        ("", "?from=2026-11-21&to=2026-11-30", None),  # yet to come
        (DESK, "", 1),
        (DESK, f"?agency={DESK}", 1),
        (DESK, "?agency=DLH@32.73", 403),
        (OTHER, "", 0),
        ("PEMPROV_32", f"?agency={DESK}", 1),
    ],
)
def test_an_agency_counts_only_its_own(two: Gateway, agency: str, query: str, received: int | None):
    answer = program(two, agency, name="reports").get(f"/reports/summary{query}")
    if received is None:
        assert (answer.status_code, answer.json["type"]) == (409, "/api/problems/refused")
    elif received == 403:
        assert (answer.status_code, answer.json["type"]) == (403, "/api/problems/forbidden")
    else:
        assert answer.status_code == 200, answer.text
        assert answer.json["complaints"]["received"] == received


@pytest.mark.parametrize(
    ("agency", "path", "status"),
    [
        ("", "/reports/province?area=32", 200),
        ("PEMPROV_32", "/reports/province?area=32", 200),
        ("PEMPROV_32", "/reports/province?area=73", 403),
        (DESK, "/reports/province?area=32", 403),
        ("", "/reports/province", 409),
        ("", "/reports/province?area=32.73", 409),
        ("", "/reports/agencies", 200),
        ("", "/reports/topics?by=month", 409),
        ("", "/reports/summary?by=topic", 200),
        ("", "/reports/channels", 200),
        ("", "/reports/timing", 200),
        ("", "/reports/overdue", 200),
        ("", "/reports/summary?from=0001-01-01&to=9999-12-31", 200),
        ("", "/reports/summary?by=month&from=0001-01-01&to=9999-12-31", 409),
        ("", "/reports/summary?by=week&from=2008-01-01&to=9999-12-31", 200),
        ("", "/reports/summary?from=2026-11-20&to=2026-11-01", 409),
        ("", "/reports/summary?area=99", 409),
        ("", "/reports/nothing", 422),
    ],
)
def test_reports_are_given_to_whom_they_concern(two: Gateway, agency: str, path: str, status: int):
    assert program(two, agency, name="reports").get(path).status_code == status
