"""What the imports of tables share: all mistakes at once, nothing half done, a trace of who."""

from collections.abc import Callable, Collection
from pathlib import Path

import click
from sqlmodel import Session

from gateway.cli.opening import actor
from gateway.cli.rows import print_json, printable
from gateway.runtime import Runtime
from store import audit
from store.agencies.agency_import import Change
from store.agencies.sheets import Mistake

MANY = 200  # mistakes that are shown one by one
file_argument = click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
dry_run = click.option("--dry-run", is_flag=True, help="Check and count, change nothing.")


class _Unwanted(Exception):
    """Takes back what a dry run has tried."""


def refuse(mistakes: Collection[Mistake]) -> None:
    """Every mistake on its own line, then the end of the command."""
    for mistake in list(mistakes)[:MANY]:
        click.echo(printable(str(mistake)), err=True)
    if len(mistakes) > MANY:
        click.echo(f"... and {len(mistakes) - MANY} more.", err=True)
    if mistakes:
        raise click.ClickException(f"{len(mistakes)} to correct. Nothing was changed.")


def carry_out(
    rt: Runtime, what: str, work: Callable[[Session], Change], *, dry_run: bool
) -> Change:
    """In one transaction with its audit row; a dry run does the same and takes it back."""
    change = Change()
    try:
        with rt.transaction() as session:
            change = work(session)
            session.flush()
            counts = {"added": change.added, "changed": change.changed, "ended": change.ended}
            audit.write(
                session,
                now=rt.now(),
                actor=actor(),
                action=f"{what}.import",
                reason="",
                detail=counts,
            )
            if dry_run:
                raise _Unwanted
    except _Unwanted:
        pass
    return change


def say(change: Change, *, dry_run: bool, as_json: bool) -> None:
    counts = {
        "added": change.added,
        "changed": change.changed,
        "same": change.same,
        "deactivated": change.ended,
    }
    if as_json:
        print_json({**counts, "dry_run": dry_run})
        return
    words = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    end = " Dry run: nothing was changed." if dry_run else ""
    click.echo(f"{words or 'the file has no rows'}.{end}")
