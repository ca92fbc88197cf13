"""`lapor report`: the ministry's reports, as tables, CSV, JSON, and on paper."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import click
from rich.progress import Progress

from gateway.cli.opening import opened
from gateway.cli.report_print import as_csv, as_json, as_table
from gateway.cli.rows import console
from gateway.reports.answers import REPORTS, Question, answer, letter
from gateway.reports.printing import BLANK, Letter, report_page
from gateway.reports.reporting import refresh_rollups
from gateway.runtime import Runtime
from store.casework.deadlines import local_day
from store.reports.groups import WAYS
from store.reports.query import LEVELS, Query, Unusable

FORMATS = ("table", "csv", "json", "html")
DAY = click.DateTime(["%Y-%m-%d"])
NARROWING = ("agency", "topic", "campaign", "level", "kind", "source")


@click.command(
    epilog="\b\nExamples:\n"
    "  lapor report --from 2026-01-01 --to 2026-06-30\n"
    "  lapor report --by month --agency KEMENSOS --format csv\n"
    "  lapor report topics --campaign covid --level kementerian\n"
    "  lapor report province 73 --from 2026-01-01 --format html --out surat.html"
)
@click.argument("what", type=click.Choice([*REPORTS]), default="summary")
@click.argument("area", default="")
@click.option("--from", "start", type=DAY, help="First day of receipt.  [default: 1 January]")
@click.option("--to", "end", type=DAY, help="Last day of receipt.  [default: today]")
@click.option("--area", "within", default="", metavar="CODE", help="73, 73.71: with all within.")
@click.option("--agency", default="", metavar="CODE", help="With its units.")
@click.option("--topic", default="", metavar="CODE", help="With its sub-topics.")
@click.option("--campaign", default="", metavar="NAME")
@click.option("--level", default="", metavar="LEVEL", help=f"{', '.join(LEVELS)}.")
@click.option("--kind", default="", metavar="KIND", help="complaint, aspiration, ...")
@click.option("--source", default="", metavar="NAME", help="sms, whatsapp, Website, ...")
@click.option("--by", type=click.Choice(WAYS), help="A summary side by side.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option("--top", default=20, show_default=True, help="Lines of a table; 0: all.")
@click.option("--stale-ok", is_flag=True, help="Do not look for changes first.")
@click.option("--rebuild", is_flag=True, help="Count everything again from the complaints.")
@click.option("--number", default=BLANK, help="Of the letter (nomor surat).")
@click.option("--city", default=BLANK, help="Where the letter is signed.")
@click.option("--position", default="", help="Of who signs the letter.  [default: Gubernur ...]")
@click.option("--signatory", default=BLANK, help="Who signs the letter.")
@click.option("--nip", default=BLANK, help="Number of that civil servant.")
def report(
    *,
    what: str,
    area: str,
    start: datetime | None,
    end: datetime | None,
    within: str,
    by: str | None,
    form: str,
    out: Path | None,
    top: int,
    stale_ok: bool,
    rebuild: bool,
    **more: str,
) -> None:
    """Complaints of a period and what became of them; `province 73` reviews a province."""
    _check_words(what, area, by)
    with opened() as rt:
        today = local_day(rt.now(), rt.settings.zone)
        query = Query(
            start=start.date() if start else date(today.year, 1, 1),
            end=end.date() if end else today,
            area=area or within,
            **{name: more[name] for name in NARROWING},
        )
        if not stale_ok:
            _refresh(rt, again=rebuild)
        question = Question(what=what, query=query, by=by or "")
        text = _text(rt, question, form=form, top=0 if out else top, letter_of=_letter(more, today))
    _put(text, out)


def _check_words(what: str, area: str, by: str | None) -> None:
    if what == "province" and not area:
        raise click.UsageError("a province is named by its code: lapor report province 73.")
    if what != "province" and area:
        raise click.UsageError(f"{what} takes no argument: write --area {area}.")
    if by and what != "summary":
        raise click.UsageError(f"--by belongs to summary: {what} has groups of its own.")


def _letter(more: Mapping[str, str], today: date) -> Letter:
    return Letter(
        number=more["number"],
        city=more["city"],
        written_on=today,
        position=more["position"],
        signatory=more["signatory"],
        signatory_id=more["nip"],
    )


def _refresh(rt: Runtime, *, again: bool) -> None:
    """Silent where nobody watches: a first fill takes a minute for a million complaints."""
    if not (screen := console(err=True)).is_terminal:
        refresh_rollups(rt, again=again)
        return
    with Progress(console=screen, transient=True) as progress:
        task = progress.add_task("counting days", total=None)
        refresh_rollups(
            rt,
            again=again,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def _text(rt: Runtime, question: Question, *, form: str, top: int, letter_of: Letter) -> str:
    try:
        with rt.reading() as session:
            if form == "html" and question.what == "province":
                return letter(rt, session, question, letter_of)
            document = answer(rt, session, question)
    except Unusable as error:
        raise click.UsageError(str(error)) from error
    match form:
        case "csv":
            return as_csv(document)
        case "json":
            return as_json(document)
        case "html":
            return report_page(document)
    return as_table(document, top)


def _put(text: str, out: Path | None) -> None:
    """To the file in one piece, or to the terminal."""
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(click.unstyle(text), "utf-8", newline="")
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written ({error.strerror}).") from error
    click.echo(f"Written: {out}", err=True)
