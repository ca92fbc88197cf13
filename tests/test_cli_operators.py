"""`lapor inbox|outbox|dead|quarantine`: what operators see, and what a replay really does."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from rq import Queue
from sqlmodel import SQLModel

from gateway.runtime import Runtime
from parsers.messages import Failure
from store import quarantine
from store.models import (
    AuditRow,
    InboxRow,
    InboxStatus,
    OutboxRow,
    OutboxStatus,
    QuarantineRow,
    QuarantineStatus,
)
from store.operating import masked
from tests.conftest import SECRETS
from tests.harness import Gateway, Lapor, rows, sqlite

NOW = datetime.now(UTC)
WHY = ("--reason", "provider was down")


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def refs(result: Result) -> list[object]:
    return [line["row"] for line in lines(result)]


def keep(rt: Runtime, *found: SQLModel) -> None:
    with rt.transaction() as session:
        for row in found:
            session.add(row)
            session.flush()


def message(number: int, *, hours: float = 0, **more: object) -> InboxRow:
    at = NOW - timedelta(hours=hours)
    values = {
        "channel": "sms",
        "provider_id": f"id-{number}",
        "sender": "+6281200001101",
        "text": f"isi pesan {number}",
        "received_at": at,
        "stored_at": at,
        "due_at": at,
    }
    return InboxRow(**(values | more))


def reply(number: int, *, hours: float = 0, **more: object) -> OutboxRow:
    at = NOW - timedelta(hours=hours)
    values = {
        "dedupe": f"reply-{number}",
        "kind": "received",
        "channel": "sms",
        "recipient": "+6281200001101",
        "text": f"isi balasan {number}",
        "due_at": at,
        "created_at": at,
    }
    return OutboxRow(**(values | more))


@pytest.fixture
def trouble(runtime: Runtime) -> Runtime:
    """Five messages and four replies, some of which need a person."""
    keep(
        runtime,
        message(1, hours=30, status=InboxStatus.DONE, done_at=NOW),
        message(2, hours=20, status=InboxStatus.DEAD, error="KeyError at bots/filing.py:10"),
        message(3, hours=10, status=InboxStatus.DEAD, error="Timeout at a.py:1", channel="kannel"),
        message(4, hours=3, status=InboxStatus.RECEIVED),
        message(5, hours=1, status=InboxStatus.DONE, channel="whatsapp", done_at=NOW),
        reply(1, hours=25, status=OutboxStatus.SENT, inbox_id=1),
        reply(2, hours=15, status=OutboxStatus.FAILED, failure=Failure.REJECTED, code="21614"),
        reply(3, hours=5, status=OutboxStatus.HELD, failure=Failure.UNCERTAIN, code="timeout"),
        reply(4, status=OutboxStatus.QUEUED),
    )
    return runtime


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("inbox", "in-5 in-4 in-3 in-2 in-1"),
        ("inbox --status done", "in-5 in-1"),
        ("inbox --status done --status dead", "in-5 in-3 in-2 in-1"),
        ("inbox --channel whatsapp --channel kannel", "in-5 in-3"),
        ("inbox --older-than 4h", "in-3 in-2 in-1"),
        ("inbox --newer-than 1d --older-than 120m", "in-4 in-3 in-2"),
        ("inbox --error keyerror", "in-2"),
        ("inbox --error %", ""),
        ("inbox --limit 2", "in-5 in-4"),
        ("outbox", "out-4 out-3 out-2 out-1"),
        ("outbox --error 21614", "out-2"),
        ("outbox --error rejected", "out-2"),
        ("outbox --status held", "out-3"),
        ("outbox --status queued", "out-4"),
        ("dead", "out-3 in-3 out-2 in-2"),
        ("dead --error timeout", "out-3 in-3"),
        ("dead --status dead", "in-3 in-2"),
        ("dead --status failed --status held", "out-3 out-2"),
        ("dead --limit 3 --older-than 6h", "in-3 out-2 in-2"),
    ],
)
@pytest.mark.usefixtures("trouble")
def test_lists_are_filtered_newest_first(lapor: Lapor, words: str, expected: str):
    group, *options = words.split()
    assert refs(lapor(group, "list", *options, "--json")) == expected.split()


@sqlite
@pytest.mark.parametrize("group", ["inbox", "outbox", "dead"])
@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.usefixtures("trouble")
def test_lists_show_no_text_and_no_full_number(lapor: Lapor, group: str, form: Sequence[str]):
    printed = lapor(group, "list", *form).output
    assert "+62812****01" in printed
    assert "isi" not in printed
    assert "1200001101" not in printed


@pytest.mark.parametrize(
    ("person", "shown"),
    [
        ("+6281200001101", "+62812****01"),
        ("+628120000110", "+62812****10"),
        ("123456789", "123****89"),
        ("1708", "****"),
        ("", ""),
    ],
)
def test_at_least_four_characters_of_a_person_stay_hidden(person: str, shown: str):
    assert masked(person) == shown


def test_a_long_list_is_whole_and_says_when_it_is_not(lapor: Lapor, runtime: Runtime):
    keep(runtime, *(message(number) for number in range(1101)))
    assert refs(lapor("inbox", "list", "--all", "--json")) == [
        f"in-{key}" for key in range(1101, 0, -1)
    ]
    short = lapor("inbox", "list")
    assert len(short.stdout.splitlines()) == 51
    assert "more than 50" in short.stderr
    assert lapor("inbox", "list", "--limit", "1101").stderr == ""


@sqlite
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("inbox list --older-than soon", "2h"),
        ("inbox list --status held", "received, done, dead"),
        ("inbox show out-1", "in-1"),
        ("dead show 1", "in-1 or out-1"),
        ("inbox show x", "names no row"),
        ("inbox show 1 --reveal", "--reason"),
        ("inbox replay 1", "--reason"),
        ("inbox replay --reason x", "Say which rows"),
        ("inbox replay 1 --all --reason x", "with a filter"),
        ("quarantine release 1", "--reason"),
    ],
)
@pytest.mark.usefixtures("trouble")
def test_a_wrong_command_line_says_what_is_right(lapor: Lapor, words: str, reason: str):
    result = lapor(*words.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr


def test_show_tells_all_but_the_personal(lapor: Lapor, trouble: Runtime):
    (shown,) = lines(lapor("inbox", "show", "1", "--json"))
    assert (shown["text"], shown["sender"]) == (None, "+62812****01")
    assert shown["caused"]["replies"] == [{"row": "out-1", "status": "sent", "error": ""}]
    printed = lapor("dead", "show", "out-3").stdout
    assert "timeout" in printed
    assert "[13 characters, shown with --reveal --reason]" in printed
    assert rows(trouble, AuditRow) == []
    missing = lapor("inbox", "show", "77")
    assert (missing.exit_code, missing.stderr) == (1, "Error: there is no row in-77.\n")


def test_show_names_the_complaint_that_a_message_made_or_touched(lapor: Lapor, gateway: Gateway):
    gateway.say("lampu jalan mati")
    gateway.say("Kec. Coblong Kota Bandung")
    answer, question = (str(name) for name in refs(lapor("inbox", "list", "--json")))
    (first,) = lines(lapor("inbox", "show", question, "--json"))
    (second,) = lines(lapor("inbox", "show", answer, "--json"))
    tracking = first["caused"]["complaint"]["tracking"]
    assert first["caused"]["complaint"]["place"] == "32.73.02"
    assert second["caused"]["complaint"] is None
    assert second["caused"]["events"] == [f"follow_up of {tracking}"]


@sqlite
def test_reveal_shows_everything_and_is_written_down(lapor: Lapor, runtime: Runtime):
    keep(runtime, message(1, text="rusak\x1b[2J\u202eparah"))
    printed = lapor("inbox", "show", "1", "--reveal", "--reason", "tiket 77").stdout
    assert "+6281200001101" in printed
    assert "rusak\ufffd[2Jparah" in printed
    (kept,) = rows(runtime, AuditRow)
    me = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    assert (kept.actor, kept.action, kept.reason) == (me, "inbox.reveal", "tiket 77")
    assert kept.detail == {"ids": [1]}


@pytest.mark.parametrize(
    ("status", "plain", "again"),
    [
        ("failed", True, True),
        ("cancelled", True, True),
        ("held", False, True),
        ("sent", False, True),
        ("delivered", False, True),
        ("queued", False, False),
        ("sending", False, False),
    ],
)
def test_a_reply_that_may_have_gone_out_needs_the_word_again(
    lapor: Lapor, runtime: Runtime, status: str, plain: bool, again: bool
):
    for option, expected in (((), plain), (("--again",), again)):
        keep(runtime, row := reply(len(rows(runtime, OutboxRow)), status=status))
        for dry in (("--dry-run",), ()):
            result = lapor("outbox", "replay", str(row.id), *WHY, *option, *dry, "--json")
            told = json.loads(result.stdout)
            assert told["queued"] == ([f"out-{row.id}"] if expected else [])
            assert bool(told["not_queued"]) is not expected
            assert result.exit_code == (0 if expected else 1)
        assert rows(runtime, OutboxRow)[-1].status == ("queued" if expected else status)


def test_a_replay_tells_what_it_queued_and_why_not_the_rest(lapor: Lapor, trouble: Runtime):
    told = json.loads(lapor("inbox", "replay", "1", "3", "4", "99", *WHY, "--json").stdout)
    assert told == {
        "dry_run": False,
        "again": False,
        "asked": 4,
        "queued": ["in-1", "in-3"],
        "not_queued": [
            {"row": "in-99", "why": "there is no such row"},
            {"row": "in-4", "why": "it is waiting already"},
        ],
        "not_tried": 0,
        "queue_reached": True,
    }
    (kept,) = rows(trouble, AuditRow)
    assert (kept.action, kept.reason) == ("inbox.replay", "provider was down")
    assert kept.detail == {"asked": [1, 3, 4], "queued": [1, 3], "again": False}
    assert [row.lane for row in rows(trouble, InboxRow)] == ["bulk", "live", "bulk", "live", "live"]


def waiting_jobs(rt: Runtime) -> dict[str, int]:
    names = ("intake", "bulk", "deliver")
    return {name: Queue(name, connection=rt.redis).count for name in names}


def test_a_dry_run_changes_nothing(lapor: Lapor, trouble: Runtime):
    before = [row.status for row in rows(trouble, InboxRow) + rows(trouble, OutboxRow)]
    result = lapor("dead", "replay", "--all", "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Would queue 2 messages and 1 reply of 4 asked for.",
        "  in-2, in-3, out-2",
        "Not queued, it may have gone out: nobody knows (--again sends it all the same): out-3",
    ]
    assert [row.status for row in rows(trouble, InboxRow) + rows(trouble, OutboxRow)] == before
    assert rows(trouble, AuditRow) == []
    assert waiting_jobs(trouble) == {"intake": 0, "bulk": 0, "deliver": 0}


def test_dead_rows_of_both_tables_are_replayed_and_their_workers_woken(
    lapor: Lapor, trouble: Runtime
):
    result = lapor("dead", "replay", "--all", *WHY)
    assert result.stdout.startswith("Queued 2 messages and 1 reply of 4 asked for.\n")
    assert [row.status for row in rows(trouble, InboxRow)] == [
        "done", "received", "received", "received", "done",
    ]  # fmt: skip
    assert [row.status for row in rows(trouble, OutboxRow)] == ["sent", "queued", "held", "queued"]
    assert waiting_jobs(trouble) == {"intake": 0, "bulk": 1, "deliver": 1}


@pytest.mark.parametrize(
    ("words", "queued"),
    [
        ("dead replay in-2 in-3 --error KeyError", ["in-2"]),
        ("dead replay in-1 out-2", ["out-2"]),
        ("inbox replay --status dead --limit 1", ["in-2"]),
        ("inbox replay --channel kannel --older-than 1h", ["in-3"]),
    ],
)
@pytest.mark.usefixtures("trouble")
def test_names_and_filters_narrow_each_other(lapor: Lapor, words: str, queued: list[str]):
    assert json.loads(lapor(*words.split(), *WHY, "--json").stdout)["queued"] == queued


def test_a_long_replay_goes_in_batches_each_with_its_audit_row(lapor: Lapor, runtime: Runtime):
    keep(runtime, *(message(number, status=InboxStatus.DEAD) for number in range(1001)))
    told = json.loads(lapor("dead", "replay", "--all", *WHY, "--json").stdout)
    assert told["queued"] == [f"in-{key}" for key in range(1, 1002)]
    assert [len(row.detail["queued"]) for row in rows(runtime, AuditRow)] == [500, 500, 1]
    assert {row.status for row in rows(runtime, InboxRow)} == {"received"}


def test_a_replayed_message_repeats_its_reply_only_when_asked_to(lapor: Lapor, gateway: Gateway):
    """Promise 5, from the words of the operator to the outbox."""
    gateway.say("jalan rusak di kec coblong kota bandung")
    gateway.clock.now = datetime.now(UTC) + timedelta(minutes=1)
    assert gateway.outbox() == [("sent", "received")]
    for option, replies in (((), 1), (("--again",), 2)):
        assert lapor("inbox", "replay", "1", *WHY, *option).exit_code == 0
        gateway.work()
        assert [status for status, _ in gateway.outbox()] == ["sent"] * replies


@sqlite
@pytest.mark.parametrize(
    ("answer", "options", "queued"),
    [(b"n\n", (), 0), (b"y\n", (), 21), (b"", ("--yes",), 21)],
)
def test_a_person_is_asked_before_more_than_twenty_rows(
    environ: dict[str, str],
    runtime: Runtime,
    answer: bytes,
    options: Sequence[str],
    queued: int,
):
    keep(runtime, *(message(number, status=InboxStatus.DEAD) for number in range(21)))
    near, far = pty.openpty()
    os.write(near, answer)
    command = [sys.executable, "-c", "from gateway.cli import main; main()"]
    run = subprocess.run(
        [*command, "dead", "replay", "--all", *WHY, *options],
        env={**os.environ, **environ},
        stdin=far,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(near)
    os.close(far)
    assert run.returncode == (0 if queued else 1)
    assert ("21 messages will be queued again." in run.stderr) is not bool(options)
    assert len([row for row in rows(runtime, InboxRow) if row.status == "received"]) == queued


FORM = b"MessageSid=SM1&From=%2B6281200001101&To=%2B6281170800001&Body=jalan+rusak&NumMedia=0"


def refuse(rt: Runtime, channel: str, body: bytes, path: str = "", **headers: str) -> None:
    with rt.transaction() as session:
        quarantine.keep(
            session,
            channel=channel,
            reason="signature does not match",
            method="POST",
            path=path or f"/in/{channel}",
            query="",
            headers=headers,
            body=body,
            now=NOW,
            max_bytes=16384,
        )


def test_a_released_request_is_taken_in_once(lapor: Lapor, runtime: Runtime):
    refuse(runtime, "sms", FORM)
    results = [lapor("quarantine", "release", "1", *WHY, **SECRETS) for _ in range(2)]
    assert [result.exit_code for result in results] == [0, 1]
    assert "released before" in results[1].stderr
    (row,) = rows(runtime, InboxRow)
    assert (row.sender, row.text, row.status) == ("+6281200001101", "jalan rusak", "received")
    assert [row.status for row in rows(runtime, QuarantineRow)] == [QuarantineStatus.RELEASED]
    (kept,) = rows(runtime, AuditRow)
    assert (kept.action, kept.detail) == ("quarantine.release", {"ids": [1]})


def test_a_released_receipt_settles_its_reply(lapor: Lapor, runtime: Runtime):
    keep(runtime, reply(1, status=OutboxStatus.HELD, provider_id="SM9"))
    refuse(runtime, "sms", b"MessageSid=SM9&MessageStatus=delivered", "/in/sms/receipt/1")
    assert lapor("quarantine", "release", "q-1", *WHY, **SECRETS).exit_code == 0
    assert [row.status for row in rows(runtime, OutboxRow)] == ["delivered"]
    assert rows(runtime, InboxRow) == []


@sqlite
@pytest.mark.parametrize(
    ("channel", "body", "reason"),
    [
        ("sms", b"hello", "not in the form of sms"),
        ("telegram", b"{", "not in the form of telegram"),
        ("telegram", b'{"update_id": 1, "poll": {}}', "asks nothing of 1708"),
        ("fax", b"", "fax has no credentials"),
    ],
)
def test_what_cannot_be_read_stays_in_quarantine(
    lapor: Lapor, runtime: Runtime, channel: str, body: bytes, reason: str
):
    refuse(runtime, channel, body)
    result = lapor("quarantine", "release", "1", *WHY, **SECRETS)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert [row.status for row in rows(runtime, QuarantineRow)] == [QuarantineStatus.KEPT]
    assert rows(runtime, InboxRow) + rows(runtime, AuditRow) == []


@sqlite
def test_quarantine_hides_the_request_and_never_shows_our_secrets(lapor: Lapor, runtime: Runtime):
    secret = SECRETS["TELEGRAM_WEBHOOK_SECRET"]
    refuse(runtime, "telegram", FORM, secret_token=secret)
    assert refs(lapor("quarantine", "list", "--error", "signature", "--json")) == ["q-1"]
    assert "Body" not in lapor("quarantine", "show", "1").stdout
    shown = lapor("quarantine", "show", "1", "--reveal", "--reason", "x", **SECRETS).stdout
    assert "Body=jalan+rusak" in shown
    assert "secret_token ***" in shown
    assert secret not in shown
