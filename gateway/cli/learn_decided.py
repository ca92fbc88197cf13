"""`lapor learn --from-store`: what officers decided, learnt now, with the figures to judge it."""

from collections.abc import Iterator
from datetime import date, datetime, time

import click

from gateway.cli.opening import actor, opened
from gateway.cli.rows import print_json, print_table
from gateway.learning import Busy, Outcome, learn_from_store
from store.learning.corrections import Tally
from store.learning.training import TooFew

COLUMNS = ("", "field", "decided", "as decided", "", "sure", "sure and right", "")


def learn_decided(since: date | None, *, dry_run: bool, as_json: bool) -> None:
    with opened() as rt:
        start = datetime.combine(since, time(), rt.settings.zone) if since else None
        try:
            outcome = learn_from_store(rt, _say, actor=actor(), since=start, dry_run=dry_run)
        except (Busy, TooFew) as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        print_json(outcome.figures())
    else:
        _print(outcome)


def _say(progress: str) -> None:
    click.echo(progress, err=True)


def _print(outcome: Outcome) -> None:
    print_table(COLUMNS, _lines(outcome))
    click.echo(
        f"Officers decided about {outcome.decided} complaints; {outcome.taught} of them taught. "
        "Every fifth is held out: by those the two models are judged."
    )
    if outcome.kept:
        click.echo(f"The model in use stays: {outcome.kept}.")
    elif outcome.dry_run:
        click.echo("The new model is not worse. Nothing was changed (--dry-run).")
    else:
        click.echo("The new model is not worse: workers use it from now on.")


def _lines(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    parts = {
        "first proposal": {**outcome.first, "duplicate": outcome.duplicates},
        "held out, model in use": outcome.before,
        "held out, learnt now": outcome.after,
    }
    for what, fields in parts.items():
        for name, tally in fields.items():
            yield (what, name, *_cells(tally))


def _cells(tally: Tally) -> tuple[str, ...]:
    return (
        str(tally.of),
        str(tally.right),
        _share(tally.right, tally.of),
        str(tally.sure),
        str(tally.sure_right),
        _share(tally.sure_right, tally.sure),
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""
