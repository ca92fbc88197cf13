"""Our own labelled messages (benchmarks/corpus); all people and numbers in them are invented."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from parsers.understanding import Kind

CORPUS = Path(__file__).parents[1] / "corpus"
Half = Literal["tune", "report", "all"]


class CorpusError(ValueError):
    """The corpus cannot be used; one line for every mistake."""


class Private(BaseModel):
    """A piece of private data as it stands in the text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    text: str


class Case(BaseModel):
    """One message and what a careful officer reads in it; empty where there is nothing to read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    text: str
    channel: str = ""
    noise: int = 0  # 0 as in a letter .. 3 as typed in a hurry on a keypad
    kind: Kind
    category: str | None = None
    categories_ok: tuple[str, ...] = ()  # also right
    agency: str | None = None
    agencies_ok: tuple[str, ...] = ()
    place: str | None = None  # Kemendagri code
    place_text: str | None = None
    ambiguous_place: bool = False  # a place is named, and nobody can know which
    address: str | None = None
    when: str | None = None
    date: str | None = None
    today: str | None = None
    area: str | None = None  # given beside the text
    tracking: tuple[str, ...] = ()
    private: tuple[Private, ...] = ()
    urgent: bool = False
    two: bool = False  # two complaints in one message

    @property
    def topics(self) -> tuple[str, ...]:
        """Categories that are right, the best first."""
        return _best_first(self.category, self.categories_ok)

    @property
    def agencies(self) -> tuple[str, ...]:
        return _best_first(self.agency, self.agencies_ok)


def _best_first(best: str | None, others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*([best] if best else ()), *others)))


def load(half: Half, folder: Path = CORPUS) -> list[Case]:
    """All messages of a half, in the order of their ids."""
    names = ("tune", "report") if half == "all" else (half,)
    mistakes: list[str] = []
    cases = [case for name in names for case in _read(folder / f"{name}.jsonl", mistakes)]
    if mistakes:
        raise CorpusError("\n".join(mistakes))
    return sorted(cases, key=lambda case: case.id)


def _read(path: Path, mistakes: list[str]) -> Iterator[Case]:
    seen: set[str] = set()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            case = Case.model_validate_json(line)
        except ValidationError as error:
            mistakes += [
                f"{path.name} line {number}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
                for wrong in error.errors()
            ]
            continue
        if case.id in seen:
            mistakes.append(f"{path.name} line {number}: the id {case.id} is there twice")
        seen.add(case.id)
        yield case
