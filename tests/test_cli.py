"""`lapor` as a person or a program calls it: talking, understanding, migrating, the doctor."""

import dataclasses
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result
from redis import Redis
from rq import Queue, SimpleWorker
from rq.cron import CronScheduler
from sqlalchemy import text

from gateway.cli import COMMANDS, cli
from gateway.cli.checks import examine
from gateway.drain import drain_inbox
from gateway.runtime import Runtime
from store.models import Complaint, InboxRow, InboxStatus, Lane, OutboxRow
from tests.harness import Lapor, envelope, eventually, rows, sqlite
from tests.live import write_config

HERE = ("--channel", "sms", "--from", "+6281200000001")
NOWHERE = "redis://127.0.0.1:1/0"
PROGRAM = [sys.executable, "-c", "from gateway.cli import main; main()"]


@pytest.fixture
def program(environ: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The same as a real process."""

    def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **environ, **environment}
        return subprocess.run(
            [*PROGRAM, *words], env=env, capture_output=True, text=True, timeout=120, check=False
        )

    return call


def commands() -> Iterator[list[str]]:
    with cli.make_context("lapor", ["doctor"]) as ctx:
        for name in COMMANDS:
            command = cli.get_command(ctx, name)
            yield [name]
            for inner in getattr(command, "commands", {}):
                yield [name, inner]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_help_with_an_example(words: list[str]):
    result = CliRunner().invoke(cli, [*words, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"lapor {' '.join(words)}" in result.stdout


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from gateway.cli import cli\n"
        "try: cli(['--help'])\n"
        "finally: print({'sqlalchemy', 'flask', 'rq', 'structlog'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.splitlines()[-1] == "set()"


def test_send_prints_the_replies_of_a_message_that_it_settled(lapor: Lapor, runtime: Runtime):
    result = lapor("send", *HERE, "--wait", "0", "--json", "jln rsk di kec coblong kota bandung")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    (complaint,) = rows(runtime, Complaint)
    assert answer["status"] == "done"
    assert [reply["status"] for reply in answer["replies"]] == ["sent"]
    assert str(complaint.tracking) in answer["replies"][0]["text"]
    (row,) = rows(runtime, InboxRow)
    assert (row.id, row.text) == (answer["inbox_id"], "jln rsk di kec coblong kota bandung")


def test_send_takes_the_reply_of_a_worker_that_is_quicker(lapor: Lapor, runtime: Runtime):
    def work() -> None:
        eventually(lambda: rows(runtime, InboxRow), "the message is stored")
        drain_inbox(runtime, Lane.LIVE, until=time.monotonic() + 60)
        with runtime.transaction() as session:
            session.connection().execute(text("UPDATE outbox SET status = 'delivered'"))

    worker = Thread(target=work)
    worker.start()
    began = time.monotonic()
    result = lapor("send", *HERE, "--wait", "100", "--json", "halo")
    worker.join()
    assert [reply["status"] for reply in json.loads(result.stdout)["replies"]] == ["delivered"]
    assert time.monotonic() - began < 60


@sqlite
def test_send_works_without_a_queue_and_says_nothing_else(program: Callable[..., Result]):
    run = program("send", *HERE, "--json", "halo", REDIS_URL=NOWHERE)
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout)["status"] == "done"


def test_send_settles_older_messages_of_the_person_first(
    lapor: Lapor, runtime: Runtime, tmp_path: Path
):
    """One of them breaks the service; it is dead after its only try and stops nothing."""
    runtime.accept(envelope(1, text="jalan rusak di kec coblong kota bandung"))
    runtime.accept(envelope(2, text="rusak"))
    with runtime.transaction() as session:
        session.connection().execute(
            text("""UPDATE inbox SET extra = '{"location": "x"}' WHERE id = 2""")
        )
    config = write_config(tmp_path / "config.yaml", intake={"attempts": 1})
    result = lapor("send", *HERE, "--wait", "0", "STATUS", LAPOR_CONFIG=str(config))
    assert [row.status for row in rows(runtime, InboxRow)] == ["done", "dead", "done"]
    (complaint,) = rows(runtime, Complaint)
    assert f"1708: {complaint.tracking}" in result.stdout


@sqlite
@pytest.mark.parametrize(
    ("channel", "sender"),
    [("sms", "12"), ("sms", "budi"), ("whatsapp", "+62"), ("kannel", ""), ("telegram", "+628x")],
)
def test_a_sender_that_can_be_nobody_is_refused(
    lapor: Lapor, runtime: Runtime, channel: str, sender: str
):
    result = lapor("send", "--channel", channel, "--from", sender, "halo")
    assert result.exit_code == 2
    assert "--from" in result.stderr
    assert rows(runtime, InboxRow) == []


@sqlite
@pytest.mark.parametrize(
    ("channel", "written", "stored"),
    [
        ("sms", "0812-0000-0001", "+6281200000001"),
        ("whatsapp", "6281200000001", "+6281200000001"),
        ("telegram", "-100200300", "-100200300"),
    ],
)
def test_a_sender_has_one_spelling(
    lapor: Lapor, runtime: Runtime, channel: str, written: str, stored: str
):
    lapor("send", "--channel", channel, "--from", written, "--wait", "0", "halo")
    assert [row.sender for row in rows(runtime, InboxRow)] == [stored]


@sqlite
@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (
            {"LAPOR_ENVIRONMENT": "production", "PUBLIC_URL": "https://1708.example"},
            "this is production",
        ),
        (
            {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "of-the-tests"},
            "replies would really go out",
        ),
    ],
)
def test_send_never_speaks_where_replies_are_real(
    lapor: Lapor, runtime: Runtime, environment: dict[str, str], reason: str
):
    result = lapor("send", *HERE, "halo", **environment)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert rows(runtime, InboxRow) == []


@sqlite
def test_chat_is_one_conversation_until_the_person_leaves(lapor: Lapor, runtime: Runtime):
    said = "lampu jalan mati\n\nKec. Coblong Kota Bandung\nKeluar\nini tidak dikirim\n"
    phone = ("--channel", "whatsapp", "--from", "+6281200000002", "--wait", "0")
    result = lapor("chat", *phone, say=said)
    assert result.exit_code == 0
    assert [row.text for row in rows(runtime, InboxRow)] == [
        "lampu jalan mati",
        "Kec. Coblong Kota Bandung",
    ]
    (complaint,) = rows(runtime, Complaint)
    assert complaint.place == "32.73.02"
    assert [line[:5] for line in result.stdout.splitlines()] == ["1708:", "1708:"]


KEYS = (
    "id kind language urgent headline normalised category categories agency agencies several "
    "place places address when tracking private"
)


@sqlite
def test_understand_answers_every_line_in_order(lapor: Lapor):
    lines = [
        b'{"id": "a", "text": "jalan berlubang di kec coblong kota bandung", "channel": "sms"}',
        b"",
        b"no json",
        b'{"id": 3, "text": "x\\u0000y \\ud800 z"}',
        b'{"id": 4}',
        b'{"id": 5, "text": "kemarin lampu jalan mati", "today": "2026-08-17"}',
        b'{"id": 6, "text": "x", "lat": 91, "lon": 107.6}',
        b'{"id": 7, "text": "x", "area": "bandung"}',
        b'{"id": 8, "text": "' + b"jalan rusak " * 90_000 + b'"}',
        b"[" * 100_000,
        b'{"id": 10, "text": "\xff"}',
        b'{"id": {"k": "\\ud800"}, "text": ""}',
    ]
    result = lapor("understand", say=b"\n".join(lines))
    assert result.exit_code == 1
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    ids = ["a", None, 3, 4, 5, 6, 7, 8, None, None, {"k": "\ud800"}]
    assert [answer["id"] for answer in answers] == ids
    bad = {answer["line"]: answer["error"] for answer in answers if "error" in answer}
    assert bad == {
        3: "not JSON: Expecting value at column 1",
        5: "text: is missing",
        7: "lat: must be degrees",
        8: "area: must be a code of Kemendagri such as 73.71",
        10: "not JSON that can be read",
        11: "not UTF-8",
    }
    first, odd, dated = answers[0], answers[2], answers[4]
    assert odd["headline"] == "X\ufffdy"
    assert " ".join(first) == KEYS
    assert (first["place"]["code"], first["place"]["start"]) == ("32.73.02", 23)
    assert dated["when"] == {"text": "kemarin", "date": "2026-08-16"}


@sqlite
def test_understand_takes_the_area_of_the_line_before_the_option(lapor: Lapor):
    lines = '{"text": "jalan rusak parah"}\n{"text": "jalan rusak parah", "area": "7371"}\n'
    result = lapor("understand", "--area", "32.73", say=lines)
    found = [json.loads(line)["agency"]["code"] for line in result.stdout.splitlines()]
    assert [code.partition("@")[2] for code in found] == ["32.73", "73.71"]


@sqlite
def test_understand_with_a_catalogue_of_ones_own(lapor: Lapor, tmp_path: Path):
    head = "code,name,aliases,keywords,parent,handles,area\n"
    (tmp_path / "categories.csv").write_text(head + "KUCING,Kucing liar,,kucing liar,,HEWAN,\n")
    (tmp_path / "agencies.csv").write_text(head + "HEWAN,Dinas Hewan,,,,,\n")
    result = lapor(
        "understand", "--catalogue", str(tmp_path), say='{"text": "banyak kucing liar di pasar"}'
    )
    answer = json.loads(result.stdout)
    assert (answer["category"]["code"], answer["agency"]["code"]) == ("KUCING", "HEWAN")

    (tmp_path / "agencies.csv").write_text(head + "HEWAN,,,,,,\nHEWAN,Dinas,,,,KUDA,\n")
    result = lapor("understand", "--catalogue", str(tmp_path), say="{}")
    assert result.exit_code == 2
    assert "agencies.csv line 2" in result.stderr
    assert "agencies.csv line 3" in result.stderr


@sqlite
def test_understand_answers_while_more_is_to_come(environ: dict[str, str]):
    with subprocess.Popen(
        [*PROGRAM, "understand"],
        env={**os.environ, **environ, "PYTHONUNBUFFERED": ""},  # empty: off
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        for number in (1, 2):
            process.stdin.write(b'{"id": %d, "text": "halo"}\n' % number)
            process.stdin.flush()
            assert select.select([process.stdout], [], [], 60)[0], "no answer to a single line"
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
    assert process.returncode == 0


@sqlite
def test_migrate_makes_the_schema_once(lapor: Lapor, tmp_path: Path):
    url = f"sqlite:///{tmp_path}/deep/er/new.db"
    first, second = (lapor("migrate", DATABASE_URL=url) for _ in range(2))
    assert first.stdout.startswith("Database schema empty -> ")
    assert second.stdout == "The database has the schema of this release already.\n"
    assert (first.exit_code, second.exit_code) == (0, 0)


@sqlite
def test_migrate_waits_for_a_database_and_gives_up(lapor: Lapor):
    url = "postgresql+psycopg://somebody:secret-word@127.0.0.1:1/nothing"
    result = lapor("migrate", "--wait", "0.4", DATABASE_URL=url)
    assert result.exit_code == 1
    assert "trying again in 0.5 s" in result.stderr
    assert "postgresql 127.0.0.1/nothing does not answer" in result.stderr.splitlines()[-1]
    assert "secret-word" not in result.output


def test_a_schema_from_the_future_is_named(lapor: Lapor, runtime: Runtime):
    def brand(revision: str) -> str:
        with runtime.transaction() as session:
            run = session.connection().execute
            before = run(text("SELECT version_num FROM alembic_version")).scalar_one()
            run(text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
        return str(before)

    ours = brand("9999")
    try:
        results = [lapor("migrate"), lapor("inbox", "list")]
    finally:
        brand(ours)
    assert [result.exit_code for result in results] == [1, 1]
    assert "newer release" in results[0].stderr
    assert "lapor migrate" in results[1].stderr


@sqlite
@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"DATABASE_URL": "mysql://x"}, 2, "postgresql+psycopg://"),
        ({"DATABASE_URL": "what"}, 2, "sqlite:///path"),
        ({"DATABASE_URL": "postgresql://x/y"}, 2, "postgresql+psycopg://"),
        ({"REDIS_URL": "127.0.0.1:6379"}, 2, "queue.url"),
        ({"DATABASE_URL": "sqlite:////etc/passwd/x.db"}, 1, "/etc/passwd"),
        ({"DATABASE_URL": "postgresql+psycopg://u:hidden@127.0.0.1:1/x"}, 1, "does not answer"),
        ({"PORT": "99999"}, 2, "web.port"),
        ({"PUBLIC_URL": "nonsense"}, 2, "public_url"),
    ],
)
@pytest.mark.parametrize("command", [("inbox", "list"), ("send", *HERE, "halo"), ("migrate",)])
def test_a_fault_of_the_installation_is_one_sentence(
    lapor: Lapor, command: tuple[str, ...], environment: dict[str, str], code: int, words: str
):
    more = ("--wait", "0") if command == ("migrate",) else ()
    result = lapor(*command, *more, **environment)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr
    assert "hidden" not in result.stderr


QUEUES = ("intake", "bulk", "deliver", "fetch", "periodic", "background")


@pytest.fixture
def staffed(redis_url: str) -> Iterator[Redis]:
    """A queue where every worker and the scheduler have shown themselves."""
    with Redis.from_url(redis_url) as redis:
        for name in QUEUES:
            SimpleWorker([Queue(name, connection=redis)], connection=redis).register_birth()
        CronScheduler(connection=redis).register_birth()
        yield redis
        redis.config_set("appendonly", "yes")
        redis.config_set("maxmemory-policy", "noeviction")


def marks(result: Result) -> dict[str, str]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(each["do"] for each in found if each["mark"] != "OK"), "a fault without advice"
    return {each["check"]: each["mark"] for each in found if each["mark"] != "OK"}


@sqlite
@pytest.mark.usefixtures("staffed")
def test_the_doctor_finds_nothing(lapor: Lapor):
    result = lapor("doctor")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "WARNING" not in result.stdout
    assert "channel telegram" in result.stdout
    assert marks(lapor("doctor", "--json")) == {}
    assert "channel" not in lapor("doctor", "--offline").stdout


def _late(rt: Runtime, _redis: Redis) -> None:
    rt.accept(envelope(1))
    with rt.transaction() as session:
        row = session.get(InboxRow, 1)
        assert row
        row.stored_at = datetime.now(UTC) - timedelta(minutes=6)


def _dead(rt: Runtime, _redis: Redis) -> None:
    rt.accept(envelope(1))
    with rt.transaction() as session:
        row = session.get(InboxRow, 1)
        assert row
        row.status = InboxStatus.DEAD


def _held(rt: Runtime, _redis: Redis) -> None:
    now = datetime.now(UTC)
    common = {"recipient": "+6281200000001", "text": "x", "due_at": now, "created_at": now}
    with rt.transaction() as session:
        session.add(OutboxRow(dedupe="1", kind="k", channel="sms", status="held", **common))


def _spooled(rt: Runtime, _redis: Redis) -> None:
    rt.spool.write([envelope(1)])


def _nobody(_rt: Runtime, redis: Redis) -> None:
    redis.flushall()


def _forgetful(_rt: Runtime, redis: Redis) -> None:
    redis.config_set("appendonly", "no")


def _throws_away(_rt: Runtime, redis: Redis) -> None:
    redis.config_set("maxmemory-policy", "allkeys-lru")


NOBODY = {f"worker {name}": "FAILED" for name in QUEUES} | {"scheduler": "FAILED"}


@sqlite
@pytest.mark.parametrize(
    ("breakage", "found", "code"),
    [
        (_late, {"waiting": "FAILED"}, 1),
        (_dead, {"trouble": "WARNING"}, 0),
        (_held, {"trouble": "WARNING"}, 0),
        (_spooled, {"spool": "WARNING"}, 0),
        (_forgetful, {"queue": "WARNING"}, 0),
        (_throws_away, {"queue": "FAILED"}, 1),
        (_nobody, NOBODY, 1),
    ],
)
def test_the_doctor_names_what_is_wrong(
    lapor: Lapor,
    runtime: Runtime,
    staffed: Redis,
    breakage: Callable[[Runtime, Redis], None],
    found: dict[str, str],
    code: int,
):
    breakage(runtime, staffed)
    result = lapor("doctor", "--json", "--offline")
    seen = marks(result)
    if breakage is _throws_away:
        seen = {check: mark for check, mark in seen.items() if check not in NOBODY}
        found = {"queue": "FAILED"}
    assert (seen, result.exit_code) == (found, code)


@sqlite
@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"REDIS_URL": NOWHERE}, {"queue": "FAILED"}),
        ({"DATABASE_URL": "sqlite://"}, {"database": "FAILED"}),
        ({"PORT": "0", "PUBLIC_URL": "x"}, {"configuration": "FAILED"}),
        (
            {"KANNEL_SECRET": "a", "KANNEL_PASSWORD": "b"},
            {"channel kannel": "FAILED"},
        ),
    ],
)
@pytest.mark.usefixtures("staffed")
def test_the_doctor_goes_on_where_something_is_away(
    lapor: Lapor, environment: dict[str, str], found: dict[str, str]
):
    result = lapor("doctor", "--json", **environment)
    assert (marks(result), result.exit_code) == (found, 1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("staffed")
def test_the_doctor_sees_a_postgresql_that_may_lose_commits(lapor: Lapor):
    """The server of these tests runs with fsync off."""
    assert marks(lapor("doctor", "--json", "--offline")) == {"durability": "FAILED"}


def test_the_doctor_compares_clocks(runtime: Runtime, staffed: Redis):
    assert staffed.ping()
    late = dataclasses.replace(runtime, now=lambda: datetime.now(UTC) + timedelta(seconds=5))
    found = {each.check: each for each in examine(late, offline=True)}
    clocks = [check for check in found if check.startswith("clock")]
    assert all(found[check].mark == "WARNING" for check in clocks)
    assert found["clock of queue"].says.endswith("s ahead")
    assert ("clock of database" in clocks) == (runtime.engine.dialect.name == "postgresql")
