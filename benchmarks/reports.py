"""`python -m benchmarks.reports`: how fast the reports answer with two million complaints.

The complaints are invented, and as varied as those of the country: many from few agencies and few
from many, all kabupaten and kota, all topics, six sources, eight years. Asserts nothing.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import func, insert, text, update
from sqlmodel import col, select

from benchmarks import report
from benchmarks.figures import Figure, percentiles
from benchmarks.service import database
from gateway.reports.reporting import refresh_rollups
from gateway.runtime import Runtime, build
from gateway.settings import ROOT, load
from store.agencies.directory import Directory
from store.agency_models import Rollup
from store.catalogue import default_catalogue
from store.models import Complaint, Disposition
from store.reports import reports
from store.reports.cases import Book, open_book
from store.reports.facts import CASE, unpacked
from store.reports.groups import by, by_source, by_top_topic
from store.reports.query import Query, area_names

KINDS = ("sqlite", "postgresql")
BATCH = 5000
ROUNDS = 5
NUMBERS = 9_000_000  # of seven digits
STEP = 5_700_001  # has no factor in common with NUMBERS, so no number comes twice
TODAY = date(2026, 7, 1)
YEARS = 8
DAYS = 365 * YEARS
FIRST = datetime(2018, 7, 1, tzinfo=UTC)
SOURCES = ("Website", "Android", "whatsapp", "sms", "Instagram", "Email Instansi")
STATUSES = ("closed", "closed", "closed", "answered", "in_progress", "disposed", "archived")
ASKED = Query(start=date(2026, 1, 1), end=TODAY)
ALL = replace(ASKED, start=FIRST.date())


@dataclass(frozen=True, slots=True)
class World:
    """What complaints may be about."""

    agencies: Sequence[str]
    weights: Sequence[float]  # of agencies, each with all before it
    areas: Sequence[str]
    topics: Sequence[str]


def world() -> World:
    catalogue = default_catalogue()
    levels = ("kementerian", "lembaga", "pemda_kabupaten", "pemda_kota", "pemda_provinsi")
    agencies = [each.code for each in catalogue.agencies.values() if each.level in levels]
    weights = [*accumulate(1 / rank for rank in range(1, len(agencies) + 1))]
    areas = [code for code in area_names() if len(code) == 5]
    return World(agencies, weights, areas, [topic.code for topic in catalogue.topics])


def rows(number: int, among: World, chance: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    at = FIRST + timedelta(days=chance.random() * DAYS)
    agency = chance.choices(among.agencies, cum_weights=among.weights)[0]
    status = "closed" if number % 50 else chance.choice(STATUSES)
    answered = at + timedelta(days=chance.expovariate(1 / 12))
    done = answered if status in ("closed", "answered") else None
    deadline = at.date() + timedelta(days=21)
    complaint = {
        "id": number,
        "tracking": 1_000_000 + number * STEP % NUMBERS,
        "source": chance.choice(SOURCES),
        "text": "Jalan rusak parah dan berlubang, mohon segera diperbaiki.",
        "headline": "Jalan rusak parah",
        "kind": chance.choice(("complaint", "complaint", "aspiration", "information_request")),
        "category": chance.choice(among.topics),
        "agency": agency,
        "place": chance.choice(among.areas),
        "candidates": {},
        "urgent": False,
        "privacy": "public",
        "status": status,
        "duty": "complaint",
        "campaign": "covid" if chance.random() < 0.05 else None,
        "deadline": deadline,
        "verify_by": at.date() + timedelta(days=5),
        "pauses": [],
        "alarm": 0,
        "compared": True,
        "forwarded_at": at + timedelta(days=chance.expovariate(1 / 2)),
        "responded_at": done,
        "answered_at": done,
        "reopened": int(chance.random() < 0.05),
        "rating": chance.choice((None, None, None, 1, 3, 4, 5)),
        "created_at": at,
        "updated_at": at,
    }
    desk = {
        "complaint_id": number,
        "agency": agency,
        "actor": "system",
        "reason": "",
        "deadline": deadline,
        "state": "answered" if done else "waiting",
        "at": at,
        "answered_at": done,
    }
    return complaint, desk


def fill(rt: Runtime, count: int, console: Console) -> None:
    among, chance = world(), random.Random(1708)
    for first in track(range(1, count + 1, BATCH), "complaints", console=console, transient=True):
        made = [
            rows(number, among, chance) for number in range(first, min(first + BATCH, count + 1))
        ]
        with rt.engine.begin() as connection:
            connection.execute(insert(Complaint), [complaint for complaint, _ in made])
            connection.execute(insert(Disposition), [desk for _, desk in made])
    with rt.engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def measure(kind: str, rt: Runtime, console: Console) -> Iterator[Figure]:
    """Fill, refresh one changed day, and every report of half a year and of all the years."""
    with console.status(f"{kind}: first fill"):
        seconds, days = timed(lambda: refresh_rollups(rt))
    yield Figure(database=kind, what=f"first fill, {days:,} days", p50=seconds)
    yield took(kind, "refresh of nothing", lambda: refresh_rollups(rt))
    yield took(kind, "refresh of one day", lambda: refresh_rollups(rt), before=lambda: touch(rt))
    for name, query in (("half a year", ASKED), (f"{YEARS} years", ALL)):
        for what, ask in asked(rt, query).items():
            with console.status(f"{kind}: {what}"):
                yield took(kind, f"{what}, {name}", lambda ask=ask: answer(rt, ask))  # type: ignore[misc]


def asked(rt: Runtime, query: Query) -> dict[str, Callable[[Book], object]]:
    zone, clock = rt.settings.zone, rt.settings.clock
    province = replace(query, area="73")
    return {
        "summary": lambda book: reports.summary(book, query, today=TODAY, zone=zone),
        "summary of a province": lambda book: reports.summary(
            book, province, today=TODAY, zone=zone
        ),
        "agencies": lambda book: reports.of_agencies(book, query, today=TODAY, zone=zone),
        "province review": lambda book: reports.of_province(book, province, today=TODAY, zone=zone),
        "topics": lambda book: by_top_topic(reports.asked_for(book, query), book),
        "channels": lambda book: by_source(reports.asked_for(book, query), book),
        "by month": lambda book: by("month", reports.asked_for(book, query), book, query),
        "timing": lambda book: reports.timing(book, query, clock),
        "overdue": lambda book: reports.overdue(book, query, today=TODAY, zone=zone),
    }


def answer(rt: Runtime, ask: Callable[[Book], object]) -> object:
    with rt.reading() as session:
        directory = Directory.load(session, default_catalogue())
        return ask(open_book(session, directory))


def touch(rt: Runtime) -> None:
    """As an agency's answer does."""
    with rt.transaction() as session:
        statement = update(Complaint).where(col(Complaint.id) == 77)
        session.execute(statement.values(updated_at=rt.now(), rating=5))


def took(
    kind: str, what: str, work: Callable[[], object], before: Callable[[], object] | None = None
) -> Figure:
    seconds = []
    for _ in range(ROUNDS):
        if before:
            before()
        seconds.append(timed(work)[0])
    p50, p99 = percentiles(seconds)
    return Figure(database=kind, what=what, p50=p50, p99=p99)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def sizes(rt: Runtime) -> str:
    """What the packed days take, and how many rows plain SQL would need for the same answers."""
    with rt.reading() as session:
        packed = session.exec(select(col(Rollup.cases))).all()
        answers = session.exec(select(func.sum(func.length(col(Rollup.answers))))).one()
    unlike = 0
    for day in packed:
        cases = unpacked([day], CASE)
        unlike += len({case[:-1] for case in cases.tolist()})
    size = sum(map(len, packed)) + answers
    return f"{size / 1e6:.0f} MB in {len(packed):,} days; {unlike:,} combinations unlike each other"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--complaints", default=2_000_000, show_default=True, help="How many.")
@click.option("--database", "kinds", type=click.Choice(KINDS), multiple=True, default=KINDS[:1])
@click.option("--folder", type=click.Path(path_type=Path), default=ROOT / "var", help="On a disk.")
def main(*, complaints: int, kinds: tuple[str, ...], folder: Path) -> None:
    """Time the rollups and every report on invented complaints."""
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    for kind in kinds:
        figures, size = run(kind, complaints, folder, console)
        table = Table("what", title=f"{kind}, {complaints:,} complaints: {size}")
        for head in ("p50 ms", "p99 ms"):
            table.add_column(head, justify="right")
        for figure in figures:
            cells = report.cells(figure)
            table.add_row(cells[0], cells[2], cells[3])
        Console().print(table)


def run(kind: str, count: int, folder: Path, console: Console) -> tuple[list[Figure], str]:
    with (
        TemporaryDirectory(prefix="bench-", dir=folder) as name,
        database(kind, Path(name)) as (url, _),
    ):
        rt = build(load(ROOT / "config.yaml", {"DATABASE_URL": url, "DATA_DIR": name}))
        try:
            fill(rt, count, console)
            return list(measure(kind, rt, console)), sizes(rt)
        finally:
            rt.close()


if __name__ == "__main__":
    main()
