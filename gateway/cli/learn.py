"""`lapor learn`: from examples that officers have labelled, a model beside the catalogue."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import click

from gateway.cli.configuration import read_settings
from gateway.cli.exchange import Day
from gateway.cli.learn_decided import learn_decided
from gateway.cli.options import as_json as json_option
from gateway.cli.rows import print_json, print_table, printable
from gateway.cli.understand import Area
from gateway.reading import build_reader
from gateway.runtime import utc_now
from parsers.understand import Understander
from store.catalogue import CatalogueError
from store.learning.examples import Example, Examples, read_examples
from store.learning.model_files import Deployment, Learnt, Report, load_deployment, save
from store.learning.training import TooFew, learn

COLUMNS = (
    "learnt",
    "classes",
    "examples",
    "too few",
    "right",
    "before",
    "elsewhere",
    "sure",
    "sure and right",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a program is told."""

    learnt: Learnt
    folder: Path
    bad: int
    took: timedelta


@click.command("learn")
@click.option(
    "--catalogue",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Directory with categories.csv and agencies.csv; names are enough.",
)
@click.option(
    "--examples",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV file with the columns text,category,agency and, if wanted, kind.",
)
@click.option(
    "--judged-on",
    "elsewhere",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The same columns: messages from elsewhere that teach nothing and make the scores.",
)
@click.option("--area", type=Area(), help="Kemendagri code of the place that is likely: 73.71.")
@click.option("--skip-bad", is_flag=True, help="Learn from the good rows although some are bad.")
@click.option("--from-store", is_flag=True, help="From what officers decided, for this service.")
@click.option("--since", type=Day(), help="Only what was decided on this day or later.")
@click.option("--dry-run", is_flag=True, help="Learn and judge from the store, change nothing.")
@json_option
def learn_command(
    directory: Path | None,
    path: Path | None,
    elsewhere: Path | None,
    area: str | None,
    since: date | None,
    *,
    skip_bad: bool,
    from_store: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Learn from labelled examples, into a catalogue directory; or from what officers decided.

    A label is a code or a name of the catalogue, or empty. `lapor understand --catalogue DIR` uses
    what was learnt until the catalogue changes. Bad rows are listed, and stop the command.

    \b
    Examples:
      lapor learn --catalogue kota --examples examples.csv
      lapor learn --from-store --dry-run
      lapor learn --from-store --since 2026-07-01 --json
    """
    files = directory or path or elsewhere or area or skip_bad
    if from_store and files:
        raise click.UsageError("--from-store takes --since, --dry-run and --json only.")
    if from_store:
        learn_decided(since, dry_run=dry_run, as_json=as_json)
    elif since or dry_run:
        raise click.UsageError("--since and --dry-run belong to --from-store.")
    elif directory is None or path is None:
        raise click.UsageError("say --catalogue DIR --examples FILE, or --from-store.")
    else:
        outcome = _from_files(directory, path, elsewhere, area, skip_bad=skip_bad)
        (_print_json if as_json else _print)(outcome)


def _from_files(
    directory: Path, path: Path, elsewhere: Path | None, area: str | None, *, skip_bad: bool
) -> Outcome:
    began = time.monotonic()
    settings = read_settings()
    try:
        catalogue = load_deployment(directory).catalogue
    except CatalogueError as error:
        raise click.UsageError(f"the catalogue {directory} cannot be used:\n{error}") from error
    examples = read_examples(path, catalogue)
    _tell(examples, skip_bad=skip_bad)
    judged = read_examples(elsewhere, catalogue) if elsewhere else Examples()
    _tell(judged, skip_bad=skip_bad)
    reader = build_reader(settings, Deployment(catalogue), learning=True)
    learnt = _learnt(examples.rows, judged.rows, reader.understander, area)
    try:
        folder = save(directory, catalogue, learnt, when=utc_now())
    except OSError as error:
        raise click.ClickException(
            f"{error.filename} cannot be written ({error.strerror}). Nothing was kept."
        ) from error
    took = timedelta(seconds=round(time.monotonic() - began, 1))
    bad = len(examples.problems) + len(judged.problems)
    return Outcome(learnt=learnt, folder=folder, bad=bad, took=took)


def _tell(examples: Examples, *, skip_bad: bool) -> None:
    """Every problem at once; stop there unless told otherwise."""
    for problem in examples.problems:
        click.echo(printable(problem), err=True)
    if examples.unlabelled:
        click.echo(f"{examples.unlabelled} rows have no label and teach nothing.", err=True)
    if examples.problems and not skip_bad:
        raise click.ClickException(
            f"{len(examples.problems)} problems: correct them, or say --skip-bad. "
            "Nothing was learnt."
        )


def _learnt(
    examples: Sequence[Example],
    judged_on: Sequence[Example],
    understander: Understander,
    area: str | None,
) -> Learnt:
    try:
        return learn(
            examples,
            lambda text: understander.see(text, area=area),
            lambda progress: click.echo(progress, err=True),
            judged_on=judged_on,
        )
    except TooFew as error:
        raise click.ClickException(str(error)) from error


def _print(outcome: Outcome) -> None:
    print_table(COLUMNS, [_line(name, one) for name, one in outcome.learnt.reports.items()])
    click.echo("Measured on examples that were held back in turn; before: without examples.")
    click.echo(f"Kept in {outcome.folder} after {outcome.took.total_seconds():.1f} s.")


def _line(name: str, one: Report) -> tuple[str, ...]:
    sure_right = "" if one.sure_right is None else f"{one.sure_right:.1%}"
    return (
        name,
        str(len(one.counts)),
        str(one.examples),
        str(one.left_out),
        f"{one.accuracy:.1%}",
        f"{one.cold_accuracy:.1%}",
        "" if one.judged_accuracy is None else f"{one.judged_accuracy:.1%}",
        f"{one.sure_share:.1%}",
        sure_right,
    )


def _print_json(outcome: Outcome) -> None:
    print_json(
        {
            "folder": str(outcome.folder),
            "seconds": outcome.took.total_seconds(),
            "bad": outcome.bad,
            "learnt": {
                name: {
                    "classes": len(one.counts),
                    "examples": one.examples,
                    "left_out": one.left_out,
                    "accuracy": round(one.accuracy, 4),
                    "macro_f1": round(one.macro_f1, 4),
                    "judged": one.judged,
                    "judged_accuracy": one.judged_accuracy and round(one.judged_accuracy, 4),
                    "cold_accuracy": round(one.cold_accuracy, 4),
                    "sure_share": round(one.sure_share, 4),
                    "sure_right": one.sure_right and round(one.sure_right, 4),
                }
                for name, one in outcome.learnt.reports.items()
            },
        }
    )
