"""`make run`: what stops it says so in one sentence; Ctrl-C ends all of it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from gateway.settings import ROOT, load
from gateway.start import busy
from tests.live import free_port


def listening() -> socket.socket:
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    return holder


def settings(tmp_path: Path, **environ: str):
    return load(ROOT / "config.yaml", {"DATA_DIR": str(tmp_path), **environ})


def test_a_busy_port_is_said_with_a_way_out(tmp_path: Path) -> None:
    with listening() as holder:
        port = holder.getsockname()[1]
        said = busy(
            settings(tmp_path, PORT=str(port), REDIS_URL=f"redis://127.0.0.1:{free_port()}")
        )
    assert said is not None
    assert f"Port {port} on 127.0.0.1 is already in use" in said
    assert f"PORT={port + 1} make run" in said


def test_a_busy_queue_port_is_said_too(tmp_path: Path) -> None:
    with listening() as holder:
        port = holder.getsockname()[1]
        said = busy(
            settings(tmp_path, PORT=str(free_port()), REDIS_URL=f"redis://127.0.0.1:{port}/0")
        )
    assert said is not None
    assert f"Port {port}, which the embedded queue needs" in said
    assert f"REDIS_URL=redis://127.0.0.1:{port + 1}/0 make run" in said


def test_a_queue_elsewhere_needs_no_port_here(tmp_path: Path) -> None:
    there = settings(tmp_path, PORT=str(free_port()), REDIS_URL="redis://queue.example:6379/0")
    assert busy(there) is None


def test_every_line_of_the_procfile_names_something_that_exists() -> None:
    for line in (ROOT / "Procfile").read_text().splitlines():
        _, _, command = line.partition(": ")
        words = command.split()
        if words[:2] == ["python", "-m"]:
            assert find_spec(words[2]), line
        else:
            assert (Path(sys.executable).parent / words[0]).exists(), line


def start(environ: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.start"],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )


def test_a_broken_configuration_is_said_line_by_line(tmp_path: Path) -> None:
    broken = tmp_path / "config.yaml"
    text = (ROOT / "config.yaml").read_text()
    broken.write_text(text.replace("  port: 8000", "  prot: 8000"))
    with start({"LAPOR_CONFIG": str(broken)}) as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "web.prot: unknown key, check its spelling." in said
    assert "web.port: is missing." in said
    assert "Traceback" not in said


@pytest.mark.xdist_group("live")
def test_everything_starts_and_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    environ = {
        "PORT": str(free_port()),
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/1708.db",
    }
    with start(environ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "1708 is running" in line:
                process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    everything = "".join(said)
    assert process.returncode == 0, everything
    assert "Database schema empty -> 0004." in everything
    workers = ("intake", "deliver", "bulk", "fetch", "periodic", "background")
    for name in ("queue", "web", *workers, "scheduler", "telegram"):
        assert f"{name} started" in everything
        assert f"{name} stopped" in everything
    assert "Traceback" not in everything
