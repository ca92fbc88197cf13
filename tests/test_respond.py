"""`lapor respond`: an officer's answer reaches the reporter, whose verdict comes back."""

import pytest

from store.models import AuditRow, Complaint, ComplaintStatus, Event, OutboxLane, OutboxRow
from tests.harness import Gateway, Lapor

ROAD = "Jalan rusak parah di Kec. Coblong Kota Bandung"
DESK = "DINAS_PUPR@32.73"


def filed(gateway: Gateway) -> Complaint:
    gateway.say(ROAD)
    [complaint] = gateway.rows(Complaint)
    return complaint


def test_the_answer_is_told_in_full_and_the_verdict_closes_the_case(
    gateway: Gateway, lapor: Lapor
) -> None:
    number = str(filed(gateway).tracking)
    done = lapor("respond", number, "Sudah kami tambal semua.", "--as", DESK)
    assert done.exit_code == 0, done.output
    [notice] = [row for row in gateway.rows(OutboxRow) if row.lane == OutboxLane.NOTICE]
    assert "Sudah kami tambal semua." in notice.text
    assert [label for _, label in notice.extra["buttons"]] == ["Puas", "Belum"]
    assert [row.action for row in gateway.rows(AuditRow)] == ["case.answer"]

    gateway.say("puas")
    gateway.say("5")
    [complaint] = gateway.rows(Complaint)
    assert (complaint.status, complaint.rating) == (ComplaintStatus.CLOSED, 5)


def test_what_is_not_solved_goes_back_twice_and_then_to_the_coordinator(
    gateway: Gateway, lapor: Lapor
) -> None:
    number = str(filed(gateway).tracking)
    statuses = []
    for _ in range(3):
        assert lapor("respond", number, "Sudah selesai.", "--as", DESK).exit_code == 0
        gateway.say(f"BELUM {number} masih berlubang")
        [complaint] = gateway.rows(Complaint)
        statuses.append(complaint.status)
    again, coordinator = ComplaintStatus.IN_PROGRESS, ComplaintStatus.TRIAGE
    assert statuses == [again, again, coordinator]
    kinds = [event.kind for event in gateway.rows(Event)]
    assert (kinds.count("reopened"), kinds.count("escalated")) == (2, 1)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("1000000", "Sudah.", "--as", DESK), 1, "There is no complaint 1000000"),
        (
            ("NUMBER", "Sudah.", "--as", "DISHUB@32.73"),
            1,
            "the desk of DISHUB@32.73 does not exist.",
        ),
        (("NUMBER", "  ", "--as", DESK), 2, "the answer is empty."),
        (("12", "Sudah.", "--as", DESK), 2, "12 is not in the range"),
    ],
)
def test_an_answer_that_cannot_be_given_changes_nothing(
    gateway: Gateway, lapor: Lapor, words, code, says
) -> None:
    number = str(filed(gateway).tracking)
    done = lapor("respond", *(number if word == "NUMBER" else word for word in words))
    assert done.exit_code == code
    assert says in " ".join(done.output.split())
    [complaint] = gateway.rows(Complaint)
    assert complaint.status == ComplaintStatus.DISPOSED
    assert gateway.rows(AuditRow) == []
