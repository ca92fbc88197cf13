"""How a command gets the running parts, and turns their faults into a sentence."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

import click
from redis.exceptions import RedisError
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from gateway.accept import Unavailable
from gateway.cli.configuration import read_settings
from gateway.runtime import Runtime, open_runtime
from gateway.settings import Settings
from store.db import schema_is_current


@contextmanager
def opened(*, needs_schema: bool = True) -> Iterator[Runtime]:
    """The runtime for one command; whatever is unreachable inside becomes one sentence."""
    with explained(settings := read_settings()), open_runtime(settings) as rt:
        if needs_schema and not schema_is_current(rt.engine):
            raise click.ClickException(
                "the database has not the schema of this release: "
                "run `lapor migrate` (or `make run`) first."
            )
        yield rt


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Faults of database, queue and disk in words; texts of exceptions may quote a citizen."""
    try:
        yield
    except OperationalError as error:
        raise click.ClickException(
            f"the database {database_name(settings)} does not answer "
            f"({type(error.orig).__name__}): check that it runs and can be written."
        ) from error
    except SQLAlchemyError as error:
        raise click.ClickException(
            f"the database refused the work ({type(error).__name__}): run `lapor doctor`."
        ) from error
    except RedisError as error:
        raise click.ClickException(
            f"the queue does not answer ({type(error).__name__}): run `lapor doctor`."
        ) from error
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise click.ClickException(
            f"{error.filename} cannot be used ({error.strerror}): check data_dir and database.url."
        ) from error
    except Unavailable as error:
        raise click.ClickException(
            "neither database nor spool can keep the message: run `lapor doctor`."
        ) from error


def database_name(settings: Settings) -> str:
    """Where the database is, without user, password or options."""
    url = make_url(settings.database.url)
    place = f"{url.host}/{url.database}" if url.host else url.database
    return f"{url.get_backend_name()} {place}"


def actor() -> str:
    """The operating system's name for whoever runs this; environment variables do not count."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
