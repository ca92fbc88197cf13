"""The OpenAPI document: valid, complete, shown on a page of its own, and kept whatever is sent."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from pydantic import BaseModel
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.serving import WSGIRequestHandler, make_server

from gateway.api import wire, wire_office
from gateway.api.examples import EXAMPLES
from gateway.app import create_app
from tests.api import filed, program
from tests.browser import chromium
from tests.harness import Gateway, tuned

EXAMPLES_EACH = 8  # that schemathesis makes up for each operation
PATIENCE = 20  # seconds; only a failing test waits so long


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


@pytest.fixture
def document(gateway: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = gateway.http.get("/api/openapi.json").json
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_document_is_valid(document: dict[str, Any]):
    validate(document)
    assert document["openapi"].startswith("3.1")
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)) == 29


def test_every_operation_says_how_it_may_fail(document: dict[str, Any]):
    for path, method, operation in operations(document):
        answers = operation["responses"]
        expected = {"401", "403", "422", "429", "500", "503"}
        expected |= {"304"} if method == "get" else {"400", "413", "415"}
        expected |= {"404"} if "{tracking}" in path or "{row}" in path else set()
        expected |= {"409", "412", "428"} if operation["tags"] == ["moves"] else set()
        assert expected <= answers.keys(), path
        assert operation["security"] == [{"key": []}]
        assert operation["summary"], path


def test_every_answer_has_an_example(document: dict[str, Any]):
    shared = document["components"]["responses"]
    for path, _, operation in operations(document):
        for status, answer in operation["responses"].items():
            if "$ref" in answer:
                answer = shared[answer["$ref"].rpartition("/")[2]]
            for kind, content in answer.get("content", {}).items():
                if kind.startswith("application/") and "json" in kind:
                    assert "example" in content or content["examples"], (path, status)
        body = operation.get("requestBody")
        assert body is None or "example" in body["content"]["application/json"], path


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_one_of_its_model(name: str):
    model: type[BaseModel] = getattr(wire, name, None) or getattr(wire_office, name)
    made = model.model_validate_json(json.dumps(EXAMPLES[name]))
    shown = json.loads(made.model_dump_json(by_alias=True, exclude_unset=True))
    assert shown == EXAMPLES[name]


@pytest.mark.parametrize(
    ("database_url", "phases"),
    [("sqlite", "examples,coverage"), ("postgresql", "fuzzing,stateful")],
    indirect=["database_url"],
)
def test_whatever_is_sent_the_answer_is_as_the_document_says(
    gateway: Gateway, tmp_path: Path, phases: str
):
    filed(gateway)
    with served(gateway) as url:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/openapi.json"),
                *("--header", f"Authorization: Bearer {program(gateway).key}"),
                *("--checks", "all", "--phases", phases, "--continue-on-failure"),
                *("--max-examples", str(EXAMPLES_EACH), "--seed", "1708"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr


# --- the page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_page_shows_the_document_and_asks_no_other_host(gateway: Gateway, tmp_path: Path):
    with served(gateway) as url, chromium(tmp_path / "chromium") as browser:
        browser.get(f"{url}/api/docs")
        WebDriverWait(browser, PATIENCE).until(
            lambda page: "List complaints" in page.find_element("tag name", "body").text
        )
        entries = [
            json.loads(line["message"])["message"] for line in browser.get_log("performance")
        ]
        said = [line["message"] for line in browser.get_log("browser")]
    asked = [
        entry["params"]["request"]["url"]
        for entry in entries
        if entry["method"] == "Network.requestWillBeSent"
    ]
    assert f"{url}/api/openapi.json" in asked
    assert [each for each in asked if each.startswith(("http", "ws")) and url not in each] == []
    assert [each for each in said if "Content Security Policy" in each] == []


def test_the_page_may_load_nothing_from_elsewhere(gateway: Gateway):
    policy = gateway.http.get("/api/docs").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "*" not in policy
