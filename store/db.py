"""Engines for SQLite and PostgreSQL, and the way to the newest schema."""

from collections.abc import Callable
from functools import cache
from math import ceil
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

MIGRATIONS = Path(__file__).parent / "migrations"


def open_engine(url: str, *, pool_size: int = 10, busy_timeout: float = 10) -> Engine:
    """An engine whose commits are on disk when they return (synchronous=FULL on SQLite)."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url, pool_size, busy_timeout)
    return create_engine(
        url,
        pool_size=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged, rows are not
        connect_args={"connect_timeout": max(2, ceil(busy_timeout))},
    )


def deadlocked(error: DBAPIError) -> bool:
    """Whether PostgreSQL ended a transaction so that another one could go on.

    https://www.postgresql.org/docs/current/errcodes-appendix.html; SQLite has one writer.
    """
    return getattr(error.orig, "sqlstate", "") == "40P01"


def _sqlite(url: str, pool_size: int, busy_timeout: float) -> Engine:
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=pool_size,
        hide_parameters=True,
        connect_args={"timeout": busy_timeout, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.cursor().execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        """A writer takes the lock at once: to upgrade later may be refused without waiting."""
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def upgrade(
    engine: Engine, revision: str = "head", say: Callable[[str], None] | None = None
) -> None:
    """Bring the schema to `revision`; does nothing if it is there."""
    config = _config(engine.url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        after = MigrationContext.configure(connection).get_current_revision()
    if say and before != after:
        say(f"Database schema {before or 'empty'} -> {after}.")


def schema_is_current(engine: Engine) -> bool:
    """Whether every migration of this release has been applied."""
    with engine.execution_options(reading=True).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == _newest()


@cache
def _newest() -> str | None:
    """The last migration that this process was started with; each look would load them all."""
    return ScriptDirectory.from_config(_config("")).get_current_head()
