"""`make run`: look that everything can start, prepare the database, run the Procfile, say where to look."""

import os
import shutil
import socket
import sys
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import click
from honcho.environ import parse_procfile
from honcho.manager import Manager
from sqlalchemy.exc import SQLAlchemyError

from gateway.settings import ROOT, ConfigError, Settings, load
from gateway.valkey import is_local
from store.db import open_engine, upgrade

GREETING = """
1708 is running.

  Two phones to try it   {url}/simulator
  Is it well?            {url}/readyz   {url}/metrics
  Send from here         lapor send --channel sms --from +6281200000001 \\
                           "Jalan rusak parah di Kec. Coblong Kota Bandung"
  Operators              lapor inbox list · lapor outbox list · lapor doctor

  (commands are in .venv/bin; Ctrl-C stops everything)
"""


def main() -> None:
    try:
        settings = load()
    except ConfigError as error:
        sys.exit(f"The configuration cannot be used; correct this and start again:\n{error}")
    complaint = busy(settings)
    if complaint:
        sys.exit(complaint)
    prepare(settings)
    sys.exit(run(settings))


def busy(settings: Settings) -> str | None:
    """A sentence about the first port that somebody else holds."""
    web = settings.web
    if taken(web.host, web.port):
        return (
            f"Port {web.port} on {web.host} is already in use: another 1708 may be running. "
            f"Stop it, or choose another port: PORT={web.port + 1} make run"
        )
    queue = urlsplit(settings.queue.url)
    if settings.queue.embedded and is_local(settings.queue.url):
        port = queue.port or 6379
        if taken(queue.hostname or "127.0.0.1", port):
            other = f"redis://127.0.0.1:{port + 1}/0"
            return (
                f"Port {port}, which the embedded queue needs, is already in use. Stop what holds "
                f"it, or choose another: REDIS_URL={other} make run "
                f"(to use a server of your own, set queue.embedded: false)"
            )
    return None


def taken(host: str, port: int) -> bool:
    """Whether nobody could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def prepare(settings: Settings) -> None:
    """Folders, an empty metrics folder, and the newest schema."""
    folder = metrics_folder(settings)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    click.echo("Database: ", nl=False)
    try:
        engine = open_engine(settings.database.url)
        upgrade(engine, say=lambda line: click.echo(line, nl=False))
        engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        sys.exit(
            f"cannot be opened ({type(error).__name__}). Check database.url in config.yaml or "
            "DATABASE_URL, and that the folder can be written."
        )
    click.echo(" ready.")


def metrics_folder(settings: Settings) -> Path:
    return settings.data_dir / "metrics"


def run(settings: Settings) -> int:
    """Every line of the Procfile as a process; when one ends, all end."""
    procfile = parse_procfile((ROOT / "Procfile").read_text("utf-8"))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics_folder(settings).resolve()),
        "PYTHONUNBUFFERED": "1",
    }
    manager = Manager()
    for name, command in procfile.processes.items():
        if name != "release":
            manager.add_process(name, command, env=environment, cwd=str(ROOT))
    threading.Thread(target=greet, args=(settings,), daemon=True).start()
    manager.loop()
    return manager.returncode or 0


def greet(settings: Settings) -> None:
    """Say where to look once the web process answers."""
    web = settings.web
    url = f"http://{web.host}:{web.port}"
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=1):  # noqa: S310 - our own address
                break
        except OSError:
            time.sleep(0.2)
    click.echo(GREETING.format(url=url))


if __name__ == "__main__":
    main()
