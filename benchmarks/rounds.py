"""The rounds that one database goes through; each returns its lines of the table."""

import json
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep

from benchmarks.figures import Cost, Figure, middle, percentiles
from benchmarks.limits import empty_jobs
from benchmarks.load import PATH, Post, Shot, fire, posts
from benchmarks.service import Service

QUIET_SECONDS = 90.0  # without a further reply the rest is lost: longer than any drain or lease
LINGER_SECONDS = 0.5  # in which a second reply would come
BARE = "bare answer"
INSERT = "one insert"
JOB = "empty job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is sent, and how fast at a moderate load."""

    messages: int  # of one saturated round
    rounds: int
    seconds: float  # of a moderate load
    accept_rate: float
    answer_rate: float


@dataclass(slots=True, kw_only=True)
class Bench:
    """A service under measurement."""

    database: str
    service: Service
    web: int  # port
    provider: int  # port
    redis_url: str
    server: Sequence[int]  # ids of the database's own processes
    size: Size
    say: Callable[[str], None]
    _first: int = field(default=0)

    def posts(self, number: int, path: str = PATH) -> list[Post]:
        """Messages of people who have not written before."""
        first, self._first = self._first, self._first + number
        return posts(number, first=first, path=path)

    def asked(self, what: str) -> str:
        url = f"http://127.0.0.1:{self.provider}/{what}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())


@dataclass(frozen=True, slots=True)
class Flight:
    """Messages and the replies that the provider got to them."""

    shots: Sequence[Shot]
    came: Mapping[str, Sequence[float]]  # by sender

    @property
    def per_second(self) -> float:
        last = max((time for times in self.came.values() for time in times), default=0.0)
        answered = sum(bool(times) for times in self.came.values())
        return answered / max(last - self.shots[0].began, 1e-9)

    @property
    def seconds(self) -> list[float]:
        return [self.came[s.sender][0] - s.began for s in self.shots if self.came[s.sender]]

    @property
    def faults(self) -> dict[str, int]:
        sizes = [len(times) for times in self.came.values()]
        refused = sum(shot.status != 200 for shot in self.shots)
        double = sum(size > 1 for size in sizes)
        return {"lost": sizes.count(0), "double": double, "refused": refused}


def limits(bench: Bench) -> list[Figure]:
    """What the server, the database and the queue can do at best on this machine, now."""
    bench.service.start("bare", "benchmarks.bare", port=bench.web)
    bare = _saturated(bench, BARE, path="/bare")
    insert = _saturated(bench, INSERT, path="/insert", limit=bare)
    bench.service.stop("bare")
    bench.say(JOB)
    jobs = middle([empty_jobs(bench.redis_url, 500) for _ in range(bench.size.rounds)])
    return [bare, insert, Figure(database=bench.database, what=JOB, per_second=jobs)]


def accepted(bench: Bench, insert: Figure) -> list[Figure]:
    """Webhooks answered with a 2xx, each durable, while no worker runs."""
    return [_saturated(bench, "accepted", limit=insert), _moderate_accept(bench)]


def _saturated(bench: Bench, what: str, *, path: str = PATH, limit: Figure | None = None) -> Figure:
    bench.say(what)
    fire(bench.web, bench.posts(200, path))
    shots = [
        fire(bench.web, bench.posts(bench.size.messages, path)) for _ in range(bench.size.rounds)
    ]
    p50, p99 = percentiles([shot.seconds for each in shots for shot in each])
    return Figure(
        database=bench.database,
        what=what,
        per_second=middle([len(each) / _span(each) for each in shots]),
        p50=p50,
        p99=p99,
        limit=limit.what if limit else "",
        limit_per_second=limit.per_second if limit else None,
        faults={"refused": sum(shot.status != 200 for each in shots for shot in each)},
    )


def _span(shots: Sequence[Shot]) -> float:
    return max(shot.ended for shot in shots) - min(shot.began for shot in shots)


def _moderate_accept(bench: Bench) -> Figure:
    rate = bench.size.accept_rate
    what = f"accepted at {rate:.0f}/s"
    bench.say(what)
    shots = fire(bench.web, bench.posts(int(rate * bench.size.seconds)), rate=rate)
    p50, p99 = percentiles([shot.seconds for shot in shots])
    refused = sum(shot.status != 200 for shot in shots)
    return Figure(database=bench.database, what=what, p50=p50, p99=p99, faults={"refused": refused})


def end_to_end(bench: Bench, job: Figure) -> tuple[list[Figure], list[Cost]]:
    """From the first webhook to the last reply at the provider, with the real workers."""
    bench.say("end to end: the workers start")
    _fly(bench, 64)
    moderate = _moderate_answer(bench)
    bench.say("end to end")
    before = bench.service.cpu(database=bench.server)
    flights = [_fly(bench, bench.size.messages) for _ in range(bench.size.rounds)]
    after = bench.service.cpu(database=bench.server)
    saturated = Figure(
        database=bench.database,
        what="end to end",
        per_second=middle([flight.per_second for flight in flights]),
        limit=job.what,
        limit_per_second=job.per_second,
        faults={name: sum(flight.faults[name] for flight in flights) for name in flights[0].faults},
    )
    messages = bench.size.messages * bench.size.rounds
    costs = [
        Cost(bench.database, name, 1000 * (seconds - before[name]) / messages)
        for name, seconds in after.items()
    ]
    return [saturated, moderate], costs


def _moderate_answer(bench: Bench) -> Figure:
    rate = bench.size.answer_rate
    what = f"end to end at {rate:.0f}/s"
    bench.say(what)
    flight = _fly(bench, int(rate * bench.size.seconds), rate=rate)
    p50, p99 = percentiles(flight.seconds)
    return Figure(database=bench.database, what=what, p50=p50, p99=p99, faults=flight.faults)


def _fly(bench: Bench, number: int, *, rate: float | None = None) -> Flight:
    """Send, and wait until every message has its reply or none has come for long."""
    batch = bench.posts(number)
    wanted = int(bench.asked("count")) + number
    shots = fire(bench.web, batch, rate=rate)
    _wait_for(bench, wanted)
    sleep(LINGER_SECONDS)
    came: dict[str, list[float]] = {post.sender: [] for post in batch}
    for sender, time in json.loads(bench.asked("received")):
        if sender in came:
            came[sender].append(time)
    return Flight(sorted(shots, key=lambda shot: shot.began), came)


def _wait_for(bench: Bench, wanted: int) -> None:
    seen, since = -1, monotonic()
    while True:
        bench.service.check()
        now = int(bench.asked("count"))
        if now >= wanted or monotonic() - since > QUIET_SECONDS:
            return
        if now != seen:
            seen, since = now, monotonic()
        sleep(0.05)
