"""Webhooks out: signed, once in effect, patient, and never a burden on anybody else."""

import dataclasses
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from gateway import deliver
from gateway.channel_settings import Webhook as WebhookSettings
from gateway.channels.base import SendError
from gateway.channels.webhook import Target, Webhook
from gateway.cli import cli
from gateway.pace import pace_of
from gateway.publish import publish_events, release_held
from gateway.republish import Replay
from gateway.runtime import Runtime
from parsers.messages import Failure, Outgoing
from store import outbox, subscriptions
from store.agency_models import Subscription
from store.models import AuditRow, ComplaintStatus, DeskState, OutboxRow, Privacy
from tests.events import KAB, ROADS, SOCIAL, case, desk, disposed, event, program
from tests.harness import Clock, rows
from tests.provider import Answer, Close, Hang, Provider, Request

HOOK = "/1708"
SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cy1zZWNyZXQtb2Y="
BODY = json.dumps({"type": "complaint.disposed", "data": {"event": 7}})


@pytest.fixture
def rt(runtime: Runtime, reader: Any, clock: Clock, provider: Provider) -> Runtime:
    provider.routes[("POST", HOOK)] = Answer(204)
    other = dataclasses.replace(runtime, now=clock)
    vars(other)["reader"] = reader
    return other


def publish(rt: Runtime) -> int:
    told = publish_events(rt)
    assert publish_events(rt) == 0
    return told


def send(rt: Runtime) -> None:
    """The delivery job, and once more."""
    for _ in range(2):
        deliver.drain_outbox(rt, until=time.monotonic() + 60)


def verified(request: Request, secret: str) -> Any:
    """What a receiver gets out of a request with the library of the standard."""
    return Verifier(secret).verify(request.body, dict(request.headers))


def states(rt: Runtime) -> list[tuple[str, str]]:
    return [(row.status, row.code) for row in rows(rt, OutboxRow)]


# --- what is told, and how it is signed ----------------------------------------------------------


def test_a_program_gets_each_event_signed_and_without_anything_private(
    rt: Runtime, provider: Provider
):
    row = program(rt, provider.url + HOOK, agency=ROADS)
    disposed(rt)
    publish(rt)
    send(rt)
    (request,) = provider.requests
    assert verified(request, row.secret) == {
        "type": "complaint.disposed",
        "timestamp": "2026-11-20T05:00:00+00:00",
        "data": {
            "event": 1,
            "tracking": 9000001,
            "kind": "disposed",
            "status": "disposed",
            "agency": ROADS,
            "at": "2026-11-20T05:00:00+00:00",
            "url": "https://1708.example/api/v1/complaints/9000001",
        },
    }
    assert request.headers["webhook-id"] == "event-1-sub-1"
    assert request.headers["content-type"] == "application/json"
    assert states(rt) == [("sent", "")]
    assert b"Ujang" not in request.body
    with pytest.raises(WebhookVerificationError):
        verified(request, SECRET)


def adapter(secrets: tuple[str, ...], url: str, **more: Any) -> Webhook:
    settings = WebhookSettings(allow_private=False, attempts=20, keep_days=7)
    return Webhook(settings, Known(url, secrets), **{"private": True, "timeout": 5} | more)


@dataclasses.dataclass
class Known:
    """One program, whatever it is called."""

    url: str
    secrets: tuple[str, ...] = (SECRET,)
    left: list[str] = dataclasses.field(default_factory=list)

    def target(self, recipient: str) -> Target | None:
        return None if recipient in self.left else Target(self.url, self.secrets)

    def gone(self, recipient: str) -> None:
        self.left.append(recipient)


def notice(recipient: str = "3") -> Outgoing:
    return Outgoing(id=1, recipient=recipient, text=BODY)


def test_while_a_secret_changes_both_are_good(provider: Provider):
    provider.routes[("POST", HOOK)] = Answer(200)
    new = subscriptions.new_secret()
    assert adapter((new, SECRET), provider.url + HOOK).send(notice()) == "event-7-sub-3"
    (request,) = provider.requests
    assert verified(request, new) == verified(request, SECRET)
    changed = dataclasses.replace(request, body=request.body + b" ")
    with pytest.raises(WebhookVerificationError):
        verified(changed, new)


def test_no_secret_is_shown_by_accident():
    assert SECRET not in repr(Target("https://program.example", (SECRET,)))


@pytest.mark.parametrize(
    ("reaction", "failure", "code", "wait"),
    [
        (Answer(500), "retry", "500", None),
        (Answer(504), "retry", "504", None),
        (Answer(503, headers={"Retry-After": "90"}), "retry", "503", 90),
        (Answer(429, headers={"Retry-After": "999999"}), "retry", "429", 3600),
        (Answer(408), "retry", "408", None),
        (Answer(400), "rejected", "400", None),
        (Answer(404), "rejected", "404", None),
        (Answer(302, headers={"Location": "https://elsewhere.example/"}), "rejected", "302", None),
        (Answer(410), "blocked", "410", None),
        (Close(), "retry", "RemoteProtocolError", None),
        (Close(b"HTTP/1.1 nonsense\r\n\r\n"), "retry", "RemoteProtocolError", None),
    ],
)
def test_what_an_answer_means(
    provider: Provider, reaction: Any, failure: str, code: str, wait: float | None
):
    provider.script(reaction)
    with pytest.raises(SendError) as caught:
        adapter((SECRET,), provider.url + HOOK).send(notice())
    error = caught.value
    assert (error.failure, error.code, error.retry_after) == (failure, code, wait)
    assert len(provider.requests) == 1


def test_silence_is_tried_again_for_a_program_knows_a_repeat(provider: Provider):
    provider.script(Hang())
    with pytest.raises(SendError) as caught:
        adapter((SECRET,), provider.url + HOOK, timeout=0.2).send(notice())
    assert (caught.value.failure, caught.value.code) == (Failure.RETRY, "timeout")


def test_nobody_there_is_tried_again(provider: Provider):
    url = provider.url + HOOK
    provider.refuse()
    with pytest.raises(SendError) as caught:
        adapter((SECRET,), url).send(notice())
    assert (caught.value.failure, caught.value.code) == (Failure.RETRY, "ConnectError")


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://127.0.0.1:{port}/1708", False),  # http
        ("https://127.0.0.1:{port}/1708", False),  # our own machine
        ("https://localhost:{port}/1708", False),
        ("https://[::ffff:127.0.0.1]:{port}/1708", False),
        ("https://10.0.0.5/1708", False),
        ("https://169.254.169.254/latest", False),  # where clouds keep credentials
        ("http://169.254.169.254/latest", True),
        ("ftp://127.0.0.1/1708", True),
    ],
)
def test_an_address_inside_is_not_called(provider: Provider, url: str, *, private: bool):
    port = provider.url.rpartition(":")[2]
    with pytest.raises(SendError) as caught:
        adapter((SECRET,), url.format(port=port), private=private).send(notice())
    assert (caught.value.failure, caught.value.code) == (Failure.REJECTED, "address")
    assert provider.requests == []
    assert provider.connections == 0


# --- who is told ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agency", "events", "privacy", "told"),
    [
        ("", [], "public", True),
        (ROADS, [], "public", True),
        (KAB, [], "public", True),  # above it
        ("PEMPROV_32", [], "public", True),  # a province sees its kabupaten
        (SOCIAL, [], "public", False),
        ("PEMKAB_3205", [], "public", False),
        (ROADS, ["disposed", "answered"], "public", True),
        (ROADS, ["answered"], "public", False),
        ("", [], "rahasia", True),
        (ROADS, [], "rahasia", True),
        (KAB, [], "rahasia", False),
        ("PEMPROV_32", [], "rahasia", False),
        (ROADS, [], "anonim", True),
    ],
)
def test_who_is_told_of_what(
    rt: Runtime, agency: str, events: list[str], privacy: str, *, told: bool
):
    program(rt, agency=agency, events=events)
    disposed(rt, privacy=Privacy(privacy))
    assert publish(rt) == 1
    assert len(rows(rt, OutboxRow)) == told


def test_an_office_that_gave_the_case_back_hears_no_more_of_it(rt: Runtime):
    program(rt, agency=ROADS)
    complaint = case(rt, status=ComplaintStatus.TRIAGE)
    desk(rt, complaint, ROADS, state=DeskState.RETURNED)
    event(rt, complaint, "withheld", agency=ROADS)
    event(rt, complaint, "follow_up")
    publish(rt)
    assert rows(rt, OutboxRow) == []


def test_a_subscription_that_is_off_is_told_nothing(rt: Runtime):
    row = program(rt)
    with rt.transaction() as session:
        assert subscriptions.switch_off(session, row.key)
    disposed(rt)
    publish(rt)
    assert rows(rt, OutboxRow) == []


# --- delivered in the end ------------------------------------------------------------------------


def test_a_delivery_is_tried_until_it_arrives_under_one_id(
    rt: Runtime, provider: Provider, clock: Clock
):
    row = program(rt, provider.url + HOOK)
    disposed(rt)
    publish(rt)
    provider.script(Answer(500), Close(), Answer(503, headers={"Retry-After": "600"}))
    waits = []
    for _ in range(8):
        send(rt)
        (waiting,) = rows(rt, OutboxRow)
        waits.append((waiting.due_at - clock.now).total_seconds())
        clock.now = max(waiting.due_at, clock.now)
    assert waits[:3] == [5, 10, 600]
    assert states(rt) == [("sent", "")]
    assert len(provider.requests) == 4
    assert {request.headers["webhook-id"] for request in provider.requests} == {"event-1-sub-1"}
    assert all(verified(request, row.secret) for request in provider.requests)


def test_it_fails_after_its_own_number_of_tries(rt: Runtime, provider: Provider, clock: Clock):
    provider.routes[("POST", HOOK)] = Answer(500)
    program(rt, provider.url + HOOK)
    disposed(rt)
    publish(rt)
    for _ in range(25):
        send(rt)
        clock.forward(hours=1)
    (row,) = rows(rt, OutboxRow)
    assert (row.status, row.attempts, row.failure, row.code) == ("failed", 20, "retry", "500")


def test_what_a_worker_left_behind_goes_out_again(rt: Runtime, provider: Provider, clock: Clock):
    """A reply to a person would be held for an operator."""
    program(rt, provider.url + HOOK)
    disposed(rt)
    publish(rt)
    deliver.claim(rt, "webhook", "token-of-a-worker-that-dies")
    clock.forward(minutes=2)
    with rt.transaction() as session:
        assert outbox.hold_expired(session, now=clock.now) == 1
    assert release_held(rt) == 1
    assert release_held(rt) == 0
    send(rt)
    assert states(rt) == [("sent", "")]
    assert len(provider.requests) == 1


def test_one_that_has_gone_is_switched_off_and_all_that_waits_is_taken_back(
    rt: Runtime, provider: Provider
):
    provider.routes[("POST", HOOK)] = Answer(410)
    program(rt, provider.url + HOOK)
    complaint = disposed(rt)
    event(rt, complaint, "started", agency=ROADS)
    event(rt, complaint, "answered", agency=ROADS)
    publish(rt)
    send(rt)
    assert states(rt) == [("failed", "410"), ("cancelled", "gone"), ("cancelled", "gone")]
    assert len(provider.requests) == 1
    assert [row.active for row in rows(rt, Subscription)] == [False]
    assert [(row.action, row.detail) for row in rows(rt, AuditRow)] == [
        ("subscription.gone", {"subscription": 1})
    ]


def test_a_dead_program_keeps_nobody_else_waiting(rt: Runtime, provider: Provider, clock: Clock):
    """As many refusals as would let a provider of citizens' replies rest."""
    provider.routes[("POST", "/dead")] = Answer(500)
    program(rt, provider.url + "/dead", name="dead")
    program(rt, provider.url + HOOK, name="alive")
    for number in range(1, 16):
        disposed(rt, number)
    publish(rt)
    for _ in range(12):
        send(rt)
        clock.forward(hours=1)
    assert not pace_of(rt).health("webhook").resting
    assert not pace_of(rt).health("webhook").doubtful
    alive = [row.status for row in rows(rt, OutboxRow) if row.recipient == "2"]
    assert alive == ["sent"] * 15
    order = [
        json.loads(request.body)["data"]["tracking"]
        for request in provider.requests
        if request.path == HOOK
    ]
    assert order == list(range(9000001, 9000016))


def test_what_waits_behind_a_refusal_is_not_due_and_ends_one_day(
    rt: Runtime, provider: Provider, clock: Clock
):
    """Else each drain would look through all that waits for a program that is long dead."""
    provider.routes[("POST", HOOK)] = Answer(500)
    program(rt, provider.url + HOOK)
    program(rt, provider.url + "/other")
    for number in range(1, 4):
        disposed(rt, number)
    publish(rt)
    provider.routes[("POST", "/other")] = Answer(204)
    deliver.drain_outbox(rt, until=time.monotonic() + 60)
    found = [row for row in rows(rt, OutboxRow) if row.recipient == "1"]
    assert [(row.status, row.attempts) for row in found] == [("queued", 1)] + [("queued", 0)] * 2
    assert [row.due_at - clock.now for row in found] == [timedelta(seconds=5)] * 3
    clock.forward(days=7)
    deliver.tidy(rt)
    assert states(rt)[::2] == [("cancelled", "expired")] * 3


def test_citizens_do_not_wait_for_a_slow_program(rt: Runtime, provider: Provider):
    """A drain has a minute; a delivery that might outlast it is not begun."""
    program(rt, provider.url + HOOK)
    disposed(rt)
    publish(rt)
    provider.script(Hang())
    until = time.monotonic() + rt.settings.outbox.timeout_seconds - 1
    deliver.drain_outbox(rt, until=until)
    assert provider.requests == []


# --- what operators do ---------------------------------------------------------------------------


@pytest.fixture
def lapor(
    rt: Runtime, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli, ["subscription", *words])

    return run


@pytest.fixture
def secret(provider: Provider, lapor: Callable[..., Any]) -> str:
    """That of subscription 1, which the command line has made."""
    url = provider.url + HOOK + "?token=mine"
    made = lapor("add", "sipd", "--agency", KAB, "--url", url, "--events", "disposed,answered")
    assert made.exit_code == 0, made.output
    return str(made.stdout.strip())


def told(rt: Runtime, provider: Provider, number: int = 1) -> Request:
    """What a program hears of one more case."""
    disposed(rt, number)
    publish(rt)
    send(rt)
    return provider.requests[-1]


def test_a_subscription_is_made_told_and_listed(
    rt: Runtime, provider: Provider, lapor: Callable[..., Any], secret: str
):
    assert verified(told(rt, provider), secret)
    listed = lapor("list", "--json")
    assert json.loads(listed.stdout) == {
        "id": 1,
        "name": "sipd",
        "agency": KAB,
        "to": "127.0.0.1",
        "events": "answered,disposed",
        "active": True,
        "waiting": 0,
        "delivered": 1,
        "failed": 0,
        "last_delivered": "2026-11-20T05:00:00+00:00",
        "last_error": "",
    }
    assert "token=mine" not in lapor("list").output


def test_an_old_secret_is_good_beside_the_new_one_unless_it_must_end_now(
    rt: Runtime, provider: Provider, lapor: Callable[..., Any], secret: str
):
    new = lapor("rotate", "1").stdout.strip()
    request = told(rt, provider)
    assert verified(request, secret) == verified(request, new)
    newest = lapor("rotate", "1", "--now").stdout.strip()
    request = told(rt, provider, 2)
    assert verified(request, newest)
    with pytest.raises(WebhookVerificationError):
        verified(request, new)


def test_a_subscription_that_is_removed_takes_back_what_waits_and_its_secret(
    rt: Runtime, lapor: Callable[..., Any], secret: str
):
    disposed(rt)
    publish(rt)
    assert lapor("remove", "1", "--reason", "contract ended").exit_code == 0
    assert states(rt) == [("cancelled", "gone")]
    assert [row.secret for row in rows(rt, Subscription)] == [""]
    again = lapor("remove", "1", "--reason", "contract ended")
    assert (again.exit_code, "no active subscription 1" in again.output) == (1, True)


def test_what_operators_do_with_a_subscription_is_written_down(
    rt: Runtime, lapor: Callable[..., Any], secret: str
):
    lapor("rotate", "1")
    lapor("rotate", "1", "--now")
    lapor("remove", "1", "--reason", "contract ended")
    assert [(row.action, row.reason) for row in rows(rt, AuditRow)] == [
        ("subscription.add", ""),
        ("subscription.rotate", ""),
        ("subscription.rotate", ""),
        ("subscription.remove", "contract ended"),
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--url", "ftp://program.example/"], "must begin with https://"),
        (["--url", "https://user:pass@program.example/"], "without a user"),
        (["--url", "https:///1708"], "without a user"),
        (["--url", "https://program.example/", "--events", "disposd"], "'disposd' is not one of"),
        (["--url", "https://program.example/", "--agency", "PEMKAB_9999"], "is not an agency"),
    ],
)
def test_a_subscription_that_cannot_work_is_refused(
    rt: Runtime, lapor: Callable[..., Any], words: list[str], says: str
):
    found = lapor("add", "sipd", *words)
    assert (found.exit_code, says in found.output) == (2, True), found.output
    assert rows(rt, Subscription) == []


def test_a_replay_tells_again_what_happened_and_nothing_that_is_on_its_way(
    rt: Runtime, provider: Provider, lapor: Callable[..., Any], clock: Clock
):
    program(rt, provider.url + HOOK, agency=KAB)
    old = case(rt, 1, agency=ROADS)
    desk(rt, old)
    event(rt, old, "disposed", agency=ROADS, at=clock.now - timedelta(days=9))
    disposed(rt, 2)
    disposed(rt, 3, SOCIAL)
    disposed(rt, 4, privacy=Privacy.CONFIDENTIAL)
    publish(rt)
    send(rt)
    disposed(rt, 5)
    publish(rt)
    clock.forward(minutes=1)
    with rt.reading() as session:
        row = subscriptions.find(session, 1)
    assert row is not None
    again = Replay(rt, row, clock.now - timedelta(days=2), "operator", "their disk broke")
    again.carry_out()
    assert (again.queued, again.waiting) == (1, 1)
    send(rt)
    ids = [request.headers["webhook-id"] for request in provider.requests]
    assert ids == ["event-1-sub-1", "event-2-sub-1", "event-5-sub-1", "event-2-sub-1"]
    (note,) = rows(rt, AuditRow)
    assert (note.action, note.actor, note.reason) == (
        "subscription.replay",
        "operator",
        "their disk broke",
    )
    assert (note.detail["subscription"], note.detail["queued"]) == (1, 1)


def test_a_replay_says_on_the_command_line_what_it_did(rt: Runtime, lapor: Callable[..., Any]):
    program(rt)
    found = lapor("replay", "1", "--since", "2d", "--reason", "test")
    assert (found.exit_code, found.stdout) == (
        0,
        "Queued 0 events; 0 were on their way already.\n",
    )
    nobody = lapor("replay", "2", "--since", "2d", "--reason", "test")
    assert (nobody.exit_code, "no active subscription 2" in nobody.output) == (1, True)


def test_a_replay_of_many_goes_in_batches_each_with_its_note(
    rt: Runtime, monkeypatch: pytest.MonkeyPatch, clock: Clock
):
    monkeypatch.setattr("gateway.republish.BATCH", 3)
    for number in range(1, 9):
        disposed(rt, number)
    publish(rt)
    row = program(rt)
    again = Replay(rt, row, clock.now - timedelta(days=2), "operator", "a new program")
    again.carry_out()
    assert (again.queued, again.waiting) == (8, 0)
    assert [note.detail["queued"] for note in rows(rt, AuditRow)] == [3, 3, 2]


def test_a_second_replay_leaves_what_the_first_one_has_still_to_deliver(
    rt: Runtime, provider: Provider, clock: Clock
):
    row = program(rt, provider.url + HOOK)
    for number in (1, 2):
        disposed(rt, number)
    publish(rt)
    send(rt)
    found = []
    for _ in range(2):
        clock.forward(minutes=1)
        again = Replay(rt, row, clock.now - timedelta(days=2), "operator", "a test")
        again.carry_out()
        found.append((again.queued, again.waiting))
    assert found == [(2, 0), (0, 2)]
