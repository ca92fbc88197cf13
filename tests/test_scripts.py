"""Dialogues as scripts, on every channel: every message comes twice, every job runs twice."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from bots.reader import Reader
from gateway.settings import ROOT, load
from store.db import open_engine
from tests.conftest import open_gateway
from tests.harness import Clock, Gateway
from tests.stage import CHANNELS, FIELDS, SILENCE, Script, Stage, scripts

SCRIPTS = list(scripts())
PLAYS = [
    pytest.param(script, channel, id=f"{script.title}, {channel}".replace(" ", "-"))
    for script in SCRIPTS
    for channel in script.channels
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One for all plays: what it has learnt of SQL is a sixth of their work."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('plays')}/1708.db")
    yield engine
    engine.dispose()


@pytest.fixture
def stage(
    engine: Engine,
    redis_url: str,
    migrated_sqlite: Path,
    tmp_path: Path,
    reader: Reader,
    clock: Clock,
) -> Iterator[Gateway]:
    """SQLite is enough: what differs between databases is below the dialogue."""
    path = Path(engine.url.database or "")
    for old in path.parent.iterdir():
        old.unlink()
    shutil.copy(migrated_sqlite, path)
    environ = {
        "DATABASE_URL": str(engine.url),
        "REDIS_URL": redis_url,
        "DATA_DIR": str(tmp_path / "var"),
    }
    settings = load(ROOT / "config.yaml", environ)
    yield from open_gateway(settings, clock, reader, engine=engine)


@pytest.mark.parametrize(("script", "channel"), PLAYS)
def test_script(script: Script, channel: str, stage: Gateway) -> None:
    play = Stage(stage, channel)
    for step in script.steps:
        play.play(step)
        if "wait" in step:
            continue
        assert play.heard() == expected(step["hear"]), step
        assert play.buttons() == step.get("buttons", []), step
        for number, fields in step.get("case", {}).items():
            assert kept(play, number, fields) == fields, step
    assert len(stage.told) == sum(1 for step in script.steps if is_message(step))


def test_there_are_enough_of_them_and_no_title_twice() -> None:
    titles = [script.title for script in SCRIPTS]
    assert len(titles) == len(set(titles))
    assert len(titles) >= 60
    assert {channel for script in SCRIPTS for channel in script.channels} == set(CHANNELS)


def expected(hear: str | list[str]) -> list[str]:
    if hear == SILENCE:
        return []
    return [hear] if isinstance(hear, str) else hear


def is_message(step: dict[str, Any]) -> bool:
    return not {"wait", "officer", "job"} & step.keys()


def kept(play: Stage, number: int, fields: dict[str, Any]) -> dict[str, Any]:
    """What is stored of a complaint, of the fields that the script speaks about."""
    case = play.case(number)
    values: dict[str, Any] = {name: getattr(case, name) for name in FIELDS}
    values["history"] = [event.kind for event in play.history(number)]
    values["told"] = [event.text for event in play.history(number) if event.text]
    values["photos"] = play.photos(number)
    return {name: values[name] for name in fields}
