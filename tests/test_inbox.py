"""The inbox: each message once, claimed in order by one worker, replayed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.runtime import Runtime
from parsers.messages import Envelope, Location, Media
from store import inbox
from store.models import InboxRow
from tests.harness import NOON, at_once, envelope, rows
from tests.stored import (
    ANA,
    BUDI,
    CITRA,
    LATER,
    LEASE,
    fail,
    finish,
    inbox_states,
    lease,
    put,
    replay,
)

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
