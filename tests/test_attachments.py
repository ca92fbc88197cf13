"""Files that come with messages: fetched, looked at, kept once, shown to who may see them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image
from prometheus_client import REGISTRY

from gateway import jobs, queue
from gateway.attachments import NotStored, open_attachment
from gateway.cli import cli
from gateway.fetch import drain_attachments
from gateway.queue import Wake
from gateway.runtime import Runtime
from gateway.settings import ROOT, ConfigError, load
from parsers.messages import Location
from store import attachments
from store.files import Files
from store.models import Attachment, AuditRow, Complaint, Conversation, InboxRow
from tests.conftest import SECRETS, open_gateway, provider_config
from tests.drawn import JPEG, VOICE, drawn
from tests.harness import NOON, TWILIO_SID, Clock, Gateway, rows, sqlite
from tests.live import write_config
from tests.provider import Answer, Provider, file_of

BOT = SECRETS["TELEGRAM_BOT_TOKEN"]
TYPES = load(ROOT / "config.yaml", {}).attachments.types
FAR = 1e12  # a time.monotonic() that never comes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lease_seconds": 60}, "attachments.lease_seconds: must be more than timeout_seconds"),
        ({"types": ["image/svg+xml"]}, "attachments.types.0: "),
        ({"redirects": ["https://mms.twiliocdn.com"]}, "attachments.redirects.0: "),
        ({"redirects": ["https://s3.example/bucket"]}, "attachments.redirects.0: "),
        ({"redirects": ["https://user@s3.example/"]}, "attachments.redirects.0: "),
        ({"redirects": ["ftp://s3.example/"]}, "attachments.redirects.0: "),
    ],
)
def test_a_setting_that_would_let_too_much_in_is_a_mistake(
    tmp_path: Path, change: dict[str, Any], words: str
):
    path = write_config(tmp_path / "config.yaml", attachments=change)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert words in str(caught.value)


# --- the job


@pytest.fixture
def posted(
    environ: dict[str, str], provider: Provider, clock: Clock, reader: Any, tmp_path: Path
) -> Iterator[Gateway]:
    """1708 whose providers, and the CDN that Twilio sends on to, are a local HTTP server."""
    settings = {
        "redirects": [f"{provider.url}/cdn/"],
        "attempts": 3,
        "timeout_seconds": 20,
        "max_bytes": 100_000,
    }
    path = provider_config(tmp_path / "config.yaml", provider, attachments=settings)
    yield from open_gateway(load(path, {**environ, **SECRETS}), clock, reader)


def wait_for(rt: Runtime, *refs: str, channel: str = "whatsapp", **more: Any) -> list[int]:
    """A message with files, as the intake leaves it."""
    values = {"content_type": "image/jpeg"} | more
    with rt.transaction() as session:
        row = InboxRow(
            channel=channel,
            provider_id=f"id-{refs[0][-8:]}",
            sender="+6281200001101",
            text="jalan rusak",
            received_at=NOON,
            stored_at=NOON,
            due_at=NOON,
        )
        session.add(row)
        session.flush()
        found = [
            Attachment(inbox_id=row.key, position=position, ref=ref, due_at=NOON, **values)
            for position, ref in enumerate(refs)
        ]
        session.add_all(found)
        session.flush()
        return [each.key for each in found]


def ends(rt: Runtime) -> list[tuple[str, str]]:
    return [(row.status, row.error) for row in rows(rt, Attachment)]


def test_twilios_file_is_fetched_looked_at_and_kept(posted: Gateway, provider: Provider):
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    assert drain_attachments(posted.rt, until=FAR) == 1
    (row,) = rows(posted.rt, Attachment)
    assert (row.status, row.error, row.content_type) == ("stored", "", "image/jpeg")
    assert (row.lat, row.lon) == (-6.902, 107.61)
    assert (row.claim, row.claimed_until) == ("", None)
    kept = Files(posted.rt.settings.attachments_url).read(row.digest)
    assert (row.size, b"OfTheTest" in kept) == (len(kept), False)
    asked, cdn = provider.requests
    assert asked.headers["authorization"].startswith("Basic ")
    assert "authorization" not in cdn.headers
    assert cdn.query["Signature"] == "made-up"
    assert drain_attachments(posted.rt, until=FAR) == 0  # nothing is fetched twice
    assert len(provider.requests) == 2


def test_telegrams_file_is_fetched_by_its_id(posted: Gateway, provider: Provider):
    provider.keep_file(BOT, "voice/file 7.oga", file_of(VOICE, "audio/ogg"))
    provider.routes["GET", f"/file/bot{BOT}/voice/file%207.oga"] = file_of(VOICE, "audio/ogg")
    wait_for(posted.rt, "AwACAgUAAx", channel="telegram", content_type="audio/ogg")
    drain_attachments(posted.rt, until=FAR)
    (row,) = rows(posted.rt, Attachment)
    assert (row.status, row.content_type, row.size) == ("stored", "audio/ogg", len(VOICE))
    assert provider.requests[0].form["file_id"] == "AwACAgUAAx"


@pytest.mark.parametrize(
    ("words", "end"),
    [
        (
            "Bad Request: file is too big",
            ("refused", "it is larger than Telegram gives to a bot (20 MB)"),
        ),
        (
            "Bad Request: wrong file_id or the file is temporarily unavailable",
            ("waiting", "the provider says rejected: bad_request"),
        ),
    ],
)
@sqlite
def test_what_telegram_does_not_give(
    posted: Gateway, provider: Provider, words: str, end: tuple[str, str]
):
    body = {"ok": False, "error_code": 400, "description": words}
    told = Answer(400, json.dumps(body), {"Content-Type": "application/json"})
    provider.routes["POST", f"/bot{BOT}/getFile"] = told
    wait_for(posted.rt, "AwACAgUAAx", channel="telegram", content_type="")
    drain_attachments(posted.rt, until=FAR)
    assert ends(posted.rt) == [end]


@sqlite
@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("http://127.0.0.1:1/x", "a host or path that is not allowed: 127.0.0.1"),
        ("https://evil.example/2010-04-01/Accounts/x", "that is not allowed: evil.example"),
        ("{url}/2010-04-01/Accounts/ACother/Messages/MM1/Media/ME1", "that is not allowed: 127"),
        ("{url}/2010-04-01/Accounts/" + TWILIO_SID + "/../../../x", "that is not allowed: 127"),
        ("file:///etc/passwd", "that is not allowed: "),
        ("//127.0.0.1/x", "that is not allowed: 127.0.0.1"),
        ("", "that is not allowed: "),
        ("http://[::1", "its address is malformed"),
    ],
)
def test_nobody_but_the_provider_is_asked(
    posted: Gateway, provider: Provider, ref: str, reason: str
):
    wait_for(posted.rt, ref.replace("{url}", provider.url))
    drain_attachments(posted.rt, until=FAR)
    ((status, error),) = ends(posted.rt)
    assert status == "refused"
    assert reason in error
    assert provider.connections == 0


@sqlite
def test_the_provider_cannot_send_us_elsewhere(posted: Gateway, provider: Provider):
    with Provider() as other:
        ref = provider.keep_media(TWILIO_SID, 1, file_of(JPEG), onward=f"{other.url}/cdn/x")
        wait_for(posted.rt, ref)
        drain_attachments(posted.rt, until=FAR)
        assert other.connections == 0
    ((status, error),) = ends(posted.rt)
    assert (status, "not allowed: 127.0.0.1" in error) == ("refused", True)


@sqlite
def test_a_channel_whose_provider_keeps_no_files(posted: Gateway):
    wait_for(posted.rt, "x", channel="kannel")
    drain_attachments(posted.rt, until=FAR)
    assert ends(posted.rt) == [
        ("refused", "the channel kannel has no provider here that keeps files")
    ]


@sqlite
def test_a_file_that_says_it_is_too_large_is_not_asked_for(posted: Gateway, provider: Provider):
    wait_for(posted.rt, "AwACAgUAAx", channel="telegram", size=100_001)
    drain_attachments(posted.rt, until=FAR)
    assert ends(posted.rt) == [("refused", "it is larger than 100000 bytes")]
    assert provider.connections == 0


def test_a_failure_is_tried_later_and_given_up_at_last(
    posted: Gateway, provider: Provider, clock: Clock
):
    """404 too: Twilio was seen to post a message before its media were to be had."""
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, Answer(404)))
    for wait in (10, 20):
        assert drain_attachments(posted.rt, until=FAR) == 1
        assert ends(posted.rt) == [("waiting", "the provider answered HTTP 404")]
        clock.forward(seconds=wait - 1)
        assert drain_attachments(posted.rt, until=FAR) == 0
        clock.forward(seconds=1)
    assert drain_attachments(posted.rt, until=FAR) == 1
    assert ends(posted.rt) == [("failed", "the provider answered HTTP 404")]
    assert len(provider.requests) == 6


@sqlite
def test_the_provider_says_when_to_come_back(posted: Gateway, provider: Provider, clock: Clock):
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    provider.script(Answer(429, "", {"Retry-After": "300"}))
    drain_attachments(posted.rt, until=FAR)
    assert rows(posted.rt, Attachment)[0].due_at == NOON + timedelta(seconds=300)
    clock.forward(seconds=300)
    drain_attachments(posted.rt, until=FAR)
    assert ends(posted.rt) == [("stored", "")]


@sqlite
def test_a_disk_that_is_full_is_no_reason_to_give_up(posted: Gateway, provider: Provider):
    folder = Path(posted.rt.settings.attachments_url)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where a folder should be")
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    drain_attachments(posted.rt, until=FAR)
    ((status, error),) = ends(posted.rt)
    assert (status, "attachments" in error, "Error at" in error) == ("waiting", False, True)


def test_a_file_is_leased_to_one_worker_until_that_one_is_dead(posted: Gateway, provider: Provider):
    (key,) = wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    lease = timedelta(seconds=180)

    def claim(token: str, now: Any) -> list[int]:
        with posted.rt.transaction() as session:
            found = attachments.claim(session, token=token, now=now, lease=lease, limit=9)
            return [row.id for row in found]

    def due(now: Any) -> bool:
        with posted.rt.reading() as session:
            return attachments.due(session, now=now)

    assert due(NOON)
    assert claim("a", NOON) == [key]
    assert claim("b", NOON + timedelta(seconds=179)) == []
    assert not due(NOON + timedelta(seconds=179))
    late = NOON + timedelta(seconds=181)
    assert due(late)
    assert claim("b", late) == [key]
    kept = attachments.Kept(digest="x", size=1, content_type="image/jpeg")
    with posted.rt.transaction() as session:  # the first was only slow: its word counts no more
        assert not attachments.keep(session, key, kept, token="a")
        assert attachments.keep(session, key, kept, token="b")
        assert not attachments.keep(session, key, kept, token="b")


def test_files_of_a_dead_worker_are_taken_one_by_one(posted: Gateway, provider: Provider):
    refs = [provider.keep_media(TWILIO_SID, number, file_of(JPEG)) for number in range(3)]
    keys = list(wait_for(posted.rt, *refs))
    lease = timedelta(seconds=180)

    def claim(now: Any) -> list[int]:
        with posted.rt.transaction() as session:
            found = attachments.claim(session, token="x", now=now, lease=lease, limit=9)
            return [row.id for row in found]

    assert claim(NOON) == keys
    later = NOON + timedelta(seconds=181)
    assert [claim(later) for _ in range(4)] == [[key] for key in keys] + [[]]


@sqlite
def test_a_file_that_kills_each_worker_is_given_up(
    posted: Gateway, provider: Provider, clock: Clock
):
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    for _ in range(3):  # claimed, and never heard of again
        with posted.rt.transaction() as session:
            claimed = attachments.claim(
                session, token="dead", now=clock(), lease=timedelta(seconds=180), limit=9
            )
        assert len(claimed) == 1
        clock.forward(seconds=181)
    drain_attachments(posted.rt, until=FAR)
    assert ends(posted.rt) == [("failed", "each try broke off")]
    assert provider.requests == []


def test_one_bad_file_does_not_hold_up_the_others(posted: Gateway, provider: Provider):
    """More files than are fetched at once, some good, some not; the same photo twice is one."""
    sent = [file_of(JPEG), file_of(b"<html>"), Answer(500), file_of(JPEG), file_of(drawn("PNG"))]
    refs = [provider.keep_media(TWILIO_SID, number, each) for number, each in enumerate(sent)]
    wait_for(posted.rt, *refs)
    assert drain_attachments(posted.rt, until=FAR) == 5
    found = rows(posted.rt, Attachment)
    states = [row.status for row in found]
    assert states == ["stored", "refused", "waiting", "stored", "stored"]
    assert found[0].digest == found[3].digest != found[4].digest
    folder = Path(posted.rt.settings.attachments_url)
    assert sum(path.is_file() for path in folder.rglob("*")) == 2


@sqlite
def test_nothing_personal_is_logged_or_counted(
    posted: Gateway, provider: Provider, capfd: pytest.CaptureFixture[str]
):
    name = "lapor_attachments_total"
    label = {"channel": "whatsapp", "outcome": "stored"}
    before = REGISTRY.get_sample_value(name, label) or 0
    wait_for(
        posted.rt,
        provider.keep_media(TWILIO_SID, 1, file_of(JPEG)),
        provider.keep_media(TWILIO_SID, 2, file_of(b"MZ")),
        name="foto-rumah-budi.jpg",
    )
    drain_attachments(posted.rt, until=FAR)
    assert REGISTRY.get_sample_value(name, label) == before + 1
    said = "".join(capfd.readouterr())
    assert "attachment" in said
    for secret in ("/Media/", "budi", "+628", SECRETS["TWILIO_AUTH_TOKEN"], "Signature"):
        assert secret not in said


@sqlite
def test_a_wake_up_fetches_and_the_relay_sees_what_was_missed(posted: Gateway, provider: Provider):
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    jobs.relay_missed()  # puts the job into its queue, as after a lost wake-up
    posted.run_jobs()
    assert ends(posted.rt) == [("stored", "")]
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 2, file_of(JPEG)))
    queue.wake(posted.rt.redis, Wake.FETCH)
    posted.run_jobs()
    jobs.fetch()
    assert [status for status, _ in ends(posted.rt)] == ["stored", "stored"]


# --- who may see it


@sqlite
def test_each_look_is_written_down_before_it_is_granted(posted: Gateway, provider: Provider):
    good, bad = wait_for(
        posted.rt,
        provider.keep_media(TWILIO_SID, 1, file_of(VOICE)),
        provider.keep_media(TWILIO_SID, 2, file_of(b"MZ")),
        content_type="audio/ogg",
    )
    drain_attachments(posted.rt, until=FAR)
    content = open_attachment(posted.rt, good, actor="sari", reason="ticket 77")
    assert content == VOICE
    (look,) = rows(posted.rt, AuditRow)
    assert (look.actor, look.action, look.reason) == ("sari", "attachment.open", "ticket 77")
    assert look.detail == {"ids": [good]}
    for key in (bad, 999):
        with pytest.raises(NotStored):
            open_attachment(posted.rt, key, actor="sari", reason="ticket 77")
    assert len(rows(posted.rt, AuditRow)) == 1


@sqlite
def test_an_operator_saves_the_files_of_a_message(
    posted: Gateway, provider: Provider, environ: dict[str, str], tmp_path: Path
):
    def lapor(*words: str) -> Any:
        path = str(tmp_path / "config.yaml")
        given = {**environ, **SECRETS, "LAPOR_CONFIG": path}
        return CliRunner().invoke(cli, ["attachment", *words], env=given)

    refs = [provider.keep_media(TWILIO_SID, 1, file_of(JPEG))]
    refs += [provider.keep_media(TWILIO_SID, 2, file_of(b"MZ"))]
    wait_for(posted.rt, *refs, name="../../evil.jpg")
    drain_attachments(posted.rt, until=FAR)
    folder = tmp_path / "evidence"
    why = ("--reason", "ticket 77")
    result = lapor("save", "in-1", "--to", str(folder), *why)
    assert result.exit_code == 1  # one of the two was refused
    assert "in-1-1 is refused. its content is no type" in result.output.replace(".jpg", "")
    assert [path.name for path in folder.iterdir()] == ["in-1-0.jpg"]
    with Image.open(folder / "in-1-0.jpg") as picture:
        assert picture.size == (64, 48)
    assert [row.action for row in rows(posted.rt, AuditRow)] == ["attachment.open"]
    assert "there already" in lapor("save", "1", "--to", str(folder), *why).output
    assert lapor("save", "in-9", "--to", str(folder), *why).exit_code == 1
    assert lapor("save", "in-1", "--to", str(folder), "--reason", " ").exit_code == 2
    assert lapor("save", "out-1", "--to", str(folder), *why).exit_code == 2


@sqlite
def test_an_operator_sees_what_became_of_files_and_has_them_fetched_again(
    posted: Gateway, provider: Provider, environ: dict[str, str], tmp_path: Path
):
    given = {**environ, **SECRETS, "LAPOR_CONFIG": str(tmp_path / "config.yaml")}
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(b"MZ")))
    drain_attachments(posted.rt, until=FAR)
    shown = CliRunner().invoke(cli, ["inbox", "show", "1", "--json"], env=given)
    (told,) = json.loads(shown.stdout)["caused"]["attachments"]
    assert (told["type"], told["status"]) == ("image/jpeg", "refused")
    assert "no type that we take" in told["error"]
    provider.keep_media(TWILIO_SID, 1, file_of(JPEG))
    again = ["attachment", "again", "in-1", "--reason", "it was mended"]
    assert CliRunner().invoke(cli, again, env=given).output == "1 queued.\n"
    posted.clock.forward(days=36500)  # the command goes by the real clock
    posted.run_jobs()
    assert ends(posted.rt) == [("stored", "")]
    assert CliRunner().invoke(cli, again, env=given).exit_code == 1
    asked = [row.detail for row in rows(posted.rt, AuditRow) if row.action == "attachment.again"]
    assert asked[0] == {"ids": [1]}


def test_where_the_first_photo_with_a_position_was_taken(runtime: Runtime):
    with runtime.transaction() as session:
        told = {"received_at": NOON, "stored_at": NOON, "due_at": NOON}
        row = InboxRow(channel="sms", provider_id="1", sender="+6281200001101", text="x", **told)
        talk = Conversation(channel="sms", sender="+6281200001101", updated_at=NOON)
        session.add_all([row, talk])
        session.flush()
        times = {"created_at": NOON, "updated_at": NOON, "deadline": NOON.date()}
        filed = Complaint(
            tracking=9165816,
            inbox_id=row.key,
            conversation_id=talk.key,
            text="x",
            kind="complaint",
            **times,
        )
        session.add(filed)
        session.flush()
        mine = {"inbox_id": row.key, "complaint_id": filed.key, "ref": "r", "due_at": NOON}
        session.add(Attachment(position=0, **mine))
        session.flush()
        assert attachments.photographed_at(session, filed.key) is None
        session.add(Attachment(position=1, lat=-6.9, lon=107.6, **mine))
        session.flush()
        session.add(Attachment(position=2, lat=1.0, lon=2.0, **mine))
        session.flush()
        assert attachments.photographed_at(session, filed.key) == Location(lat=-6.9, lon=107.6)
        assert attachments.photographed_at(session, filed.key + 1) is None
