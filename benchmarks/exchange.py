"""`python -m benchmarks.exchange`: a million complaints in and out; asserts nothing.

Each step is the real command in a process of its own, so its peak of memory is its own too. The
same with a few rows shows what of it a process needs anyway.
"""

import csv
import gc
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import click
from rich.console import Console
from rich.table import Table

from benchmarks import report
from benchmarks.load import texts
from benchmarks.service import database, environment, free_port
from gateway.settings import ROOT

KINDS = ("sqlite", "postgresql")
LAPOR = (sys.executable, "-c", "from gateway.cli import main; main()")
FEW = 1_000
FIRST = 1_000_000
DAY = datetime(2019, 1, 1)  # noqa: DTZ001 - written as an SP4N-LAPOR! export writes it, without zone
HEADER = (
    *("Tracking ID", "Judul Laporan", "Isi Laporan Awal", "Klasifikasi", "Kategori"),
    *("Instansi Terdisposisi", "Sumber Laporan", "Status Laporan", "Provinsi", "Kota/Kabupaten"),
    *("Kecamatan", "Tanggal Laporan", "Tanggal Disposisi", "Tanggal Tindak Lanjut"),
    "Tanggal Selesai",
)
DESKS = (
    "Dinas Perhubungan Kota Bandung",
    "Kementerian Sosial; Dinas Sosial Kab. Garut",
    "Pemerintah Kota Surabaya",
    "PLN",
)
PLACES = (
    ("Jawa Barat", "Kota Bandung", "Coblong"),
    ("Jawa Barat", "Kab. Garut", ""),
    ("Jawa Timur", "Kota Surabaya", "Tegalsari"),
    ("Bali", "Kota Denpasar", "Denpasar Barat"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One command, run to its end."""

    database: str
    what: str
    rows: int
    seconds: float
    peak: float  # MB of resident memory
    file: float  # MB


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--database", "kinds", type=click.Choice(KINDS), multiple=True, default=KINDS)
@click.option("--folder", type=click.Path(path_type=Path), default=ROOT / "var", help="On a disk.")
def main(*, rows: int, kinds: tuple[str, ...], folder: Path) -> None:
    """Import, import again, export as CSV and JSON lines: rows a second and peak memory."""
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    about = report.about(folder, corpus=f"{rows:,} complaints as SP4N-LAPOR! exports them")
    console.print(about)
    for kind in kinds:
        with TemporaryDirectory(dir=folder) as name:
            show([*measured(kind, rows, Path(name))], console)


def measured(kind: str, rows: int, folder: Path) -> Iterator[Step]:
    """A few rows first, then all of them, on one new database."""
    few, all_ = folder / "few.csv", folder / "all.csv"
    write(few, FEW)
    write(all_, rows)
    with database(kind, folder) as (url, _):
        environ = environment(folder, database_url=url, provider=free_port(), changes={})
        for name, path, count in (
            ("import a few", few, FEW),
            ("import", all_, rows),
            ("import again", all_, rows),
        ):
            yield step(kind, name, count, ("import", str(path)), path, environ)
        for name in ("out.csv", "out.jsonl"):
            path = folder / name
            what = f"export {path.suffix[1:]}"
            yield step(kind, what, rows, ("export", str(path)), path, environ)
            path.unlink()


def write(path: Path, rows: int) -> None:
    """Complaints of several years, with several agencies, places and states."""
    words = texts(997)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        out.writerows(_row(number, words[number % len(words)]) for number in range(rows))


def _row(number: int, text: str) -> Sequence[str]:
    begin = DAY + timedelta(minutes=number % 3_000_000)
    done = number % 3 > 0
    stages = (begin + timedelta(days=days) for days in (0, 1, 4, 15))
    dates = [f"{stage:%d/%m/%Y %H:%M}" for stage in stages]
    return (
        *(str(FIRST + number), text[:60], text, "Pengaduan", "Perhubungan"),
        *(DESKS[number % len(DESKS)], "Website", "Selesai" if done else "Proses"),
        *PLACES[number % len(PLACES)],
        *(dates if done else [*dates[:2], "", ""]),
    )


def step(
    kind: str, what: str, rows: int, words: Sequence[str], path: Path, environ: dict[str, str]
) -> Step:
    """Run one command and take its time and its own peak of memory."""
    gc.collect()
    began = perf_counter()
    process = subprocess.Popen([*LAPOR, *words], env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"lapor {words[0]} ended with {process.returncode}")
    seconds = perf_counter() - began
    return Step(kind, what, rows, seconds, used.ru_maxrss / 1024, path.stat().st_size / 1e6)


def show(steps: Sequence[Step], console: Console) -> None:
    table = Table("database", "step", "rows", "seconds", "rows/s", "peak MB", "file MB")
    for found in steps:
        table.add_row(
            *(found.database, found.what, f"{found.rows:,}", f"{found.seconds:,.1f}"),
            *(f"{found.rows / found.seconds:,.0f}", f"{found.peak:,.0f}", f"{found.file:,.0f}"),
        )
    console.print(table)


if __name__ == "__main__":
    main()
