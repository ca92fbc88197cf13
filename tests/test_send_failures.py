"""What follows when a provider refuses a reply, or is down."""

import time as clocks
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway import deliver, settling
from gateway.channels.base import SendError
from gateway.pace import Health, pace_of
from gateway.runtime import Runtime
from gateway.settings import Circuit
from parsers.messages import Failure, Outgoing, Receipt, ReceiptState
from store import outbox
from store.models import Conversation, OutboxRow
from tests.harness import NOON, Clock, rows
from tests.sending import (
    ANA,
    BUDI,
    Recorder,
    add,
    complaints,
    drain,
    found,
    opened,
    refuse,
    reply,
    talk,
)

# --- what follows from a failure -----------------------------------------------------------------


def test_who_blocks_us_gets_no_notices_but_answers_are_still_tried(runtime: Runtime, clock: Clock):
    sms = Recorder(answer=refuse("blocked", "21610"))
    rt = opened(runtime, clock, sms)
    later = NOON + timedelta(hours=1)
    add(rt, talk(ANA, heard_at=NOON - timedelta(days=1)), talk(BUDI))
    add(rt, reply(1, recipient=ANA), reply(2, recipient=ANA, lane="notice", due_at=later))
    add(rt, reply(3, recipient=ANA, due_at=later))
    add(rt, reply(4, recipient=BUDI, lane="notice", due_at=later))
    drain(rt)
    assert found(rt, "status", "code") == [
        ("failed", "21610"),
        ("cancelled", "blocked"),
        ("queued", ""),
        ("queued", ""),
    ]
    assert [talk.blocked for talk in rows(rt, Conversation)] == [True, False]


@pytest.mark.parametrize(("heard", "blocked"), [(-1, True), (0, True), (1, False)])
def test_who_wrote_again_meanwhile_has_unblocked_us(
    runtime: Runtime, clock: Clock, heard: int, blocked: bool
):
    rt = opened(runtime, clock, Recorder())
    add(rt, talk(ANA, heard_at=NOON + timedelta(seconds=heard)), reply(recipient=ANA))
    (row,) = deliver.claim(rt, "sms", "mine")
    clock.forward(seconds=10)
    error = SendError(Failure.BLOCKED, "21610")
    deliver.settle(rt, [deliver.Outcome(row, error=error)], "mine")
    assert rows(rt, Conversation)[0].blocked is blocked


WHATSAPP_TEXT = "*Laporan 1000001* dijawab: _sudah_ ~belum~ ```ok``` 2*3*4 a_b_c * tidak *"
PLAIN_TEXT = "Laporan 1000001 dijawab: sudah belum ok 2*3*4 a_b_c * tidak *"


@pytest.mark.parametrize(
    ("wished", "channels", "used"),
    [
        ("", ("sms", "kannel"), "sms"),
        ("kannel", ("sms", "kannel"), "kannel"),
        ("", ("kannel",), "kannel"),
        ("sms", ("kannel",), None),
        ("", (), None),
    ],
)
def test_what_whatsapp_takes_no_more_goes_by_sms(
    runtime: Runtime, clock: Clock, wished: str, channels: tuple[str, ...], used: str | None
):
    whatsapp = Recorder("whatsapp", answer=refuse("closed", "63016"))
    others = [Recorder(name) for name in channels]
    rt = opened(runtime, clock, whatsapp, *others, sms_channel=wished)
    complaints(rt)
    extra = {"buttons": [["a", "b"]]}
    more = {"complaint_id": 1, "lane": "notice", "kind": "answered", "extra": extra}
    add(rt, reply(channel="whatsapp", text=WHATSAPP_TEXT, **more))
    drain(rt)
    drain(rt)
    names = ("dedupe", "channel", "status", "code", "complaint_id", "lane")
    expected = [("out-1", "whatsapp", "failed", "closed", 1, "notice")]
    if used:
        expected.append(("out-1-sms", used, "sent", "", 1, "notice"))
    assert found(rt, *names) == expected
    sent = [item for other in others for item in other.given]
    assert [(item.text, item.buttons) for item in sent] == [(PLAIN_TEXT, ())] * bool(used)


@pytest.mark.parametrize("recipient", ["12345678", "+123", "0812000000", "whatsapp:+6281200000001"])
def test_only_a_number_gets_an_sms(runtime: Runtime, clock: Clock, recipient: str):
    whatsapp = Recorder("whatsapp", answer=refuse("closed"))
    rt = opened(runtime, clock, whatsapp, Recorder())
    add(rt, reply(channel="whatsapp", recipient=recipient))
    drain(rt)
    assert found(rt, "channel", "status", "code") == [("whatsapp", "failed", "closed")]


def test_a_replay_of_a_closed_notice_makes_no_second_sms(runtime: Runtime, clock: Clock):
    sms = Recorder()
    rt = opened(runtime, clock, Recorder("whatsapp", answer=refuse("closed")), sms)
    add(rt, reply(channel="whatsapp"))
    drain(rt)
    with rt.transaction() as session:
        outbox.replay(session, [1], now=NOON, again=False)
    drain(rt)
    assert found(rt, "status") == ["failed", "sent"]
    assert len(sms.given) == 1


@pytest.mark.parametrize(
    ("code", "failure", "status", "blocked"),
    [
        ("63016", "closed", ["failed", "queued"], False),
        ("30004", "blocked", ["failed"], True),
        ("30008", "rejected", ["failed"], False),
        ("99999", "rejected", ["failed"], False),
    ],
)
def test_a_receipt_that_says_why_has_the_same_consequences(
    runtime: Runtime, clock: Clock, code: str, failure: str, status: list[str], blocked: bool
):
    """Twilio says 63016 minutes after it took the message."""
    meanings = {
        "63016": Failure.CLOSED,
        "30004": Failure.BLOCKED,
        "30008": Failure.REJECTED,
    }
    rt = opened(runtime, clock, Recorder("whatsapp", failures=meanings), Recorder())
    add(rt, talk(ANA, "whatsapp", heard_at=NOON - timedelta(days=2)))
    add(rt, reply(channel="whatsapp", recipient=ANA))
    drain(rt)
    receipt = Receipt(channel="whatsapp", state=ReceiptState.UNDELIVERED, outbox_id=1, code=code)
    clock.forward(minutes=1)
    assert [settling.confirm(rt, receipt) for _ in range(2)] == [True, False]
    assert found(rt, "status") == status
    assert rows(rt, OutboxRow)[0].failure == failure
    assert rows(rt, Conversation)[0].blocked is blocked


# --- a provider that is down ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "tries", "rounds", "expected"),
    [
        ("retry", 3, 2, ("sms", "queued", "503")),
        ("retry", 3, 3, ("kannel", "sent", "from sms 503")),
        ("config", 3, 1, ("kannel", "sent", "from sms 503")),
        ("uncertain", 1, 3, ("sms", "held", "503")),
        ("rejected", 1, 3, ("sms", "failed", "503")),
    ],
)
def test_a_refused_reply_moves_to_the_second_provider_once(
    runtime: Runtime,
    clock: Clock,
    failure: str,
    tries: int,
    rounds: int,
    expected: tuple[str, str, str],
):
    sms, kannel = Recorder(answer=refuse(failure, "503")), Recorder("kannel")
    rt = opened(runtime, clock, sms, kannel, fallback={"sms": "kannel"}, fallback_attempts=tries)
    add(rt, reply(origin="+6281170800001"))
    for _ in range(rounds):
        drain(rt)
        clock.forward(hours=1)
    assert found(rt, "channel", "status", "code") == [expected]
    assert [item.origin for item in kannel.given] == [""] * (expected[0] == "kannel")


def test_a_reply_that_both_refuse_fails_after_its_tries_and_never_goes_back(
    runtime: Runtime, clock: Clock
):
    sms, kannel = Recorder(answer=refuse("retry", "503")), Recorder("kannel")
    kannel.answer = refuse("retry", "202")
    both = {"sms": "kannel", "kannel": "sms"}
    rt = opened(runtime, clock, sms, kannel, fallback=both)
    add(rt, reply())
    for _ in range(10):
        drain(rt)
        clock.forward(hours=2)
    assert found(rt, "channel", "status", "attempts", "code") == [
        ("kannel", "failed", 6, "from sms 202")
    ]
    assert (len(sms.given), len(kannel.given)) == (3, 3)


@pytest.mark.parametrize(
    ("second", "state", "status"),
    [
        (refuse("retry"), "delivered", "delivered"),
        (refuse("retry"), "undelivered", "queued"),
        (lambda _: None, "undelivered", "sent"),
    ],
    ids=["it is not tried again", "nothing new", "it does not know of the second"],
)
def test_the_first_provider_may_still_say_that_it_went_out(
    runtime: Runtime, clock: Clock, second: Callable[[Outgoing], None], state: str, status: str
):
    kannel = Recorder("kannel", answer=second)
    sms = Recorder(answer=refuse("retry", "503"))
    rt = opened(runtime, clock, sms, kannel, fallback={"sms": "kannel"}, fallback_attempts=1)
    add(rt, reply())
    drain(rt)
    with rt.transaction() as session:
        receipt = Receipt(channel="sms", state=ReceiptState(state), outbox_id=1)
        outbox.confirm(session, receipt)
    assert found(rt, "channel", "status") == [("kannel", status)]


REST = Circuit(sends=4, share=0.75, rest_seconds=10, longest_seconds=30)


@pytest.mark.parametrize(
    ("steps", "rests"),
    [
        ([("bad", 3)], []),
        ([("ok", 1), ("bad", 3)], [10]),
        ([("ok", 2), ("bad", 2)], []),
        ([("bad", 4), ("bad", 1), ("bad", 1), ("bad", 1)], [10, 20, 30, 30]),
        ([("bad", 4), ("ok", 1), ("bad", 2)], [10]),
        ([("bad", 4), ("ok", 1), ("bad", 3)], [10, 10]),
    ],
    ids=str,
)
def test_a_provider_that_refuses_nearly_everything_is_left_in_peace(
    steps: list[tuple[str, int]], rests: list[int]
):
    now = [0.0]
    health = Health(REST, clock=lambda: now[0])
    seen = []
    for kind, count in steps:
        began = now[0]
        if health.note([kind == "bad"] * count):
            assert health.doubtful
            while health.resting:
                now[0] += 1
            seen.append(round(now[0] - began))
    assert seen == rests


def test_a_sick_channel_rests_and_then_tries_a_single_reply(runtime: Runtime, clock: Clock):
    sms = Recorder(answer=refuse("retry", "503"))
    rt = opened(runtime, clock, sms, circuit=REST.model_copy(update={"rest_seconds": 0.5}))
    add(rt, *(reply(number) for number in range(1, 11)))
    drain(rt)
    assert len(sms.given) == 10  # one batch
    clock.forward(minutes=1)
    drain(rt)
    assert len(sms.given) == 10  # it rests
    health = pace_of(rt).health("sms")
    until = clocks.monotonic() + 5
    while health.resting and clocks.monotonic() < until:
        clocks.sleep(0.01)
    drain(rt)
    assert len(sms.given) == 11  # one reply to see whether the provider is back
    assert health.resting


def test_while_a_channel_rests_its_replies_go_by_the_second_provider(
    runtime: Runtime, clock: Clock
):
    sms, kannel = Recorder(answer=refuse("retry", "503")), Recorder("kannel")
    rt = opened(runtime, clock, sms, kannel, fallback={"sms": "kannel"}, circuit=REST, batch=4)
    add(rt, *(reply(number) for number in range(1, 13)))
    drain(rt)
    assert len(sms.given) == 4
    assert sorted(item.id for item in kannel.given) == [5, 6, 7, 8, 9, 10, 11, 12]
    assert found(rt, "channel", "code")[4:] == [("kannel", "from sms")] * 8
