"""`lapor … replay`: put rows through again, said why, counted, written down."""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from gateway.cli.opening import opened
from gateway.cli.options import Exemplary, Ref, RefParam, as_json, filtered, place
from gateway.cli.replaying import BATCH, Outcome, carry_out, choose, choose_named, foresee
from gateway.cli.rows import print_json
from gateway.cli.selection import Chosen, Scope
from store.operating import Table

ASK_ABOVE = 20
NAMED = 40  # rows that a person is told by name
NOUNS = {Table.INBOX: ("message", "messages"), Table.OUTBOX: ("reply", "replies")}


@click.command(
    "replay",
    cls=Exemplary,
    epilog='lapor {group} replay {row} --reason "provider was down"\n'
    "lapor {group} replay --error Timeout --older-than 2h --dry-run\n"
    'lapor {group} replay --all --limit 1000 --yes --reason "database was full"',
)
@click.argument("rows", nargs=-1, type=RefParam())
@filtered
@click.option("--limit", type=click.IntRange(min=1), help="Of a filter, the oldest so many only.")
@click.option("--all", "everything", is_flag=True, help="Every row of this list.")
@click.option("--dry-run", is_flag=True, help="Say how many and which; change nothing.")
@click.option("--reason", default="", help="Required; the audit log keeps it.")
@click.option("--again", is_flag=True, help="May repeat a reply that went out to a person.")
@click.option("--yes", is_flag=True, help=f"Do not ask before more than {ASK_ABOVE} rows.")
@as_json
@click.pass_obj
def replay(
    scope: Scope,
    *,
    rows: tuple[Ref, ...],
    chosen: Chosen,
    limit: int | None,
    everything: bool,
    dry_run: bool,
    reason: str,
    again: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Put rows through again: those named, those of a filter, or those named that match it.

    Without --again, no reply is repeated that went out or may have gone out.
    """
    named = [place(scope, row) for row in rows]
    _check(named, chosen, limit=limit, everything=everything)
    if not (dry_run or reason.strip()):
        raise click.UsageError('--reason "..." is required: the audit log keeps it.')
    with opened() as rt:
        found = (
            choose_named(rt, scope, chosen, named) if named else choose(rt, scope, chosen, limit)
        )
        if not (dry_run or yes):
            _confirm(found, again=again)
        try:
            if dry_run:
                foresee(rt, found, again=again)
            else:
                with _progress(found) as bar:
                    carry_out(rt, found, again=again, reason=reason, done=bar.update)
        finally:
            _report(found, dry_run=dry_run, again=again, as_json=as_json)
    if found.refused and (named or not found.queued):
        raise SystemExit(1)


def _check(
    named: Sequence[tuple[Table, int]], chosen: Chosen, *, limit: int | None, everything: bool
) -> None:
    if not (named or chosen.restricts or everything):
        raise click.UsageError("Say which rows: name them, give a filter, or --all.")
    if named and (everything or limit):
        raise click.UsageError("--all and --limit go with a filter, not with named rows.")


def _confirm(found: Outcome, *, again: bool) -> None:
    """Ask the person at a terminal before many rows; a program is not asked."""
    if len(found.rows) <= ASK_ABOVE or not sys.stdin.isatty():
        return
    warning = " People may get a reply a second time." if again else ""
    click.confirm(
        f"{_count(found.rows)} will be queued again.{warning} Go on?", abort=True, err=True
    )


@contextmanager
def _progress(found: Outcome) -> "Iterator[click._termui_impl.ProgressBar[int]]":
    few = len(found.rows) <= BATCH or not sys.stderr.isatty()
    with click.progressbar(
        length=len(found.rows), label="Queueing", file=sys.stderr, hidden=few
    ) as bar:
        yield bar


def _report(found: Outcome, *, dry_run: bool, again: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "again": again,
                "asked": found.total,
                "queued": [f"{table}-{key}" for table, key in found.queued],
                "not_queued": [{"row": row, "why": why} for row, why in found.refused.items()],
                "not_tried": found.untried,
                "queue_reached": found.queue_reached,
            }
        )
        return
    verb = "Would queue" if dry_run else "Queued"
    click.echo(f"{verb} {_count(found.queued)} of {found.total} asked for.")
    if found.queued:
        click.echo(f"  {_names([f'{table}-{key}' for table, key in found.queued])}")
    _report_rest(found)
    if again and found.queued and not dry_run:
        click.echo("People may get a reply a second time, as you asked (--again).")


def _report_rest(found: Outcome) -> None:
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for row, why in found.refused.items():
        reasons[why].append(row)
    for why, rows in reasons.items():
        click.echo(f"Not queued, {why}: {_names(rows)}")
    if found.untried:
        click.echo(f"Not tried, because of the error: {found.untried}")
    if not found.queue_reached:
        click.echo(
            "The queue does not answer; the relay wakes the workers when it is back.", err=True
        )


def _names(rows: Sequence[str]) -> str:
    more = len(rows) - NAMED
    return ", ".join(rows[:NAMED]) + (f" and {more} more (--json names all)" if more > 0 else "")


def _count(rows: Sequence[tuple[Table, int]]) -> str:
    """`3 messages and 1 reply`."""
    parts = []
    for table, nouns in NOUNS.items():
        count = sum(its_table is table for its_table, _ in rows)
        if count:
            parts.append(f"{count} {nouns[count > 1]}")
    return " and ".join(parts) or "nothing"
