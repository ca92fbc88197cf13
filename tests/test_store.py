"""Rows and their rules, on both databases: stored once, claimed in order, settled by owner."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.runtime import Runtime
from parsers.messages import (
    Envelope,
    Failure,
    Location,
    Media,
    Receipt,
    ReceiptState,
)
from store import complaints, inbox, outbox, quarantine
from store.models import (
    Complaint,
    Conversation,
    InboxRow,
    OutboxRow,
    OutboxStatus,
    QuarantineRow,
)
from tests.harness import NOON, at_once, envelope, rows

LEASE = timedelta(seconds=30)
LATER = NOON + timedelta(minutes=5)
ANA, BUDI, CITRA = "+6281200000001", "+6281200000002", "+6281200000003"


def put(rt: Runtime, *envelopes: Envelope) -> int:
    with rt.transaction() as session:
        return inbox.record(session, envelopes, now=NOON)


def lease(
    rt: Runtime, token: str, *, now: datetime = NOON, limit: int = 100, lane: str = "live"
) -> list[int]:
    with rt.transaction() as session:
        claimed = inbox.claim(session, lane=lane, token=token, now=now, lease=LEASE, limit=limit)
        return [row.key for row in claimed]


def finish(rt: Runtime, ids: list[int], token: str, *, now: datetime = NOON) -> None:
    with rt.transaction() as session:
        inbox.finish(session, ids, token=token, now=now)


def fail(rt: Runtime, row: int, token: str, *, retry_at: datetime | None) -> None:
    with rt.transaction() as session:
        inbox.fail(session, row, token=token, error="KeyError at a.py:1 in b", retry_at=retry_at)


def inbox_states(rt: Runtime) -> list[str]:
    return [row.status for row in rows(rt, InboxRow)]


# --- recorded once -------------------------------------------------------------------------------


def test_a_repeat_makes_no_second_row(runtime: Runtime):
    assert put(runtime, envelope(1)) == 1
    assert put(runtime, envelope(1)) == 0
    assert put(runtime, envelope(1), envelope(2), envelope(2)) == 1
    assert [row.provider_id for row in rows(runtime, InboxRow)] == ["id-1", "id-2"]


def test_the_first_words_stay_when_a_repeat_says_something_else(runtime: Runtime):
    put(runtime, envelope(1, text="pertama"))
    put(runtime, envelope(1, text="kedua", sender=BUDI))
    (row,) = rows(runtime, InboxRow)
    assert (row.text, row.sender) == ("pertama", ANA)


def test_two_channels_may_use_the_same_id(runtime: Runtime):
    assert put(runtime, envelope(1), envelope(1, channel="whatsapp")) == 2


@pytest.mark.parametrize("threads", [8, 16])
def test_threads_that_record_the_same_message_make_one_row(runtime: Runtime, threads: int):
    assert sum(at_once(threads, lambda _: put(runtime, envelope(1)))) == 1
    assert len(rows(runtime, InboxRow)) == 1


def test_threads_that_record_overlapping_groups_make_one_row_of_each(runtime: Runtime):
    def group(number: int) -> int:
        return put(runtime, *(envelope(id_) for id_ in range(number, number + 5)))

    assert sum(at_once(8, group)) == 12  # 0..11
    assert len({row.provider_id for row in rows(runtime, InboxRow)}) == 12


def test_a_group_keeps_the_order_in_which_it_came(runtime: Runtime):
    put(runtime, *(envelope(number) for number in range(300)))
    stored = [row.provider_id for row in rows(runtime, InboxRow)]
    assert stored == [f"id-{number}" for number in range(300)]


def test_every_field_comes_back_as_it_was(runtime: Runtime):
    sent = datetime(2026, 11, 20, 12, 0, 1, 250000, tzinfo=timezone(timedelta(hours=7)))
    put(
        runtime,
        envelope(
            1,
            received_at=sent,
            recipient="1708",
            text="Jalan \U0001f6a7 rusak\nparah",
            message_ref="77:5",
            media=(Media(ref="https://x.example/1", content_type="image/jpeg", size=50_000_000),),
            location=Location(lat=-6.9, lon=107.6, label="Dago"),
            profile_name="Ana",
        ),
    )
    (row,) = rows(runtime, InboxRow)
    assert (row.text, row.recipient, row.message_ref) == (
        "Jalan \U0001f6a7 rusak\nparah",
        "1708",
        "77:5",
    )
    assert row.received_at == datetime(2026, 11, 20, 5, 0, 1, 250000, tzinfo=UTC)
    assert row.received_at.utcoffset() is not None
    assert row.extra == {
        "media": [
            {
                "ref": "https://x.example/1",
                "content_type": "image/jpeg",
                "size": 50_000_000,
                "name": "",
            }
        ],
        "location": {"lat": -6.9, "lon": 107.6, "label": "Dago", "address": ""},
        "profile_name": "Ana",
    }


def test_a_time_without_a_zone_is_refused(runtime: Runtime):
    with pytest.raises(ValueError, match="zone"):
        envelope(1, received_at=datetime(2026, 11, 20, 12, 0))  # noqa: DTZ001 - the mistake
    assert rows(runtime, InboxRow) == []


ODD = "a\x00b\ud800c"
KEPT = "a\ufffdb?c"


def test_characters_that_no_database_keeps_are_replaced_wherever_they_come(runtime: Runtime):
    put(
        runtime,
        Envelope(
            channel="telegram",
            provider_id=ODD,
            sender=ODD,
            text=ODD,
            received_at=NOON,
            recipient=ODD,
            profile_name=ODD,
            message_ref=ODD,
            reply_to=ODD,
            edit_of=ODD,
            choice=ODD,
            opt_out=ODD,
            media=(Media(ref=ODD, content_type=ODD, name=ODD),),
            location=Location(lat=1, lon=2, label=ODD, address=ODD),
        ),
    )
    (row,) = rows(runtime, InboxRow)
    columns = (row.provider_id, row.sender, row.text, row.recipient, row.message_ref)
    assert columns == (KEPT,) * 5
    assert row.extra["media"] == [{"ref": KEPT, "content_type": KEPT, "size": None, "name": KEPT}]
    assert row.extra["location"]["address"] == KEPT
    assert {row.extra[name] for name in ("profile_name", "reply_to", "edit_of", "choice")} == {KEPT}


# --- claimed in order ----------------------------------------------------------------------------


def test_a_claim_takes_the_oldest_message_of_each_sender(runtime: Runtime):
    put(
        runtime,
        envelope(1, sender=ANA),
        envelope(2, sender=ANA),
        envelope(3, sender=BUDI),
        envelope(4, sender=ANA, channel="whatsapp"),
        envelope(5, sender=CITRA),
    )
    assert lease(runtime, "one") == [1, 3, 4, 5]
    assert lease(runtime, "two") == []


def test_a_claim_is_limited(runtime: Runtime):
    put(runtime, *(envelope(number, sender=f"+62812000{number:05}") for number in range(5)))
    assert lease(runtime, "one", limit=2) == [1, 2]
    assert lease(runtime, "two", limit=2) == [3, 4]


def test_the_next_message_of_a_sender_waits_until_the_first_is_done(runtime: Runtime):
    put(runtime, envelope(1), envelope(2))
    assert lease(runtime, "one") == [1]
    assert lease(runtime, "two") == []
    finish(runtime, [1], "one")
    assert lease(runtime, "three") == [2]


def test_it_waits_for_a_first_message_that_is_to_be_tried_again(runtime: Runtime):
    put(runtime, envelope(1), envelope(2))
    assert lease(runtime, "one") == [1]
    fail(runtime, 1, "one", retry_at=NOON + timedelta(seconds=2))
    assert lease(runtime, "two", now=NOON + timedelta(seconds=1)) == []
    assert lease(runtime, "three", now=NOON + timedelta(seconds=2)) == [1]


def test_it_goes_on_when_the_first_is_dead(runtime: Runtime):
    put(runtime, envelope(1), envelope(2))
    assert lease(runtime, "one") == [1]
    fail(runtime, 1, "one", retry_at=None)
    assert inbox_states(runtime) == ["dead", "received"]
    assert lease(runtime, "two") == [2]


def test_an_expired_lease_is_taken_over_and_the_late_one_finds_out(runtime: Runtime):
    put(runtime, envelope(1))
    assert lease(runtime, "slow") == [1]
    assert lease(runtime, "early", now=NOON + LEASE) == []
    assert lease(runtime, "heir", now=NOON + LEASE + timedelta(microseconds=1)) == [1]
    with pytest.raises(inbox.ClaimLost):
        finish(runtime, [1], "slow")
    assert inbox_states(runtime) == ["received"]
    finish(runtime, [1], "heir")
    assert inbox_states(runtime) == ["done"]
    assert rows(runtime, InboxRow)[0].attempts == 2


def test_one_lost_claim_takes_back_the_whole_batch(runtime: Runtime):
    put(runtime, envelope(1, sender=ANA), envelope(2, sender=BUDI))
    assert lease(runtime, "slow") == [1, 2]
    assert lease(runtime, "heir", now=LATER, limit=1) == [1]
    with pytest.raises(inbox.ClaimLost):
        finish(runtime, [1, 2], "slow")
    assert inbox_states(runtime) == ["received", "received"]


def test_a_message_is_finished_once(runtime: Runtime):
    put(runtime, envelope(1))
    lease(runtime, "one")
    finish(runtime, [1], "one")
    with pytest.raises(inbox.ClaimLost):
        finish(runtime, [1], "one")


def test_a_failure_reported_too_late_changes_nothing(runtime: Runtime):
    put(runtime, envelope(1))
    lease(runtime, "slow")
    lease(runtime, "heir", now=LATER)
    fail(runtime, 1, "slow", retry_at=None)
    assert inbox_states(runtime) == ["received"]
    finish(runtime, [1], "heir")
    assert rows(runtime, InboxRow)[0].error == ""


def test_threads_that_claim_at_once_never_share_a_row_nor_a_sender(runtime: Runtime):
    senders = [f"+62812000{number:05}" for number in range(40)]
    put(runtime, *(envelope(f"{who}-{n}", sender=who) for who in senders for n in range(2)))
    claimed = at_once(8, lambda number: lease(runtime, f"drain-{number}", limit=7))
    ids = [row for batch in claimed for row in batch]
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(range(1, 80, 2))  # only the first message of each


def test_lanes_are_drained_apart(runtime: Runtime):
    put(runtime, envelope(1), envelope(2, sender=BUDI))
    lease(runtime, "one")
    finish(runtime, [1, 2], "one")
    replay(runtime, [1])
    assert lease(runtime, "live") == []
    assert lease(runtime, "bulk", lane="bulk") == [1]


# --- replayed ------------------------------------------------------------------------------------


def replay(rt: Runtime, ids: list[int], *, again: bool = False) -> list[int]:
    with rt.transaction() as session:
        return inbox.replay(session, ids, now=NOON, again=again)


def test_only_what_is_settled_is_replayed_and_the_answer_names_it(runtime: Runtime):
    put(runtime, *(envelope(number, sender=f"+62812000{number:05}") for number in range(1, 5)))
    lease(runtime, "one", limit=3)
    finish(runtime, [1], "one")
    fail(runtime, 2, "one", retry_at=None)
    fail(runtime, 3, "one", retry_at=LATER)
    assert replay(runtime, [1, 2, 3, 4, 99]) == [1, 2]
    assert replay(runtime, [1, 2, 3, 4, 99]) == []
    again = [(row.status, row.lane, row.attempts, row.error) for row in rows(runtime, InboxRow)[:2]]
    assert again == [("received", "bulk", 0, "")] * 2


def test_only_a_replay_with_again_may_answer_again(runtime: Runtime):
    put(runtime, envelope(1))
    for number, (again, generation) in enumerate([(False, 0), (True, 1), (False, 1), (True, 2)]):
        lease(runtime, str(number), lane="live" if number == 0 else "bulk")
        finish(runtime, [1], str(number))
        assert replay(runtime, [1], again=again) == [1]
        assert rows(runtime, InboxRow)[0].generation == generation


@pytest.mark.parametrize("again", [False, True])
def test_two_operators_who_replay_the_same_rows_queue_them_once(runtime: Runtime, again: bool):
    ids = list(range(1, 31))
    put(runtime, *(envelope(number, sender=f"+62812000{number:05}") for number in ids))
    lease(runtime, "one")
    finish(runtime, ids, "one")
    orders = (ids, ids[::-1])
    queued = at_once(2, lambda number: replay(runtime, orders[number], again=again))
    assert sorted([*queued[0], *queued[1]]) == ids
    assert {row.generation for row in rows(runtime, InboxRow)} == {int(again)}


# --- replies -------------------------------------------------------------------------------------


def reply(number: int | str = 1, **more: Any) -> OutboxRow:
    values = {
        "dedupe": f"reply-{number}",
        "kind": "received",
        "channel": "sms",
        "recipient": ANA,
        "text": "Laporan 1234567 diterima",
        "due_at": NOON,
        "created_at": NOON,
    }
    return OutboxRow(**values | more)


def add(rt: Runtime, *replies: OutboxRow) -> None:
    with rt.transaction() as session:
        for item in replies:
            session.add(item)
            session.flush()


def take(rt: Runtime, token: str = "mine", *, now: datetime = NOON, **more: Any) -> list[int]:
    wanted = {"channel": "sms", "lease": LEASE, "limit": 100} | more
    with rt.transaction() as session:
        return [row.key for row in outbox.claim(session, token=token, now=now, **wanted)]


def settle(rt: Runtime, row: int, token: str = "mine", **how: Any) -> None:
    with rt.transaction() as session:
        outbox.settle(session, row, token=token, now=NOON, **how)


def confirm(rt: Runtime, state: str, **which: Any) -> bool:
    named = {"channel": "sms"} | which
    with rt.transaction() as session:
        return outbox.confirm(session, Receipt(state=ReceiptState(state), **named))


def hold(rt: Runtime, now: datetime) -> int:
    with rt.transaction() as session:
        return outbox.hold_expired(session, now=now)


def only(rt: Runtime) -> OutboxRow:
    (row,) = rows(rt, OutboxRow)
    assert isinstance(row, OutboxRow)
    return row


def test_one_name_is_one_reply(runtime: Runtime):
    add(runtime, reply(1))
    with pytest.raises(IntegrityError):
        add(runtime, reply(1, text="lain"))
    assert len(rows(runtime, OutboxRow)) == 1


@pytest.mark.parametrize(
    ("failure", "retry_at", "status", "due_at"),
    [
        (None, None, "sent", NOON),
        ("retry", LATER, "queued", LATER),
        ("retry", None, "failed", NOON),
        ("uncertain", LATER, "held", NOON),
        ("uncertain", None, "held", NOON),
        ("rejected", LATER, "failed", NOON),
        ("blocked", LATER, "failed", NOON),
        ("config", LATER, "failed", NOON),
    ],
)
def test_how_a_send_ended_decides_what_is_next(
    runtime: Runtime, failure: str | None, retry_at: datetime | None, status: str, due_at: datetime
):
    add(runtime, reply())
    assert take(runtime) == [1]
    kind = Failure(failure) if failure else None
    settle(runtime, 1, failure=kind, code="30008" if failure else "", retry_at=retry_at)
    row = only(runtime)
    assert (row.status, row.due_at, row.failure) == (status, due_at, failure)
    assert (row.claim, row.claimed_until, row.attempts) == ("", None, 1)
    assert take(runtime, now=LATER) == ([1] if status == "queued" else [])


def test_one_reply_of_each_person_is_sent_at_a_time(runtime: Runtime):
    add(runtime, reply(1), reply(2), reply(3, recipient=BUDI), reply(4, channel="whatsapp"))
    assert take(runtime) == [1, 3]
    assert take(runtime, "other") == []
    settle(runtime, 1)
    assert take(runtime, "other") == [2]
    assert take(runtime, channel="whatsapp") == [4]


def test_a_reply_waits_for_an_older_one_that_is_tried_again(runtime: Runtime):
    add(runtime, reply(1), reply(2))
    take(runtime)
    settle(runtime, 1, failure=Failure.RETRY, retry_at=LATER)
    assert take(runtime) == []
    assert take(runtime, now=LATER) == [1]


@pytest.mark.parametrize("status", ["held", "failed", "cancelled", "sent", "delivered"])
def test_a_reply_does_not_wait_for_one_that_is_settled_or_held(runtime: Runtime, status: str):
    add(runtime, reply(1, status=status), reply(2))
    assert take(runtime) == [2]


def test_threads_that_claim_replies_at_once_never_share_one(runtime: Runtime):
    add(runtime, *(reply(number, recipient=f"+62812000{number:05}") for number in range(40)))
    claimed = at_once(8, lambda number: take(runtime, f"drain-{number}", limit=7))
    ids = [row for batch in claimed for row in batch]
    assert len(ids) == len(set(ids))
    assert all(row.attempts <= 1 for row in rows(runtime, OutboxRow))


def test_only_who_claimed_a_reply_may_settle_it(runtime: Runtime):
    add(runtime, reply())
    take(runtime, "mine")
    settle(runtime, 1, "stranger", failure=Failure.RETRY, retry_at=NOON)
    with runtime.transaction() as session:
        outbox.settle_sent(session, [(1, "SM1")], token="stranger", now=NOON)
    assert only(runtime).status == "sending"


def test_a_lease_that_ran_out_is_held_and_only_then(runtime: Runtime):
    add(runtime, reply(1), reply(2, recipient=BUDI))
    take(runtime, limit=1)
    assert hold(runtime, NOON + LEASE) == 0
    assert hold(runtime, NOON + LEASE + timedelta(microseconds=1)) == 1
    assert [row.status for row in rows(runtime, OutboxRow)] == ["held", "queued"]
    assert rows(runtime, OutboxRow)[0].failure == "uncertain"
    assert take(runtime, now=LATER) == [2]


def _late_success(rt: Runtime) -> None:
    with rt.transaction() as session:
        outbox.settle_sent(session, [(1, "SM1")], token="mine", now=LATER)


def _late_refusal(rt: Runtime) -> None:
    settle(rt, 1, failure=Failure.RETRY, retry_at=LATER)


@pytest.mark.parametrize("late", [_late_success, _late_refusal])
@pytest.mark.parametrize(
    ("receipt", "status"), [(None, "held"), ("delivered", "delivered"), ("undelivered", "failed")]
)
def test_a_worker_that_comes_back_late_overrules_nobody(
    runtime: Runtime, late: Callable[[Runtime], None], receipt: str | None, status: str
):
    add(runtime, reply())
    take(runtime, "mine")
    hold(runtime, LATER)
    if receipt:
        confirm(runtime, receipt, outbox_id=1)
    late(runtime)
    assert only(runtime).status == status


def test_a_late_worker_does_not_settle_the_second_send_of_a_replay(runtime: Runtime):
    add(runtime, reply())
    take(runtime, "mine")
    hold(runtime, LATER)
    with runtime.transaction() as session:
        assert outbox.replay(session, [1], now=LATER, again=True) == [1]
    assert take(runtime, "second", now=LATER) == [1]
    _late_success(runtime)
    assert only(runtime).status == "sending"


# A receipt moves a reply forward only; "" where nothing may change.
RECEIPTS = {
    "queued": {"accepted": "", "delivered": "", "read": "", "undelivered": ""},
    "sending": {
        "accepted": "sent",
        "delivered": "delivered",
        "read": "delivered",
        "undelivered": "failed",
    },
    "sent": {
        "accepted": "",
        "delivered": "delivered",
        "read": "delivered",
        "undelivered": "failed",
    },
    "delivered": {"accepted": "", "delivered": "", "read": "delivered", "undelivered": ""},
    "held": {
        "accepted": "sent",
        "delivered": "delivered",
        "read": "delivered",
        "undelivered": "failed",
    },
    "failed": {"accepted": "", "delivered": "", "read": "", "undelivered": ""},
    "cancelled": {"accepted": "", "delivered": "", "read": "", "undelivered": ""},
}


@pytest.mark.parametrize("status", [status.value for status in OutboxStatus])
def test_a_receipt_moves_a_reply_forward_only(runtime: Runtime, status: str):
    states = list(enumerate(RECEIPTS[status].items(), start=1))
    add(runtime, *(reply(number, status=status) for number, _ in states))
    for number, (state, after) in states:
        assert confirm(runtime, state, outbox_id=number, provider_id="SM1") is bool(after)
        row = rows(runtime, OutboxRow)[number - 1]
        assert row.status == (after or status), state
        assert row.receipt == (state if after else "")


@pytest.mark.parametrize(
    ("attempts", "state", "status"),
    [
        pytest.param(1, "delivered", "delivered", id="refused as we thought, and yet it arrived"),
        pytest.param(1, "undelivered", "queued", id="it is tried again anyway"),
        pytest.param(
            0, "delivered", "queued", id="the receipt of an earlier life, before a replay"
        ),
    ],
)
def test_a_receipt_for_a_reply_that_waits_for_another_try(
    runtime: Runtime, attempts: int, state: str, status: str
):
    add(runtime, reply(1, status="queued", attempts=attempts, failure="retry"))
    confirm(runtime, state, outbox_id=1)
    row = only(runtime)
    assert row.status == status
    assert row.failure == ("retry" if status == "queued" else None)


def test_a_receipt_finds_its_reply_by_our_id_or_by_the_providers(runtime: Runtime):
    add(runtime, reply(1, status="held"), reply(2, status="sent", provider_id="SM2"))
    assert confirm(runtime, "accepted", outbox_id=1, provider_id="SM1", code="")
    assert confirm(runtime, "delivered", provider_id="SM2")
    found = [(row.status, row.provider_id) for row in rows(runtime, OutboxRow)]
    assert found == [("sent", "SM1"), ("delivered", "SM2")]


@pytest.mark.parametrize(
    "which",
    [
        {"outbox_id": 1, "channel": "whatsapp"},
        {"provider_id": "SM1", "channel": "whatsapp"},
        {"outbox_id": 2},
        {"outbox_id": 2, "provider_id": "SM1"},
        {"provider_id": "SM9"},
        {"provider_id": ""},
    ],
    ids=str,
)
def test_a_receipt_of_something_else_moves_nothing(runtime: Runtime, which: dict[str, Any]):
    add(runtime, reply(status="sent", provider_id="SM1"), reply(3, status="sent", recipient=BUDI))
    if which.get("outbox_id") == 2:
        which = which | {"outbox_id": 77}
    assert confirm(runtime, "delivered", **which) is False
    assert [row.status for row in rows(runtime, OutboxRow)] == ["sent", "sent"]


def test_an_undelivered_reply_keeps_the_providers_code(runtime: Runtime):
    add(runtime, reply(status="sent", provider_id="SM1"))
    confirm(runtime, "undelivered", outbox_id=1, provider_id="SM1", code="30008")
    assert only(runtime).code == "30008"


@pytest.mark.parametrize(
    ("status", "plain", "again"),
    [
        ("queued", False, False),
        ("sending", False, False),
        ("sent", False, True),
        ("delivered", False, True),
        ("held", False, True),
        ("failed", True, True),
        ("cancelled", True, True),
    ],
)
def test_what_an_operator_may_send_once_more(
    runtime: Runtime, status: str, plain: bool, again: bool
):
    for asked, expected in ((False, plain), (True, again)):
        add(runtime, reply(f"{asked}", status=status, attempts=6, provider_id="SM1", code="1"))
        key = rows(runtime, OutboxRow)[-1].key
        with runtime.transaction() as session:
            queued = outbox.replay(session, [key], now=LATER, again=asked)
        row = rows(runtime, OutboxRow)[-1]
        assert queued == ([key] if expected else [])
        assert (row.status, row.attempts) == (("queued", 0) if expected else (status, 6))


def test_two_operators_who_resend_the_same_replies_queue_them_once(runtime: Runtime):
    ids = list(range(1, 21))
    add(runtime, *(reply(number, status="held") for number in ids))

    def resend(number: int) -> list[int]:
        with runtime.transaction() as session:
            return outbox.replay(session, ids[:: 1 - 2 * number], now=NOON, again=True)

    queued = at_once(2, resend)
    assert sorted([*queued[0], *queued[1]]) == ids


# --- complaints ----------------------------------------------------------------------------------


def complaint(tracking: int, inbox_id: int, person: Conversation) -> Complaint:
    return Complaint(
        tracking=tracking,
        inbox_id=inbox_id,
        conversation=person,
        text="Jalan rusak",
        kind="complaint",
        deadline=date(2026, 11, 25),
        created_at=NOON,
        updated_at=NOON,
    )


@pytest.mark.parametrize(
    ("second", "broken"), [((1234567, 2), "tracking"), ((7654321, 1), "inbox_id")]
)
def test_the_database_refuses_a_number_or_a_message_twice(
    runtime: Runtime, second: tuple[int, int], broken: str
):
    put(runtime, envelope(1), envelope(2))
    with runtime.transaction() as session:
        session.add(complaint(1234567, 1, complaints.new_conversation("sms", ANA, NOON)))
    with pytest.raises(IntegrityError, match=broken), runtime.transaction() as session:  # noqa: PT012
        person = complaints.conversations(session, [("sms", ANA)])["sms", ANA]
        session.add(complaint(*second, person))
    assert len(rows(runtime, Complaint)) == 1


def test_numbers_have_seven_digits_and_no_order(runtime: Runtime):
    with runtime.reading() as session:
        numbers = complaints.draw_numbers(session, 500)
    assert len(set(numbers)) == 500
    assert all(1_000_000 <= number <= 9_999_999 for number in numbers)
    assert numbers != sorted(numbers)


def test_a_number_in_use_is_not_drawn(runtime: Runtime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(complaints, "LAST", complaints.FIRST + 9)  # only ten numbers exist
    put(runtime, *(envelope(number) for number in range(7)))
    with runtime.transaction() as session:
        person = complaints.new_conversation("sms", ANA, NOON)
        session.add_all(complaint(1_000_000 + n, n + 1, person) for n in range(7))
    with runtime.reading() as session:
        assert set(complaints.draw_numbers(session, 3)) == {1_000_007, 1_000_008, 1_000_009}


def test_one_sender_on_one_channel_is_one_conversation(runtime: Runtime):
    with runtime.transaction() as session:
        session.add(complaints.new_conversation("sms", ANA, NOON))
        session.add(complaints.new_conversation("whatsapp", ANA, NOON))
    with pytest.raises(IntegrityError), runtime.transaction() as session:
        session.add(complaints.new_conversation("sms", ANA, NOON))


# --- quarantine ----------------------------------------------------------------------------------


def refuse(rt: Runtime, number: int, *, now: datetime = NOON, **more: Any) -> None:
    values: dict[str, Any] = {
        "channel": "sms",
        "reason": "X-Twilio-Signature is missing",
        "method": "POST",
        "path": "/in/sms",
        "query": "",
        "headers": {},
        "body": f"Body={number}".encode(),
        "max_bytes": 100,
    }
    with rt.transaction() as session:
        quarantine.keep(session, now=now, **values | more)


def trim(rt: Runtime, *, now: datetime = NOON, max_rows: int = 3, max_days: int = 14) -> int:
    with rt.transaction() as session:
        return quarantine.trim(session, now=now, max_rows=max_rows, max_days=max_days)


def bodies(rt: Runtime) -> list[str]:
    return [row.body for row in rows(rt, QuarantineRow)]


@pytest.mark.parametrize("count", [0, 2, 3, 4, 10])
def test_the_newest_refused_requests_stay(runtime: Runtime, count: int):
    for number in range(count):
        refuse(runtime, number)
    assert trim(runtime) == max(0, count - 3)
    assert bodies(runtime) == [f"Body={number}" for number in range(count)][-3:]


def test_refused_requests_go_when_they_are_old(runtime: Runtime):
    refuse(runtime, 1)
    refuse(runtime, 2, now=NOON + timedelta(days=1))
    assert trim(runtime, now=NOON + timedelta(days=14)) == 0
    assert trim(runtime, now=NOON + timedelta(days=14, seconds=1)) == 1
    assert bodies(runtime) == ["Body=2"]


def test_a_refused_request_is_cut_and_made_storable(runtime: Runtime):
    odd = "\x00" * 300
    headers = {f"x-{number}": odd * 2 for number in range(60)}
    refuse(runtime, 1, path="/in/sms/" + odd, query=odd, body=b"\x00\xff" * 300, headers=headers)
    (row,) = rows(runtime, QuarantineRow)
    assert len(row.body) <= 100
    assert len(row.query) == 100
    assert len(row.path) == 200
    assert (len(row.headers), len(row.headers["x-1"])) == (40, 500)


def test_a_refused_request_is_released_once(runtime: Runtime):
    refuse(runtime, 1)

    def release(_: int) -> bool:
        with runtime.transaction() as session:
            return quarantine.release(session, 1) is not None

    assert sorted(at_once(4, release)) == [False, False, False, True]
    assert [row.status for row in rows(runtime, QuarantineRow)] == ["released"]
