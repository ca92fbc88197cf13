"""Where files are kept: once, whole, on a disk or in S3."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from gateway.settings import ROOT
from store.files import Damaged, Files


def test_the_same_content_is_kept_once(tmp_path: Path):
    files = Files(str(tmp_path / "kept"))
    first, again, other = files.put(b"abc"), files.put(b"abc"), files.put(b"abd")
    assert first == again == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert other != first
    path = tmp_path / "kept" / "ba" / first[2:]
    assert path.read_bytes() == b"abc"
    assert sum(each.is_file() for each in (tmp_path / "kept").rglob("*")) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert files.read(first) == b"abc"


def test_a_write_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    files = Files(str(tmp_path / "kept"))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            files.put(b"abc")
    assert not [each for each in (tmp_path / "kept").rglob("*") if each.is_file()]
    assert files.read(files.put(b"abc")) == b"abc"


def test_what_a_disk_has_spoilt_is_not_given_out(tmp_path: Path):
    files = Files(str(tmp_path / "kept"))
    digest = files.put(b"abc")
    (tmp_path / "kept" / digest[:2] / digest[2:]).write_bytes(b"abx")
    with pytest.raises(Damaged):
        files.read(digest)
    with pytest.raises(FileNotFoundError):
        files.read("0" * 64)


S3 = """
import boto3
from store.files import Files
s3 = boto3.client("s3")
s3.create_bucket(Bucket="evidence")
files = Files("s3://evidence/1708")
digest = files.put(b"abc")
assert files.put(b"abc") == digest
assert files.read(digest) == b"abc"
try:
    files.read("0" * 64)
except FileNotFoundError:
    print([found["Key"] for found in s3.list_objects_v2(Bucket="evidence")["Contents"]])
"""


def test_files_may_be_kept_in_s3():
    """In a process of its own: keys and address come from the environment, as in production."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "AWS_ACCESS_KEY_ID": "key-of-the-test",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    try:
        ran = subprocess.run(
            [sys.executable, "-c", S3],
            env={**os.environ, **environ},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        server.stop()
    digest = "ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (ran.stdout, ran.returncode) == (f"['1708/{digest}']\n", 0), ran.stderr
