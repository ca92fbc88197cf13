"""The processes of the Procfile, really started, on ports of their own."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml
from honcho.environ import parse_procfile

from gateway.settings import ROOT
from store.db import open_engine, upgrade
from tests.harness import eventually

PROCFILE: Mapping[str, str] = parse_procfile((ROOT / "Procfile").read_text("utf-8")).processes
PATIENCE = 120  # seconds until a process works; only a failing test waits so long


class Service:
    """Starts lines of the Procfile by name; ends, at the latest with the test, what it started."""

    def __init__(self, environ: Mapping[str, str], logs: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environ = {**os.environ, **environ, "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._logs = logs
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            _signal(process, signal.SIGTERM)
        for name in list(self._running):
            self.kill(name, patience=3)

    @classmethod
    @contextmanager
    def whole(cls, folder: Path) -> Iterator["Service"]:
        """Everything that `make run` starts, on SQLite and a Valkey of its own."""
        database = f"sqlite:///{folder / '1708.db'}"
        engine = open_engine(database)
        upgrade(engine)
        engine.dispose()
        environ = {
            "DATABASE_URL": database,
            "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
            "DATA_DIR": str(folder),
            "LAPOR_CONFIG": str(ROOT / "config.yaml"),
        }
        with cls(environ, folder / "log") as service:
            service.start(*(name for name in PROCFILE if name not in ("release", "telegram")))
            service.wait_ready()
            yield service

    def start(self, *names: str) -> None:
        for name in names:
            program, *arguments = shlex.split(PROCFILE[name])
            assert program == "python"
            with (self._logs / f"{name}.log").open("ab") as log:
                self._running[name] = subprocess.Popen(
                    [sys.executable, *arguments],
                    cwd=ROOT,
                    env=self._environ,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # its children are found by its group
                )

    def kill(self, name: str, *, patience: float = 0) -> None:
        """SIGKILL to the process and its children, after `patience` seconds to end by itself."""
        process = self._running.pop(name)
        if patience:
            with suppress(subprocess.TimeoutExpired):
                process.wait(patience)
        _signal(process, signal.SIGKILL)
        process.wait(10)

    def wait_ready(self) -> None:
        eventually(lambda: self.get("/readyz") == 200, "/readyz says 200", seconds=PATIENCE)

    def wait_web(self) -> None:
        eventually(lambda: self.get("/healthz") == 200, "/healthz says 200", seconds=PATIENCE)

    def get(self, path: str) -> int | None:
        """The status of a GET; None while nothing listens."""
        return self.post(path, None, {})

    def post(self, path: str, body: bytes | None, headers: Mapping[str, str]) -> int | None:
        """The status of one request; None if it was never answered."""
        request = urllib.request.Request(self.url + path, body, dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return None

    def log(self) -> str:
        """Everything that the processes have said so far."""
        return "".join(path.read_text("utf-8") for path in sorted(self._logs.iterdir()))


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def write_config(path: Path, **changes: Mapping[str, Any]) -> Path:
    """The shipped config.yaml with other values: `intake={"lease_seconds": 1}`."""
    values = yaml.load((ROOT / "config.yaml").read_text("utf-8"), yaml.CSafeLoader)
    for section, settings in changes.items():
        for name, value in settings.items():
            if isinstance(value, Mapping):
                values[section][name] |= value
            else:
                values[section][name] = value
    path.write_text(yaml.dump(values, Dumper=yaml.CSafeDumper), encoding="utf-8")
    return path
