"""`lapor migrate`: the schema of this release, also where the database is slow to start."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay
from tenacity import wait_exponential as doubling

from gateway.cli.configuration import read_settings
from gateway.cli.opening import database_name, explained
from gateway.settings import Settings
from store.db import open_engine, upgrade


@click.command()
@click.option("--wait", default=60.0, show_default=True, help="Seconds to wait for the database.")
def migrate(wait: float) -> None:
    """Bring the database to the schema of this release.

    \b
    Example:
      DATABASE_URL=postgresql+psycopg://lapor@db/lapor lapor migrate
    """
    settings = read_settings()
    said: list[str] = []
    with explained(settings), closing(open_engine(settings.database.url)) as engine:
        if engine.dialect.name == "sqlite":
            wait = 0  # a file does not come up by itself, and for a lock SQLite waits already
        for attempt in _patiently(settings, wait):
            with attempt:
                _upgrade(engine, said)
    click.echo(said[0] if said else "The database has the schema of this release already.")


@contextmanager
def closing(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()


def _upgrade(engine: Engine, said: list[str]) -> None:
    try:
        upgrade(engine, say=said.append)
    except CommandError as error:
        raise click.ClickException(
            "the database has a schema that this release does not know: "
            "it was made by a newer release; start that one."
        ) from error


def _patiently(settings: Settings, wait: float) -> Retrying:
    """Try for `wait` seconds after 0.5, 1, 2, ... at most 10 seconds, saying so."""

    def say(state: RetryCallState) -> None:
        seconds = state.next_action.sleep if state.next_action else 0
        click.echo(
            f"The database {database_name(settings)} does not answer; "
            f"trying again in {seconds:g} s.",
            err=True,
        )

    return Retrying(
        retry=retry_if_exception_type(OperationalError),
        wait=doubling(multiplier=0.5, max=10),
        stop=stop_after_delay(wait),
        before_sleep=say,
        reraise=True,
    )
