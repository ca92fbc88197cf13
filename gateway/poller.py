"""`python -m gateway.poller`: Telegram for a machine it cannot reach; idles without a token."""

import signal
import sys
import threading

import click

from gateway import logs
from gateway.settings import ConfigError, Settings, load


def main() -> int:
    logs.configure()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = load()
    except ConfigError as error:
        sys.exit(str(error))
    token = settings.secrets.text("TELEGRAM_BOT_TOKEN")
    if token and settings.channels.telegram.polling:
        run(settings, token, stop)
    else:
        click.echo("Telegram comes by webhook" if token else "No TELEGRAM_BOT_TOKEN: not polling")
        stop.wait()
    return 0


def run(settings: Settings, token: str, stop: threading.Event) -> None:
    # Here, because they take a second and 80 MB, which a process that only waits does without.
    from gateway.channels.telegram_poll import poll
    from gateway.runtime import open_runtime

    with open_runtime(settings) as rt:
        poll(token, settings.channels.telegram.api_url, rt.accept, stop, note=rt.note)


if __name__ == "__main__":
    sys.exit(main())
