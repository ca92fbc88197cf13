"""`lapor key`: what programs prove themselves with at the API."""

from datetime import datetime, timedelta

import click
from sqlmodel import Session

from gateway.cli.opening import actor, opened
from gateway.cli.options import Age
from gateway.cli.options import as_json as json_option
from gateway.cli.rows import print_json, print_table
from gateway.runtime import Runtime
from store import audit
from store.agencies import api_keys
from store.agencies.access import Action
from store.agencies.directory import Directory
from store.agency_models import ApiKey

COLUMNS = ("id", "name", "agency", "may", "state", "made", "ends")
LONGEST = 3650  # days


class Actions(click.ParamType[frozenset[Action], str]):
    """`read,act`."""

    name = "actions"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[Action]:
        words = [word.strip() for word in value.split(",") if word.strip()]
        if wrong := [word for word in words if word not in set(Action)]:
            known = ", ".join(Action)
            self.fail(f"{', '.join(map(repr, wrong))} is not one of {known}.", param, ctx)
        return frozenset(Action(word) for word in words)


days_option = click.option(
    "--days", type=click.IntRange(1, LONGEST), default=365, show_default=True, help="Its life."
)


@click.group()
def key() -> None:
    """Keys of programs. A key is shown once, when it is made; 1708 keeps only its digest.

    \b
    Examples:
      lapor key create sipd --agency PEMKAB_3204 --may read,act --days 180
      lapor key list
      lapor key rotate 3 --grace 7d
      lapor key revoke 3 --reason "found in a public repository"
    """


@key.command(
    epilog="\b\nExample:\n  lapor key create sipd --agency PEMKAB_3204 --may read,act --days 180"
)
@click.argument("name")
@click.option("--agency", default="", metavar="CODE", help="Its scope; without it, national.")
@click.option("--may", type=Actions(), required=True, help=", ".join(Action))
@days_option
@json_option
def create(*, name: str, agency: str, may: frozenset[Action], days: int, as_json: bool) -> None:
    """Make a key for the program NAME, which events will name as the one that acted."""
    with opened() as rt, rt.transaction() as session:
        _must_be_known(rt, session, agency)
        try:
            row, text = api_keys.create(
                session, name.strip(), agency, may, rt.now() + timedelta(days=days), rt.now()
            )
        except api_keys.Refused as error:
            raise click.UsageError(str(error)) from error
        _note(session, rt, "key.create", row.key)
    _show_once(row, text, as_json=as_json)


@key.command("list", epilog="\b\nExample:\n  lapor key list --json")
@json_option
def list_(*, as_json: bool) -> None:
    """All keys that there ever were, without the keys themselves."""
    with opened() as rt:
        with rt.reading() as session:
            rows = api_keys.listed(session)
        lines = [_line(row, rt.now()) for row in rows]
        zone = rt.settings.zone
    if as_json:
        for line in lines:
            print_json(line)
        return
    cells = [
        [
            cell.astimezone(zone).date().isoformat() if isinstance(cell, datetime) else str(cell)
            for cell in line.values()
        ]
        for line in lines
    ]
    print_table(COLUMNS, cells)


@key.command(epilog="\b\nExample:\n  lapor key rotate 3 --grace 7d")
@click.argument("number", metavar="ID", type=int)
@click.option("--grace", type=Age(), default="7d", show_default=True, help="The old one's rest.")
@days_option
@json_option
def rotate(*, number: int, grace: timedelta, days: int, as_json: bool) -> None:
    """Make a key in the place of key ID, which lives on for the grace only."""
    with opened() as rt, rt.transaction() as session:
        expires_at = rt.now() + timedelta(days=days)
        made = api_keys.rotate(session, number, expires_at, grace=grace, now=rt.now())
        if made is None:
            raise click.ClickException(
                f"there is no key {number} that lives longer than the grace: see `lapor key list`."
            )
        row, text = made
        _note(session, rt, "key.rotate", number, row.key)
    _show_once(row, text, as_json=as_json)


@key.command(epilog='\b\nExample:\n  lapor key revoke 3 --reason "found in a public repository"')
@click.argument("number", metavar="ID", type=int)
@click.option("--reason", required=True, help="Why; the audit log keeps it.")
def revoke(*, number: int, reason: str) -> None:
    """End key ID at once."""
    with opened() as rt, rt.transaction() as session:
        if not api_keys.revoke(session, number, rt.now()):
            raise click.ClickException(f"there is no living key {number}: see `lapor key list`.")
        _note(session, rt, "key.revoke", number, reason=reason)
    click.echo(f"Key {number} is refused from now on.")


def _must_be_known(rt: Runtime, session: Session, agency: str) -> None:
    directory = Directory.load(session, rt.reader.catalogue)
    areas = rt.reader.gazetteer.codes
    if agency and not directory.known(agency, areas):
        raise click.UsageError(f"{agency!r} is not an agency.{directory.hint(agency, areas)}")


def _note(session: Session, rt: Runtime, action: str, *keys: int, reason: str = "") -> None:
    audit.write(
        session,
        now=rt.now(),
        actor=actor(),
        action=action,
        reason=reason,
        detail={"keys": list(keys)},
    )


def _line(row: ApiKey, now: datetime) -> dict[str, object]:
    state = "revoked" if row.revoked_at else "lives" if api_keys.lives(row, now) else "over"
    return {
        "id": row.key,
        "name": row.name,
        "agency": row.agency or "national",
        "may": ",".join(row.actions),
        "state": state,
        "made": row.created_at,
        "ends": row.revoked_at or row.expires_at,
    }


def _show_once(row: ApiKey, text: str, *, as_json: bool) -> None:
    """The key alone on the output, so that it can go straight into a file of secrets."""
    if as_json:
        print_json({"id": row.key, "name": row.name, "key": text, "expires_at": row.expires_at})
        return
    click.echo(f"Key {row.key} of {row.name}; it is shown this once:", err=True)
    click.echo(text)
