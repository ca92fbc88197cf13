"""The schema grows by migrations only, on both databases, and keeps every row."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlmodel import AutoString, SQLModel

from store.db import _config, open_engine, schema_is_current, upgrade
from tests.conftest import DATABASES

REVISIONS = [
    script.revision
    for script in reversed([*ScriptDirectory.from_config(_config("")).walk_revisions()])
]


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    else:
        engine = open_engine(request.getfixturevalue("empty_postgres"))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    yield engine
    engine.dispose()


def downgrade(engine: Engine, revision: str) -> None:
    config = _config(engine.url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def tables(engine: Engine) -> dict[str, Table]:
    """The tables that are there now, those that others refer to first."""
    metadata = MetaData()
    metadata.reflect(engine)
    return {
        table.name: table for table in metadata.sorted_tables if table.name != "alembic_version"
    }


def a_value(column: Column[Any]) -> object:
    """Something of the column's type, for a schema of which only the types are known."""
    match column.type:
        case Boolean():
            return True
        case DateTime():
            return dt.datetime(2026, 11, 20, 5, 0, tzinfo=dt.UTC)
        case Date():
            return dt.date(2026, 11, 20)
        case JSON():
            return {"key": "value"}
        case Integer() | Float():
            return 1
        case LargeBinary():
            return b"bytes"
    return f"a {column.name}"


def fill(engine: Engine) -> None:
    """One row in every table; keys are 1, so that references hold."""
    there = tables(engine)
    with engine.begin() as connection:
        for table in there.values():
            connection.execute(table.insert().values({c.name: a_value(c) for c in table.columns}))


def content(engine: Engine) -> dict[str, dict[str, object]]:
    there = tables(engine)
    with engine.execution_options(reading=True).connect() as connection:
        found = {
            name: connection.execute(select(table)).mappings() for name, table in there.items()
        }
        return {name: dict(row) for name, rows in found.items() if (row := rows.one_or_none())}


def differs(_: object, __: object, ___: object, there: Any, ours: Any) -> bool | None:
    """Text with and without the name VARCHAR is one type to both databases; else Alembic judges."""
    words = [isinstance(kind, AutoString | String) and not kind.length for kind in (there, ours)]
    return False if all(words) else None


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        options = {"compare_type": differs, "render_as_batch": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, SQLModel.metadata))


def test_the_newest_revision_is_what_the_models_say(empty: Engine):
    assert not schema_is_current(empty)
    upgrade(empty)
    assert schema_is_current(empty)
    assert differences(empty) == []
    assert set(tables(empty)) == {table.name for table in SQLModel.metadata.sorted_tables}


def test_constraints_and_partial_indexes_are_really_there(empty: Engine):
    """The comparison above does not look at the condition of an index."""
    upgrade(empty)
    inspector = inspect(empty)
    unique = {
        (name, tuple(sorted(found["column_names"])))
        for name in inspector.get_table_names()
        for found in inspector.get_unique_constraints(name)
    }
    assert unique >= {
        ("inbox", ("channel", "provider_id")),
        ("conversation", ("channel", "sender")),
        ("complaint", ("tracking",)),
        ("complaint", ("inbox_id",)),
        ("outbox", ("dedupe",)),
        ("attachment", ("inbox_id", "position")),
        ("disposition", ("agency", "complaint_id")),
    }
    conditions = {
        index["name"]: " ".join(str(value) for value in index["dialect_options"].values())
        for name in ("inbox", "outbox")
        for index in inspector.get_indexes(name)
        if index["dialect_options"]
    }
    assert "received" in conditions["ix_inbox_waiting"]
    assert "dead" in conditions["ix_inbox_dead"]
    assert "queued" in conditions["ix_outbox_waiting"]
    assert "held" in conditions["ix_outbox_trouble"]


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_upgrade_from_any_release_keeps_every_row(empty: Engine, revision: str):
    upgrade(empty, revision)
    fill(empty)
    before = content(empty)
    upgrade(empty)
    assert schema_is_current(empty)
    after = content(empty)
    assert len(before) >= 8  # tables that a later revision made are empty
    for name, row in before.items():
        assert row.items() <= after[name].items(), name
    assert differences(empty) == []


def test_an_upgrade_of_the_newest_does_nothing_and_says_nothing(empty: Engine):
    said: list[str] = []
    upgrade(empty, say=said.append)
    upgrade(empty, say=said.append)
    assert said == [f"Database schema empty -> {REVISIONS[-1]}."]


@pytest.mark.parametrize("revision", ["base", *REVISIONS[:-1]])
def test_a_downgrade_and_back_again(empty: Engine, revision: str):
    upgrade(empty)
    downgrade(empty, revision)
    if revision == "base":
        assert tables(empty) == {}
    upgrade(empty)
    assert differences(empty) == []


def test_a_migration_that_fails_leaves_the_schema_as_it_was(empty: Engine):
    """Both databases change tables in transactions, and ours are used so."""
    upgrade(empty)
    with pytest.raises(ZeroDivisionError), empty.begin() as connection:  # noqa: PT012
        connection.execute(text("DROP TABLE event"))
        raise ZeroDivisionError
    assert "event" in tables(empty)


def test_references_are_enforced(empty: Engine):
    upgrade(empty)
    event = tables(empty)["event"]
    values = {c.name: a_value(c) for c in event.columns} | {"complaint_id": 77}
    with pytest.raises(IntegrityError), empty.begin() as connection:
        connection.execute(event.insert().values(values))
    with empty.connect() as connection:
        assert connection.execute(select(func.count()).select_from(event)).scalar_one() == 0
