"""`lapor inbox|outbox|dead`: the operators' view of messages and replies."""

from itertools import islice
from zoneinfo import ZoneInfo

import click

from gateway.cli.cost import cost
from gateway.cli.detail import show
from gateway.cli.opening import opened
from gateway.cli.options import Exemplary, as_json, filtered
from gateway.cli.replay import replay
from gateway.cli.rows import print_json, print_table, words
from gateway.cli.selection import DEAD, INBOX, OUTBOX, Chosen, Scope, select
from store.operating import Listed

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
def list_(scope: Scope, *, chosen: Chosen, limit: int, everything: bool, as_json: bool) -> None:
    """List rows, newest first. Texts and full numbers are not shown here."""
    with opened() as rt:
        rows = select(rt, chosen.filters(scope, rt.now()), newest_first=True)
        shown = rows if everything else islice(rows, limit)
        if as_json:
            for row in shown:
                print_json(as_object(row))
            return
        print_table(COLUMNS, (as_line(row, rt.settings.zone) for row in shown))
        if not everything and next(rows, None):
            click.echo(f"There are more than {limit}: use --limit or --all.", err=True)


def as_object(row: Listed) -> dict[str, object]:
    return {
        "row": row.ref,
        "table": row.table.name.lower(),
        "id": row.id,
        "at": row.at,
        "channel": row.channel,
        "person": row.person,
        "status": row.status,
        "attempts": row.attempts,
        "error": row.error,
    }


def as_line(row: Listed, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        row.ref,
        words(row.at, zone),
        row.channel,
        row.person,
        row.status,
        str(row.attempts),
        row.error,
    )


def _group(scope: Scope, about: str) -> click.Group:
    """A group for one scope; its commands are the same for all."""

    @click.group(scope.name, help=about)
    @click.pass_context
    def group(ctx: click.Context) -> None:
        ctx.obj = scope

    for command in (list_, show, replay):
        group.add_command(command)
    return group


inbox = _group(
    INBOX,
    "Messages that came in.\n\n\b\nExamples:\n"
    "  lapor inbox list --status received --older-than 5m\n"
    "  lapor inbox show 12",
)
outbox = _group(
    OUTBOX,
    "Replies on their way.\n\n\b\nExamples:\n"
    "  lapor outbox list --status held\n"
    '  lapor outbox replay --status failed --newer-than 1d --reason "provider was down"\n'
    "  lapor outbox cost --since 7d",
)
outbox.add_command(cost)
dead = _group(
    DEAD,
    "What needs a person: dead messages (in-...), failed and held replies (out-...).\n\n\b\n"
    "Examples:\n  lapor dead list\n"
    '  lapor dead replay --all --reason "database was full" --dry-run',
)
