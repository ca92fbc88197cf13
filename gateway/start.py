"""`make run`: look that everything can start, run the Procfile, say where to look."""

import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click
from honcho.environ import parse_procfile
from honcho.manager import Manager

from gateway.settings import ROOT, ConfigError, Settings, load
from gateway.valkey import is_local

STOPPED = (None, 0, 130, 143)  # by Ctrl-C or SIGTERM
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
    procfile = parse_procfile((ROOT / "Procfile").read_text("utf-8")).processes
    environment = surroundings(settings)
    release = subprocess.run(  # noqa: S603 - a line of our own Procfile
        shlex.split(procfile.pop("release")), env=environment, cwd=ROOT, check=False
    )
    sys.exit(release.returncode or run(settings, procfile, environment))


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


def surroundings(settings: Settings) -> dict[str, str]:
    """The environment of every process, with an empty folder for their counters."""
    metrics = (settings.data_dir / "metrics").resolve()
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "PYTHONUNBUFFERED": "1",
    }


def run(settings: Settings, procfile: Mapping[str, str], environment: dict[str, str]) -> int:
    """Every line of the Procfile as a process; when one ends, all end. Ctrl-C is a good end."""
    manager = Manager()
    for name, command in procfile.items():
        manager.add_process(name, command, env=environment, cwd=str(ROOT))
    threading.Thread(target=greet, args=(settings,), daemon=True).start()
    manager.loop()
    return 0 if manager.returncode in STOPPED else int(manager.returncode)


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
