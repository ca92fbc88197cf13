"""`lapor inbox|outbox|dead`: the operators' view of messages and replies."""

import heapq
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import islice

import click
from sqlmodel import Session

from gateway.cli.detail import show
from gateway.cli.opening import opened
from gateway.cli.options import (
    DEAD,
    INBOX,
    OUTBOX,
    Chosen,
    Exemplary,
    Scope,
    as_json,
    filtered,
)
from gateway.cli.replaying import replay
from gateway.cli.rows import print_json, print_table, words
from gateway.runtime import Runtime
from store import operating
from store.operating import Filter, Listed, Table

PAGE = 500
LIMIT = 50
COLUMNS = ("row", "time", "channel", "person", "status", "tries", "error")


@click.command(
    "list",
    cls=Exemplary,
    epilog="lapor {group} list --channel sms --older-than 2h\n"
    "lapor {group} list --error Timeout --all --json",
)
@filtered
@click.option("--limit", type=click.IntRange(min=1), default=LIMIT, show_default=True)
@click.option("--all", "everything", is_flag=True, help="No limit.")
@as_json
@click.pass_obj
def list_(  # noqa: PLR0913
    scope: Scope,
    *,
    status: tuple[str, ...],
    channel: tuple[str, ...],
    older_than: timedelta | None,
    newer_than: timedelta | None,
    error: str,
    limit: int,
    everything: bool,
    as_json: bool,
) -> None:
    """List rows, newest first; texts and full numbers are never shown here."""
