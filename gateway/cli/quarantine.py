"""`lapor quarantine`: requests that failed their proof of origin; a person may vouch for one."""

from dataclasses import dataclass

import click
from sqlmodel import Session

from gateway.channels.base import WebhookRequest
from gateway.cli.detail import show
from gateway.cli.opening import actor, opened
from gateway.cli.operate import list_
from gateway.cli.options import Ref, RefParam, as_json, place
from gateway.cli.rows import print_json
from gateway.cli.selection import QUARANTINE
from gateway.runtime import Runtime
from parsers.messages import Envelope, Ignored, Receipt
from store import audit, operating, outbox
from store import quarantine as kept
from store.models import QuarantineRow, QuarantineStatus
from store.operating import Table


@dataclass(frozen=True, slots=True)
class Release:
    """How one release ended; `note` says why not, or what to know."""

    row: str
    released: bool
    note: str


@click.group()
@click.pass_context
def quarantine(ctx: click.Context) -> None:
    """Requests without proof of origin.

    \b
    Examples:
      lapor quarantine list --channel sms --newer-than 1d
      lapor quarantine show 5 --reveal --reason "is it a citizen?"
      lapor quarantine release 5 --reason "token was rotated at noon"
    """
    ctx.obj = QUARANTINE


@click.command()
@click.argument("rows", nargs=-1, required=True, type=RefParam())
@click.option("--reason", required=True, help="Why you vouch for it; the audit log keeps it.")
@as_json
def release(*, rows: tuple[Ref, ...], reason: str, as_json: bool) -> None:
    """Take refused requests in as if they had proved their origin: you vouch for them.

    \b
    Example:
      lapor quarantine release 5 6 --reason "token was rotated at noon"
    """
    if not reason.strip():
        raise click.UsageError('--reason "..." is required: the audit log keeps it.')
    keys = [place(QUARANTINE, row)[1] for row in rows]
    with opened() as rt:
        ends = []
        for key in keys:
            ends.append(end := _release(rt, key, reason))
            _say(end, as_json=as_json)
    if not all(end.released for end in ends):
        raise SystemExit(1)


for command in (list_, show, release):
    quarantine.add_command(command)


def _say(end: Release, *, as_json: bool) -> None:
    if as_json:
        print_json({"row": end.row, "released": end.released, "note": end.note})
    elif end.released:
        click.echo(f"{end.row} released. {end.note}".rstrip())
    else:
        click.echo(f"{end.row} stays where it is: {end.note}.", err=True)


def _release(rt: Runtime, key: int, reason: str) -> Release:
    """Accept first and mark after: a crash between leaves a row whose message is a repeat."""
    name = f"{Table.QUARANTINE}-{key}"
    with rt.reading() as session:
        row = operating.find(session, Table.QUARANTINE, key)
    if not isinstance(row, QuarantineRow):
        return Release(name, False, "there is no such row")
    if row.status != QuarantineStatus.KEPT:
        return Release(name, False, "it was released before")
    parsed = _parse(rt, row)
    if isinstance(parsed, str):
        return Release(name, False, parsed)
    if isinstance(parsed, Envelope):
        rt.accept(parsed)
    with rt.transaction() as session:
        _mark(session, rt, key, reason, parsed)
    cut = len(row.body.encode()) >= rt.settings.quarantine.max_bytes
    return Release(name, True, "Its body was cut when it was kept." if cut else "")


def _parse(rt: Runtime, row: QuarantineRow) -> Envelope | Receipt | str:
    """What the request says, its origin taken on trust; a text says why it says nothing."""
    adapter = rt.adapters.get(row.channel)
    if adapter is None:
        return f"the channel {row.channel} has no credentials here"
    request = WebhookRequest(
        method=row.method,
        path=row.path,
        query=row.query,
        headers=row.headers,
        body=row.body.encode(),
    )
    try:
        parsed = adapter.parse(request)
    except ValueError as error:
        return f"it is not in the form of {row.channel} ({error})"
    return f"it asks nothing of 1708 ({parsed.reason})" if isinstance(parsed, Ignored) else parsed


def _mark(session: Session, rt: Runtime, key: int, reason: str, parsed: Envelope | Receipt) -> None:
    kept.release(session, key)
    if isinstance(parsed, Receipt):
        outbox.confirm(session, parsed)
    audit.write(
        session,
        now=rt.now(),
        actor=actor(),
        action="quarantine.release",
        reason=reason,
        detail={"ids": [key]},
    )
