"""Learning from what officers decided; `python -m gateway.learning` does it at once."""

import fcntl
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from gateway import logs
from gateway.faults import where
from gateway.reading import build_reader, deployment_of
from gateway.runtime import Runtime, open_runtime
from gateway.settings import ConfigError, Settings, load
from parsers.catalogue import Catalogue
from parsers.learned import Field
from parsers.text import tokenise
from parsers.understand import Understander
from store import audit
from store.agencies.directory import Directory
from store.catalogue import DEFAULT, default_catalogue
from store.learning import corrections
from store.learning.corrections import Decision, Tally
from store.learning.examples import FILE as EXAMPLES
from store.learning.examples import LABELS, Example, kept_for, read_examples
from store.learning.model_files import (
    FOLDER,
    Deployment,
    Learnt,
    NoModel,
    fingerprint,
    load_model,
    save,
)
from store.learning.training import Say, TooFew, learn

log = structlog.get_logger()
JUDGED = ("category", "agency")
RIGHT = 0.95  # of the sure answers: what being sure promises
CHANCE = 0.01  # of the decisions: so much may one field lose while both together do not
FEWER_SURE = 0.9  # so much less often sure may a better model be
NICE = 10
ACTOR = "system"


class Busy(Exception):
    """Somebody is learning for this deployment already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run found; `kept` says why the model in use stays, empty: the new one is used."""

    decided: int
    taught: int
    first: Mapping[str, Tally]  # what was proposed as the messages came in
    duplicates: Tally
    before: Mapping[str, Tally]  # by the model in use, on the fifth that taught nothing
    after: Mapping[str, Tally]  # by the new one, on the same
    kept: str
    dry_run: bool
    seconds: float

    def figures(self) -> dict[str, Any]:
        """Numbers only: they go into the audit."""
        return asdict(self)


def learn_from_store(
    rt: Runtime,
    say: Say,
    *,
    actor: str = ACTOR,
    since: datetime | None = None,
    dry_run: bool = False,
    national: Path = DEFAULT / EXAMPLES,
) -> Outcome:
    """Learn, judge, and use the new model if it is not worse; figures stay in the audit.

    What the examples of `national`, and those beside the catalogue, know is learnt again with it,
    so that nothing is forgotten.
    Busy if somebody else is at it; TooFew if nothing was decided that can be learnt.
    """
    began, until = time.monotonic(), rt.now()
    with alone(rt.settings.data_dir / FOLDER):
        with rt.reading() as session:
            directory = Directory.load(session, rt.settings.catalogue)
            decided = corrections.decisions(session, directory, since=since)
            pairs = corrections.duplicates(session, since=since)
        lesson = _lesson(rt.settings, directory, decided, say, national)
        outcome = Outcome(
            decided=len(decided),
            taught=lesson.taught,
            first=corrections.first_proposals(decided),
            duplicates=pairs,
            before=lesson.before,
            after=lesson.after,
            kept=_worse(lesson.before, lesson.after),
            dry_run=dry_run,
            seconds=round(time.monotonic() - began, 1),
        )
        if not dry_run:
            _keep(rt, lesson.learnt, outcome, actor=actor, until=until)
    return outcome


@dataclass(frozen=True, slots=True)
class _Lesson:
    """A new model, how many decisions taught it, and how the old and the new one were judged."""

    learnt: Learnt
    taught: int
    before: Mapping[str, Tally]
    after: Mapping[str, Tally]


def _lesson(
    settings: Settings,
    directory: Directory,
    decided: Sequence[Decision],
    say: Say,
    national: Path,
) -> _Lesson:
    catalogue = directory.catalogue
    judges = [one for one in decided if one.held_out]
    old = build_reader(settings, deployment_of(settings))
    before = _judge(old.understander, judges, directory)
    del old  # a model less in memory
    pupil = build_reader(settings, Deployment(catalogue), learning=True).understander
    shipped = read_examples(national, default_catalogue()).rows
    known = kept_for(shipped, catalogue)
    without_people = partial(
        corrections.examples,
        known=pupil.matchers.words.normaliser.known,
        usual={token.norm for example in shipped for token in tokenise(example.text)},
    )
    lessons = without_people([one for one in decided if not one.held_out])
    if not lessons:
        raise TooFew("nothing to learn: no complaint has been decided about that may be used.")
    areas = {example.text: area for example, area in lessons}
    told = [*lessons, *without_people(_brought(settings))]
    listed = [*known, *(example for example, _ in told)]
    learnt = learn(listed, lambda text: pupil.see(text, area=areas.get(text)), say)
    learnt = _scored_as_before(learnt, settings, known)
    new = build_reader(settings, Deployment(catalogue, learnt.model))
    return _Lesson(learnt, len(lessons), before, _judge(new.understander, judges, directory))


def _brought(settings: Settings) -> list[Decision]:
    """The good rows of the examples beside a catalogue of one's own, each by a different person."""
    path = settings.catalogue_dir / EXAMPLES
    if not settings.matching.catalogue or not path.exists():
        return []
    rows = read_examples(path, settings.catalogue).rows
    return [
        Decision(
            tracking=number,
            writer=f"example {number}",
            text=row.text,
            area=None,
            decided={name: label for name in LABELS if (label := row.label(name))},
            proposed={},
            sure=frozenset(),
        )
        for number, row in enumerate(rows)
    ]


def _scored_as_before(learnt: Learnt, settings: Settings, shipped: Sequence[Example]) -> Learnt:
    """The same weighing and the same scores as the model beside the catalogue has.

    They were made on messages of people. Made anew from examples that are mostly invented, they
    would promise too much; made from a few dozen decisions, they would prove nothing. A field of
    an own catalogue that the `shipped` examples teach as well has those of the shipped model.
    """
    numbers = {
        field.name: field
        for field in _fields(DEFAULT, default_catalogue())
        if any(example.label(field.name) for example in shipped)
    }
    own = _fields(settings.catalogue_dir, settings.catalogue)
    numbers |= {field.name: field for field in own}
    learnt.model.fields = [
        replace(numbers[field.name], classes=field.classes) if field.name in numbers else field
        for field in learnt.model.fields
    ]
    return learnt


def _fields(directory: Path, catalogue: Catalogue) -> Sequence[Field]:
    found = load_model(directory, catalogue)
    return () if isinstance(found, NoModel) else found.fields


def _judge(
    understander: Understander, decided: Sequence[Decision], directory: Directory
) -> dict[str, Tally]:
    said = []
    for one in decided:
        seen = understander.understand(one.text, area=one.area)
        found = {"category": seen.category, "agency": seen.agency}
        codes = {name: each.code for name, each in found.items() if each}
        if "agency" in codes:
            codes["agency"] = corrections.type_of(codes["agency"], directory)
        said.append((codes, {name for name, each in found.items() if each and each.sure}))
    return {name: corrections.tally(name, decided, said) for name in JUDGED}


def _worse(before: Mapping[str, Tally], after: Mapping[str, Tally]) -> str:
    """Why the new model must not replace the old one, or nothing.

    Category and agency count together: either alone may fall by what is chance.
    """
    old, new = _together(before), _together(after)
    if not new.of:
        return "no decision was held out to judge by"
    if new.right < old.right:
        return f"right {new.right} times instead of {old.right}, of {new.of}"
    for name, tally in after.items():
        if tally.right < before[name].right - CHANCE * tally.of:
            return f"{name}: right {tally.right} times instead of {before[name].right}"
    if new.sure_right < FEWER_SURE * old.sure_right:
        return f"sure and right {new.sure_right} times instead of {old.sure_right}"
    if _sure_share(new) < min(_sure_share(old), RIGHT):
        return f"where it is sure, wrong {new.sure - new.sure_right} times of {new.sure}"
    return ""


def _together(tallies: Mapping[str, Tally]) -> Tally:
    parts = [astuple(tally) for tally in tallies.values()]
    return Tally(*map(sum, zip(*parts, strict=True)))


def _sure_share(tally: Tally) -> float:
    return tally.sure_right / tally.sure if tally.sure else 1.0


def _keep(rt: Runtime, learnt: Learnt, outcome: Outcome, *, actor: str, until: datetime) -> None:
    catalogue = rt.settings.catalogue
    if not outcome.kept:
        save(rt.settings.data_dir, catalogue, learnt, when=until)
    stamps = {"until": until.isoformat(), "catalogue": fingerprint(catalogue)}
    with rt.transaction() as session:
        audit.write(
            session,
            now=rt.now(),
            actor=actor,
            action=corrections.ACTION,
            reason=outcome.kept or "not worse: used from now on",
            detail=outcome.figures() | stamps,
        )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Busy if another process learns here; the lock of a process that dies is free at once."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy("somebody is learning already: wait until that has ended.") from error
        yield


def main() -> int:
    """One line in the log says what came of it, and no text of a citizen."""
    logs.configure()
    os.nice(NICE)
    try:
        with open_runtime(load()) as rt:
            outcome = learn_from_store(rt, lambda _: None)
    except (Busy, TooFew) as error:
        log.info("learn", kept=str(error))
        return 0
    except ConfigError as error:
        log.error("learn_failed", error=str(error))
        return 1
    except Exception as error:  # noqa: BLE001 - only its type and place may be told
        log.error("learn_failed", error=where(error))
        return 1
    log.info("learn", **outcome.figures())
    return 0


if __name__ == "__main__":
    sys.exit(main())
