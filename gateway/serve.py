"""`python -m gateway.serve`: the WSGI server with the settings of config.yaml."""

import sys

from granian import Granian
from granian.constants import Interfaces

from gateway.settings import ConfigError, load


def main() -> None:
    """Serve until told to stop: one process, whose requests share their commits."""
    try:
        web = load().web
    except ConfigError as error:
        sys.exit(str(error))
    Granian(
        "gateway.wsgi:app",
        address=web.host,
        port=web.port,
        interface=Interfaces.WSGI,
        blocking_threads=web.threads,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main()
