"""`python -m benchmarks.speed`: how fast 1708 is on this machine; asserts nothing."""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import thread_time

import click
from rich.console import Console
from rich.status import Status

from benchmarks import report, rounds, stored
from benchmarks.figures import Cost, Figure, percentiles
from benchmarks.load import corpus
from benchmarks.rounds import Bench, Size
from benchmarks.service import Service, database, environment, free_port
from gateway.reading import build_reader
from gateway.settings import ROOT, load
from store.db import open_engine

KINDS = ("sqlite", "postgresql")
QUICK, FULL = 300, 3000
SPEED = Path(__file__).parent / "speed.md"
WARM = 50  # messages that are read before the clock counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the command line asked for."""

    size: Size
    stored: int
    folder: Path
    changes: Mapping[str, str]
    console: Console


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help=f"{QUICK} messages a round, not {FULL}; one round.")
@click.option("--messages", type=click.IntRange(2), help="Messages of one saturated round.")
@click.option("--stored", "old", default=0, help="Old complaints that are in the database before.")
@click.option("--database", "kinds", type=click.Choice(KINDS), multiple=True, default=KINDS)
@click.option("--accept-rate", default=200.0, help="Messages a second of the moderate accept load.")
@click.option("--answer-rate", default=100.0, help="The same, end to end.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="e.g. web.threads=4")
@click.option("--folder", type=click.Path(path_type=Path), default=ROOT / "var", help="On a disk.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; speed.md is left alone.")
def main(
    *,
    quick: bool,
    messages: int | None,
    old: int,
    kinds: tuple[str, ...],
    accept_rate: float,
    answer_rate: float,
    changes: tuple[str, ...],
    folder: Path,
    as_json: bool,
) -> None:
    """Measure 1708 on both databases, beside what server, database and queue do at best."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the processes are ended
    size = Size(
        messages=messages or (QUICK if quick else FULL),
        rounds=1 if quick else 3,
        seconds=3 if quick else 10,
        accept_rate=accept_rate,
        answer_rate=answer_rate,
    )
    plan = Plan(
        size=size,
        stored=old,
        folder=folder,
        changes=dict(change.split("=", 1) for change in changes),
        console=Console(stderr=True),
    )
    result = measure(plan, kinds)
    if as_json:
        click.echo(report.as_json(result))
        return
    report.show(result, Console())
    SPEED.write_text(report.markdown(result), "utf-8")


def measure(plan: Plan, kinds: tuple[str, ...]) -> report.Result:
    """All rounds, one database after the other."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    sizes = (
        f"{len(corpus()):,} messages read; {plan.size.messages:,} messages a saturated round, "
        f"median of {plan.size.rounds}; {plan.stored:,} old complaints stored before"
    )
    about = report.about(plan.folder, corpus=sizes)
    with plan.console.status("understanding"):
        figures = [understanding()]
    costs: list[Cost] = []
    for kind in kinds:
        more, spent = one_database(plan, kind)
        figures += more
        costs += spent
    return report.Result(about=about, figures=figures, costs=costs)


def understanding() -> Figure:
    """The reader alone, in this process, by CPU time: what one core can understand."""
    reader = build_reader(load(ROOT / "config.yaml", {}))
    words, took = corpus(), []
    for text in words[:WARM] + words:
        began = thread_time()
        reader.understand(text)
        took.append(thread_time() - began)
    took = took[WARM:]
    p50, p99 = percentiles(took)
    rate = len(took) / sum(took)
    return Figure(database="reader", what="understood", per_second=rate, p50=p50, p99=p99)


def one_database(plan: Plan, kind: str) -> tuple[list[Figure], list[Cost]]:
    """A whole 1708 on a new database of this kind, from its start to its end."""
    with (
        plan.console.status(kind) as status,
        TemporaryDirectory(prefix="bench-", dir=plan.folder) as name,
        database(kind, Path(name)) as (url, server),
    ):
        say = partial(_say, status, kind)
        folder, provider = Path(name), free_port()
        environ = environment(folder, database_url=url, provider=provider, changes=plan.changes)
        if plan.stored:
            fill(plan, url, say)
        with Service(folder, environ) as service:
            service.start("provider", "benchmarks.provider", str(provider), port=provider)
            service.start("valkey", "gateway.valkey", port=int(environ["REDIS_URL"][-7:-2]))
            bench = Bench(
                database=kind,
                service=service,
                web=int(environ["PORT"]),
                provider=provider,
                redis_url=environ["REDIS_URL"],
                server=server,
                size=plan.size,
                say=say,
            )
            return everything(bench)


def _say(status: Status, kind: str, what: str) -> None:
    status.update(f"{kind}: {what}")


def everything(bench: Bench) -> tuple[list[Figure], list[Cost]]:
    bare, insert, job = rounds.limits(bench)
    service = bench.service
    service.start("web", "gateway.serve", port=bench.web)
    service.start("intake", "gateway.worker", "intake")
    service.start("deliver", "gateway.worker", "deliver")
    answered, costs = rounds.end_to_end(bench, job)
    service.stop("intake", "deliver")
    return [bare, insert, job, *rounds.accepted(bench, insert), *answered], costs


def fill(plan: Plan, url: str, say: Callable[[str], None]) -> None:
    """Store the old complaints."""
    engine, done = open_engine(url), count(stored.BATCH, stored.BATCH)
    stored.fill(
        engine,
        plan.stored,
        progress=lambda: say(f"{min(next(done), plan.stored):,} of {plan.stored:,} stored"),
    )
    engine.dispose()


if __name__ == "__main__":
    main()
