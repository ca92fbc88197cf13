"""The OpenAPI document is valid, complete and kept, whatever is sent: schemathesis tries."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from gateway.app import create_app
from tests.api import filed, program
from tests.harness import Gateway, tuned

EXAMPLES = 15  # of each operation


class Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Thousands of lines say nothing."""


@contextmanager
def served(gateway: Gateway) -> Iterator[str]:
    """On a real socket, and with no limit that so many requests would meet."""
    rt = tuned(gateway.rt, api={"requests_per_minute": 1_000_000, "strangers_per_minute": 100_000})
    server = make_server("127.0.0.1", 0, create_app(rt), threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_whatever_is_sent_the_answer_is_as_the_document_says(gateway: Gateway, tmp_path: Path):
    filed(gateway)
    key = program(gateway).key
    with served(gateway) as url:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/openapi.json"),
                *("--header", f"Authorization: Bearer {key}", "--checks", "all"),
                *("--max-examples", str(EXAMPLES), "--seed", "1708", "--continue-on-failure"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
