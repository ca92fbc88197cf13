"""`python -m benchmarks.families`: how well families are proposed; prints a table, asserts nothing.

Each pair is read as the intake would read it, so mistakes in topic and place count as well.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bots.reader import Reader
from bots.routing import decide
from bots.sketch import Sketcher, sketcher
from gateway.reading import build_reader
from gateway.settings import ROOT, load
from parsers.likeness import Likeness, Report, Rules, compare
from store.families.clues import Files
from store.families.spots import load_spot_words
from store.models import Complaint

CORPUS = Path(__file__).parent / "corpus" / "families.jsonl"
FIRST = datetime(2026, 11, 16, 2, tzinfo=UTC)
REPORTERS = (1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One labelled pair, and what was found."""

    id: str
    half: str
    kind: str
    same: bool
    found: Likeness | None

    @property
    def outcome(self) -> str:
        if self.same:
            return "found" if self.found else "missed"
        return "wrong" if self.found else "left"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--half", type=click.Choice(["tune", "report", "both"]), default="report")
@click.option("--errors", is_flag=True, help="List the pairs that were judged wrongly.")
def main(*, half: str, errors: bool) -> None:
    """Precision and recall of the proposals on an invented, labelled set of pairs.

    Weights are tuned on the half `tune`; the half `report` is for figures only.
    """
    settings = load(ROOT / "config.yaml", {})
    reader, rules = build_reader(settings), settings.families.rules.likeness
    sketches = sketcher(reader.understander, reader.gazetteer, load_spot_words())
    judged = [judge(line, reader, sketches, rules) for line in lines(half)]
    Console().print(table(judged, half))
    if errors:
        for one in judged:
            if one.outcome in ("missed", "wrong"):
                click.echo(f"{one.outcome} {one.id} ({one.kind}) {one.found or ''}")


def lines(half: str) -> Iterator[dict[str, Any]]:
    for line in CORPUS.read_text("utf-8").splitlines():
        pair = json.loads(line)
        if half in (pair["half"], "both"):
            yield pair


def judge(pair: dict[str, Any], reader: Reader, sketches: Sketcher, rules: Rules) -> Judged:
    later = FIRST + timedelta(hours=pair["hours"])
    people = REPORTERS[:1] * 2 if pair.get("same_reporter") else REPORTERS
    reports = [
        _report(pair[name], at, person, reader, sketches)
        for name, at, person in zip(("one", "other"), (FIRST, later), people, strict=True)
    ]
    found = compare(reports[0], reports[1], rules)
    return Judged(
        id=pair["id"], half=pair["half"], kind=pair["kind"], same=pair["same"], found=found
    )


def _report(
    said: dict[str, Any], at: datetime, person: int, reader: Reader, sketches: Sketcher
) -> Report:
    """As the intake files it: the topic where it is sure; a doubtful place is asked for."""
    lat, lon = said.get("pin") or (None, None)
    seen = reader.understand(said["text"], area=said.get("area"), lat=lat, lon=lon)
    route = decide(seen, local=reader.local(seen))
    place = route.place or seen.place
    complaint = Complaint(
        tracking=1_000_000,
        text=said["text"],
        kind=seen.kind,
        category=route.category,
        place=place.code if place else None,
        address=seen.address,
        lat=lat,
        lon=lon,
        deadline=at.date(),
        created_at=at,
        updated_at=at,
    )
    pictures = [said["picture"]] if "picture" in said else []
    return sketches.report(complaint, Files(pictures), person)


def table(judged: Iterable[Judged], half: str) -> Table:
    found = Table("pairs", "all", "found", "missed", "wrong", "precision", "recall", title=half)
    judged = list(judged)
    kinds = list(dict.fromkeys((one.same, one.kind) for one in judged))
    for same, kind in kinds:
        of_kind = [one for one in judged if (one.same, one.kind) == (same, kind)]
        found.add_row(f"{'one spot' if same else 'two'}: {kind}", *_figures(of_kind))
    found.add_section()
    found.add_row("all", *_figures(judged))
    return found


def _figures(judged: list[Judged]) -> list[str]:
    count = Counter(one.outcome for one in judged)
    proposed, same = count["found"] + count["wrong"], count["found"] + count["missed"]
    return [
        str(len(judged)),
        *(str(count[name] or "") for name in ("found", "missed", "wrong")),
        f"{count['found'] / proposed:.1%}" if proposed else "",
        f"{count['found'] / same:.1%}" if same else "",
    ]


if __name__ == "__main__":
    main()
