"""`lapor subscription`: programs of agencies that are told what happens (webhooks)."""

from datetime import timedelta
from urllib.parse import urlsplit

import click
from sqlmodel import Session

from gateway.cli.opening import actor, opened
from gateway.cli.options import Age
from gateway.cli.options import as_json as json_option
from gateway.cli.rows import print_json, print_table, words
from gateway.republish import Replay
from gateway.runtime import Runtime
from store import audit, subscriptions
from store.agencies.directory import Directory
from store.agency_models import Subscription
from store.subscriptions import Deliveries

COLUMNS = (
    "id",
    "name",
    "agency",
    "to",
    "events",
    "active",
    "waiting",
    "delivered",
    "failed",
    "last delivered",
    "last error",
)


class Kinds(click.ParamType[tuple[str, ...], str]):
    """`disposed,answered`; nothing: all."""

    name = "events"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        kinds = dict.fromkeys(word.strip() for word in value.split(",") if word.strip())
        if wrong := [kind for kind in kinds if kind not in subscriptions.KINDS]:
            known = ", ".join(sorted(subscriptions.KINDS))
            self.fail(f"{', '.join(map(repr, wrong))} is not one of {known}.", param, ctx)
        return tuple(kinds)


number = click.argument("number", metavar="ID", type=click.IntRange(min=1))
why = click.option("--reason", required=True, help="Why; the audit log keeps it.")


@click.group()
def subscription() -> None:
    """Programs that are told of each event by a signed POST: https://www.standardwebhooks.com

    \b
    Examples:
      lapor subscription add sipd --agency PEMKAB_3204 --url https://sipd.example/1708
      lapor subscription list
      lapor subscription replay 3 --since 2d --reason "their database was restored"
      lapor subscription rotate 3
    """


@subscription.command()
@click.argument("name")
@click.option("--agency", default="", metavar="CODE", help="Whose complaints; without it, all.")
@click.option("--url", required=True, help="Where each event is posted.")
@click.option("--events", type=Kinds(), default="", help="Only these: disposed,answered,...")
@json_option
def add(*, name: str, agency: str, url: str, events: tuple[str, ...], as_json: bool) -> None:
    """Tell the program NAME from now on. Its secret is shown once, here.

    \b
    Example:
      lapor subscription add sipd --agency PEMKAB_3204 --url https://sipd.example/1708 \\
        --events disposed,commented,reopened
    """
    with opened() as rt:
        _check_url(rt, url)
        _check_agency(rt, agency)
        with rt.transaction() as session:
            row = subscriptions.add(
                session, name=name.strip(), agency=agency, url=url, events=events, now=rt.now()
            )
            _note(session, rt, "add", row.key)
    _show_once(row.key, row.secret, as_json=as_json)


@subscription.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """All subscriptions, and how their deliveries stand.

    \b
    Example:
      lapor subscription list
    """
    with opened() as rt:
        with rt.reading() as session:
            rows = subscriptions.listed(session)
            stand = subscriptions.deliveries(session)
        lines = [_line(row, stand.get(row.key, Deliveries())) for row in rows]
        zone = rt.settings.zone
    if as_json:
        for line in lines:
            print_json(line)
        return
    cells = [
        ["" if cell is None else words(cell, zone) for cell in line.values()] for line in lines
    ]
    print_table(COLUMNS, cells)


@subscription.command()
@number
@click.option("--since", type=Age(), required=True, metavar="AGE", help="90s, 30m, 2h, 1d, 1w.")
@why
@json_option
def replay(*, number: int, since: timedelta, reason: str, as_json: bool) -> None:
    """Tell subscription ID again what happened since then, what it has got already included.

    Each event keeps its webhook-id: a program that has seen one may leave it.

    \b
    Example:
      lapor subscription replay 3 --since 2d --reason "their database was restored"
    """
    with opened() as rt:
        with rt.reading() as session:
            row = _active(session, number)
        again = Replay(rt, row, rt.now() - since, actor(), reason)
        again.carry_out()
    if as_json:
        print_json({"queued": again.queued, "waiting": again.waiting})
        return
    click.echo(f"Queued {again.queued} events; {again.waiting} were on their way already.")


@subscription.command()
@number
@click.option("--now", "at_once", is_flag=True, help="The old secret signs nothing any more.")
@json_option
def rotate(*, number: int, at_once: bool, as_json: bool) -> None:
    """Give subscription ID a new secret. Until the next rotation the old one signs as well.

    \b
    Example:
      lapor subscription rotate 3
    """
    with opened() as rt, rt.transaction() as session:
        secret = subscriptions.rotate(session, number, keep_old=not at_once)
        if secret is None:
            raise _nothing(number)
        _note(session, rt, "rotate", number)
    _show_once(number, secret, as_json=as_json)


@subscription.command()
@number
@why
def remove(*, number: int, reason: str) -> None:
    """Tell subscription ID nothing more, not even what waits, and forget its secret.

    \b
    Example:
      lapor subscription remove 3 --reason "the contract has ended"
    """
    with opened() as rt, rt.transaction() as session:
        if not subscriptions.switch_off(session, number, forget_secret=True):
            raise _nothing(number)
        _note(session, rt, "remove", number, reason)
    click.echo(f"Subscription {number} is told nothing more.")


def _check_url(rt: Runtime, url: str) -> None:
    parts = urlsplit(url)
    private = not rt.settings.production or rt.settings.channels.webhook.allow_private
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise click.UsageError("--url must begin with https://.")
    if not parts.hostname or parts.username or parts.fragment:
        raise click.UsageError("--url must be https://host/path, without a user and without #.")


def _check_agency(rt: Runtime, agency: str) -> None:
    with rt.reading() as session:
        directory = Directory.load(session, rt.reader.catalogue)
    areas = rt.reader.gazetteer.codes
    if agency and not directory.known(agency, areas):
        raise click.UsageError(f"{agency!r} is not an agency.{directory.hint(agency, areas)}")


def _active(session: Session, key: int) -> Subscription:
    row = subscriptions.find(session, key)
    if row is None or not row.active:
        raise _nothing(key)
    return row


def _nothing(key: int) -> click.ClickException:
    return click.ClickException(f"there is no active subscription {key}: see the list.")


def _note(session: Session, rt: Runtime, action: str, key: int, reason: str = "") -> None:
    audit.write(
        session,
        now=rt.now(),
        actor=actor(),
        action=f"subscription.{action}",
        reason=reason,
        detail={"subscription": key},
    )


def _show_once(key: int, secret: str, *, as_json: bool) -> None:
    """The secret alone on the output, so that it can go straight into a file of secrets."""
    if as_json:
        print_json({"id": key, "secret": secret})
        return
    click.echo(f"The secret of subscription {key}; it is shown this once:", err=True)
    click.echo(secret)


def _line(row: Subscription, stand: Deliveries) -> dict[str, object]:
    """Only the host of the address: the rest of it may be a secret of the program."""
    return {
        "id": row.key,
        "name": row.name,
        "agency": row.agency,
        "to": urlsplit(row.url).hostname or "",
        "events": ",".join(row.events) or "all",
        "active": row.active,
        "waiting": stand.waiting,
        "delivered": stand.delivered,
        "failed": stand.failed,
        "last_delivered": stand.last_at,
        "last_error": stand.last_error,
    }
