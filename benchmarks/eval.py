"""`python -m benchmarks.eval`: how well 1708 understands, beside the aims; asserts nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import report
from benchmarks.evaluation import ablation, breakdown, cities, city, corpus, learned, own, pace
from benchmarks.evaluation.categories import Classes, Judged, points, threshold_sheet
from benchmarks.evaluation.cities import Cities
from benchmarks.evaluation.corpus import CorpusError, Half
from benchmarks.evaluation.metrics import Point, Step
from benchmarks.evaluation.own import Own
from benchmarks.evaluation.picture import svg
from benchmarks.evaluation.reading import Ask, Reading
from benchmarks.evaluation.table import Result, Row, Sheet, as_json, markdown, show
from bots.reader import Reader
from gateway.reading import build_reader
from gateway.settings import ROOT, Settings, load
from parsers.understand import Thresholds

TABLE = Path(__file__).parent / "eval.md"
PICTURE = ROOT / "docs" / "coverage.svg"
THIRD = 3  # of the city's complaints, for the ablation
QUICK = 10  # the same, with --quick
WIDE = 130  # columns of the table, also where nobody looks
READ = 4000  # texts that the pace is measured on
FACTS = ("date", "machine", "system", "python")
INTRODUCTION = """# Accuracy

Written by `make eval`; `README.md` says what each line means.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What every part of a run needs."""

    settings: Settings
    reader: Reader
    classes: Classes
    reading: Reading
    half: Half
    quick: bool
    data: Path | None


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--half", type=click.Choice(get_args(Half)), default="report", show_default=True)
@click.option("--quick", is_flag=True, help="A tenth of the real messages, nothing taken away.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), help="List mistakes.")
@click.option("--json", "as_program", is_flag=True, help="Print JSON; eval.md is left alone.")
def main(*, half: Half, quick: bool, errors: Path | None, as_program: bool) -> None:
    """Measure the understanding on our corpus and, where they are at hand, on real messages.

    The mistakes that --errors lists are those of our own corpus only.
    """
    settings = load(ROOT / "config.yaml", {})
    reader = build_reader(settings)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        study = Study(
            settings=settings,
            reader=reader,
            classes=Classes(reader.catalogue, city.classes()),
            reading=Reading(progress),
            half=half,
            quick=quick,
            data=city.folder(),
        )
        try:
            result, picture = measure(study, errors)
        except CorpusError as error:
            raise click.ClickException(f"the corpus has mistakes:\n{error}") from error
    if as_program:
        click.echo(as_json(result))
        return
    terminal = Console()
    terminal.width = max(terminal.width, WIDE)
    show(result, terminal)
    if not quick and half == "report":
        TABLE.write_text(markdown(result, INTRODUCTION), "utf-8")
        PICTURE.write_text(picture, "utf-8")


def measure(study: Study, errors: Path | None) -> tuple[Result, str]:
    """Speed first, while nothing else runs; then every text once, then parts of it again."""
    asked = corpus.load(study.half)
    if wrong := own.unknown_codes(corpus.load("all"), study.reader):
        raise CorpusError("\n".join(f"{line} is not known" for line in wrong))
    speed = _pace(study, asked)
    ours = own.read(study.reading, study.reader, asked, f"corpus, {study.half}")
    tuned = ours
    if study.half != "tune":
        tuned = own.read(study.reading, study.reader, corpus.load("tune"), "corpus, tune")
    if errors:
        own.write_mistakes(ours, errors)
    real = None
    if study.data:
        every = QUICK if study.quick else 1
        real = cities.read(study.reading, study.reader, study.data, every=every)
    rows = [
        *own.rows(ours, study.classes, f"{study.half} half"),
        *(cities.rows(real, study.classes, study.reader) if real else cities.missing()),
        *speed,
        *(_learned(study, real) if not study.quick else []),
    ]
    sheets = [*own.sheets(ours), *breakdown.broken_down(ours.answers, study.classes)]
    sheets.append(_thresholds(tuned, ours, real))
    if not study.quick:
        sheets.append(_ablation(study, ours, real))
    return Result(rows=rows, sheets=sheets, about=_about(study, ours)), _picture(study, ours, real)


def _pace(study: Study, asked: list[corpus.Case]) -> list[Row]:
    if not study.data:
        texts = [case.text for case in asked]
        return pace.pace_rows("our corpus", texts)
    texts = [item.text for item in city.surabaya(study.data)]
    step = QUICK if study.quick else 1
    return pace.pace_rows("Surabaya", texts[:READ:step])


def _thresholds(tuned: Own, ours: Own, real: Cities | None) -> Sheet:
    others: dict[str, list[Judged]] = {"measured half": ours.judged}
    if real:
        others |= {"Surabaya": real.reports, "Bandung": real.complaints}
    return threshold_sheet(tuned.judged, others)


def _ablation(study: Study, ours: Own, real: Cities | None) -> Sheet:
    matching = study.settings.matching
    thresholds = Thresholds(
        category_sure=matching.category_sure,
        category_margin=matching.category_margin,
        command_typo=matching.command_typo,
    )
    cases = [case for case, _ in ours.answers]
    asks = [own.ask(case, case.area) for case in cases]
    reports = [item for item in real.surabaya[::THIRD] if item.topics] if real else []
    parts, cities_parts = {}, {}
    for name, parser in ablation.parsers(study.reader, thresholds):
        read = study.reading.read(parser, [*asks, *(Ask(r.text) for r in reports)], name)
        parts[name] = list(zip(cases, read, strict=False))
        both = zip(reports, read[len(cases) :], strict=True)
        cities_parts[name] = [Judged(item.topics, seen) for item, seen in both]
    return breakdown.ablation_sheet(parts, cities_parts, study.classes)


def _learned(study: Study, real: Cities | None) -> list[Row]:
    if not real:
        return []
    examples = [
        learned.Example(id=item.id, text=item.text, category=item.topic, agency=item.office)
        for item in real.surabaya
    ]
    tops = [
        learned.Example(
            id=item.id, text=item.text, category=study.classes.of(item.topics[0]), agency=""
        )
        for item in real.surabaya
        if item.topics and not item.catch_all
    ]
    return [*learned.office_and_topic(examples), *learned.official(tops)]


def _picture(study: Study, ours: Own, real: Cities | None) -> str:
    classes = study.classes.of
    lines: dict[str, list[Point]] = {
        "our corpus, topic": points(ours.judged, str),
        "our corpus, class": points(ours.judged, classes),
    }
    if real:
        lines["Surabaya, class"] = points(real.reports, classes)
        lines["Bandung, class"] = points(real.complaints, classes)
    matching = study.settings.matching
    marks = {
        name: _mark(answers, matching.category_sure, matching.category_margin)
        for name, answers in lines.items()
    }
    return svg(lines, marks)


def _mark(answers: list[Point], score: float, margin: float) -> Step:
    """Where the shipped thresholds stand."""
    trusted = [point for point in answers if point.score >= score and point.lead >= margin]
    precision = sum(p.right for p in trusted) / len(trusted) if trusted else None
    return Step(int(score), margin, len(trusted) / max(len(answers), 1), precision)


def _about(study: Study, ours: Own) -> dict[str, str]:
    matching = study.settings.matching
    facts = report.about(ROOT, corpus=f"{len(ours.answers)} messages, {study.half} half")
    kept = {name: facts[name] for name in (*FACTS, "corpus") if name in facts}
    kept["thresholds"] = f"category {matching.category_sure}, margin {matching.category_margin}"
    kept["real messages"] = "at hand" if study.data else "not at hand"
    return kept


if __name__ == "__main__":
    main()
