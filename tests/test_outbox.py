"""The outbox: each reply once, claimed in order, settled, receipts only forward."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.runtime import Runtime
from parsers.messages import Failure, Receipt, ReceiptState
from store import outbox
from store.models import OutboxRow, OutboxStatus
from tests.harness import NOON, at_once, rows
from tests.stored import BUDI, LATER, LEASE, add, only, reply


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
