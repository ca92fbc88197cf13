"""`lapor import` that was broken off."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gateway.runtime import Runtime
from tests.exchange import HEAD, counts, lines
from tests.harness import Lapor, eventually

MANY = 8_000  # four batches


@pytest.fixture
def many(write: Callable[..., Path]) -> Path:
    body = (
        f"{1_000_000 + n},Jalan rusak {n},2025-11-05,Selesai,Kementerian Sosial,2025-11-06"
        for n in range(MANY)
    )
    return write(lines(f"{HEAD},Instansi,Tanggal Disposisi", *body), "many.csv")


def test_an_import_that_was_killed_is_finished_by_starting_it_again(
    lapor: Lapor, runtime: Runtime, environ: dict[str, str], many: Path
):
    program = [sys.executable, "-c", "from gateway.cli import main; main()"]
    process = subprocess.Popen(
        [*program, "import", str(many)],
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    engine = create_engine(environ["DATABASE_URL"])

    def stored() -> int:
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM complaint")).scalar_one())

    eventually(stored, "the first batch is in", seconds=60)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    before = stored()
    engine.dispose()
    assert 0 < before < MANY
    again = counts(lapor("import", many, "--json"))
    assert again == {"read": MANY, "added": MANY - before, "unchanged": before}
    with runtime.engine.connect() as connection:
        for table, number in (("complaint", MANY), ("event", 2 * MANY), ("disposition", MANY)):
            found = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            assert (table, found) == (table, number)
