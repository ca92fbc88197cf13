"""`lapor import` and `lapor export`: complaints as CSV or JSON lines, as many as there are."""

import codecs
import json
from datetime import date, datetime
from pathlib import Path

import click

from gateway.cli.exporting import Export
from gateway.cli.importing import Import, Summary
from gateway.cli.opening import opened
from gateway.cli.options import as_json
from gateway.cli.rows import print_json
from gateway.cli.understand import Area
from store.exchange.columns import Unusable
from store.exchange.export import Shown
from store.exchange.files import Format, format_of
from store.models import ComplaintStatus

DASH = Path("-")
formats = click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    help="If the name does not tell.",
)


class BadFile(click.ClickException):
    """The file cannot be used at all."""

    exit_code = 2


class Encoding(click.ParamType[str, str]):
    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            "".encode(value)  # refuses codecs of other things than text
            codecs.getincrementaldecoder(value)
        except LookupError:
            self.fail(f"{value!r} is no encoding: utf-8, windows-1252, utf-16, ...", param, ctx)
        return value


class Day(click.ParamType[date, str]):
    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            self.fail(f"{value!r} is no date: write 2025-11-05.", param, ctx)


@click.command(
    "import",
    epilog="\b\nExamples:\n"
    "  lapor import sp4n.csv --dry-run --errors wrong.csv\n"
    "  lapor import sp4n.csv --encoding windows-1252 --mapping columns.csv\n"
    "  lapor import complaints.jsonl.gz\n"
    "  ssh old lapor export - | lapor import -",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@formats
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False),
    help="Their names of columns: a CSV of their column and our field.",
)
@click.option("--encoding", type=Encoding(), default="utf-8", show_default=True)
@click.option(
    "--errors",
    type=click.Path(dir_okay=False, writable=True),
    help="Write line, column, reason as CSV.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
@as_json
def import_complaints(
    *,
    file: str,
    form: str | None,
    mapping: str | None,
    encoding: str,
    errors: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take in the complaints of FILE: an SP4N-LAPOR! export, or one of `lapor export`.

    CSV or JSON lines, compressed by gzip or not; - is standard input. The same tracking number is
    the same complaint: what is new is added, what has changed is updated, nothing is doubled, so
    an import that was broken off is simply started again. A line that is wrong is refused with
    its number and the reason, the others are kept. Exit code 1: lines were refused; 2: the file
    cannot be used.
    """
    order = Import(
        path=Path(file),
        form=Format(form) if form else format_of(file),
        mapping=Path(mapping) if mapping else None,
        encoding=encoding,
        errors=Path(errors) if errors else None,
        dry_run=dry_run,
    )
    with opened() as rt:
        try:
            summary = order.run(rt)
        except Unusable as error:
            raise BadFile(str(error)) from error
    if as_json:
        print_json(summary.as_dict())
    else:
        _say(summary)
    if summary.refused:
        raise SystemExit(1)


def _say(summary: Summary) -> None:
    done = "Checked, nothing written" if summary.dry_run else "Done"
    click.echo(
        f"{done}: {summary.read:,} lines; {summary.added:,} added, {summary.updated:,} updated,"
        f" {summary.unchanged:,} unchanged, {summary.refused:,} refused."
    )
    for name, number in summary.unknown.counts.items():
        most = summary.unknown.words[name].most_common(5)
        words = ", ".join(f"{word!r} ({times:,})" for word, times in most)
        click.echo(f"Warning: unknown {name} on {number:,} lines: {words}.", err=True)
    if summary.orphans:
        click.echo(f"Warning: unknown parent on {summary.orphans:,} lines.", err=True)


@click.command(
    "export",
    epilog="\b\nExamples:\n"
    "  lapor export november.csv --since 2025-11-01 --until 2025-11-30\n"
    "  lapor export bandung.jsonl.gz --area 32.73 --status closed\n"
    '  lapor export whole.jsonl --confidential --unmasked --reason "moved to a new server"',
)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, writable=True))
@formats
@click.option("--since", type=Day(), help="Received on this day or later.")
@click.option("--until", type=Day(), help="Received on this day or before.")
@click.option("--agency", default="", metavar="CODE", help="Handed to it, or to what is below it.")
@click.option("--area", type=Area(), default=None, help="Kemendagri code: 32 or 32.73.")
@click.option(
    "--status",
    "statuses",
    type=click.Choice([status.value for status in ComplaintStatus]),
    multiple=True,
)
@click.option("--source", "sources", multiple=True, help="sms, whatsapp, Website, ...")
@click.option("--confidential", is_flag=True, help="The texts of secret reports too.")
@click.option("--unmasked", is_flag=True, help="Numbers and names within texts too.")
@click.option("--reason", default="", help="Why they must be seen; the audit log keeps it.")
@as_json
def export_complaints(
    *,
    file: str,
    form: str | None,
    since: date | None,
    until: date | None,
    agency: str,
    area: str | None,
    statuses: tuple[str, ...],
    sources: tuple[str, ...],
    confidential: bool,
    unmasked: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Write complaints to FILE; - is standard output, as JSON lines if nothing else is said.

    JSON lines have everything, CSV the facts without history. Neither ever has the name or the
    number of a reporter. Private data in texts is masked, the texts of secret reports are left
    out; `lapor import` reads both kinds.
    """
    if (confidential or unmasked) and not reason.strip():
        raise click.UsageError('--confidential and --unmasked need --reason "...".')
    chosen = _format(file, form)
    with opened() as rt:
        order = Export(
            path=Path(file),
            form=chosen,
            since=since,
            until=until,
            agency=agency,
            area=area or "",
            statuses=tuple(ComplaintStatus(status) for status in statuses),
            sources=sources,
            shown=Shown(zone=rt.settings.zone, confidential=confidential, unmasked=unmasked),
            reason=reason,
        )
        written = order.run(rt)
    said = json.dumps({"written": written}) if as_json else f"Done: {written:,} complaints written."
    click.echo(said, err=file == "-" or not as_json)


def _format(file: str, said: str | None) -> Format:
    """As the command line or the name says; a pipe gets what loses nothing."""
    found = Format(said) if said else Format.JSONL if file == "-" else format_of(file)
    if found is None:
        raise click.UsageError("say --format csv or --format jsonl, or name FILE so.")
    return found
